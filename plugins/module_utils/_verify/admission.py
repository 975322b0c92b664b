# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod Security Standards, level restricted: one pod per rule that breaks it, and a twin that breaks none, offered without being made.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._verify import judge
from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import Judgement
from ansible_collections.slipway.platform.plugins.module_utils._verify.subject import POD, Cluster, Object

CLAIM = "a pod that violates the restricted standard is refused, its compliant twin is not"


def _container(field: str, value: Any) -> Callable[[Object], None]:
    return lambda pod: pod["spec"]["containers"][0]["securityContext"].__setitem__(field, value)


def _spec(field: str, value: Any) -> Callable[[Object], None]:
    return lambda pod: pod["spec"].__setitem__(field, value)


def _privileged(pod: Object) -> None:
    # A privileged container may escalate by definition: the API refuses to be told otherwise before admission is asked.
    pod["spec"]["containers"][0]["securityContext"] |= {"privileged": True, "allowPrivilegeEscalation": True}


def _without_seccomp(pod: Object) -> None:
    del pod["spec"]["securityContext"]["seccompProfile"]


def _as_root(pod: Object) -> None:
    del pod["spec"]["securityContext"]["runAsNonRoot"]


# The rule, how to break it, and the words by which the server names it (k8s.io/pod-security-admission/policy).
RULES: tuple[tuple[str, Callable[[Object], None], str], ...] = (
    ("privileged container", _privileged, "privileged"),
    ("host network", _spec("hostNetwork", True), "host namespaces"),
    ("hostPath volume", _spec("volumes", [{"name": "host", "hostPath": {"path": "/"}}]), "hostPath"),
    ("privilege escalation", _container("allowPrivilegeEscalation", True), "allowPrivilegeEscalation != false"),
    ("capabilities kept", _container("capabilities", {}), "unrestricted capabilities"),
    ("may run as root", _as_root, "runAsNonRoot != true"),
    ("user 0", _container("runAsUser", 0), "runAsUser=0"),
    ("no seccomp profile", _without_seccomp, "seccompProfile"),
)


def check(cluster: Cluster, namespace: str) -> tuple[Judgement, dict[str, Any]]:
    """Offer the pods to the namespace in a dry run of the server: admission decides, nothing is made."""
    attempts = [_offer(cluster, _twin(namespace), "", "")]
    for rule, breaks, expected in RULES:
        pod = copy.deepcopy(_twin(namespace))
        breaks(pod)
        attempts.append(_offer(cluster, pod, rule, expected))
    return judge.admission(attempts), {"attempts": [asdict(attempt) for attempt in attempts]}


def _offer(cluster: Cluster, pod: Object, rule: str, expected: str) -> judge.Attempt:
    try:
        cluster.client.apply(POD, pod, dry_run=True)
    except (Denied, InvalidInput, Conflict) as error:
        return judge.Attempt(rule, False, error.message, expected)
    return judge.Attempt(rule, True, "accepted", expected)


def _twin(namespace: str) -> Object:
    container = {
        "name": "probe",
        "image": "registry.invalid/probe:none",  # never pulled: a dry run ends at admission
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "10m", "memory": "16Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True},
    }
    spec = {
        "containers": [container],
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "slipway-verify", "namespace": namespace}, "spec": spec}
