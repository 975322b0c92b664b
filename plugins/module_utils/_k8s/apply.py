# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a set of manifests in one go: read what is there, apply in waves, wait, and delete what left the set.

The second apply of the same set costs one list request for each kind and no write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._k8s import ready
from ansible_collections.slipway.platform.plugins.module_utils._k8s.applyset import ApplySet, Scope
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import MANAGER, Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import (
    BUILT_IN,
    DATA_KINDS,
    FOUNDATIONS,
    JOBS,
    WORKLOADS,
    Key,
    Object,
    split_api_version,
    wave,
)
from ansible_collections.slipway.platform.plugins.module_utils._k8s.objects import comparable, diff
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ownership import settled
from ansible_collections.slipway.platform.plugins.module_utils._k8s.plan import NAMESPACE, Item, Plan, Request, group_of, leavers, plan
from ansible_collections.slipway.platform.plugins.module_utils._k8s.wait import Target, until_ready

Progress = Callable[[str], None]


KEEP_ANNOTATION = "slipway.platform/prune"


@dataclass(frozen=True)
class Outcome:
    """One object: what it was before and is after (or would be, in check mode)."""

    key: Key
    before: Object | None
    after: Object | None
    kept: bool = False

    @property
    def action(self) -> str:
        if self.kept:
            return "kept"
        if comparable(self.before) == comparable(self.after):
            return "unchanged"
        return "created" if self.before is None else "deleted" if self.after is None else "updated"

    def to_json(self) -> dict[str, str]:
        return {"kind": self.key.kind, "namespace": self.key.namespace, "name": self.key.name, "action": self.action}


@dataclass(frozen=True)
class Result:
    """What an apply did. ``objects``: ``{kind, namespace, name, action}``; ``requests`` sent to the API server; ``seconds`` for all of it;
    ``workloads``: what runs pods, ``{kind, namespace, name, ready, replicas}``, as it was seen last.
    """

    objects: list[dict[str, str]]
    requests: int
    seconds: float
    workloads: list[dict[str, Any]] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return any(entry["action"] not in ("unchanged", "kept") for entry in self.objects)


def apply(client: Client, request: Request, progress: Progress) -> Result:
    """Bring the cluster to the manifests. In check mode the server is asked what would change, and nothing is written.

    Raises ``NotReady`` with the cause if an object fails or is not ready in time; then nothing has been pruned.
    """
    started, sent = client.clock(), client.requests
    client.until = started + request.timeout
    planned = plan(client, request)
    group = group_of(request)
    if not request.check:
        _open(client, group, planned, request)
    outcomes: list[Outcome] = []
    for number in range(WORKLOADS + 1):
        part = [item for item in planned.items if _wave(item) == number]
        done = client.map(lambda item: _apply_one(client, item, planned, request), part)
        outcomes += done
        if request.check:
            continue
        if number == FOUNDATIONS and any(o.key.kind == "CustomResourceDefinition" and o.action != "unchanged" for o in done):
            client.forget_kinds()
        if number == FOUNDATIONS or (number == JOBS and request.wait):
            until_ready(client, _targets(part, done), group.selector, progress)
    seen = _targets(planned.items, outcomes)
    if request.wait and not request.check:
        seen = until_ready(client, seen, group.selector, progress)
    outcomes += _prune(client, planned, request)
    if not request.check:
        _close(client, group, planned, request)
    diffs = [diff(_title(o), o.before, o.after) for o in outcomes if o.action not in ("unchanged", "kept")]
    return Result([o.to_json() for o in outcomes], client.requests - sent, round(client.clock() - started, 2), _workloads(seen), diffs)


def apply_to_nothing(request: Request) -> Result:
    """Check mode for a cluster that does not exist yet: everything would be created."""
    group = group_of(request)
    outcomes = []
    for m in request.manifests:
        kind = BUILT_IN.get((*split_api_version(m["apiVersion"]), m["kind"]))
        namespace = "" if kind and not kind.namespaced else m["metadata"].get("namespace") or (request.namespace if kind else "")
        outcomes.append(Outcome(Key(split_api_version(m["apiVersion"])[0], m["kind"], namespace, m["metadata"]["name"]), None, group.member(m)))
    return Result([o.to_json() for o in outcomes], 0, 0.0, [], [diff(_title(o), None, o.after) for o in outcomes])


def ensure_namespace(client: Client, request: Request) -> bool:
    """Create the namespace of the set's parent, as the set describes it or bare, if it does not exist; True if it was created."""
    if client.get(NAMESPACE, None, request.namespace) is not None:
        return False
    bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": request.namespace}}
    own = (m for m in request.manifests if m["kind"] == "Namespace" and m["metadata"]["name"] == request.namespace)
    client.apply(NAMESPACE, next(own, bare))
    return True


def _wave(item: Item) -> int:
    return wave(item.kind) if item.kind else WORKLOADS


def _open(client: Client, group: ApplySet, planned: Plan, request: Request) -> None:
    """Make the set's parent cover old and new members before the first of them is written."""
    if group.namespace in planned.absent:
        ensure_namespace(client, request)
    union = planned.scope | planned.recorded if planned.recorded else planned.scope
    if union != planned.recorded:
        group.write(client, union)


