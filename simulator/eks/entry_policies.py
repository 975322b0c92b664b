# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access policies of an access entry: AssociateAccessPolicy, DisassociateAccessPolicy, ListAssociatedAccessPolicies."""

from __future__ import annotations

from simulator.eks.entries import associate, entry_of, refuse_policy, with_api, writable
from simulator.eks.errors import not_found
from simulator.eks.pages import page
from simulator.eks.state import Json, Scene


def associate_access_policy(scene: Scene, parameters: Json) -> Json:
    cluster, arn = with_api(scene, parameters["clusterName"]), parameters["principalArn"]
    policy, scope = parameters["policyArn"], parameters["accessScope"]
    refusal = refuse_policy(scene, cluster, writable(cluster, arn), policy, scope)
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
