# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a live object ready? One pure function for each kind, in a table; a kind without one is ready once it exists.

Sources: the status sections of the API reference (https://kubernetes.io/docs/reference/kubernetes-api/),
Gateway API conditions (https://gateway-api.sigs.k8s.io/reference/spec/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

State = Literal["ready", "waiting", "failed"]


@dataclass(frozen=True)
class Verdict:
    """``reason`` says what is waited for, or why the object failed for good; ``progress`` is short, for the live line ("1/2 ready")."""

    state: State
    reason: str = ""
    progress: str = ""


READY = Verdict("ready")


def verdict(live: Object) -> Verdict:
    """The verdict on a live object."""
    kind = live["kind"]
    group = live["apiVersion"].rpartition("/")[0]
    judge = PREDICATES.get(f"{kind}.{group}" if group else kind)
    if judge is None:
        return READY
    seen = (live.get("status") or {}).get("observedGeneration")
    if kind in _OBSERVED and (seen or 0) < live["metadata"].get("generation", 0):
        return Verdict("waiting", "its controller has not seen the change yet", "starting")
    return judge(live)


def conditions(live: Object) -> dict[str, dict[str, Any]]:
    """The conditions of an object by type."""
    return {c["type"]: c for c in (live.get("status") or {}).get("conditions") or []}


def _is(live: Object, condition: str, value: str = "True") -> bool:
    return bool(conditions(live).get(condition, {}).get("status") == value)


def _text(condition: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (condition.get("reason", ""), condition.get("message", "")) if part)


def _counted(done: int, wanted: int, reason: str) -> Verdict:
    return Verdict("waiting", f"{reason}: {done} of {wanted}", f"{done}/{wanted} ready")


def _deployment(live: Object) -> Verdict:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    progressing = conditions(live).get("Progressing", {})
    if progressing.get("status") == "False" and progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict("failed", _text(progressing))
    updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    if updated < wanted:
        return _counted(min(updated, ready), wanted, "replicas of the new version")
    if status.get("replicas", 0) > updated:
        return _counted(max(0, wanted - (status["replicas"] - updated)), wanted, "replicas of the old version still run; replaced")
    if status.get("availableReplicas", 0) < wanted:
        return _counted(min(ready, wanted), wanted, "replicas available")
    return READY


def _stateful_set(live: Object) -> Verdict:
    status, spec = live.get("status") or {}, live["spec"]
    wanted = spec.get("replicas", 1)
    if status.get("readyReplicas", 0) < wanted:
        return _counted(status.get("readyReplicas", 0), wanted, "replicas ready")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return READY
    target = wanted - ((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if status.get("currentRevision") != status.get("updateRevision") and status.get("updatedReplicas", 0) < target:
        return _counted(status.get("updatedReplicas", 0), target, "replicas of the new version")
    return READY


def _daemon_set(live: Object) -> Verdict:
    status = live.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedNumberScheduled", 0)
    if updated < wanted and (live["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
        return _counted(updated, wanted, "nodes with the new version")
    if status.get("numberReady", 0) < wanted:
        return _counted(status.get("numberReady", 0), wanted, "nodes ready")
    return READY


def _replica_set(live: Object) -> Verdict:
    wanted, ready = live["spec"].get("replicas", 1), (live.get("status") or {}).get("readyReplicas", 0)
    return READY if ready >= wanted else _counted(ready, wanted, "replicas ready")


def _job(live: Object) -> Verdict:
    if _is(live, "Failed"):
        return Verdict("failed", _text(conditions(live)["Failed"]))
    if _is(live, "Complete") or live["spec"].get("suspend"):
        return READY
    return Verdict("waiting", "it has not completed", "running")


def _pod(live: Object) -> Verdict:
    phase = (live.get("status") or {}).get("phase", "Pending")
    if phase == "Failed":
        return Verdict("failed", live["status"].get("message") or live["status"].get("reason") or "a container ended with an error")
    if phase == "Succeeded" or _is(live, "Ready"):
        return READY
    return Verdict("waiting", f"phase {phase}", "starting")


def _claim(live: Object) -> Verdict:
    phase = (live.get("status") or {}).get("phase", "Pending")
    if phase == "Lost":
        return Verdict("failed", "its volume is lost")
    return READY if phase == "Bound" else Verdict("waiting", "no volume is bound", "unbound")


def _namespace(live: Object) -> Verdict:
    return READY if (live.get("status") or {}).get("phase") == "Active" else Verdict("waiting", "it is not active", "not active")


def _definition(live: Object) -> Verdict:
    names = conditions(live).get("NamesAccepted", {})
    if names.get("status") == "False":
        return Verdict("failed", _text(names))
    return READY if _is(live, "Established") else Verdict("waiting", "it is not established", "not established")


def _service(live: Object) -> Verdict:
    if live["spec"].get("type") != "LoadBalancer" or ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return READY
    return Verdict("waiting", "it has no load balancer address", "no address")


def _condition(name: str) -> Callable[[Object], Verdict]:
    def judge(live: Object) -> Verdict:
        found = conditions(live).get(name, {})
        current = found.get("observedGeneration", live["metadata"].get("generation", 0)) >= live["metadata"].get("generation", 0)
        if found.get("status") == "True" and current:
            return READY
        return Verdict("waiting", f"condition {name} is not true" + (f" ({_text(found)})" if _text(found) else ""), f"not {name.lower()}")

    return judge


def _route(live: Object) -> Verdict:
    parents = (live.get("status") or {}).get("parents") or []
    if len({str(p.get("parentRef")) for p in parents}) < len(live["spec"].get("parentRefs") or []):
        return Verdict("waiting", "no gateway has taken it", "no gateway")
    for parent in parents:
        for name in ("Accepted", "ResolvedRefs"):
            judged = _condition(name)({"metadata": live["metadata"], "status": parent})
            if judged.state != "ready":
                return judged
    return READY


def _external_secret(live: Object) -> Verdict:
    """Its condition names no generation; what was delivered last does (External Secrets API, status.syncedResourceVersion: generation, hash)."""
    judged = _condition("Ready")(live)
    synced = str((live.get("status") or {}).get("syncedResourceVersion", "")).partition("-")[0]
    if judged.state == "ready" and synced != str(live["metadata"].get("generation", 0)):
        return Verdict("waiting", "what is delivered is of the specification before", "not delivered")
    return judged


def _autoscaler(live: Object) -> Verdict:
    # Metrics may come later or never (no metrics server); only a missing target keeps it from working at all.
    able = conditions(live).get("AbleToScale", {})
    if able.get("status") == "False" and able.get("reason") == "FailedGetScale":
        return Verdict("waiting", _text(able), "no target")
    return READY


_OBSERVED = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}

PREDICATES: Mapping[str, Callable[[Object], Verdict]] = {
    "Deployment.apps": _deployment,
    "StatefulSet.apps": _stateful_set,
    "DaemonSet.apps": _daemon_set,
    "ReplicaSet.apps": _replica_set,
    "Job.batch": _job,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "Namespace": _namespace,
    "Service": _service,
    "CustomResourceDefinition.apiextensions.k8s.io": _definition,
    "APIService.apiregistration.k8s.io": _condition("Available"),
    "HorizontalPodAutoscaler.autoscaling": _autoscaler,
    "GatewayClass.gateway.networking.k8s.io": _condition("Accepted"),
    "Gateway.gateway.networking.k8s.io": _condition("Programmed"),
    "HTTPRoute.gateway.networking.k8s.io": _route,
    "GRPCRoute.gateway.networking.k8s.io": _route,
    "SecretStore.external-secrets.io": _condition("Ready"),
    "ExternalSecret.external-secrets.io": _external_secret,
}
