# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateClusterConfig: one kind of change per call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.eks import cluster_rules as rules
from simulator.eks import network, own_entries
from simulator.eks.errors import EksError, invalid_parameter
from simulator.eks.state import Cluster, Json, Scene
from simulator.eks.updates import begin, refuse_if_running
from simulator.eks.versions import VERSIONS

Change = tuple[Json, Callable[[], None]]
_ENDPOINT = {"endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"}
_VPC = {"subnetIds", "securityGroupIds"}


def update_cluster_config(scene: Scene, parameters: Json) -> Json:
    cluster = scene.standing(parameters["name"])
    kinds = _kinds(parameters)
    if len(kinds) > 1:
        raise invalid_parameter("Only one type of update can be allowed.", clusterName=cluster.name)
    if not kinds:
        raise invalid_parameter("Invalid type for cluster update.", clusterName=cluster.name)
    kind = kinds.pop()
    refuse_if_running(cluster, kind)
    shown, apply = _CHANGES[kind](scene, cluster, parameters)
    return {"update": begin(scene, cluster, kind, shown, apply)}


def _kinds(parameters: Json) -> set[str]:
    vpc = set(parameters.get("resourcesVpcConfig") or {})
    kinds = {kind for kind, members in _MEMBERS.items() if any(parameters.get(member) is not None for member in members)}
    kinds |= {kind for kind, members in (("EndpointAccessUpdate", _ENDPOINT), ("VpcConfigUpdate", _VPC)) if vpc & members}
    return kinds | ({"ControlPlaneEgressUpdate"} if "controlPlaneEgressMode" in vpc else set())


def _same(cluster: Cluster, what: str) -> EksError:
    return invalid_parameter(f"Cluster is already at the desired configuration with {what}", clusterName=cluster.name)