def _apply_one(client: Client, item: Item, planned: Plan, request: Request) -> Outcome:
    item = _with_account(item)
    if item.live is not None and settled(item.manifest, item.live, MANAGER) and not _failed_job(item.live):
        return Outcome(item.key, item.live, item.live)
    if item.kind is None or (request.check and item.key.namespace in planned.absent):
        return Outcome(item.key, None, item.manifest)
    if item.live is not None and _failed_job(item.live):
        return Outcome(item.key, item.live, _replace(client, item, request))
    try:
        applied = client.apply(item.kind, item.manifest, force=request.force, dry_run=request.check)
        after = applied.object
        if applied.created and not request.check:
            _scale_first(client, item, planned)
    except NotFound:
        if not request.check:  # in check mode its definition is part of this set and does not exist yet
            raise
        after = item.manifest
    except InvalidInput as error:
        if item.key.kind != "Job" or item.live is None or not any("immutable" in c["message"] for c in error.facts.get("causes", [])):
            raise
        after = _replace(client, item, request)
    return Outcome(item.key, item.live, after)


def _scale_first(client: Client, item: Item, planned: Plan) -> None:
    """Give a new workload the least number of pods that its autoscaler wants, which would begin with one and act up to 15 s later.

    By the ``scale`` subresource, as the autoscaler does it: the number must not become a field of the manifest.
    """
    assert item.kind is not None
    target = (item.key.kind, item.key.namespace, item.key.name)
    for other in (i for i in planned.items if i.key.kind == "HorizontalPodAutoscaler"):
        spec = other.manifest["spec"]
        aim = (spec["scaleTargetRef"]["kind"], other.key.namespace, spec["scaleTargetRef"]["name"])
        if aim == target and "replicas" not in item.manifest["spec"] and spec.get("minReplicas", 1) > 1:
            client.merge(item.kind, item.key.namespace, f"{item.key.name}/scale", {"spec": {"replicas": spec["minReplicas"]}})


def _with_account(item: Item) -> Item:
    """A pod template that no longer names a ServiceAccount must name the default one.

    The API server keeps a deprecated copy of the field (``serviceAccount``), which nobody owns and which would bring the old name back.
    """
    old, new = (((o or {}).get("spec") or {}).get("template") or {} for o in (item.live, item.manifest))
    if not isinstance(new, dict) or "spec" not in new or "spec" not in old or new["spec"].get("serviceAccountName"):
        return item
    if old["spec"].get("serviceAccountName", "default") == "default":
        return item
    template = new | {"spec": new["spec"] | {"serviceAccountName": "default"}}
    return replace(item, manifest=item.manifest | {"spec": item.manifest["spec"] | {"template": template}})


def _failed_job(live: Object) -> bool:
    """A Job that failed never runs again by itself: applying it anew means to try again."""
    return bool(live["kind"] == "Job" and ready.verdict(live).state == "failed")


def _replace(client: Client, item: Item, request: Request) -> Object:
    """Delete a Job and make it again: its template cannot be changed, and a finished one does not run again."""
    assert item.kind is not None
    assert item.live is not None
    if request.check:
        return item.manifest
    client.delete(item.kind, item.key.namespace, item.key.name, uid=item.live["metadata"]["uid"])
    while client.get(item.kind, item.key.namespace, item.key.name) is not None:
        if client.until is not None and client.clock() > client.until:
            raise Conflict(f"{item.key} at {client.host} is being deleted and does not go: see what holds its finalizers", object=str(item.key))
        client.sleep(0.2)
    return client.apply(item.kind, item.manifest, force=request.force).object


def _targets(items: list[Item], outcomes: list[Outcome]) -> list[Target]:
    after = {o.key: o.after for o in outcomes}
    return [Target(i.key, i.kind, after[i.key] or {}) for i in items if i.kind is not None]


def _workloads(seen: list[Target]) -> list[dict[str, Any]]:
    found = []
    for target in (t for t in seen if t.key.kind in ("Deployment", "StatefulSet", "DaemonSet") and t.live):
        status = target.live.get("status") or {}
        ready_now = status.get("readyReplicas", status.get("numberReady", 0))
        wanted = status.get("replicas", status.get("desiredNumberScheduled", 0))
        found.append({"kind": target.key.kind, "namespace": target.key.namespace, "name": target.key.name, "ready": ready_now, "replicas": wanted})
    return found


def _stays(key: Key, live: Object) -> bool:
    return key.kind in DATA_KINDS or (live["metadata"].get("annotations") or {}).get(KEEP_ANNOTATION) == "never"


def _prune(client: Client, planned: Plan, request: Request) -> list[Outcome]:
    if not request.prune:
        return []

    def remove(entry: tuple[Key, Object]) -> Outcome:
        key, live = entry
        if _stays(key, live):
            return Outcome(key, live, live, kept=True)
        group, version = split_api_version(live["apiVersion"])
        kind = client.kind(f"{group}/{version}" if group else version, live["kind"])
        if kind is not None:
            client.delete(kind, key.namespace or None, key.name, uid=live["metadata"]["uid"], dry_run=request.check)
        return Outcome(key, live, None)

    return client.map(remove, sorted(leavers(planned).items(), key=lambda entry: entry[0]))


def _close(client: Client, group: ApplySet, planned: Plan, request: Request) -> None:
    """Narrow the parent to what is left, now that everything else is gone."""
    left = leavers(planned) if not request.prune else {k: v for k, v in leavers(planned).items() if _stays(k, v)}
    kept = Scope(
        frozenset(f"{k.kind}.{k.group}" if k.group else k.kind for k in left),
        frozenset(k.namespace for k in left if k.namespace),
    )
    if planned.recorded and planned.scope | planned.recorded != planned.scope | kept:
        group.write(client, planned.scope | kept)


def _title(outcome: Outcome) -> str:
    return f"{outcome.key} ({outcome.action})"
