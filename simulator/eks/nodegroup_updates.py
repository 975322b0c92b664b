# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateNodegroupConfig and UpdateNodegroupVersion."""

from __future__ import annotations

from simulator.eks.errors import in_use, invalid_parameter, invalid_request
from simulator.eks.nodegroups import RELEASED, group_of, scaling, update_config
from simulator.eks.state import Cluster, Json, Scene
from simulator.eks.updates import begin, running
from simulator.eks.versions import VERSIONS


def _to_update(scene: Scene, parameters: Json) -> tuple[Cluster, Json, dict[str, str]]:
    name = parameters["nodegroupName"]
    cluster = scene.standing(parameters["clusterName"], nodegroupName=name)
    shown, about = group_of(cluster, name), {"clusterName": parameters["clusterName"], "nodegroupName": name}
    busy = running(cluster, ("nodegroup", name))
    if busy:
        raise in_use(f"Cannot update because nodegroup {name} currently has update {busy.shown['id']} in progress", **about)
    if shown["status"] not in ("ACTIVE", "DEGRADED"):
        raise invalid_request(f"Nodegroup cannot be updated as it is currently not in Active State: {shown['status']}", **about)
    return cluster, shown, about


def update_nodegroup_config(scene: Scene, parameters: Json) -> Json:
    cluster, shown, about = _to_update(scene, parameters)
    labels, taints = parameters.get("labels") or {}, parameters.get("taints") or {}
    after: Json = {
        "scalingConfig": scaling(parameters.get("scalingConfig"), shown["scalingConfig"], about),
        "updateConfig": update_config(parameters.get("updateConfig"), shown["updateConfig"], about),
        "nodeRepairConfig": parameters.get("nodeRepairConfig") or shown["nodeRepairConfig"],
        "labels": {key: value for key, value in shown["labels"].items() if key not in labels.get("removeLabels", [])} | labels.get("addOrUpdateLabels", {}),
        "taints": _taints(shown["taints"], taints),
    }
    asked = parameters.get("scalingConfig") or {}
    texts = {
        "LabelsToAdd": labels.get("addOrUpdateLabels"),
        "LabelsToRemove": labels.get("removeLabels"),
        "TaintsToAdd": taints.get("addOrUpdateTaints"),
        "TaintsToRemove": taints.get("removeTaints"),
        **{member[0].upper() + member[1:]: asked.get(member) for member in ("minSize", "maxSize", "desiredSize")},
        "MaxUnavailable": (parameters.get("updateConfig") or {}).get("maxUnavailable"),
        "MaxUnavailablePercentage": (parameters.get("updateConfig") or {}).get("maxUnavailablePercentage"),
        "NodeRepairConfig": parameters.get("nodeRepairConfig"),
    }
    if all(value is None for value in texts.values()):
        raise invalid_parameter("No changes needed for the node group config provided", **about)
    more = {"warmPoolConfig": parameters["warmPoolConfig"]} if parameters.get("warmPoolConfig") else {}
    after |= more | {"modifiedAt": scene.now}
    of = ("nodegroup", shown["nodegroupName"])
    return {"update": begin(scene, cluster, "ConfigUpdate", texts, lambda: shown.update(after), thing=shown, of=of)}


def _taints(before: list[Json], asked: Json) -> list[Json]:
    changed: list[Json] = asked.get("addOrUpdateTaints", [])
    gone = {(taint.get("key"), taint.get("effect")) for taint in [*asked.get("removeTaints", []), *changed]}
    return [taint for taint in before if (taint.get("key"), taint.get("effect")) not in gone] + changed


def update_nodegroup_version(scene: Scene, parameters: Json) -> Json:
    cluster, shown, about = _to_update(scene, parameters)
    version = parameters.get("version", cluster.version)
    if version not in (cluster.version, shown["version"]):
        raise invalid_parameter(f"Node group version must be that of the cluster, {cluster.version}, or its own, {shown['version']}", **about)
    template = parameters.get("launchTemplate")
    if bool(template) and not shown.get("launchTemplate"):
        raise invalid_parameter("You cannot specify a launch template for a node group that was created without one", **about)
    release = parameters.get("releaseVersion") or f"{VERSIONS[version].patch}-{RELEASED}"
    after = {"version": version, "releaseVersion": release, "modifiedAt": scene.now} | (
        {"launchTemplate": shown["launchTemplate"] | template} if template else {}
    )
    texts = {"Version": version, "ReleaseVersion": release, "LaunchTemplateVersion": (template or {}).get("version")}
    of = ("nodegroup", shown["nodegroupName"])
    seconds = scene.state.timing.version
    return {"update": begin(scene, cluster, "VersionUpdate", texts, lambda: shown.update(after), thing=shown, of=of, seconds=seconds)}


OPERATIONS = {"UpdateNodegroupConfig": update_nodegroup_config, "UpdateNodegroupVersion": update_nodegroup_version}
