# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access entries that EKS makes itself."""

from __future__ import annotations

from datetime import datetime

from simulator.eks import cluster_rules as rules
from simulator.eks.entries import add
from simulator.eks.entry_policies import associate
from simulator.eks.policies import AUTO_MODE, OF_THE_SERVICE, arn_of
from simulator.eks.principals import Principal, of_iam, parse
from simulator.eks.state import Cluster, Scene


def bootstrap(scene: Scene, cluster: Cluster, when: datetime) -> None:
    """The entries that EKS makes itself: its service's, its creator's if that was asked for, and that of Auto Mode's nodes."""
    if cluster.mode not in rules.WITH_API:
        return
    linked = Principal(scene.partition, scene.account, "role", "AWSServiceRoleForAmazonEKS", "aws-service-role/eks.amazonaws.com/")
    add(cluster, linked, "STANDARD", when)
    for policy in OF_THE_SERVICE:
        associate(cluster, linked.arn, arn_of(scene.partition, policy), {"type": "cluster", "namespaces": []}, when)
    creator = parse(cluster.creator)
    if creator and cluster.bootstrap_admin:
        add(cluster, creator, "STANDARD", when)
        associate(cluster, creator.arn, arn_of(scene.partition, "AmazonEKSClusterAdminPolicy"), {"type": "cluster", "namespaces": []}, when)
    for_auto_mode(scene, cluster, when)


def for_auto_mode(scene: Scene, cluster: Cluster, when: datetime) -> None:
    if not cluster.auto:
        return
    linked = next(arn for arn in cluster.entries if arn.endswith("/AWSServiceRoleForAmazonEKS"))
    for policy in AUTO_MODE:
        associate(cluster, linked, arn_of(scene.partition, policy), {"type": "cluster", "namespaces": []}, when)
    role = of_iam(cluster.shown["computeConfig"].get("nodeRoleArn") or "")
    if role and role.arn not in cluster.entries:
        add(cluster, role, "EC2", when)
        associate(cluster, role.arn, arn_of(scene.partition, "AmazonEKSAutoNodePolicy"), {"type": "cluster", "namespaces": []}, when)


def for_nodes(scene: Scene, cluster: Cluster, role_arn: str, when: datetime) -> None:
    """The entry that a managed node group gets for its role."""
    role = of_iam(role_arn)
    if role and cluster.mode in rules.WITH_API and role.arn not in cluster.entries:
        add(cluster, role, "EC2_LINUX", when)
