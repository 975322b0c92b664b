# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why is a pod not ready? Scheduling, volumes, images, exits and probes, container by container. Pure functions.

Reasons: kubelet (pkg/kubelet/images, pkg/kubelet/kuberuntime, pkg/kubelet/events) and scheduler of Kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ansible_collections.slipway.platform.plugins.module_utils._k8s.causes import (
    IMAGE_CAUSES,
    MOUNT_CAUSES,
    UNREAD_PULL_SECRET,
    WAITING_CAUSES,
    Finding,
    first_match,
)
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import conditions
from ansible_collections.slipway.platform.plugins.module_utils._k8s.scene import Scene, latest, name_of, namespace_of, show, times

_KILLED = 128 + 9
_FAILED_PULL = "Failed to pull image"
# containerd says three times which image it is about
_REPEATED = re.compile(r"(?<=: )(?:failed to (?:pull and unpack image|resolve reference) \"[^\"]+\": )+")


def pod_findings(pod: Object, scene: Scene) -> list[Finding]:
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
    step = (
        _unlabelled(pod)
        if "(missing required label)" in message
        else "lower its requests, or add nodes; check node selectors, taints, zones and the claims it mounts"
    )
    yield _of(pod, "Unschedulable", message, step, None if coming else 8, event=latest(events, "FailedScheduling"))


def _unlabelled(pod: Object) -> str:
    """What to do where nodes lack a label over which the pods must be spread (podtopologyspread/filtering.go)."""
    constraints = pod["spec"].get("topologySpreadConstraints") or []
    keys = [c["topologyKey"] for c in constraints if c.get("whenUnsatisfiable") == "DoNotSchedule"]
    return (
        f"label the nodes with {' and '.join(keys)} (kubectl label node NAME {keys[0] if keys else 'LABEL'}=...), or set in the inventory "
        "release_settings: {zone_spread: preferred} for services and ingress_topology_key: kubernetes.io/hostname for the gateway"
    )


def _mounts(pod: Object, scene: Scene) -> Iterator[Finding]:
    events = scene.events_of(pod)
    for event in reversed(events):
        if event.get("reason") in ("FailedMount", "FailedAttachVolume"):
            cause = first_match(MOUNT_CAUSES, event.get("message", ""))
            if cause and not any("running" in (s.get("state") or {}) for s in (pod.get("status") or {}).get("containerStatuses") or []):
                yield _of(pod, cause.reason, cause.text(event.get("message", "")), cause.next_step, cause.grace, event=show(event))
            return


def _container_findings(pod: Object, status: Object, spec: Object, label: str, scene: Scene) -> list[Finding]:
    name, state = status["name"], status.get("state") or {}
    waiting = state.get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    events = [e for e in scene.events_of(pod) if (e.get("involvedObject") or {}).get("fieldPath", "").endswith("{" + name + "}")]
    if reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"):
        pull = next((e.get("message", "") for e in reversed(events) if e.get("message", "").startswith(_FAILED_PULL)), message)
        cause = first_match(IMAGE_CAUSES, f"{reason} {pull} {message}")
        assert cause is not None  # the last row matches everything
        if cause.reason == "ImageUnauthorized" and _secret_unread(scene.events_of(pod), events):
            cause = UNREAD_PULL_SECRET
        text = f"{label}image {spec.get('image') or status.get('image', '')} cannot be pulled: {cause.message}"
        return [_of(pod, cause.reason, text, cause.next_step, cause.grace, container=name, event=_REPEATED.sub("", pull or message))]
    if reason in WAITING_CAUSES:
        cause = WAITING_CAUSES[reason]
        return [_of(pod, cause.reason, f"{label}{cause.text(message)}", cause.next_step, cause.grace, container=name, event=latest(events, "Failed"))]
    exits = [*_exits(pod, status, label, events, reason == "CrashLoopBackOff")]
    return exits or [*_probes(pod, status, spec, events)]


def _secret_unread(of_pod: Sequence[Object], of_container: Sequence[Object]) -> bool:
    """Whether the node had no pull secret each time that it failed; while it tries again, its status still is that of the failure before."""
    unread = sum(e.get("count") or 1 for e in of_pod if e.get("reason") == "FailedToRetrieveImagePullSecret")
    return unread >= max(1, sum(e.get("count") or 1 for e in of_container if e.get("message", "").startswith(_FAILED_PULL)))


