# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes one way: UpdateClusterVersion, by one minor version and past what hinders it, and AssociateEncryptionConfig."""

from __future__ import annotations

from simulator.eks import cluster_rules as rules
from simulator.eks import insights
from simulator.eks.errors import EksError, invalid_parameter
from simulator.eks.state import Json, Scene
from simulator.eks.updates import begin, refuse_if_running
from simulator.eks.versions import following, offered


def update_cluster_version(scene: Scene, parameters: Json) -> Json:
    cluster = scene.standing(parameters["name"])
    refuse_if_running(cluster, "VersionUpdate")
    version = offered(parameters["version"], scene.now, cluster.name)
    if version.name != following(cluster.version):
        raise invalid_parameter(f"Unsupported Kubernetes minor version update from {cluster.version} to {version.name}", clusterName=cluster.name)
    old = sorted(name for name, group in cluster.nodegroups.items() if group["version"] != cluster.version)
    if old:
        message = f"Nodegroups {', '.join(old)} must be updated to match cluster version {cluster.version} before updating cluster version"
        raise invalid_parameter(message, clusterName=cluster.name)
    if not parameters.get("force") and insights.blocking(scene, cluster):
        message = (
            "Upgrade readiness issues detected. Call the EKS ListInsights API to view upgrade blocking issues detected by EKS. "
            "Pass the force flag to override upgrade readiness errors and proceed with upgrade."
        )
        raise EksError("InvalidStateException", message, clusterName=cluster.name)

    def apply() -> None:
        cluster.shown |= {"version": version.name, "platformVersion": version.platform}

    shown = {"Version": version.name, "PlatformVersion": version.platform}
    return {"update": begin(scene, cluster, "VersionUpdate", shown, apply, seconds=scene.state.timing.version)}


def associate_encryption_config(scene: Scene, parameters: Json) -> Json:
    cluster = scene.standing(parameters["clusterName"])
    refuse_if_running(cluster, "AssociateEncryptionConfig")
    if cluster.shown.get("encryptionConfig"):
        raise invalid_parameter("Encryption is already enabled on the cluster", clusterName=cluster.name)
    configs = rules.encryption(scene, parameters["encryptionConfig"], cluster.name)
    if not configs:
        raise invalid_parameter("KeyArn is required", clusterName=cluster.name)
    update = begin(scene, cluster, "AssociateEncryptionConfig", {"EncryptionConfig": configs}, lambda: cluster.shown.update(encryptionConfig=configs))
    return {"update": update}


OPERATIONS = {"UpdateClusterVersion": update_cluster_version, "AssociateEncryptionConfig": associate_encryption_config}
