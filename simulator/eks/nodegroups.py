# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed node groups as EKS shows them; the machines themselves are not simulated."""

from __future__ import annotations

from typing import Any

from simulator.eks import cluster_rules as rules
from simulator.eks import network, own_entries
from simulator.eks.errors import in_use, invalid_parameter, not_found
from simulator.eks.pages import page
from simulator.eks.state import Cluster, Json, Scene, new_id
from simulator.eks.versions import VERSIONS

RELEASED = "20261106"


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
        "releaseVersion": parameters.get("releaseVersion") or f"{VERSIONS[cluster.version].patch}-{RELEASED}",
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
    own_entries.for_nodes(scene, cluster, shown["nodeRole"], when)


def describe_nodegroup(scene: Scene, parameters: Json) -> Json:
    return {"nodegroup": group_of(scene.cluster(parameters["clusterName"]), parameters["nodegroupName"])}


def list_nodegroups(scene: Scene, parameters: Json) -> Json:
    return page("nodegroups", sorted(scene.cluster(parameters["clusterName"]).nodegroups), parameters)


def delete_nodegroup(scene: Scene, parameters: Json) -> Json:
    cluster = scene.cluster(parameters["clusterName"])
    name = parameters["nodegroupName"]
    shown = group_of(cluster, name)
    if shown["status"] == "UPDATING":
        raise in_use(f"Nodegroup {name} cannot be deleted as it is currently in UPDATING state", clusterName=cluster.name, nodegroupName=name)
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
    "DeleteNodegroup": delete_nodegroup,
}
