# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed node groups as EKS shows them; the machines themselves are not simulated."""

from __future__ import annotations

from typing import Any

from simulator.eks import cluster_rules as rules
from simulator.eks import entries, network
from simulator.eks.errors import in_use, invalid_parameter, invalid_request, not_found
from simulator.eks.pages import page
from simulator.eks.state import Cluster, Json, Scene, new_id
from simulator.eks.updates import begin, running
from simulator.eks.versions import VERSIONS

_RELEASED = "20261106"


def group_of(cluster: Cluster, name: str) -> Json:
    if name not in cluster.nodegroups:
        raise not_found(f"No node group found for name: {name}.", clusterName=cluster.name, nodegroupName=name)
    return cluster.nodegroups[name]


def scaling(asked: Json | None, before: Json, about: dict[str, str]) -> Json:
    after = before | (asked or {})
    least, most, wanted = after["minSize"], after["maxSize"], after["desiredSize"]
    if least > wanted:
        raise invalid_parameter(f"Minimum capacity {least} can't be greater than desired size {wanted}", **about)
    if wanted > most:
        raise invalid_parameter(f"desired capacity {wanted} can't be greater than max size {most}", **about)
    return after


def update_config(asked: Json | None, before: Json, about: dict[str, str]) -> Json:
    asked = asked or {}
    if {"maxUnavailable", "maxUnavailablePercentage"} <= set(asked):
        raise invalid_parameter("Only one of maxUnavailable and maxUnavailablePercentage can be specified", **about)
    if {"maxUnavailable", "maxUnavailablePercentage"} & set(asked):
        before = {member: value for member, value in before.items() if not member.startswith("maxUnavailable")}
    return before | asked


def _machines(parameters: Json, about: dict[str, str]) -> Json:
    """What a launch template says instead of the node group when there is one."""
    template = parameters.get("launchTemplate")
    if not template:
        return {
            "instanceTypes": parameters.get("instanceTypes") or ["t3.medium"],
            "amiType": parameters.get("amiType", "AL2023_x86_64_STANDARD"),
            "diskSize": parameters.get("diskSize", 20),
            **({"remoteAccess": parameters["remoteAccess"]} if parameters.get("remoteAccess") else {}),
        }
    if parameters.get("diskSize"):
        raise invalid_parameter("Disk size must be specified within the launch template.", **about)
    if parameters.get("remoteAccess"):
        raise invalid_parameter("Remote access configuration cannot be specified with a launch template.", **about)
    if bool(template.get("name")) == bool(template.get("id")):
        raise invalid_parameter("Launch template must be specified by either its name or its id", **about)
    types = {"instanceTypes": parameters["instanceTypes"]} if parameters.get("instanceTypes") else {}
    return {"launchTemplate": {"version": "1", **template}, "amiType": parameters.get("amiType", "AL2023_x86_64_STANDARD"), **types}


