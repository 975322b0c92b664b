# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads: the line while it waits, and the error when it fails. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.causes import Finding
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import Verdict, conditions
from ansible_collections.slipway.platform.plugins.module_utils._k8s.scene import Scene

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
    if status.get("phase") == "Failed":
        return "failed"
    last = next((e["reason"] for e in reversed(scene.events_of(pod)) if e.get("reason") in _WORDS), "")
    return _WORDS.get(last, "pending")
