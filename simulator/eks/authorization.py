# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in a cluster, as its access entries say: a pure answer for whoever authenticates and authorizes at the Kubernetes API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.eks.cluster_rules import WITH_API
from simulator.eks.policies import POLICIES
from simulator.eks.principals import Principal, parse
from simulator.eks.state import Cluster, Json


@dataclass(frozen=True)
class Grant:
    """An access policy; ``namespaces`` is None when it holds in the whole cluster. ``cluster_role``: Kubernetes' own role that grants the same, or ""."""

    policy: str
    namespaces: tuple[str, ...] | None
    cluster_role: str


@dataclass(frozen=True)
class Access:
    """What Kubernetes is told: ``username`` and ``groups`` for RBAC, and the ``grants`` that EKS authorizes besides. Empty groups and no grants: no rights."""

    username: str
    groups: tuple[str, ...]
    grants: tuple[Grant, ...]
    entry: str


def access_of(cluster: Cluster, arn: str, private_dns: Callable[[str], str] = str) -> Access | None:
    """What the principal of this ARN is in the cluster; None if nobody: the API server answers 401.

    ``arn`` is what GetCallerIdentity says: of a user, or of an assumed role, which counts as its role whatever that role's path. ``private_dns`` gives
    the private DNS name of an EC2 instance by its id, which is the session of a node's role. Entries of the aws-auth ConfigMap lie in the cluster and
    are not looked at; while only they count, the creator alone is known here.
    """
    principal = parse(arn)
    if principal is None:
        return None
    if cluster.mode not in WITH_API:
        creator = parse(cluster.creator)
        known = creator is not None and creator.key == principal.key and cluster.bootstrap_admin
        return Access("kubernetes-admin", ("system:masters",), (), "") if known else None
    for entry_arn, entry in cluster.entries.items():
        of_entry = parse(entry_arn)
        if of_entry and of_entry.key == principal.key:
            return _access(cluster, entry_arn, entry, principal, private_dns)
    return None


def _access(cluster: Cluster, arn: str, entry: Json, principal: Principal, private_dns: Callable[[str], str]) -> Access:
    username = str(entry["username"])
    values = {"SessionName": principal.session.replace("@", "-"), "SessionNameRaw": principal.session, "AccountID": principal.account}
    for name, value in values.items():
        username = username.replace(f"{{{{{name}}}}}", value)
    if "{{EC2PrivateDNSName}}" in username:
        username = username.replace("{{EC2PrivateDNSName}}", private_dns(principal.session))
    grants = tuple(_grant(association) for association in cluster.policies[arn].values())
    return Access(username, tuple(entry["kubernetesGroups"]), grants, arn)


def _grant(association: Json) -> Grant:
    name, scope = str(association["policyArn"]).rpartition("/")[2], association["accessScope"]
    return Grant(name, tuple(scope["namespaces"]) if scope["type"] == "namespace" else None, POLICIES[name])
