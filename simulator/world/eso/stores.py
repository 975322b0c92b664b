# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores of the AWS Secrets Manager: whether one can be used, by whom, and the session in which it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.eks.state import Cluster
from simulator.world.eso import access
from simulator.world.eso.access import AccessError, Session
from simulator.world.eso.wanted import ANY, unknown
from simulator.world.labels import selected

Object = Mapping[str, Any]
CLASS = "default"
_ROLE_ARN = "eks.amazonaws.com/role-arn"
_UNDERSTOOD: Mapping[str, Any] = {
    "controller": ANY,
    "refreshInterval": ANY,
    "retrySettings": ANY,  # nothing fails for a moment only
    "conditions": ANY,
    "provider": {"aws": {"service": ANY, "region": ANY, "role": ANY, "additionalRoles": ANY, "prefix": ANY, "secretsManager": ANY, "auth": ANY}},
}


class StoreError(Exception):
    """``message``: of the store's condition; the text: of the event."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(text)
        self.message = message


@dataclass(frozen=True)
class Operator:
    """``account``: namespace and name of the operator's service account. ``service_account``: reads one of the cluster, None if it is not there."""

    cluster: Cluster
    regions: frozenset[str]
    account: tuple[str, str]
    service_account: Callable[[str, str], Object | None]


def is_managed(store: Object) -> bool:
    return (store["spec"].get("controller") or CLASS) == CLASS


def problem(store: Object, operator: Operator) -> None:
    """Raises StoreError if no client can be made for it."""
    spec = store["spec"]
    aws = (spec.get("provider") or {}).get("aws") or {}
    odd = [f"spec.{path}" for path in unknown(spec, _UNDERSTOOD)]
    if (aws.get("auth") or {}).get("secretRef"):
        odd.append("spec.provider.aws.auth.secretRef")
    if aws.get("service", "SecretsManager") != "SecretsManager":
        odd.append(f"spec.provider.aws.service {aws['service']}")
    if odd:
        text = f"{', '.join(odd)}: not understood by the simulator, which stands for AWS Secrets Manager with Pod Identity"
        raise StoreError(f"unable to create client: {text}", text)
    if aws.get("region") not in operator.regions:
        raise StoreError("unable to create client", f"region not found: {aws.get('region')}")
    reference = ((aws.get("auth") or {}).get("jwt") or {}).get("serviceAccountRef")
    if reference:
        _refuse_account(reference, store, operator)


def _refuse_account(reference: Object, store: Object, operator: Operator) -> None:
    """A service account of the store's own is for IRSA; External Secrets documents that it can't be used with Pod Identity ("EKS Pod Identity Setup")."""
    namespace = str(reference.get("namespace") or store["metadata"].get("namespace") or "")
    found = operator.service_account(namespace, str(reference["name"]))
    if found is None:
        raise StoreError("unable to create client", f'ServiceAccount "{reference["name"]}" not found')
    if not (found["metadata"].get("annotations") or {}).get(_ROLE_ARN):
        text = f"an IAM role must be associated with service account {reference['name']} (namespace: {namespace})"
        raise StoreError("unable to create client", f"{text}; with Pod Identity leave spec.provider.aws.auth out")
    text = "IAM roles for service accounts (spec.provider.aws.auth.jwt) are not understood by the simulator"
    raise StoreError(f"unable to create client: {text}", text)


def session(store: Object, operator: Operator) -> Session:
    """Raises AccessError."""
    aws = store["spec"]["provider"]["aws"]
    found = access.of_pod(operator.cluster, *operator.account)
    for role in (*(aws.get("additionalRoles") or ()), *([aws["role"]] if aws.get("role") else ())):
        found = access.assume(found, str(role), "external-secrets-provider-aws")
    return found


def validated(store: Object, operator: Operator) -> tuple[bool, str, str, str]:
    """Ready, reason and message of the condition, and the event's text."""
    try:
        problem(store, operator)
        session(store, operator)
    except StoreError as error:
        return False, "InvalidProviderConfig", error.message, str(error)
    except AccessError as error:
        return False, "InvalidProviderConfig", "unable to validate store", str(error)
    return True, "Valid", "store validated", "store validated"


def lets(store: Object, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a ClusterSecretStore is for this namespace."""
    conditions = store["spec"].get("conditions") or ()
    labels = {"kubernetes.io/metadata.name": namespace, **labels}
    return not conditions or any(_met(condition, namespace, labels) for condition in conditions)


def _met(condition: Object, namespace: str, labels: Mapping[str, str]) -> bool:
    selector = condition.get("namespaceSelector")
    if selector is not None and selected(selector, labels):
        return True
    named = namespace in (condition.get("namespaces") or ())
    return named or any(re.search(each, namespace) for each in condition.get("namespaceRegexes") or ())
