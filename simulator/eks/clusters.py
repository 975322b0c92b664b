# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateCluster, DescribeCluster, ListClusters, DeleteCluster."""

from __future__ import annotations

import copy
from typing import Any

from simulator.eks import cluster_rules as rules
from simulator.eks import insights, network, own_entries
from simulator.eks.errors import in_use, invalid_request
from simulator.eks.pages import page
from simulator.eks.state import Cluster, Json, Scene, new_id
from simulator.eks.updates import running
from simulator.eks.versions import offered

# What is shown as it was asked for.
_ECHOED = ("storageConfig", "zonalShiftConfig", "remoteNetworkConfig", "kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig")


def create_cluster(scene: Scene, parameters: Json) -> Json:
    name = parameters["name"]
    if name in scene.state.clusters:
        raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
    version = offered(parameters.get("version"), scene.now, name)
    mode, bootstrap = rules.access(parameters.get("accessConfig"), name)
    auto = rules.auto_mode_at_creation(scene, parameters, mode)
    rules.assumable(scene, parameters["roleArn"], "eks.amazonaws.com", name)
    cluster = Cluster({"name": name, "arn": f"arn:{scene.partition}:eks:{scene.region}:{scene.account}:cluster/{name}"}, scene.caller, bootstrap)
    cluster.shown |= {
        "createdAt": scene.now,
        "version": version.name,
        "roleArn": parameters["roleArn"],
        **_network(scene, parameters, auto),
        "logging": rules.logging_of(rules.logs_after(set(), parameters.get("logging"))),
        "status": "CREATING",
        "certificateAuthority": {},
        "platformVersion": version.platform,
        "tags": rules.tags(parameters.get("tags"), clusterName=name),
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": mode},
        "upgradePolicy": {"supportType": (parameters.get("upgradePolicy") or {}).get("supportType", "EXTENDED")},
        "deletionProtection": bool(parameters.get("deletionProtection")),
        "controlPlaneScalingConfig": parameters.get("controlPlaneScalingConfig") or {"tier": "standard"},
        **{member: parameters[member] for member in _ECHOED if parameters.get(member)},
        **_compute(parameters),
        **_encryption(scene, parameters),
    }
    scene.state.clusters[name] = cluster
    scene.later(scene.state.timing.cluster, lambda when: _made(scene, cluster, when), held=name)
    shown = copy.deepcopy(cluster.shown)
    # Only the answer to the creation tells this; no description does.
    shown["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] = bootstrap
    return {"cluster": shown}


def _network(scene: Scene, parameters: Json, auto: bool) -> Json:
    name, asked = parameters["name"], parameters["resourcesVpcConfig"]
    found = network.of_control_plane(scene, asked.get("subnetIds") or [], name)
    vpc = found[0].vpc
    kubernetes = parameters.get("kubernetesNetworkConfig") or {}
    default = {"endpointPublicAccess": True, "endpointPrivateAccess": False, "publicAccessCidrs": [network.ANYWHERE]}
    return {
        "resourcesVpcConfig": {
            "subnetIds": list(asked["subnetIds"]),
            "securityGroupIds": network.groups(scene, asked.get("securityGroupIds") or [], vpc, name),
            "vpcId": vpc,
            **network.endpoint(asked, default, name),
            "controlPlaneEgressMode": asked.get("controlPlaneEgressMode", "AWS_MANAGED"),
        },
        "kubernetesNetworkConfig": {
            **network.services(kubernetes, scene.neighbours.vpc_cidrs(vpc), name),
            "elasticLoadBalancing": {**(kubernetes.get("elasticLoadBalancing") or {}), "enabled": auto},
        },
    }


def _compute(parameters: Json) -> Json:
    asked = parameters.get("computeConfig")
    return {"computeConfig": {"enabled": False, "nodePools": [], **asked}} if asked else {}


def _encryption(scene: Scene, parameters: Json) -> Json:
    found = rules.encryption(scene, parameters.get("encryptionConfig") or [], parameters["name"])
    return {"encryptionConfig": found} if found else {}


def _made(scene: Scene, cluster: Cluster, when: Any) -> None:
    if scene.state.clusters.get(cluster.name) is not cluster or cluster.shown["status"] != "CREATING":
        return
    fault = scene.state.faults.hits("cluster", cluster.name)
    if fault:
        cluster.shown |= {"status": "FAILED", "health": {"issues": [fault.shown()]}}
        return
    plane = scene.state.control_plane(cluster.name, scene.region, when)
    vpc = cluster.shown["resourcesVpcConfig"]
    tags = {"Name": f"eks-cluster-sg-{cluster.name}", "aws:eks:cluster-name": cluster.name, f"kubernetes.io/cluster/{cluster.name}": "owned"}
    vpc["clusterSecurityGroupId"] = scene.neighbours.make_group(f"eks-cluster-sg-{cluster.name}-{new_id()[:8]}", vpc["vpcId"], tags)
    cluster.shown |= {
        "status": "ACTIVE",
        "endpoint": plane.endpoint,
        "certificateAuthority": {"data": plane.authority, "active": {"id": new_id(), "activatedBy": "EKS"}},
        "identity": {"oidc": {"issuer": plane.issuer}},
    }
    insights.refreshed(cluster, when)
    own_entries.bootstrap(scene, cluster, when)


def describe_cluster(scene: Scene, parameters: Json) -> Json:
    return {"cluster": scene.cluster(parameters["name"]).shown}


def list_clusters(scene: Scene, parameters: Json) -> Json:
    return page("clusters", sorted(scene.state.clusters), parameters)


def delete_cluster(scene: Scene, parameters: Json) -> Json:
    cluster = scene.cluster(parameters["name"])
    name, status = cluster.name, cluster.shown["status"]
    if status == "DELETING":
        return {"cluster": cluster.shown}
    if cluster.nodegroups:
        raise in_use("Cluster has nodegroups attached", clusterName=name)
    if running(cluster):
        raise in_use(f"Cannot delete because cluster {name} currently has an update in progress", clusterName=name)
    if status == "CREATING":
        raise in_use(f"Cannot delete because cluster {name} is being created", clusterName=name)
    if status == "ACTIVE" and cluster.shown["deletionProtection"]:
        raise invalid_request(f"Cannot delete because cluster {name} has deletion protection enabled; disable deletion protection first", clusterName=name)
    cluster.shown["status"] = "DELETING"
    scene.later(scene.state.timing.deletion, lambda _when: _gone(scene, cluster), held=name)
    return {"cluster": cluster.shown}


def _gone(scene: Scene, cluster: Cluster) -> None:
    group = cluster.shown["resourcesVpcConfig"].get("clusterSecurityGroupId")
    if group:
        scene.neighbours.drop_group(group)
    scene.state.clusters.pop(cluster.name, None)
    for key, (parameters, _answer) in list(scene.state.answers.items()):
        if cluster.name in (parameters.get("name"), parameters.get("clusterName")):
            del scene.state.answers[key]


OPERATIONS = {"CreateCluster": create_cluster, "DescribeCluster": describe_cluster, "ListClusters": list_clusters, "DeleteCluster": delete_cluster}
