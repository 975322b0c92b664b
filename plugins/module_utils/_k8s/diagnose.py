# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why is an object not ready? Definite causes, each with the event behind it and what to do next. Pure functions.

A finding has a ``grace``: how many seconds it must stand before it counts as definite. None: it explains a wait, no more.
Reasons: kubelet (pkg/kubelet/images, pkg/kubelet/kuberuntime, pkg/kubelet/events), scheduler and controllers of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.causes import (
    CREATE_CAUSES,
    IMAGE_CAUSES,
    MOUNT_CAUSES,
    WAITING_CAUSES,
    first_match,
)
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import Verdict, conditions

LOG_LINES = 20
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


@dataclass(frozen=True)
class Finding:
    """A cause found on one object (for a pod: on one container)."""

    object: str
    reason: str
    message: str
    next_step: str
    grace: float | None
    namespace: str = ""
    pod: str = ""
    container: str = ""
    event: str = ""
    previous: bool = False

    @property
    def id(self) -> tuple[str, ...]:
        return (self.object, self.container, self.reason)


@dataclass(frozen=True)
class Scene:
    """What surrounds a workload: the pods, replica sets and events of its namespace."""

    pods: Sequence[Object] = ()
    replica_sets: Sequence[Object] = ()
    events: Sequence[Object] = ()
    _by_uid: dict[str, list[Object]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for event in sorted(self.events, key=_event_time):
            self._by_uid.setdefault((event.get("involvedObject") or {}).get("uid", ""), []).append(event)

    def events_of(self, live: Object) -> list[Object]:
        """The events of an object, oldest first."""
        return self._by_uid.get(live["metadata"].get("uid", "-"), [])

    def replica_set_of(self, deployment: Object) -> Object | None:
        """The replica set of the deployment's current template: older ones may be broken without harm."""
        revision = _annotation(deployment, "deployment.kubernetes.io/revision")
        owned = (r for r in self.replica_sets if _owned(r, deployment))
        return next((r for r in owned if _annotation(r, "deployment.kubernetes.io/revision") == revision), None)

    def pods_of(self, live: Object) -> list[Object]:
        """The pods of the current version of a workload that are not being deleted, by name."""
        kind, status = live["kind"], live.get("status") or {}
        if kind == "Pod":
            return [live]
        owner = self.replica_set_of(live) if kind == "Deployment" else live
        pods = [p for p in self.pods if owner is not None and _owned(p, owner) and not p["metadata"].get("deletionTimestamp")]
        if kind == "StatefulSet" and status.get("updateRevision"):
            pods = [p for p in pods if _label(p, "controller-revision-hash") == status["updateRevision"]]
        if kind == "DaemonSet" and _annotation(live, _TEMPLATE_GENERATION):
            pods = [p for p in pods if _label(p, "pod-template-generation") in ("", _annotation(live, _TEMPLATE_GENERATION))]
        return sorted(pods, key=lambda p: str(p["metadata"]["name"]))


def findings(live: Object, judged: Verdict, scene: Scene) -> list[Finding]:
    """Everything that is known to keep an object from being ready."""
    if live["kind"] in ("Deployment", "StatefulSet", "DaemonSet") and _unseen(live):
        return []  # what its pods suffer from belongs to the version before
    found = [f for pod in scene.pods_of(live) for f in _pod_findings(pod, scene)]
    found += _creation_findings(live, scene)
    if live["kind"] == "PersistentVolumeClaim":
        found += _claim_findings(live, scene)
    if "gateway.networking.k8s.io" in live["apiVersion"]:
        found += _gateway_findings(live, judged)
    if judged.state == "failed" and not any(f.grace is not None for f in found):
        found.append(Finding(_name(live), f"{live['kind']}Failed", judged.reason, _FAILED_STEPS.get(live["kind"], "see its events"), 0, _namespace(live)))
    if judged.state == "failed":  # the verdict is final, so whatever explains it is
        found = [_definite(f) for f in found]
    return [_with_pod_of(live, f, scene) for f in found]


_FAILED_STEPS = {
    "Job": "read the log above, correct the cause, and run the same command again: a failed Job is made anew",
    "Deployment": "see the events of its pods; raise progressDeadlineSeconds if it only needs longer",
}


def most_telling(found: Iterable[Finding]) -> Finding | None:
    """The finding to show: definite ones first, of them the surest."""
    return min(found, key=lambda f: (f.grace is None, f.grace or 0.0), default=None)


def report(host: str, pending: Sequence[tuple[str, Verdict]], worst: Finding | None, logs: Sequence[str], expired: bool) -> NotReady:
    """The error of a failed wait, to be read on a terminal: what, where, cause, event, log, next step."""
    lines = []
    if worst:
        where = f" (container {worst.container})" if worst.container else ""
        lines = [f"{worst.object}{where}: {worst.message}"]
        lines += [f"  cause: {worst.reason}"]
        lines += [f"  event: {worst.event}"] if worst.event and worst.event not in worst.message else []
        lines += ["  last log lines:", *(f"    {line}" for line in logs)] if logs else []
        lines += [f"  next:  {worst.next_step}"]
    if expired:
        lines.insert(0, f"not ready in time at {host}: " + "; ".join(f"{name}: {v.reason}" for name, v in pending))
        lines += [] if worst else ["  next:  raise the timeout if it only needs longer, or look at the events of these objects"]
    facts: dict[str, Any] = {"host": host, "waiting": [{"object": name, "reason": v.reason} for name, v in pending]}
    if worst:
        facts |= {"object": worst.object, "cause": worst.reason, "event": worst.event, "log": list(logs), "next_step": worst.next_step}
    return NotReady("\n".join(lines), **facts)


def pod_states(live: Object, scene: Scene) -> Iterator[tuple[str, str]]:
    """The pods of a workload that are not ready, each with one word for the live line."""
    for pod in scene.pods_of(live) if live["kind"] != "Pod" else []:
        if conditions(pod).get("Ready", {}).get("status") != "True" and (pod.get("status") or {}).get("phase") != "Succeeded":
            yield pod["metadata"]["name"], _word(pod, scene)


def _word(pod: Object, scene: Scene) -> str:
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        reason = (container.get("state", {}).get("waiting") or {}).get("reason", "")
        if reason and reason not in ("ContainerCreating", "PodInitializing"):
            return str(reason)
    last = next((e["reason"] for e in reversed(scene.events_of(pod)) if e.get("reason") in _WORDS), "")
    return _WORDS.get(last, "pending")


_WORDS = {
    "FailedScheduling": "waiting for a node",
    "Scheduled": "starting",
    "Pulling": "pulling",
    "Pulled": "starting",
    "Created": "starting",
    "Started": "started, not ready",
    "Unhealthy": "probe failing",
    "FailedMount": "waiting for a volume",
    "FailedAttachVolume": "waiting for a volume",
    "FailedCreatePodSandBox": "waiting for the network",
    "BackOff": "backing off",
    "Killing": "restarting",
}


# -- pods


def _pod_findings(pod: Object, scene: Scene) -> list[Finding]:
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded":
        return []
    found = [*_scheduling(pod, scene), *_mounts(pod, scene)]
    for statuses, label, specs in (
        (status.get("initContainerStatuses"), "init container ", pod["spec"].get("initContainers")),
        (status.get("containerStatuses"), "", pod["spec"].get("containers")),
    ):
        for container in statuses or []:
            spec: Object = next((s for s in specs or [] if s["name"] == container["name"]), {})
            found += _container_findings(pod, container, spec, label, scene)
    if status.get("phase") == "Failed" and status.get("reason") in ("Evicted", "UnexpectedAdmissionError", "NodeAffinity", "OutOfcpu", "OutOfmemory"):
        found.append(_of(pod, status["reason"], status.get("message", "refused by its node"), "see the node's capacity and the pod's requests", 8))
    return found


def _scheduling(pod: Object, scene: Scene) -> Iterator[Finding]:
    scheduled = conditions(pod).get("PodScheduled", {})
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return
    events = scene.events_of(pod)
    # An autoscaler (Cluster Autoscaler, Karpenter) that answered will bring a node: a wait, not a failure.
    coming = any(e.get("reason") in ("TriggeredScaleUp", "Nominated") for e in events)
    message = f"no node can take it: {scheduled.get('message', '')}"
    step = "lower its requests, or add nodes; check node selectors, taints, zones and the claims it mounts"
    yield _of(pod, "Unschedulable", message, step, None if coming else 8, event=_latest(events, "FailedScheduling"))


def _mounts(pod: Object, scene: Scene) -> Iterator[Finding]:
    events = scene.events_of(pod)
    for event in reversed(events):
        if event.get("reason") in ("FailedMount", "FailedAttachVolume"):
            cause = first_match(MOUNT_CAUSES, event.get("message", ""))
            if cause and not any((s.get("state") or {}).get("running") for s in (pod.get("status") or {}).get("containerStatuses") or []):
                yield _of(pod, cause.reason, cause.text(event.get("message", "")), cause.next_step, cause.grace, event=_show(event))
            return


def _container_findings(pod: Object, status: Object, spec: Object, label: str, scene: Scene) -> list[Finding]:
    name, state = status["name"], status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    events = [e for e in scene.events_of(pod) if (e.get("involvedObject") or {}).get("fieldPath", "").endswith("{" + name + "}")]
    if reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"):
        pull = next((e.get("message", "") for e in reversed(events) if e.get("message", "").startswith("Failed to pull image")), message)
        cause = first_match(IMAGE_CAUSES, f"{reason} {pull} {message}")
        assert cause is not None  # the last row matches everything
        text = f"{label}image {spec.get('image') or status.get('image', '')} cannot be pulled: {cause.message}"
        return [_of(pod, cause.reason, text, cause.next_step, cause.grace, container=name, event=pull or message)]
    if reason in WAITING_CAUSES:
        cause = WAITING_CAUSES[reason]
        return [_of(pod, cause.reason, f"{label}{cause.text(message)}", cause.next_step, cause.grace, container=name, event=_latest(events, "Failed"))]
    exits = [*_exits(pod, status, label, events, reason == "CrashLoopBackOff")]
    return exits or [*_probes(pod, status, spec, events)]


def _exits(pod: Object, status: Object, label: str, events: Sequence[Object], backing_off: bool) -> Iterator[Finding]:
    now = (status.get("state") or {}).get("terminated") or {}
    last = now or (status.get("lastState") or {}).get("terminated") or {}
    restarts = status.get("restartCount", 0)
    again = pod["spec"].get("restartPolicy", "Always") != "Never"
    if not last or (last.get("exitCode") == 0 and (not again or not backing_off)):
        return
    times = restarts + (1 if now else 0)
    killed = next((e for e in reversed(events) if e.get("reason") == "Killing" and "failed" in e.get("message", "")), None)
    previous = bool(restarts) and not now
    common = {"container": status["name"], "previous": previous, "event": _show(killed) if killed else _latest(events, "BackOff", "Unhealthy")}
    grace = 0.0 if times >= 3 or (not again and not status.get("ready")) else 6.0 if backing_off or times == 2 else None
    if last.get("reason") == "OOMKilled":
        limit = _memory_limit(pod, status["name"])
        text = f"{label}was killed {_times(times)} because it used more memory than its limit{limit}"
        yield _of(pod, "OOMKilled", text, "raise resources.limits.memory, or make it use less", grace, **common)
    elif killed:
        probe = "startup" if "startup" in killed["message"] else "liveness"
        text = f"{label}was restarted {_times(restarts)} because its {probe} probe failed: {_unhealthy(events) or 'no detail'}"
        step = f"see why the probe is not answered; if it only needs longer, raise the {probe} probe's failureThreshold"
        yield _of(pod, f"{probe.capitalize()}ProbeFailed", text, step, 0.0 if probe == "startup" or times >= 2 else 6.0, **common)
    elif last.get("reason") in ("StartError", "ContainerCannotRun"):
        cause = WAITING_CAUSES["RunContainerError"]
        yield _of(pod, "ContainerCannotRun", f"{label}{cause.text(last.get('message', ''))}", cause.next_step, 2.0, **common)
    else:
        how = f"signal {last['signal']}" if last.get("signal") else f"exit code {last.get('exitCode')}"
        text = f"{label}ended {_times(times)}, last with {how}" + (f": {last['message'].strip()}" if last.get("message") else "")
        step = "read the log lines; run the image by itself with the same configuration to see it fail"
        yield _of(pod, "CrashLoop" if again else "ContainerFailed", text, step, grace if again else None, **common)


def _probes(pod: Object, status: Object, spec: Object, events: Sequence[Object]) -> Iterator[Finding]:
    if status.get("ready") or not (status.get("state") or {}).get("running"):
        return
    failed = next((e for e in reversed(events) if e.get("reason") == "Unhealthy"), None)
    if failed is None:
        return
    message = failed.get("message", "")
    if message.startswith("Startup probe") or (status.get("started") is False and spec.get("startupProbe")):
        grace, name = None, "startup"  # the probe's own budget decides, and then the container is restarted
    elif spec.get("startupProbe") or "statuscode" in message:
        grace, name = 10.0, "readiness"  # it is up, and says itself that it is not ready
    else:
        grace, name = 30.0, "readiness"  # nothing tells a slow start from a broken one
    if message.startswith("Liveness"):
        return
    text = f"runs, but its {name} probe fails: {message.partition('failed: ')[2] or message}"
    step = "see why the probe is not answered: its path and port, and what the service needs to be ready"
    yield _of(pod, f"{name.capitalize()}ProbeFailing", text, step, grace, container=status["name"], event=_show(failed))


# -- what creates pods, and the rest


def _creation_findings(live: Object, scene: Scene) -> Iterator[Finding]:
    """Pods that could not even be created: quota, Pod Security, admission."""
    if live["kind"] not in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
        return
    creator = scene.replica_set_of(live) if live["kind"] == "Deployment" else live
    if creator is None:
        return
    failure = conditions(creator).get("ReplicaFailure", {})
    event = next((e for e in reversed(scene.events_of(creator)) if e.get("reason") in ("FailedCreate", "SuccessfulCreate")), None)
    stuck = bool(event and event.get("reason") == "FailedCreate")
    message = failure.get("message", "") if failure.get("status") == "True" else event.get("message", "") if event and stuck else ""
    cause = first_match(CREATE_CAUSES, message) if message else None
    if cause:
        text = f"its pods cannot be created: {cause.text(message)}"
        yield Finding(_name(live), cause.reason, text, cause.next_step, cause.grace, _namespace(live), event=_show(event) if event and stuck else message)


def _claim_findings(live: Object, scene: Scene) -> Iterator[Finding]:
    event = next((e for e in reversed(scene.events_of(live)) if e.get("type") == "Warning"), None)
    if event is not None:
        storage = live["spec"].get("storageClassName") or "the default"
        text = f"no volume for it: {event.get('message', '')}"
        step = f"check that storage class {storage} exists and that its provisioner runs"
        yield Finding(_name(live), "VolumeNotBound", text, step, 8, _namespace(live), event=_show(event))


def _gateway_findings(live: Object, judged: Verdict) -> Iterator[Finding]:
    # A controller writes False first while it still builds; reasons that only mean "not yet" are left out.
    if judged.state == "waiting" and "(" in judged.reason and not any(word in judged.reason for word in ("Pending", "Waiting")):
        step = "check the names, ports and namespaces it refers to, and which routes the gateway's listeners allow"
        yield Finding(_name(live), "NotAccepted", judged.reason, step, 10, _namespace(live))


def _definite(finding: Finding) -> Finding:
    return Finding(**{**finding.__dict__, "grace": 0.0})


def _with_pod_of(live: Object, finding: Finding, scene: Scene) -> Finding:
    """A failed Job is explained by the log of its last pod."""
    pods = scene.pods_of(live) if live["kind"] == "Job" and not finding.pod else []
    if not pods:
        return finding
    last = max(pods, key=lambda p: str(p["metadata"].get("creationTimestamp", "")))
    return Finding(**{**finding.__dict__, "pod": last["metadata"]["name"], "container": last["spec"]["containers"][0]["name"]})


# -- small helpers


def _of(pod: Object, reason: str, message: str, step: str, grace: float | None, *, container: str = "", event: str = "", previous: bool = False) -> Finding:
    return Finding(_name(pod), reason, message, step, grace, _namespace(pod), pod["metadata"]["name"], container, event, previous)


def _name(live: Object) -> str:
    metadata = live["metadata"]
    return f"{live['kind']} {metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else f"{live['kind']} {metadata['name']}"


def _namespace(live: Object) -> str:
    return str(live["metadata"].get("namespace", ""))


def _unseen(live: Object) -> bool:
    return bool((live.get("status") or {}).get("observedGeneration", 0) < live["metadata"].get("generation", 0))


def _owned(live: Object, owner: Object) -> bool:
    uid = owner["metadata"].get("uid")
    return any(o.get("uid") == uid for o in live["metadata"].get("ownerReferences") or [])


def _label(live: Object, name: str) -> str:
    return str((live["metadata"].get("labels") or {}).get(name, ""))


def _annotation(live: Object, name: str) -> str:
    return str((live["metadata"].get("annotations") or {}).get(name, ""))


def _event_time(event: Object) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def _show(event: Object) -> str:
    count = event.get("count") or 1
    return f"{event.get('reason', '')}: {' '.join(event.get('message', '').split())}" + (f" ({count} times)" if count > 1 else "")


def _latest(events: Sequence[Object], *reasons: str) -> str:
    return next((_show(e) for e in reversed(events) if e.get("reason") in reasons), "")


def _unhealthy(events: Sequence[Object]) -> str:
    return next((e.get("message", "").partition("failed: ")[2] for e in reversed(events) if e.get("reason") == "Unhealthy"), "")


def _memory_limit(pod: Object, container: str) -> str:
    specs = [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]
    limit = next((((s.get("resources") or {}).get("limits") or {}).get("memory") for s in specs if s["name"] == container), None)
    return f" of {limit}" if limit else ""


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"
