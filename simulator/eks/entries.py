# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access entries: who may come in, as whom and in which groups."""

from __future__ import annotations

from datetime import datetime

from simulator.eks import cluster_rules as rules
from simulator.eks.errors import in_use, invalid_parameter, invalid_request, not_found
from simulator.eks.pages import page
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
_LINKED = "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role"
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
        raise invalid_request(_LINKED, clusterName=cluster.name)
    return entry_of(cluster, arn)


def _principal(scene: Scene, arn: str, kind: str, name: str) -> Principal:
    principal = of_iam(arn)
    if principal and principal.service_linked:
        raise invalid_parameter(_LINKED, clusterName=name)
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


def add(cluster: Cluster, principal: Principal, kind: str, when: datetime, **more: object) -> Json:
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
    return {"accessEntry": add(cluster, principal, kind, scene.now, **more)}


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


OPERATIONS = {
    "CreateAccessEntry": create_access_entry,
    "DescribeAccessEntry": describe_access_entry,
    "ListAccessEntries": list_access_entries,
    "UpdateAccessEntry": update_access_entry,
    "DeleteAccessEntry": delete_access_entry,
}
