# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reads, and what it may: EKS Pod Identity for the operator's service account, and the policies of its role.

EKS User Guide: "Learn how EKS Pod Identity grants pods access to AWS services", "Session tags". Secrets Manager User Guide: "Determine who has
permissions to your AWS Secrets Manager secrets". KMS Developer Guide: "Key policies".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from simulator.eks.state import Cluster
from simulator.world.eso.policy import Ask, UndecidedError, verdict

AGENT = "eks-pod-identity-agent"
READ = "secretsmanager:GetSecretValue"
_OWN_KEY = "alias/aws/secretsmanager"


class AccessError(Exception):
    """Why there are no credentials, or why they are not enough; in AWS's words where it has some."""


@dataclass(frozen=True)
class Session:
    """A role that was assumed. ``limits``: policies that each have to allow it, too: of the session, and the role's boundary."""

    role: str
    arn: str
    policies: tuple[Any, ...]
    limits: tuple[Any, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return self.role.split(":")[4]

    @property
    def partition(self) -> str:
        return self.role.split(":")[1]


def of_pod(cluster: Cluster, namespace: str, service_account: str) -> Session:
    """What a pod of this service account has. Raises AccessError."""
    where = f"service account {namespace}/{service_account}"
    if not cluster.auto and AGENT not in cluster.addons:
        raise AccessError(f"no credentials for {where}: the cluster {cluster.name} has no add-on {AGENT}")
    found = next((each for each in cluster.associations.values() if (each["namespace"], each["serviceAccount"]) == (namespace, service_account)), None)
    if found is None:
        raise AccessError(f"no credentials for {where}: it has no Pod Identity association in the cluster {cluster.name}")
    name = f"eks-{cluster.name}-{service_account}"[:32]
    tags = {"eks-cluster-arn": cluster.shown["arn"], "eks-cluster-name": cluster.name}
    tags |= {"kubernetes-namespace": namespace, "kubernetes-service-account": service_account}
    context = {} if found.get("disableSessionTags") else {f"aws:principaltag/{key}": str(value) for key, value in tags.items()}
    session = _assumed(str(found["roleArn"]), name, context)
    if found.get("targetRoleArn"):
        session = assume(session, str(found["targetRoleArn"]), name)
    return replace(session, limits=(*session.limits, found["policy"])) if found.get("policy") else session


def assume(session: Session, role: str, name: str) -> Session:
    """sts:AssumeRole. Raises AccessError."""
    ask = _ask(session, "sts:AssumeRole", role)
    trust = [_role(role).assume_role_policy_document]
    try:
        named = verdict(trust, ask)
        trusted = verdict(trust, replace(ask, principals=ask.principals | _account(session)))
        allowed = _identity(session, ask)
    except UndecidedError as error:
        raise AccessError(f"sts:AssumeRole on {role}: {error}") from None
    enough = named == "Allow" and session.account == role.split(":")[4]
    if trusted != "Allow" or allowed == "Deny" or not (allowed or enough):
        raise AccessError(f"AccessDenied: User: {session.arn} is not authorized to perform: sts:AssumeRole on resource: {role}")
    return _assumed(role, name, session.context)


def policies_of(role: str) -> tuple[Any, ...]:
    """Documents of the policies that a role has, its own and those that are attached. Raises AccessError."""
    found = _role(role)
    return (*found.policies.values(), *(_document(each) for each in found.managed_policies.values()))


def may_read(session: Session, secret: Any, stage: str) -> None:
    """``secret``: moto's. Raises AccessError."""
    context = {"secretsmanager:versionstage": stage, "secretsmanager:secretid": secret.arn, "aws:resourceaccount": secret.account_id}
    for tag in secret.tags or ():
        context |= {f"{prefix}/{tag['Key']}".lower(): tag["Value"] for prefix in ("aws:resourcetag", "secretsmanager:resourcetag")}
    _check(session, READ, secret.arn, secret.policy, context)
    key = secret.kms_key_id
    if not key or key.endswith(_OWN_KEY):
        return
    found = next((each for each in kms_backends[secret.account_id][secret.region].keys.values() if _is_key(each, key)), None)
    if found is None or found.key_state != "Enabled":
        raise AccessError(f"DecryptionFailure: Secrets Manager can't decrypt the protected secret text using the provided KMS key: {key}")
    encryption = {"kms:viaservice": f"secretsmanager.{secret.region}.amazonaws.com", "kms:encryptioncontext:secretarn": secret.arn}
    _check(session, "kms:Decrypt", found.arn, found.policy, encryption, root=True)


def _check(session: Session, action: str, resource: str, policy: Any, context: Mapping[str, str], *, root: bool = False) -> None:
    """In the same account either side is enough; ``root``: the resource's policy has the last word, and may leave it to the account's policies."""
    ask = _ask(session, action, resource, context)
    try:
        identity = _identity(session, ask)
        direct = verdict([policy], ask) if policy else ""
        delegated = verdict([policy], replace(ask, principals=_account(session))) if policy and root else "Allow"
    except UndecidedError as error:
        raise AccessError(f"{action} on {resource}: {error}") from None
    allowed = direct == "Allow" or (identity == "Allow" and delegated == "Allow" and session.account == resource.split(":")[4])
    if not allowed or "Deny" in (identity, direct, delegated):
        why = "with an explicit deny" if "Deny" in (identity, direct) else f"because no identity-based policy allows the {action} action"
        raise AccessError(f"AccessDeniedException: User: {session.arn} is not authorized to perform: {action} on resource: {resource} {why}")


def _account(session: Session) -> frozenset[str]:
    """As policies name an account, and with it whoever its own policies let."""
    return frozenset({f"arn:{session.partition}:iam::{session.account}:root", session.account})


def _identity(session: Session, ask: Ask) -> str:
    """Raises UndecidedError."""
    found = verdict(session.policies, ask)
    limits = [verdict([limit], ask) for limit in session.limits]
    return "Deny" if "Deny" in (found, *limits) else found if all(limit == "Allow" for limit in limits) else ""


def _ask(session: Session, action: str, resource: str, context: Mapping[str, str] | None = None) -> Ask:
    principals = frozenset({session.role, session.arn})
    own = {"aws:principalarn": session.role, "aws:principalaccount": session.account, "aws:securetransport": "true"}
    return Ask(action, resource, principals, {**session.context, **own, **(context or {})})


def _assumed(role: str, name: str, context: Mapping[str, str]) -> Session:
    found = _role(role)
    boundary = found.permissions_boundary_arn
    limits = (_document(_iam(role).managed_policies[boundary]),) if boundary else ()
    tags = {f"aws:principaltag/{key}".lower(): value for key, value in _tags(found.tags).items()}
    arn = f"arn:{role.split(':')[1]}:sts::{role.split(':')[4]}:assumed-role/{found.name}/{name}"
    return Session(role, arn, policies_of(role), limits, {**tags, **context})


def _iam(role: str) -> Any:
    return iam_backends[role.split(":")[4]][role.split(":")[1]]


def _role(arn: str) -> Any:
    found = next((each for each in _iam(arn).roles.values() if each.arn == arn), None)
    if found is None:
        raise AccessError(f"AccessDenied: the role {arn} is not there")
    return found


def _document(policy: Any) -> Any:
    return next(version.document for version in policy.versions if version.version_id == policy.default_version_id)


def _tags(tags: Any) -> dict[str, str]:
    pairs = tags.values() if isinstance(tags, dict) else tags or ()
    return {str(each["Key"]): str(each["Value"]) for each in pairs}


def _is_key(key: Any, wanted: str) -> bool:
    return wanted in (key.id, key.arn) or any(wanted.endswith(alias) for alias in key.aliases)
