# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One loop that watches every object of a set until all are ready, one fails for a definite cause, or time is up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s import diagnose, report
from ansible_collections.slipway.platform.plugins.module_utils._k8s.causes import Finding
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Key, Kind, Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.pods import pod_findings
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import Verdict, verdict
from ansible_collections.slipway.platform.plugins.module_utils._k8s.scene import Scene

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
OUTAGE_SECONDS = 15.0
"""An API server that restarts is no reason to give a release up."""
_RUNS_PODS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"}
_POD, _EVENT, _REPLICA_SET = (BUILT_IN[key] for key in (("", "v1", "Pod"), ("", "v1", "Event"), ("apps", "v1", "ReplicaSet")))


@dataclass(frozen=True)
class Target:
    """An object to wait for, and how it looked last."""

    key: Key
    kind: Kind
    live: Object


def until_ready(client: Client, targets: Iterable[Target], selector: str, progress: Callable[[str], None]) -> list[Target]:
    """The targets as they were seen last, when every one is ready; ``client.until`` is the deadline. ``selector`` finds the targets by label.

    Raises ``NotReady`` with cause, event, log lines and advice.
    """
    latest = {target.key: target for target in targets}
    pending = _judge(latest.values())
    seen: dict[tuple[str, ...], float] = {}
    line, spoken = "", client.clock()
    pause, answered = POLL_SECONDS / 4, client.clock()
    while pending:
        client.sleep(pause)
        pause = min(POLL_SECONDS, pause * 2)
        try:
            latest |= {target.key: target for target in _observe(client, [target for target, _ in pending], selector)}
            pending = _judge(latest[target.key] for target, _ in pending)
            scene = _scene(client, [target for target, _ in pending])
        except Unreachable:
            if client.clock() - answered > OUTAGE_SECONDS:
                raise
            continue
        answered = client.clock()
        _raise_if_hopeless(client, pending, scene, seen)
        _unblock(client, [target for target, _ in pending], scene, progress)
        pending = [(t, v) for t, v in pending if not _unclaimed(t, scene)]
        text = _line(pending, scene)
        if text and (text != line or answered - spoken >= HEARTBEAT_SECONDS):
            line, spoken = text, answered
            progress(text)
    return list(latest.values())


def _raise_if_hopeless(client: Client, pending: list[tuple[Target, Verdict]], scene: Scene, seen: dict[tuple[str, ...], float]) -> None:
    """Raise if a cause has stood for its grace, or if time is up; ``seen`` remembers since when each cause stands."""
    found = [f for target, judged in pending for f in diagnose.findings(target.live, judged, scene)]
    now = client.clock()
    since = {f.id: seen.get(f.id, now) for f in found}
    seen.clear()
    seen.update(since)
    definite = [f for f in found if f.grace is not None and now - since[f.id] >= f.grace]
    expired = client.until is not None and now >= client.until
    if pending and (definite or expired):
        raise _not_ready(client, pending, definite or found, expired and not definite)


def _judge(targets: Iterable[Target]) -> list[tuple[Target, Verdict]]:
    judged = [(target, verdict(target.live)) for target in targets]
    return [(target, v) for target, v in judged if v.state != "ready"]


def _observe(client: Client, targets: list[Target], selector: str) -> list[Target]:
    places = sorted({(t.kind.plural, t.key.namespace): t for t in targets}.items(), key=lambda entry: entry[0])
    lists = client.map(lambda entry: client.find(entry[1].kind, entry[1].key.namespace or None, labels=selector), places)
    live = {(i["kind"], i["metadata"].get("namespace", ""), i["metadata"]["name"]): i for items in lists for i in items}
    gone = [t for t in targets if (t.key.kind, t.key.namespace, t.key.name) not in live]
    if gone:
        raise NotReady(f"{gone[0].key} at {client.host} was deleted by someone else while it was waited for", object=str(gone[0].key))
    return [Target(t.key, t.kind, live[t.key.kind, t.key.namespace, t.key.name]) for t in targets]


def _scene(client: Client, targets: list[Target]) -> Scene:
    """What surrounds the targets that are not ready: pods, replica sets and events of their namespaces."""
    running = sorted({t.key.namespace for t in targets if t.key.kind in _RUNS_PODS})
    deploying = sorted({t.key.namespace for t in targets if t.key.kind == "Deployment"})
    eventful = sorted({t.key.namespace for t in targets if t.key.kind in _RUNS_PODS or t.key.kind == "PersistentVolumeClaim"})
    wanted = [(_POD, n) for n in running] + [(_REPLICA_SET, n) for n in deploying] + [(_EVENT, n) for n in eventful]
    lists = client.map(lambda place: client.find(*place), wanted)
    found: dict[str, list[Object]] = {"Pod": [], "ReplicaSet": [], "Event": []}
    for (kind, _), items in zip(wanted, lists, strict=True):
        found[kind.kind] += items
    return Scene(found["Pod"], found["ReplicaSet"], found["Event"])


def _unblock(client: Client, targets: Iterable[Target], scene: Scene, progress: Callable[[str], None]) -> None:
    """Delete broken pods of an earlier version: a StatefulSet waits for them to become ready before it replaces them, which they never do.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
    """
    for target in targets:
        if target.key.kind != "StatefulSet" or (target.live["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
            continue
        for pod in scene.outdated_pods_of(target.live):
            if any(finding.grace is not None for finding in pod_findings(pod, scene)):
                name = pod["metadata"]["name"]
                if client.delete(_POD, target.key.namespace, name, uid=pod["metadata"]["uid"]):
                    progress(f"{name} of the version before is broken and in the way; deleted")


def _unclaimed(target: Target, scene: Scene) -> bool:
    """A claim whose volume is made only when a pod wants it, and no pod does: as ready as it can be."""
    events = scene.events_of(target.live)
    return target.key.kind == "PersistentVolumeClaim" and bool(events) and events[-1].get("reason") == "WaitForFirstConsumer"


def _line(pending: list[tuple[Target, Verdict]], scene: Scene) -> str:
    parts = []
    for target, judged in pending:
        pods = [f"{name} {state}" for name, state in report.pod_states(target.live, scene)]
        parts.append(f"{target.key.name} {judged.progress}" + (f" ({', '.join(pods[:3])})" if pods else ""))
    return " · ".join(parts[:4]) + (f" · and {len(parts) - 4} more" if len(parts) > 4 else "")


def _not_ready(client: Client, pending: list[tuple[Target, Verdict]], findings: list[Finding], expired: bool) -> NotReady:
    worst = report.most_telling(findings)
    logs = client.log(worst.namespace, worst.pod, worst.container, previous=worst.previous) if worst and worst.pod and worst.container else []
    if worst and not logs and worst.pod and worst.container and worst.previous:
        logs = client.log(worst.namespace, worst.pod, worst.container)
    return report.report(client.host, [(str(t.key), v) for t, v in pending], worst, logs, expired)