def _exits(pod: Object, status: Object, label: str, events: Sequence[Object], backing_off: bool) -> Iterator[Finding]:
    now = (status.get("state") or {}).get("terminated") or {}
    last = now or (status.get("lastState") or {}).get("terminated") or {}
    restarts = status.get("restartCount", 0)
    again = pod["spec"].get("restartPolicy", "Always") != "Never"
    if not last or (last.get("exitCode") == 0 and (not again or not backing_off)):
        return
    running = "running" in (status.get("state") or {})
    count = restarts + (0 if running else 1)
    killed = next((e for e in reversed(events) if e.get("reason") == "Killing" and "failed" in e.get("message", "")), None)
    common = {"container": status["name"], "previous": running, "event": show(killed) if killed else latest(events, "BackOff")}
    grace = 0.0 if count >= 3 or (not again and not status.get("ready")) else 6.0 if backing_off or count == 2 else None
    if last.get("reason") == "OOMKilled" or (last.get("exitCode") == _KILLED and not killed):
        # A busy node may miss the kernel's notice and report the bare SIGKILL, which nobody else sends here.
        sure = "because" if last.get("reason") == "OOMKilled" else "with SIGKILL, most likely because"
        text = f"{label}was killed {times(count)}, {sure} it used more memory than its limit{_memory_limit(pod, status['name'])}"
        yield _of(pod, "OOMKilled", text, "raise resources.limits.memory, or make it use less", grace, **common)
    elif killed:
        probe = "startup" if "startup" in killed["message"] else "liveness"
        text = f"{label}was restarted {times(restarts)} because its {probe} probe failed: {_unhealthy(events) or 'no detail'}"
        step = f"see why the probe is not answered; if it only needs longer, raise the {probe} probe's failureThreshold"
        yield _of(pod, f"{probe.capitalize()}ProbeFailed", text, step, 0.0 if probe == "startup" or count >= 2 else 6.0, **common)
    elif last.get("reason") in ("StartError", "ContainerCannotRun"):
        cause = WAITING_CAUSES["RunContainerError"]
        yield _of(pod, "ContainerCannotRun", f"{label}{cause.text(last.get('message', ''))}", cause.next_step, 2.0, **common)
    else:
        how = f"signal {last['signal']}" if last.get("signal") else f"exit code {last.get('exitCode')}"
        text = f"{label}ended {times(count)}, last with {how}" + (f": {last['message'].strip()}" if last.get("message") else "")
        step = "read the log lines; run the image by itself with the same configuration to see it fail"
        yield _of(pod, "CrashLoop" if again else "ContainerFailed", text, step, grace if again else None, **common)


def _probes(pod: Object, status: Object, spec: Object, events: Sequence[Object]) -> Iterator[Finding]:
    if status.get("ready") or "running" not in (status.get("state") or {}):
        return
    failed = next((e for e in reversed(events) if e.get("reason") == "Unhealthy"), None)
    if failed is None:
        return
    message = failed.get("message", "")
    if message.startswith("Startup probe") or (status.get("started") is False and spec.get("startupProbe")):
        grace, name = None, "startup"  # the probe's own budget decides, and then the container is restarted
    elif spec.get("startupProbe") or "statuscode" in message:
        grace, name = 8.0, "readiness"  # it is up, and says itself that it is not ready
    else:
        grace, name = 30.0, "readiness"  # nothing tells a slow start from a broken one
    if message.startswith("Liveness"):
        return
    text = f"runs, but its {name} probe fails: {message.partition('failed: ')[2] or message}"
    step = "see why the probe is not answered: its path and port, and what the service needs to be ready"
    yield _of(pod, f"{name.capitalize()}ProbeFailing", text, step, grace, container=status["name"], event=show(failed))


def _of(pod: Object, reason: str, message: str, step: str, grace: float | None, *, container: str = "", event: str = "", previous: bool = False) -> Finding:
    return Finding(name_of(pod), reason, message, step, grace, namespace_of(pod), pod["metadata"]["name"], container, event, previous)


def _unhealthy(events: Sequence[Object]) -> str:
    return next((e.get("message", "").partition("failed: ")[2] for e in reversed(events) if e.get("reason") == "Unhealthy"), "")


def _memory_limit(pod: Object, container: str) -> str:
    specs = [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]
    limit = next((((s.get("resources") or {}).get("limits") or {}).get("memory") for s in specs if s["name"] == container), None)
    return f" of {limit}" if limit else ""
