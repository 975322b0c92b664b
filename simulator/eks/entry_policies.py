# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access policies of an access entry: AssociateAccessPolicy, DisassociateAccessPolicy, ListAssociatedAccessPolicies."""

from __future__ import annotations

from datetime import datetime

from simulator.eks.entries import entry_of, with_api, writable
from simulator.eks.errors import EksError, invalid_parameter, invalid_request, not_found
from simulator.eks.pages import page
from simulator.eks.policies import known
from simulator.eks.state import Cluster, Json, Scene


def associate(cluster: Cluster, arn: str, policy: str, scope: Json, when: datetime) -> Json:
    """The association; one that is there gets the new scope."""
    before = cluster.policies[arn].get(policy)
    found = {"policyArn": policy, "accessScope": scope, "associatedAt": before["associatedAt"] if before else when, "modifiedAt": when}
    cluster.policies[arn][policy] = found
    return found


def _refusal(scene: Scene, cluster: Cluster, entry: Json, policy: str, scope: Json) -> EksError | None:
    """Why an access policy can't be associated; None if it can."""
    allowed = entry["type"] == "STANDARD" or (entry["type"] == "EC2" and policy.endswith("/AmazonEKSAutoNodePolicy"))
    if not allowed:
        return invalid_request(f"Access policies cannot be associated to an access entry of type {entry['type']}", clusterName=cluster.name)
    if not known(scene.partition, policy):
        message = "The specified policyArn is invalid. You can view the available access policies with 'list-access-policies'."
        return invalid_parameter(message, clusterName=cluster.name)
    if scope.get("type") == "namespace" and not scope.get("namespaces"):
        return invalid_parameter("The accessScope must have at least one namespace when its type is namespace", clusterName=cluster.name)
    if scope.get("type") == "cluster" and scope.get("namespaces"):
        return invalid_parameter("The accessScope must not have namespaces when its type is cluster", clusterName=cluster.name)
    return None if scope.get("type") else invalid_parameter("The accessScope must have a type", clusterName=cluster.name)


def associate_access_policy(scene: Scene, parameters: Json) -> Json:
    cluster, arn = with_api(scene, parameters["clusterName"]), parameters["principalArn"]
    policy, scope = parameters["policyArn"], parameters["accessScope"]
    refusal = _refusal(scene, cluster, writable(cluster, arn), policy, scope)
    if refusal:
        raise refusal
    found = associate(cluster, arn, policy, {"type": scope["type"], "namespaces": list(scope.get("namespaces") or [])}, scene.now)
    return {"clusterName": cluster.name, "principalArn": arn, "associatedAccessPolicy": found}


def disassociate_access_policy(scene: Scene, parameters: Json) -> Json:
    cluster, arn = with_api(scene, parameters["clusterName"]), parameters["principalArn"]
    writable(cluster, arn)
    if cluster.policies[arn].pop(parameters["policyArn"], None) is None:
        raise not_found("The specified policyArn could not be found on the access entry.", clusterName=cluster.name)
    return {}


def list_associated_access_policies(scene: Scene, parameters: Json) -> Json:
    cluster, arn = with_api(scene, parameters["clusterName"]), parameters["principalArn"]
    entry_of(cluster, arn)
    found = page("associatedAccessPolicies", list(cluster.policies[arn].values()), parameters)
    return {"clusterName": cluster.name, "principalArn": arn, **found}


OPERATIONS = {
    "AssociateAccessPolicy": associate_access_policy,
    "DisassociateAccessPolicy": disassociate_access_policy,
    "ListAssociatedAccessPolicies": list_associated_access_policies,
}
