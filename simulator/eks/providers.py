# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OIDC identity provider of a cluster, of which there is one at most."""

from __future__ import annotations

from urllib.parse import urlsplit

from simulator.eks import cluster_rules as rules
from simulator.eks.errors import in_use, invalid_parameter, not_found
from simulator.eks.faults import Issue
from simulator.eks.pages import page
from simulator.eks.state import Cluster, Json, Scene, new_id
from simulator.eks.updates import begin, refuse_if_running

_GIVEN = ("issuerUrl", "clientId", "usernameClaim", "usernamePrefix", "groupsClaim", "groupsPrefix", "requiredClaims")


def _check(oidc: Json, cluster: Cluster) -> None:
    url = urlsplit(oidc["issuerUrl"])
    if url.scheme != "https" or not url.hostname or url.query:
        raise invalid_parameter("issuerUrl must begin with https:// and must not have query parameters", clusterName=cluster.name)
    for member in ("usernamePrefix", "groupsPrefix"):
        if "system:" in oidc.get(member, ""):
            raise invalid_parameter(f"{member} cannot contain system:", clusterName=cluster.name)


def associate_identity_provider_config(scene: Scene, parameters: Json) -> Json:
    cluster, oidc = scene.standing(parameters["clusterName"]), parameters["oidc"]
    name, kind = oidc["identityProviderConfigName"], "AssociateIdentityProviderConfig"
    refuse_if_running(cluster, kind)
    _check(oidc, cluster)
    if cluster.providers:
        raise in_use("Cluster already has an OIDC identity provider config associated", clusterName=cluster.name)
    shown: Json = {
        "identityProviderConfigName": name,
        "identityProviderConfigArn": cluster.arn_of("identityproviderconfig", f"oidc/{name}/{new_id()}"),
        "clusterName": cluster.name,
        "usernameClaim": "sub",
        "requiredClaims": {},
        "tags": rules.tags(parameters.get("tags"), clusterName=cluster.name),
        "status": "CREATING",
        **{member: oidc[member] for member in _GIVEN if oidc.get(member) is not None},
    }
    cluster.providers[name] = shown

    def failed(_issue: Issue) -> None:
        del cluster.providers[name]

    update = begin(scene, cluster, kind, {"IdentityProviderConfig": [{"type": "oidc", "name": name}]}, lambda: shown.update(status="ACTIVE"), failed=failed)
    return {"update": update, "tags": shown["tags"]}


def _config(cluster: Cluster, parameters: Json) -> Json:
    asked = parameters["identityProviderConfig"]
    if asked["type"] != "oidc":
        raise invalid_parameter("The type of the identity provider config must be oidc", clusterName=cluster.name)
    if asked["name"] not in cluster.providers:
        raise not_found(f"Identity provider config {asked['name']} is not associated with cluster {cluster.name}", clusterName=cluster.name)
    return cluster.providers[asked["name"]]


def describe_identity_provider_config(scene: Scene, parameters: Json) -> Json:
    return {"identityProviderConfig": {"oidc": _config(scene.cluster(parameters["clusterName"]), parameters)}}


def list_identity_provider_configs(scene: Scene, parameters: Json) -> Json:
    names = scene.cluster(parameters["clusterName"]).providers
    return page("identityProviderConfigs", [{"type": "oidc", "name": name} for name in names], parameters)


def disassociate_identity_provider_config(scene: Scene, parameters: Json) -> Json:
    cluster, kind = scene.standing(parameters["clusterName"]), "DisassociateIdentityProviderConfig"
    refuse_if_running(cluster, kind)
    shown = _config(cluster, parameters)
    name = shown["identityProviderConfigName"]
    shown["status"] = "DELETING"

    def failed(_issue: Issue) -> None:
        shown["status"] = "ACTIVE"

    def apply() -> None:
        del cluster.providers[name]

    return {"update": begin(scene, cluster, kind, {"IdentityProviderConfig": [{"type": "oidc", "name": name}]}, apply, failed=failed)}


OPERATIONS = {
    "AssociateIdentityProviderConfig": associate_identity_provider_config,
    "DescribeIdentityProviderConfig": describe_identity_provider_config,
    "ListIdentityProviderConfigs": list_identity_provider_configs,
    "DisassociateIdentityProviderConfig": disassociate_identity_provider_config,
}
