# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS Pod Identity: which service account of which namespace is which IAM role."""

from __future__ import annotations

import json
import secrets
import string
from typing import Any

from simulator.eks import cluster_rules as rules
from simulator.eks.errors import in_use, invalid_parameter, invalid_request, not_found
from simulator.eks.pages import page
from simulator.eks.principals import of_iam
from simulator.eks.state import Cluster, Json, Scene, new_id

SERVICE = "pods.eks.amazonaws.com"
_SUMMARY = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")
_ALPHABET = string.ascii_lowercase + string.digits


def _role(scene: Scene, arn: str, cluster: Cluster) -> str:
    principal = of_iam(arn)
    if principal is None or principal.kind != "role" or principal.account != scene.account:
        raise invalid_parameter(f"The roleArn is invalid: {arn}; it must be an IAM role of the cluster's account", clusterName=cluster.name)
    trusted = scene.neighbours.trusted_by(arn)
    if trusted is None:
        raise invalid_parameter("Role provided in the request does not exist.", clusterName=cluster.name)
    if SERVICE not in trusted:
        raise invalid_parameter(f"Trust policy of the role {arn} does not allow {SERVICE} to assume it", clusterName=cluster.name)
    return arn


def _policy(parameters: Json, disabled: bool, cluster: Cluster) -> Json:
    policy = parameters.get("policy")
    if not policy:
        return {}
    try:
        json.loads(policy)
    except ValueError:
        raise invalid_parameter("The policy is not valid JSON", clusterName=cluster.name) from None
    if not disabled:
        raise invalid_parameter("disableSessionTags must be true when policy is specified", clusterName=cluster.name)
    return {"policy": policy}


def _find(cluster: Cluster, namespace: str, account: str) -> Json | None:
    same = (namespace, account)
    return next((found for found in cluster.associations.values() if (found["namespace"], found["serviceAccount"]) == same), None)


def _make(cluster: Cluster, now: Any, namespace: str, account: str, role: str, **more: Any) -> Json:
    there = _find(cluster, namespace, account)
    if there:
        raise in_use(f"Association already exists: {there['associationId']}", clusterName=cluster.name)
    association_id = "a-" + "".join(secrets.choice(_ALPHABET) for _ in range(17))
    shown: Json = {
        "clusterName": cluster.name,
        "namespace": namespace,
        "serviceAccount": account,
        "roleArn": role,
        "associationArn": cluster.arn_of("podidentityassociation", association_id),
        "associationId": association_id,
        "tags": {},
        "createdAt": now,
        "modifiedAt": now,
        "disableSessionTags": False,
        **more,
    }
    cluster.associations[association_id] = shown
    return shown


def _target(arn: str | None) -> Json:
    return {"targetRoleArn": arn, "externalId": new_id()} if arn else {}


def create_pod_identity_association(scene: Scene, parameters: Json) -> Json:
    cluster = scene.standing(parameters["clusterName"])
    disabled = bool(parameters.get("disableSessionTags"))
    role = _role(scene, parameters["roleArn"], cluster)
    more = {
        "tags": rules.tags(parameters.get("tags"), clusterName=cluster.name),
        "disableSessionTags": disabled,
        **_target(parameters.get("targetRoleArn")),
        **_policy(parameters, disabled, cluster),
    }
    return {"association": _make(cluster, scene.now, parameters["namespace"], parameters["serviceAccount"], role, **more)}


def _association(scene: Scene, parameters: Json) -> tuple[Cluster, Json]:
    cluster, wanted = scene.cluster(parameters["clusterName"]), parameters["associationId"]
    if wanted not in cluster.associations:
        raise not_found(f"The association ID {wanted} cannot be found in cluster: {cluster.name}", clusterName=cluster.name)
    return cluster, cluster.associations[wanted]


def _writable(scene: Scene, parameters: Json) -> tuple[Cluster, Json]:
    cluster, found = _association(scene, parameters)
    if found.get("ownerArn"):
        message = f"The association {found['associationId']} is owned by {found['ownerArn']} and can only be changed through its add-on"
        raise invalid_request(message, clusterName=cluster.name)
    return cluster, found


def describe_pod_identity_association(scene: Scene, parameters: Json) -> Json:
    return {"association": _association(scene, parameters)[1]}


def list_pod_identity_associations(scene: Scene, parameters: Json) -> Json:
    wanted = {member: parameters[member] for member in ("namespace", "serviceAccount") if parameters.get(member)}
    found = [
        {member: shown[member] for member in _SUMMARY if member in shown}
        for shown in scene.cluster(parameters["clusterName"]).associations.values()
        if all(shown[member] == value for member, value in wanted.items())
    ]
    return page("associations", found, parameters)


def update_pod_identity_association(scene: Scene, parameters: Json) -> Json:
    cluster, found = _writable(scene, parameters)
    members = ("roleArn", "targetRoleArn", "disableSessionTags", "policy")
    if all(parameters.get(member) is None for member in members):
        raise invalid_parameter(f"At least one of {', '.join(members)} must be specified", clusterName=cluster.name)
    disabled = bool(parameters.get("disableSessionTags", found["disableSessionTags"]))
    more: Json = {"disableSessionTags": disabled, "modifiedAt": scene.now, **_policy(parameters, disabled, cluster)}
    if parameters.get("roleArn"):
        more["roleArn"] = _role(scene, parameters["roleArn"], cluster)
    target = parameters.get("targetRoleArn")
    if target == "":
        for member in ("targetRoleArn", "externalId"):
            found.pop(member, None)
    elif target and target != found.get("targetRoleArn"):
        more |= _target(target)
    found |= more
    return {"association": found}


def delete_pod_identity_association(scene: Scene, parameters: Json) -> Json:
    cluster, found = _writable(scene, parameters)
    return {"association": cluster.associations.pop(found["associationId"])}


def check_owned(scene: Scene, cluster: Cluster, addon: Json, asked: list[Json] | None) -> None:
    """Refuses what an add-on can't have: a role that pods can't assume, or a service account that somebody else's association has."""
    for item in asked or []:
        _role(scene, item["roleArn"], cluster)
        there = _find(cluster, addon["namespaceConfig"]["namespace"], item["serviceAccount"])
        if there and there.get("ownerArn") != addon["addonArn"]:
            raise in_use(f"Association already exists: {there['associationId']}", clusterName=cluster.name, addonName=addon["addonName"])


def owned(scene: Scene, cluster: Cluster, addon: Json, asked: list[Json] | None) -> list[str]:
    """The ARNs of the associations that an add-on has instead of those it had."""
    check_owned(scene, cluster, addon, asked)
    drop_owned(cluster, addon["addonArn"])
    namespace = addon["namespaceConfig"]["namespace"]
    made = [_make(cluster, scene.now, namespace, item["serviceAccount"], item["roleArn"], ownerArn=addon["addonArn"]) for item in asked or []]
    return [shown["associationArn"] for shown in made]


def drop_owned(cluster: Cluster, owner: str) -> None:
    for association_id in [found for found, shown in cluster.associations.items() if shown.get("ownerArn") == owner]:
        del cluster.associations[association_id]


OPERATIONS = {
    "CreatePodIdentityAssociation": create_pod_identity_association,
    "DescribePodIdentityAssociation": describe_pod_identity_association,
    "ListPodIdentityAssociations": list_pod_identity_associations,
    "UpdatePodIdentityAssociation": update_pod_identity_association,
    "DeletePodIdentityAssociation": delete_pod_identity_association,
}
