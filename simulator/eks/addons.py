# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons of a cluster: CreateAddon, DescribeAddon, ListAddons, UpdateAddon, DeleteAddon."""

from __future__ import annotations

from simulator.eks import cluster_rules as rules
from simulator.eks import pod_identity
from simulator.eks.addon_catalogue import check_configuration
from simulator.eks.catalogue import ADDONS, Addon
from simulator.eks.errors import in_use, invalid_parameter, invalid_request, not_found
from simulator.eks.faults import Issue
from simulator.eks.pages import page
from simulator.eks.state import Cluster, Json, Scene, new_id
from simulator.eks.updates import begin

_NO_NODES = Issue("InsufficientNumberOfReplicas", "The add-on is unhealthy because it doesn't have the desired number of replicas.")


def _offered(cluster: Cluster, name: str, version: str | None) -> tuple[Addon, str]:
    about = {"clusterName": cluster.name, "addonName": name}
    addon = ADDONS.get(name)
    if addon is None:
        raise invalid_parameter("Addon specified is not supported", **about)
    found = addon.version(version) if version else addon.default(cluster.version)
    if found is None or not found.fits(cluster.version):
        raise invalid_parameter("Addon version specified is not supported", **about)
    return addon, found.name


def addon_of(cluster: Cluster, name: str) -> Json:
    if name not in cluster.addons:
        raise not_found(f"No addon: {name} found in cluster: {cluster.name}", clusterName=cluster.name, addonName=name)
    return cluster.addons[name]


def create_addon(scene: Scene, parameters: Json) -> Json:
    name = parameters["addonName"]
    cluster = scene.standing(parameters["clusterName"], addonName=name)
    if name in cluster.addons:
        raise in_use("Addon already exists.", clusterName=cluster.name, addonName=name)
    addon, version = _offered(cluster, name, parameters.get("addonVersion"))
    check_configuration(addon, parameters.get("configurationValues"), cluster.name)
    namespace = (parameters.get("namespaceConfig") or {}).get("namespace", addon.namespace)
    arn = cluster.arn_of("addon", f"{name}/{new_id()}")
    shown: Json = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "CREATING",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": arn,
        "createdAt": scene.now,
        "modifiedAt": scene.now,
        "tags": rules.tags(parameters.get("tags"), clusterName=cluster.name, addonName=name),
        "publisher": addon.publisher,
        "owner": addon.owner,
        "namespaceConfig": {"namespace": namespace},
        **{member: parameters[member] for member in ("serviceAccountRoleArn", "configurationValues") if parameters.get(member)},
    }
    owned = pod_identity.owned(scene, cluster, shown, parameters.get("podIdentityAssociations"))
    if owned:
        shown["podIdentityAssociations"] = owned
    cluster.addons[name] = shown
    mode = parameters.get("resolveConflicts", "NONE")
    scene.later(scene.state.timing.addon, lambda _when: _created(scene, cluster, shown, mode), held=cluster.name)
    return {"addon": dict(shown)}


def _created(scene: Scene, cluster: Cluster, shown: Json, mode: str) -> None:
    if shown["status"] != "CREATING":
        return
    conflict = _conflict(scene, cluster, shown["addonName"], overwrites=mode == "OVERWRITE", keeps=False)
    if conflict:
        shown |= {"status": "CREATE_FAILED", "health": {"issues": [conflict.shown()]}}
    else:
        settle(scene, cluster, shown)


def _conflict(scene: Scene, cluster: Cluster, name: str, *, overwrites: bool, keeps: bool) -> Issue | None:
    fields = scene.state.faults.conflicts.get((cluster.name, name))
    if overwrites:
        scene.state.faults.conflicts.pop((cluster.name, name), None)
    if not fields or overwrites or keeps:
        return None
    message = f"Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. Conflicts: {fields}"
    return Issue("ConfigurationConflict", message)


def settle(scene: Scene, cluster: Cluster, shown: Json) -> None:
    """ACTIVE, or DEGRADED with the reason: a fault that was planned, or no nodes to run on."""
    issue = scene.state.faults.hits("addon", cluster.name, shown["addonName"])
    if issue is None and ADDONS[shown["addonName"]].deployment and not has_nodes(cluster):
        issue = _NO_NODES
    shown |= {"status": "DEGRADED" if issue else "ACTIVE", "health": {"issues": [issue.shown()] if issue else []}, "modifiedAt": scene.now}