def _endpoint(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    asked, vpc = parameters["resourcesVpcConfig"], cluster.shown["resourcesVpcConfig"]
    after = network.endpoint(asked, vpc, cluster.name)
    if all(vpc[member] == after[member] for member in _ENDPOINT):
        flags = [str(after[member]).lower() for member in ("endpointPrivateAccess", "endpointPublicAccess")]
        cidrs = ", ".join(after["publicAccessCidrs"])
        raise _same(cluster, f"endpointPrivateAccess: {flags[0]} , endpointPublicAccess: {flags[1]}, and Public Endpoint Restrictions: [{cidrs}]")
    return {member[0].upper() + member[1:]: after[member] for member in sorted(_ENDPOINT)}, lambda: vpc.update(after)


def _vpc(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    asked, vpc = parameters["resourcesVpcConfig"], cluster.shown["resourcesVpcConfig"]
    after = {member: asked.get(member, vpc[member]) for member in _VPC}
    if all(set(vpc[member]) == set(after[member]) for member in _VPC):
        raise _same(cluster, f"subnets: {after['subnetIds']} and securityGroups: {after['securityGroupIds']}")
    found = network.of_control_plane(scene, after["subnetIds"], cluster.name)
    if found[0].vpc != vpc["vpcId"]:
        raise invalid_parameter("Subnets specified must belong to the VPC of the cluster", clusterName=cluster.name)
    network.groups(scene, after["securityGroupIds"], vpc["vpcId"], cluster.name)
    return {"Subnets": after["subnetIds"], "SecurityGroups": after["securityGroupIds"]}, lambda: vpc.update(after)


def _egress(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    vpc, mode = cluster.shown["resourcesVpcConfig"], parameters["resourcesVpcConfig"]["controlPlaneEgressMode"]
    if mode == vpc["controlPlaneEgressMode"]:
        raise _same(cluster, f"controlPlaneEgressMode: {mode}")
    if mode == "AWS_MANAGED":
        raise invalid_parameter(f"controlPlaneEgressMode cannot be changed from {vpc['controlPlaneEgressMode']} back to AWS_MANAGED", clusterName=cluster.name)
    return {"ControlPlaneEgressMode": mode}, lambda: vpc.update(controlPlaneEgressMode=mode)


def _logging(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    before = rules.logs_of(cluster.shown)
    after = rules.logs_after(before, parameters["logging"])
    if before == after:
        raise invalid_parameter("No changes needed for the logging config provided", clusterName=cluster.name)
    return {"ClusterLogging": parameters["logging"]}, lambda: cluster.shown.update(logging=rules.logging_of(after))


def _access(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    before, mode = cluster.mode, rules.mode_after(cluster, parameters["accessConfig"].get("authenticationMode"))

    def apply() -> None:
        cluster.shown["accessConfig"]["authenticationMode"] = mode
        if before == "CONFIG_MAP":
            own_entries.bootstrap(scene, cluster, scene.now)

    return {"AuthenticationMode": mode}, apply


def _upgrade_policy(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    asked = parameters["upgradePolicy"]
    if asked == cluster.shown["upgradePolicy"]:
        raise _same(cluster, f"supportType: {asked.get('supportType')}")
    if asked.get("supportType") == "STANDARD" and VERSIONS[cluster.version].status(scene.now) != "STANDARD_SUPPORT":
        raise invalid_parameter("Extended support cannot be disabled once the cluster has entered it", clusterName=cluster.name)
    return {"UpgradePolicy": asked}, lambda: cluster.shown.update(upgradePolicy=asked)


def _auto_mode(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    on, asked = rules.auto_mode(parameters, cluster.name), parameters.get("computeConfig") or {}
    rules.compute(scene, asked, bool(on), cluster.name)
    rules.auto_mode_by_api(bool(on), cluster.mode, cluster.name)
    before = cluster.shown.get("computeConfig") or {"enabled": False}
    role = before.get("nodeRoleArn")
    if on and role and asked.get("nodeRoleArn", role) != role:
        raise invalid_parameter("nodeRoleArn cannot be changed once EKS Auto Mode compute is enabled", clusterName=cluster.name)
    after = {"enabled": bool(on), "nodePools": asked.get("nodePools") or []} | ({"nodeRoleArn": role or asked.get("nodeRoleArn")} if on else {})
    after = {member: value for member, value in after.items() if value is not None}
    balancing = (parameters.get("kubernetesNetworkConfig") or {}).get("elasticLoadBalancing")
    if cluster.auto == bool(on) and sorted(before.get("nodePools", [])) == sorted(after["nodePools"]):
        raise _same(cluster, f"computeConfig: {asked}")

    def apply() -> None:
        cluster.shown |= {"computeConfig": after, "storageConfig": parameters.get("storageConfig")}
        cluster.shown["kubernetesNetworkConfig"]["elasticLoadBalancing"] = balancing
        own_entries.for_auto_mode(scene, cluster, scene.now)

    texts = {"ComputeConfig": asked, "StorageConfig": parameters.get("storageConfig"), "KubernetesNetworkConfig": parameters.get("kubernetesNetworkConfig")}
    return texts, apply


def _plain(member: str, param: str) -> Callable[[Scene, Cluster, Json], Change]:
    """A change of one member that is shown as it was asked for."""

    def change(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
        asked: Any = parameters[member]
        if cluster.shown.get(member) == asked:
            raise _same(cluster, f"{member}: {str(asked).lower() if isinstance(asked, bool) else asked}")
        return {param: asked}, lambda: cluster.shown.update({member: asked})

    return change


def _components(scene: Scene, cluster: Cluster, parameters: Json) -> Change:
    asked = {member: parameters[member] for member in _MEMBERS["ControlPlaneComponentConfigUpdate"] if parameters.get(member) is not None}
    if all(cluster.shown.get(member) == value for member, value in asked.items()):
        raise _same(cluster, ", ".join(asked))
    return {member[0].upper() + member[1:]: value for member, value in asked.items()}, lambda: cluster.shown.update(asked)


_MEMBERS = {
    "LoggingUpdate": ("logging",),
    "AccessConfigUpdate": ("accessConfig",),
    "UpgradePolicyUpdate": ("upgradePolicy",),
    "ZonalShiftConfigUpdate": ("zonalShiftConfig",),
    "AutoModeUpdate": ("computeConfig", "storageConfig", "kubernetesNetworkConfig"),
    "RemoteNetworkConfigUpdate": ("remoteNetworkConfig",),
    "DeletionProtectionUpdate": ("deletionProtection",),
    "ControlPlaneScalingConfigUpdate": ("controlPlaneScalingConfig",),
    "ControlPlaneComponentConfigUpdate": ("kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig"),
}
_CHANGES: dict[str, Callable[[Scene, Cluster, Json], Change]] = {
    "EndpointAccessUpdate": _endpoint,
    "VpcConfigUpdate": _vpc,
    "ControlPlaneEgressUpdate": _egress,
    "LoggingUpdate": _logging,
    "AccessConfigUpdate": _access,
    "UpgradePolicyUpdate": _upgrade_policy,
    "ZonalShiftConfigUpdate": _plain("zonalShiftConfig", "ZonalShiftConfig"),
    "AutoModeUpdate": _auto_mode,
    "RemoteNetworkConfigUpdate": _plain("remoteNetworkConfig", "RemoteNetworkConfig"),
    "DeletionProtectionUpdate": _plain("deletionProtection", "DeletionProtection"),
    "ControlPlaneScalingConfigUpdate": _plain("controlPlaneScalingConfig", "UpdatedTier"),
    "ControlPlaneComponentConfigUpdate": _components,
}


OPERATIONS = {"UpdateClusterConfig": update_cluster_config}
