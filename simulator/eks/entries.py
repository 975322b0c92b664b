# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access entries: who may come in, as whom and in which groups."""

from __future__ import annotations

from datetime import datetime

from simulator.eks import cluster_rules as rules
from simulator.eks.errors import EksError, in_use, invalid_parameter, invalid_request, not_found
from simulator.eks.pages import page
from simulator.eks.policies import AUTO_MODE, OF_THE_SERVICE, arn_of, known
from simulator.eks.principals import Principal, of_iam, parse
from simulator.eks.state import Cluster, Json, Scene, new_id

_NODE_BY_SESSION, _NODE_BY_DNS = "system:node:{{SessionName}}", "system:node:{{EC2PrivateDNSName}}"
# What an entry's type makes of it: its username and its groups.
TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "STANDARD": ("", ()),
    "EC2": (_NODE_BY_DNS, ("system:nodes",)),
    "EC2_LINUX": (_NODE_BY_DNS, ("system:nodes",)),
    "EC2_WINDOWS": (_NODE_BY_DNS, ("eks:kube-proxy-windows", "system:nodes")),
    "FARGATE_LINUX": (_NODE_BY_SESSION, ("system:bootstrappers", "system:nodes", "system:node-proxier")),
    "HYBRID_LINUX": (_NODE_BY_SESSION, ("system:nodes",)),
    "HYPERPOD_LINUX": (_NODE_BY_SESSION, ("system:nodes",)),
}
_RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")


def with_api(scene: Scene, name: str) -> Cluster:
    """The cluster, if its access entries count."""
    cluster = scene.standing(name)
    if cluster.mode not in rules.WITH_API:
        message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
        raise invalid_request(message, clusterName=name)
    return cluster


def entry_of(cluster: Cluster, arn: str) -> Json:
    if arn not in cluster.entries:
        message = "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'."
        raise not_found(message, clusterName=cluster.name)
    return cluster.entries[arn]


def writable(cluster: Cluster, arn: str) -> Json:
    """Entries of service-linked roles are EKS's own."""
    principal = parse(arn)
    if principal and principal.service_linked:
        message = "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role"
        raise invalid_request(message, clusterName=cluster.name)
    return entry_of(cluster, arn)


def _principal(scene: Scene, arn: str, kind: str, name: str) -> Principal:
    principal = of_iam(arn)
    if principal and principal.service_linked:
        message = "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role"
        raise invalid_parameter(message, clusterName=name)
    ours = principal is not None and principal.account == scene.account
    right = principal is not None and (kind == "STANDARD" or (ours and principal.kind == "role"))
    if principal and ours:
        there = scene.neighbours.trusted_by(arn) is not None if principal.kind == "role" else scene.neighbours.has_user(arn)
        right = right and there
    if principal is None or not right:
        raise invalid_parameter("The specified principalArn is invalid: invalid principal.", clusterName=name)
    return principal


def _generated(principal: Principal) -> str:
    if principal.kind == "user":
        return principal.arn
    return f"arn:{principal.partition}:sts::{principal.account}:assumed-role/{principal.name}/{{{{SessionName}}}}"


def _groups(groups: list[str], name: str) -> list[str]:
    for group in groups:
        for reserved in _RESERVED:
            if group.startswith(reserved):
                raise invalid_parameter(f"The kubernetes group name {group} is invalid, it cannot start with {reserved}", clusterName=name)
    return list(groups)


def _username(username: str, name: str) -> str:
    for reserved in _RESERVED:
        if username.startswith(reserved):
            raise invalid_parameter(f"The username {username} is invalid, it cannot start with {reserved}", clusterName=name)
    before, template, _ = username.partition("{{SessionName")
    if template and ":" not in before:
        raise invalid_parameter(f"The username {username} is invalid, it must contain a colon before {{{{SessionName}}}}", clusterName=name)
    return username


def _add(scene: Scene, cluster: Cluster, principal: Principal, kind: str, when: datetime, **more: object) -> Json:
    username, groups = TYPES[kind]
    entry: Json = {
        "clusterName": cluster.name,
        "principalArn": principal.arn,
        "kubernetesGroups": list(groups),
        "accessEntryArn": cluster.arn_of("access-entry", f"{principal.kind}/{principal.account}/{principal.path}{principal.name}/{new_id()}"),
        "createdAt": when,
        "modifiedAt": when,
        "tags": {},
        "username": username or _generated(principal),
        "type": kind,
        **more,
    }
    cluster.entries[principal.arn] = entry
    cluster.policies[principal.arn] = {}
    return entry


