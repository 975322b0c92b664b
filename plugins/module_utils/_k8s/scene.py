# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What surrounds a workload: its pods, replica sets and events, and small readings of them. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


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
        revision = annotation(deployment, "deployment.kubernetes.io/revision")
        candidates = (r for r in self.replica_sets if owned(r, deployment))
        return next((r for r in candidates if annotation(r, "deployment.kubernetes.io/revision") == revision), None)

    def outdated_pods_of(self, stateful_set: Object) -> list[Object]:
        """The pods of an earlier version that a StatefulSet still has to replace."""
        update = (stateful_set.get("status") or {}).get("updateRevision")
        pods = (p for p in self.pods if owned(p, stateful_set) and not p["metadata"].get("deletionTimestamp"))
        return [p for p in pods if update and label(p, "controller-revision-hash") != update]

    def pods_of(self, live: Object) -> list[Object]:
        """The pods of the current version of a workload that are not being deleted, by name."""
        kind, status = live["kind"], live.get("status") or {}
        if kind == "Pod":
            return [live]
        owner = self.replica_set_of(live) if kind == "Deployment" else live
        pods = [p for p in self.pods if owner is not None and owned(p, owner) and not p["metadata"].get("deletionTimestamp")]
        if kind == "StatefulSet" and status.get("updateRevision"):
            pods = [p for p in pods if label(p, "controller-revision-hash") == status["updateRevision"]]
        if kind == "DaemonSet" and annotation(live, _TEMPLATE_GENERATION):
            pods = [p for p in pods if label(p, "pod-template-generation") in ("", annotation(live, _TEMPLATE_GENERATION))]
        return sorted(pods, key=lambda p: str(p["metadata"]["name"]))


def owned(live: Object, owner: Object) -> bool:
    uid = owner["metadata"].get("uid")
    return any(o.get("uid") == uid for o in live["metadata"].get("ownerReferences") or [])


def label(live: Object, name: str) -> str:
    return str((live["metadata"].get("labels") or {}).get(name, ""))


def annotation(live: Object, name: str) -> str:
    return str((live["metadata"].get("annotations") or {}).get(name, ""))


def show(event: Object) -> str:
    count = event.get("count") or 1
    return f"{event.get('reason', '')}: {' '.join(event.get('message', '').split())}" + (f" ({count} times)" if count > 1 else "")


def latest(events: Sequence[Object], *reasons: str) -> str:
    return next((show(e) for e in reversed(events) if e.get("reason") in reasons), "")


def name_of(live: Object) -> str:
    metadata = live["metadata"]
    return f"{live['kind']} {metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else f"{live['kind']} {metadata['name']}"


def namespace_of(live: Object) -> str:
    return str(live["metadata"].get("namespace", ""))


def times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _event_time(event: Object) -> str:
    series = event.get("series") or {}
    return str(series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")
