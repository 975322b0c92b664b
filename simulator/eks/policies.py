# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access policies of EKS (user guide, "Review access policy permissions") and ListAccessPolicies.

``cluster_role``: the role of Kubernetes that grants what the policy grants, for whoever enforces it with RBAC; "" if there is none.
"""

from __future__ import annotations

from simulator.eks.pages import page
from simulator.eks.state import Json, Scene

POLICIES = {
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSAdminViewPolicy": "",
    "AmazonEKSAutoNodePolicy": "",
    "AmazonEKSBlockStorageClusterPolicy": "",
    "AmazonEKSBlockStoragePolicy": "",
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSClusterInsightsPolicy": "",
    "AmazonEKSComputeClusterPolicy": "",
    "AmazonEKSComputePolicy": "",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSEventPolicy": "",
    "AmazonEKSHybridPolicy": "",
    "AmazonEKSLoadBalancingClusterPolicy": "",
    "AmazonEKSLoadBalancingPolicy": "",
    "AmazonEKSNetworkingClusterPolicy": "",
    "AmazonEKSNetworkingPolicy": "",
    "AmazonEKSSecretReaderPolicy": "",
    "AmazonEKSViewPolicy": "view",
}
AUTO_MODE = (
    "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSComputeClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSLoadBalancingClusterPolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingClusterPolicy",
    "AmazonEKSNetworkingPolicy",
)
OF_THE_SERVICE = ("AmazonEKSClusterInsightsPolicy", "AmazonEKSEventPolicy")


def arn_of(partition: str, name: str) -> str:
    return f"arn:{partition}:eks::aws:cluster-access-policy/{name}"


def known(partition: str, arn: str) -> bool:
    prefix, _, name = arn.rpartition("/")
    return name in POLICIES and f"{prefix}/" == arn_of(partition, "")


def list_access_policies(scene: Scene, parameters: Json) -> Json:
    return page("accessPolicies", [{"name": name, "arn": arn_of(scene.partition, name)} for name in POLICIES], parameters)


OPERATIONS = {"ListAccessPolicies": list_access_policies}
