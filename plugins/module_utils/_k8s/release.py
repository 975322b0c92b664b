# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release: the whole set of an environment as one revision, which serves or is taken back.

Going forward, going back because it failed, and going back on demand are the same ``apply``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._k8s import apply as engine
from ansible_collections.slipway.platform.plugins.module_utils._k8s import history, plan
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.history import Revision
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """``apply`` holds the set. ``secrets`` are delivered beside it, never kept in the history.

    ``revision``: empty for a release of these manifests; ``previous`` or a number to go back, and then the set's manifests are not looked at.
    """

    apply: plan.Request
    secrets: tuple[Object, ...] = ()
    revision: str = ""


@dataclass(frozen=True)
class Result(engine.Result):
    """``revision`` serves now (or would, in check mode); ``restores``: the revision whose manifests it put back, 0 if none."""

    revision: int = 0
    restores: int = 0


def release(client: Client, request: Request, progress: Progress) -> Result:
    """Make the manifests (or an earlier revision) serve. A release identical to the current one makes no new revision.

    Raises the apply's own error if it fails, after the release that served before was put back; its text says which happened.
    """
    started, sent = client.clock(), client.requests
    wanted, name = request.apply, request.apply.name
    client.until = started + wanted.timeout
    history.refuse_secret_values(wanted.manifests)
    revisions = history.read(client, wanted.namespace, name)
    now = history.current(revisions)
    back = history.chosen(revisions, request.revision) if request.revision else None
    manifests = back.manifests if back else wanted.manifests
    fresh = now is None or now.digest != history.digest_of(manifests)
    restores = back.origin if back and fresh else 0
    made = not wanted.check and engine.ensure_namespace(client, replace(wanted, manifests=tuple(manifests)))
    delivered = _deliver(client, request, progress)
    if wanted.check or not fresh:
        number = (now.number if now else max((r.number for r in revisions), default=0)) + (1 if fresh else 0)
        done = engine.apply(client, replace(wanted, manifests=_runnable(manifests, back)), progress)
    else:
        revision = history.begin(client, wanted.namespace, name, revisions, manifests, restores)
        number = revision.number
        done = _apply_or_put_back(client, replace(wanted, manifests=_runnable(manifests, back)), revisions, revision, progress)
        history.finish(client, wanted.namespace, name, revisions, revision)
    return Result(
        objects=[*delivered.objects, *(_created(entry, wanted.namespace) if made else entry for entry in done.objects)],
        requests=client.requests - sent,
        seconds=round(client.clock() - started, 2),
        workloads=done.workloads,
        diff=[*delivered.diff, *done.diff],
        revision=number,
        restores=restores,
    )


def _created(entry: dict[str, str], namespace: str) -> dict[str, str]:
    """The namespace had to exist before the first revision could be recorded in it."""
    return entry | {"action": "created"} if (entry["kind"], entry["name"]) == ("Namespace", namespace) else entry


def _deliver(client: Client, request: Request, progress: Progress) -> engine.Result:
    """Secrets from files are a set of their own: going back to a release that did not know them must not prune them."""
    if request.revision and not request.secrets:
        return engine.Result([], 0, 0.0)
    beside = replace(request.apply, name=f"{request.apply.name}-files", manifests=request.secrets)
    return engine.apply(client, beside, progress)


def _apply_or_put_back(client: Client, wanted: plan.Request, earlier: Sequence[Revision], revision: Revision, progress: Progress) -> engine.Result:
    now = history.current(earlier)
    try:
        return engine.apply(client, wanted, progress)
    except SlipwayError as error:
        text = f"release {revision.number} of {wanted.name} in {wanted.namespace} failed: {error.message}"
        progress(f"release {revision.number} failed ({error.facts.get('cause', type(error).__name__)})" + (f"; putting back {now.number}" if now else ""))
        client.until = None  # what failed may be the network: the record and the way back have a time of their own
        history.fail(client, wanted.namespace, wanted.name, earlier, revision, error.message)
        facts = {**error.facts, "revision": revision.number, "restored_revision": now.number if now else 0}
        if now is None:
            raise type(error)(f"{text}\n  There was no release before it; its objects are left as they are.", **facts) from None
        began = client.clock()
        try:
            engine.apply(client, replace(wanted, manifests=_runnable(now.manifests, now)), progress)
        except SlipwayError as second:
            facts["restored_revision"] = 0
            raise type(error)(f"{text}\n  Putting back release {now.number} failed too: {second.message}", **facts) from None
        raise type(error)(f"{text}\n  Release {now.number} was put back and is ready, after {client.clock() - began:.1f} s.", **facts) from None


def _runnable(manifests: Sequence[Object], back: Revision | None) -> tuple[Object, ...]:
    """Going back runs no Jobs: migrations are backward compatible, and an old one does not know the newer schema."""
    return tuple(m for m in manifests if back is None or m["kind"] != "Job")