def has_nodes(cluster: Cluster) -> bool:
    return cluster.auto or any(group["status"] in ("ACTIVE", "UPDATING") for group in cluster.nodegroups.values())


def heal(cluster: Cluster) -> None:
    """What only waited for nodes gets well when there are some, and ill when there are none left."""
    for shown in cluster.addons.values():
        if shown["health"]["issues"] == [_NO_NODES.shown()] and has_nodes(cluster):
            shown |= {"status": "ACTIVE", "health": {"issues": []}}
        elif shown["status"] == "ACTIVE" and ADDONS[shown["addonName"]].deployment and not has_nodes(cluster):
            shown |= {"status": "DEGRADED", "health": {"issues": [_NO_NODES.shown()]}}


def describe_addon(scene: Scene, parameters: Json) -> Json:
    cluster = scene.cluster(parameters["clusterName"])
    heal(cluster)
    return {"addon": addon_of(cluster, parameters["addonName"])}


def list_addons(scene: Scene, parameters: Json) -> Json:
    return page("addons", sorted(scene.cluster(parameters["clusterName"]).addons), parameters)


def update_addon(scene: Scene, parameters: Json) -> Json:
    name = parameters["addonName"]
    cluster = scene.standing(parameters["clusterName"], addonName=name)
    shown = addon_of(cluster, name)
    if shown["status"] in ("CREATING", "UPDATING", "DELETING"):
        raise in_use(f"Addon {name} cannot be updated as it is currently in {shown['status']} state", clusterName=cluster.name, addonName=name)
    addon, version = _offered(cluster, name, parameters.get("addonVersion") or shown["addonVersion"])
    check_configuration(addon, parameters.get("configurationValues"), cluster.name)
    mode = parameters.get("resolveConflicts", "NONE")
    asked = parameters.get("podIdentityAssociations")
    pod_identity.check_owned(scene, cluster, shown, asked)

    def apply() -> None:
        shown["addonVersion"] = version
        for member in ("serviceAccountRoleArn", "configurationValues"):
            if parameters.get(member) is not None:
                shown[member] = parameters[member]
        if asked is not None:
            shown["podIdentityAssociations"] = pod_identity.owned(scene, cluster, shown, asked)
        settle(scene, cluster, shown)

    def failed(issue: Issue) -> None:
        shown.update({"status": "UPDATE_FAILED", "health": {"issues": [issue.shown()]}})

    conflict = _conflict(scene, cluster, name, overwrites=mode == "OVERWRITE", keeps=mode == "PRESERVE")
    if conflict:
        scene.state.faults.fail_update(cluster.name, "AddonUpdate", conflict.code, conflict.message)
    texts = {
        "AddonVersion": version,
        "ServiceAccountRoleArn": parameters.get("serviceAccountRoleArn"),
        "ResolveConflicts": mode,
        "ConfigurationValues": parameters.get("configurationValues"),
        "PodIdentityAssociations": asked,
    }
    of = ("addon", name)
    return {"update": begin(scene, cluster, "AddonUpdate", texts, apply, thing=shown, of=of, seconds=scene.state.timing.addon, failed=failed)}


def delete_addon(scene: Scene, parameters: Json) -> Json:
    cluster = scene.standing(parameters["clusterName"], addonName=parameters["addonName"])
    name = parameters["addonName"]
    shown = addon_of(cluster, name)
    if shown["status"] == "UPDATING":
        raise invalid_request(f"Addon {name} cannot be deleted as it is currently in UPDATING state", clusterName=cluster.name, addonName=name)
    if shown["status"] != "DELETING":
        shown["status"] = "DELETING"
        scene.later(scene.state.timing.addon, lambda _when: _gone(cluster, shown), held=cluster.name)
    return {"addon": shown}


def _gone(cluster: Cluster, shown: Json) -> None:
    cluster.addons.pop(shown["addonName"], None)
    pod_identity.drop_owned(cluster, shown["addonArn"])


OPERATIONS = {
    "CreateAddon": create_addon,
    "DescribeAddon": describe_addon,
    "ListAddons": list_addons,
    "UpdateAddon": update_addon,
    "DeleteAddon": delete_addon,
}