def create_nodegroup(scene: Scene, parameters: Json) -> Json:
    name = parameters["nodegroupName"]
    cluster = scene.standing(parameters["clusterName"], nodegroupName=name)
    about = {"clusterName": cluster.name, "nodegroupName": name}
    if name in cluster.nodegroups:
        raise in_use(f"NodeGroup already exists with name {name} and cluster name {cluster.name}", **about)
    if parameters.get("version", cluster.version) != cluster.version:
        raise invalid_parameter(f"Kubernetes version of the node group must be that of the cluster: {cluster.version}", **about)
    found = network.subnets(scene, parameters["subnets"], cluster.name, nodegroupName=name)
    if any(subnet.vpc != cluster.shown["resourcesVpcConfig"]["vpcId"] for subnet in found):
        raise invalid_parameter("Subnets are not in the VPC of the cluster", **about)
    rules.assumable(scene, parameters["nodeRole"], "ec2.amazonaws.com", cluster.name, nodegroupName=name)
    mark = new_id()
    shown: Json = {
        "nodegroupName": name,
        "nodegroupArn": cluster.arn_of("nodegroup", f"{name}/{mark}"),
        "clusterName": cluster.name,
        "version": cluster.version,
        "releaseVersion": parameters.get("releaseVersion") or f"{VERSIONS[cluster.version].patch}-{_RELEASED}",
        "createdAt": scene.now,
        "modifiedAt": scene.now,
        "status": "CREATING",
        "capacityType": parameters.get("capacityType", "ON_DEMAND"),
        "scalingConfig": scaling(parameters.get("scalingConfig"), {"minSize": 1, "maxSize": 2, "desiredSize": 2}, about),
        "subnets": list(parameters["subnets"]),
        "nodeRole": parameters["nodeRole"],
        "labels": parameters.get("labels") or {},
        "taints": parameters.get("taints") or [],
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-{mark}"}]},
        "health": {"issues": []},
        "updateConfig": update_config(parameters.get("updateConfig"), {"maxUnavailable": 1, "updateStrategy": "DEFAULT"}, about),
        "nodeRepairConfig": parameters.get("nodeRepairConfig") or {"enabled": False},
        "tags": rules.tags(parameters.get("tags"), **about),
        **_machines(parameters, about),
        **({"warmPoolConfig": parameters["warmPoolConfig"]} if parameters.get("warmPoolConfig") else {}),
    }
    cluster.nodegroups[name] = shown
    scene.later(scene.state.timing.nodegroup, lambda when: _made(scene, cluster, shown, when), held=cluster.name)
    return {"nodegroup": dict(shown)}


def _made(scene: Scene, cluster: Cluster, shown: Json, when: Any) -> None:
    if shown["status"] != "CREATING":
        return
    fault = scene.state.faults.hits("nodegroup", cluster.name, shown["nodegroupName"])
    if fault:
        shown |= {"status": "CREATE_FAILED", "health": {"issues": [fault.shown()]}}
        return
    shown["status"] = "ACTIVE"
    entries.for_nodes(scene, cluster, shown["nodeRole"], when)


def describe_nodegroup(scene: Scene, parameters: Json) -> Json:
    return {"nodegroup": group_of(scene.cluster(parameters["clusterName"]), parameters["nodegroupName"])}


def list_nodegroups(scene: Scene, parameters: Json) -> Json:
    return page("nodegroups", sorted(scene.cluster(parameters["clusterName"]).nodegroups), parameters)


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
    release = parameters.get("releaseVersion") or f"{VERSIONS[version].patch}-{_RELEASED}"
    after = {"version": version, "releaseVersion": release, "modifiedAt": scene.now} | (
        {"launchTemplate": shown["launchTemplate"] | template} if template else {}
    )
    texts = {"Version": version, "ReleaseVersion": release, "LaunchTemplateVersion": (template or {}).get("version")}
    of = ("nodegroup", shown["nodegroupName"])
    seconds = scene.state.timing.version
    return {"update": begin(scene, cluster, "VersionUpdate", texts, lambda: shown.update(after), thing=shown, of=of, seconds=seconds)}


def delete_nodegroup(scene: Scene, parameters: Json) -> Json:
    cluster = scene.cluster(parameters["clusterName"])
    shown = group_of(cluster, parameters["nodegroupName"])
    if shown["status"] != "DELETING":
        shown["status"] = "DELETING"
        scene.later(scene.state.timing.nodegroup, lambda _when: _gone(cluster, shown), held=cluster.name)
    return {"nodegroup": shown}


def _gone(cluster: Cluster, shown: Json) -> None:
    cluster.nodegroups.pop(shown["nodegroupName"], None)


OPERATIONS = {
    "CreateNodegroup": create_nodegroup,
    "DescribeNodegroup": describe_nodegroup,
    "ListNodegroups": list_nodegroups,
    "UpdateNodegroupConfig": update_nodegroup_config,
    "UpdateNodegroupVersion": update_nodegroup_version,
    "DeleteNodegroup": delete_nodegroup,
}
