# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What access entries mean in Kubernetes' own words: groups for who comes in, and the bindings that give these groups their rights.

An access policy is a group of its own, for each scope, so that the webhook alone decides who has it; the bindings only say what it may do.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from simulator.eks.authorization import Access
from simulator.eks.policies import POLICIES
from simulator.eks.state import Cluster

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
LABELS = {"app.kubernetes.io/managed-by": "slipway-simulated-eks"}
_LOOK = ["get", "list", "watch"]
# Policies that no role of Kubernetes' own is like (EKS User Guide, "Review access policy permissions").
_OWN_ROLES: dict[str, list[Object]] = {
    "AmazonEKSAdminViewPolicy": [{"apiGroups": ["*"], "resources": ["*"], "verbs": _LOOK}, {"nonResourceURLs": ["*"], "verbs": ["get"]}],
    "AmazonEKSSecretReaderPolicy": [{"apiGroups": [""], "resources": ["secrets"], "verbs": _LOOK}],
}


def groups_of(access: Access) -> list[str]:
    """Those of the entry, and one for each access policy in each of its scopes; a policy that EKS has for its own parts grants nothing here."""
    found = list(access.groups)
    for grant in access.grants:
        if _role(grant.policy):
            found += [_group(grant.policy)] if grant.namespaces is None else [_group(grant.policy, each) for each in grant.namespaces]
    return list(dict.fromkeys(found))


def not_enforced(cluster: Cluster) -> list[str]:
    """Policies of entries that mean nothing in the real cluster."""
    return sorted({name for name, _ in _scopes(cluster) if not _role(name)})


def wanted(cluster: Cluster, namespaces: Iterable[str]) -> list[Object]:
    """Roles and bindings for all policies that any entry has, in the namespaces that are there."""
    scopes = {(policy, scope) for policy, scope in _scopes(cluster) if _role(policy)}
    found = [_own_role(policy) for policy in sorted({policy for policy, _ in scopes} & _OWN_ROLES.keys())]
    found += [_binding("ClusterRoleBinding", policy, [_group(policy)]) for policy in sorted(policy for policy, scope in scopes if scope is None)]
    for namespace in sorted(namespaces):
        for policy in sorted({policy for policy, _ in scopes}):
            fitting = sorted(scope for name, scope in scopes if name == policy and scope is not None and fnmatchcase(namespace, scope))
            if fitting:
                found.append(_binding("RoleBinding", policy, [_group(policy, scope) for scope in fitting], namespace))
    return found


def _scopes(cluster: Cluster) -> Iterable[tuple[str, str | None]]:
    for associations in cluster.policies.values():
        for association in associations.values():
            policy, scope = str(association["policyArn"]).rpartition("/")[2], association["accessScope"]
            yield from ((policy, each) for each in (scope["namespaces"] if scope["type"] == "namespace" else (None,)))


def _role(policy: str) -> str:
    """The ClusterRole that grants what the policy grants; "" if there is none."""
    return POLICIES.get(policy) or (_name(policy) if policy in _OWN_ROLES else "")


def _name(policy: str) -> str:
    return f"eks:access-policy:{policy}"


def _group(policy: str, scope: str = "") -> str:
    return f"{_name(policy)}:{scope}" if scope else _name(policy)


def _own_role(policy: str) -> Object:
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": _name(policy), "labels": LABELS}, "rules": _OWN_ROLES[policy]}


def _binding(kind: str, policy: str, groups: list[str], namespace: str = "") -> Object:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": {"name": _name(policy), "labels": LABELS, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": _role(policy)},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group} for group in groups],
    }