def create_access_entry(scene: Scene, parameters: Json) -> Json:
    cluster, arn = with_api(scene, parameters["clusterName"]), parameters["principalArn"]
    kind, name = parameters.get("type", "STANDARD"), cluster.name
    if kind not in TYPES:
        raise invalid_parameter(f"The specified type is invalid: {kind}. Valid types: {', '.join(TYPES)}", clusterName=name)
    if kind != "STANDARD" and (parameters.get("kubernetesGroups") or parameters.get("username")):
        raise invalid_parameter(f"The kubernetesGroups and username parameters cannot be specified for type {kind}", clusterName=name)
    principal = _principal(scene, arn, kind, name)
    if arn in cluster.entries:
        raise in_use("The specified access entry resource is already in use on this cluster.", clusterName=name)
    more: Json = {"tags": rules.tags(parameters.get("tags"), clusterName=name)}
    if kind == "STANDARD":
        more["kubernetesGroups"] = _groups(parameters.get("kubernetesGroups") or [], name)
        if parameters.get("username"):
            more["username"] = _username(parameters["username"], name)
    return {"accessEntry": _add(scene, cluster, principal, kind, scene.now, **more)}


def describe_access_entry(scene: Scene, parameters: Json) -> Json:
    return {"accessEntry": entry_of(with_api(scene, parameters["clusterName"]), parameters["principalArn"])}


def list_access_entries(scene: Scene, parameters: Json) -> Json:
    cluster, policy = with_api(scene, parameters["clusterName"]), parameters.get("associatedPolicyArn")
    return page("accessEntries", [arn for arn in cluster.entries if not policy or policy in cluster.policies[arn]], parameters)


def update_access_entry(scene: Scene, parameters: Json) -> Json:
    cluster = with_api(scene, parameters["clusterName"])
    entry = writable(cluster, parameters["principalArn"])
    if entry["type"] != "STANDARD":
        raise invalid_request(f"Access entries of type {entry['type']} cannot be updated", clusterName=cluster.name)
    if parameters.get("kubernetesGroups") is not None:
        entry["kubernetesGroups"] = _groups(parameters["kubernetesGroups"], cluster.name)
    if parameters.get("username"):
        entry["username"] = _username(parameters["username"], cluster.name)
    entry["modifiedAt"] = scene.now
    return {"accessEntry": entry}


def delete_access_entry(scene: Scene, parameters: Json) -> Json:
    cluster, arn = with_api(scene, parameters["clusterName"]), parameters["principalArn"]
    writable(cluster, arn)
    del cluster.entries[arn], cluster.policies[arn]
    return {}


def associate(cluster: Cluster, arn: str, policy: str, scope: Json, when: datetime) -> Json:
    """The association; one that is there gets the new scope."""
    before = cluster.policies[arn].get(policy)
    found = {"policyArn": policy, "accessScope": scope, "associatedAt": before["associatedAt"] if before else when, "modifiedAt": when}
    cluster.policies[arn][policy] = found
    return found


def bootstrap(scene: Scene, cluster: Cluster, when: datetime) -> None:
    """The entries that EKS makes itself: its service's, its creator's if that was asked for, and that of Auto Mode's nodes."""
    if cluster.mode not in rules.WITH_API:
        return
    linked = Principal(scene.partition, scene.account, "role", "AWSServiceRoleForAmazonEKS", "aws-service-role/eks.amazonaws.com/")
    _add(scene, cluster, linked, "STANDARD", when)
    for policy in OF_THE_SERVICE:
        associate(cluster, linked.arn, arn_of(scene.partition, policy), {"type": "cluster", "namespaces": []}, when)
    creator = parse(cluster.creator)
    if creator and cluster.bootstrap_admin:
        _add(scene, cluster, creator, "STANDARD", when)
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
        _add(scene, cluster, role, "EC2", when)
        associate(cluster, role.arn, arn_of(scene.partition, "AmazonEKSAutoNodePolicy"), {"type": "cluster", "namespaces": []}, when)


def for_nodes(scene: Scene, cluster: Cluster, role_arn: str, when: datetime) -> None:
    """The entry that a managed node group gets for its role."""
    role = of_iam(role_arn)
    if role and cluster.mode in rules.WITH_API and role.arn not in cluster.entries:
        _add(scene, cluster, role, "EC2_LINUX", when)


def refuse_policy(scene: Scene, cluster: Cluster, entry: Json, policy: str, scope: Json) -> EksError | None:
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


OPERATIONS = {
    "CreateAccessEntry": create_access_entry,
    "DescribeAccessEntry": describe_access_entry,
    "ListAccessEntries": list_access_entries,
    "UpdateAccessEntry": update_access_entry,
    "DeleteAccessEntry": delete_access_entry,
}
