# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a promotion: what would be done, on what state of the destination, under which policy. Its hash names exactly that.

Hashed is what an approver says yes to: environments, requester, policy, digests, tags (and what they point at now), the change of the
manifests, what runs, and the head of the ledger. The head makes a plan good for one promotion only: an approval can't be used twice.

Not hashed is what may change without changing what is done: times, verdicts (they are judged anew), and how many blobs and referrers are
left to carry, for an approval is itself a referrer of the digest that it approves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest

FORMAT = 1
_JUDGED = ("verdicts", "approvals", "effects")


@dataclass(frozen=True)
class Change:
    """One service: the digest that ``source`` has, and for each tag at ``destination`` the digest it points at now (empty: none).

    ``rollback``: an older version is meant, that was recorded in this environment before.
    """

    service: str
    source: str
    digest: str
    destination: str
    version: str
    tags: Mapping[str, str]
    rollback: bool = False


@dataclass(frozen=True)
class State:
    """The destination before the promotion: head of its ledger, revision of its release, digest that is wanted there by service."""

    ledger: str = ""
    revision: int = 0
    running: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """``upstream``: the environment it comes from; ``policy``: the digest of its content; ``manifests``: their change as given from outside."""

    environment: str
    upstream: str
    requester: str
    policy: str
    changes: tuple[Change, ...]
    state: State
    manifests: str = ""

    @property
    def content(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self), "changes": [asdict(change) for change in self.changes]}

    @property
    def hash(self) -> str:
        """``sha256:<hex>`` over the canonical JSON of the content."""
        return str(Digest.of(canonical(self.content)))


@dataclass(frozen=True)
class Saved:
    """A plan as it was saved, with what was judged then. ``created``: RFC 3339. Each of the lists holds dictionaries that name a ``service``."""

    plan: Plan
    created: str
    outcome: str
    verdicts: Sequence[Mapping[str, Any]]
    approvals: Sequence[Mapping[str, Any]] = ()
    effects: Sequence[Mapping[str, Any]] = ()


def document(saved: Saved) -> dict[str, Any]:
    """The plan as a JSON value: its content, and beside it what is not hashed."""
    beside = {name: list(getattr(saved, name)) for name in _JUDGED}
    return {**saved.plan.content, "hash": saved.plan.hash, "created": saved.created, "outcome": saved.outcome, **beside}


def save(value: Mapping[str, Any], path: Path) -> None:
    if not path.parent.is_dir():
        raise InvalidInput(f"the plan cannot be saved as {path}: the folder {path.parent} does not exist")
    _files.write(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n", 0o644)


def read(path: Path) -> Saved:
    """A saved plan; ``InvalidInput`` if it is none, or was changed since it was saved."""
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"the plan {path} cannot be read: {error.strerror}", plan=str(path)) from error
    except ValueError:
        raise InvalidInput(f"{path} is not a plan: it is not JSON", plan=str(path)) from None
    try:
        if value["format"] != FORMAT:
            raise InvalidInput(f"{path} is a plan of format {value['format']!r}, and this version reads {FORMAT}: make it again", plan=str(path))
        names = ("environment", "upstream", "requester", "policy", "manifests")
        plan = Plan(**{name: value[name] for name in names}, changes=tuple(Change(**c) for c in value["changes"]), state=State(**value["state"]))
        saved = Saved(plan, value["created"], value["outcome"], *(value[name] for name in _JUDGED))
        held = value["hash"]
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"{path} is not a plan: {type(error).__name__}: {error}", plan=str(path)) from None
    if held != plan.hash:
        raise InvalidInput(f"{path} was changed after it was saved: its content has the hash {plan.hash}, and it names {held}", plan=str(path))
    return saved


def verify(planned: Plan, now: Plan) -> list[str]:
    """What changed since a plan was made, in words; nothing if the plan made now is the same.

    What a run that was cut short has done of it is no change: a tag that points at the planned digest by now, or the release of all of it.
    """
    now = replace(now, changes=tuple(_resumed(change, planned.changes) for change in now.changes))
    if _released(planned, now):
        state = replace(now.state, revision=planned.state.revision, running=planned.state.running)
        now = replace(now, manifests=planned.manifests, state=state)
    found = [*_of_the_whole(planned, now), *_of_the_changes(planned, now), *_of_the_state(planned.state, now.state)]
    if not found and planned.hash != now.hash:
        found.append("the plan")  # a field that nothing above names: still another plan than the one that was agreed to
    return found


def _resumed(now: Change, planned: Sequence[Change]) -> Change:
    before = next((change for change in planned if change.service == now.service and change.digest == now.digest), None)
    if before is None:
        return now
    return replace(now, tags={tag: before.tags.get(tag, digest) if digest == now.digest else digest for tag, digest in now.tags.items()})


def _released(planned: Plan, now: Plan) -> bool:
    """Whether the cluster has taken all that was planned, one or more revisions later, so that nothing of the manifests is left to change."""
    wanted = {change.service: change.digest for change in planned.changes}
    return not now.manifests and now.state.revision > planned.state.revision and now.state.running == wanted


def _of_the_whole(planned: Plan, now: Plan) -> Iterator[str]:
    for name, what in (("environment", "the environment"), ("upstream", "the environment it comes from"), ("requester", "the requester")):
        before, after = getattr(planned, name), getattr(now, name)
        if before != after:
            yield f"{what} was {before or 'none'} and is {after or 'none'}"
    if planned.policy != now.policy:
        yield f"the policy was {planned.policy} and is {now.policy}"
    if planned.manifests != now.manifests:
        yield "the manifests, or what they are compared with in the cluster, would change in another way"


def _of_the_changes(planned: Plan, now: Plan) -> Iterator[str]:
    before, after = ({change.service: change for change in plan.changes} for plan in (planned, now))
    for service in sorted(before.keys() - after.keys()):
        yield f"{service} is not asked for any more"
    for service in sorted(after.keys() - before.keys()):
        yield f"{service} was not planned"
    for service in sorted(before.keys() & after.keys()):
        yield from _of_one(before[service], after[service])


def _of_one(planned: Change, now: Change) -> Iterator[str]:
    if planned.digest != now.digest:
        yield f"{planned.service}: {now.source} had the digest {planned.digest} and has {now.digest}"
    for name in ("source", "destination", "version", "rollback"):
        if getattr(planned, name) != getattr(now, name):
            yield f"{planned.service}: the {name} was {getattr(planned, name)} and is {getattr(now, name)}"
    for tag in sorted(planned.tags.keys() | now.tags.keys()):
        before, after = (_pointed(change.tags, tag) for change in (planned, now))
        if before != after:
            yield f"{planned.service}: the tag {tag} at {now.destination} {before}, and now it {after}"


def _of_the_state(planned: State, now: State) -> Iterator[str]:
    if planned.ledger != now.ledger:
        yield f"the ledger ended with {planned.ledger or 'no line'} and ends with {now.ledger or 'no line'}: something was promoted since"
    if planned.revision != now.revision:
        yield f"the cluster served revision {planned.revision} and serves {now.revision}"
    for service in sorted(planned.running.keys() | now.running.keys()):
        before, after = (state.running.get(service, "nothing") for state in (planned, now))
        if before != after:
            yield f"{service} was wanted at {before} in the cluster and is at {after}"


def _pointed(tags: Mapping[str, str], tag: str) -> str:
    if tag not in tags:
        return "was not asked for"
    return f"pointed at {tags[tag]}" if tags[tag] else "did not exist"
