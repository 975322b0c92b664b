# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a plan and judging it: what would be promoted, on what state, and what every gate says of it now."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, wrong_at
from ansible_collections.slipway.platform.plugins.module_utils._gates.evaluate import Forecast, digests_needed, evaluate, forecast, outcome
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import Candidate, Facts, Outcome, Verdict, deny, moment
from ansible_collections.slipway.platform.plugins.module_utils._gates.policy import Policy, load
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Connect
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference, check_tag
from ansible_collections.slipway.platform.plugins.module_utils._records import environments, moments
from ansible_collections.slipway.platform.plugins.module_utils._records.environments import Environment, Source
from ansible_collections.slipway.platform.plugins.module_utils._records.gather import Place, gather, version_of
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Change, Plan, Saved, State, document, verify
from ansible_collections.slipway.platform.plugins.module_utils._records.record import check_signer
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Signer, Trust

Carry = Callable[[Sequence[Change]], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Service:
    """What is asked for: ``source`` by tag or digest, the repository it goes to (registry/repository), its tags there."""

    name: str
    source: str
    destination: str
    tags: tuple[str, ...]
    rollback: bool = False


@dataclass(frozen=True)
class Request:
    """``carry``: says what the registry would have to do (``image_promote`` in check mode); ``saved``: the plan that must still hold.

    ``signer``: who will sign the record. ``begun``: what an earlier run planned. If it is what is asked for and still holds, it is gone on with,
    so that its approvals count.
    """

    environment: str
    policy: Path
    services: tuple[Service, ...]
    requester: str
    sources: tuple[Source, ...]
    manifests: Any = ""
    saved: Saved | None = None
    begun: Saved | None = None
    carry: Carry | None = None
    signer: Signer | None = None


@dataclass(frozen=True)
class Prepared:
    """The plan as it is now. ``changed_since``: why the saved plan no longer holds; ``recorded``: it was carried out already.

    ``stands``: everything is so already, recorded and not rejected since: there is nothing to carry out and no gate to pass.
    ``images``: what to carry; ``references`` and ``releases`` (with the version): what to release, by service. ``changed``: a file with the plan was
    written.
    """

    plan: dict[str, Any]
    hash: str
    outcome: Outcome
    next_time: str
    forecast: str
    changed_since: tuple[str, ...]
    recorded: bool
    ignored: tuple[str, ...]
    images: tuple[dict[str, Any], ...]
    references: dict[str, str]
    releases: dict[str, dict[str, str]]
    stands: bool = False
    changed: bool = False


@dataclass(frozen=True)
class _Judged:
    """What came out for one service."""

    service: str
    verdicts: tuple[Verdict, ...]
    forecast: Forecast
    approvals: tuple[dict[str, Any], ...]
    ignored: tuple[str, ...]


def prepare(request: Request, connect: Connect, now: datetime) -> Prepared:
    """Read everything, plan and judge; writes nothing. Bad input is refused before anything is read from a registry."""
    policy = load(request.policy)
    _check(request, policy)
    trust = Trust.from_files(policy.keys)
    if request.signer:
        check_signer(request.signer, trust.only(policy.recorders(request.environment)), request.environment)
    looked = {source.name: environments.look(source, trust.only(policy.recorders(source.name))) for source in _sources(request, policy)}
    here = looked[request.environment]
    recorded = {str(one.statement.predicate.get("plan")) for one in here.records.records}
    if request.saved and request.saved.plan.hash in recorded:
        return _recorded(request.saved)
    today = _plan(request, policy, here, connect)
    held = request.saved or request.begun
    differs = tuple(verify(held.plan, today)) if held else ()
    since = differs if request.saved else ()
    plan = held.plan if held and not differs else today  # its hash was approved
    judged = [_judge(change, plan, policy, list(looked.values()), trust, connect, now) for change in plan.changes]
    effects = request.carry(plan.changes) if request.carry else ()
    verdicts = [*((one.service, verdict) for one in judged for verdict in one.verdicts), *_refused(plan, since, effects)]
    rejected = any(verdict.gate == "rejected" and verdict.outcome == "deny" for _, verdict in verdicts)
    stands = not request.saved and not rejected and _stands(today, here)
    if stands and request.begun and request.begun.plan.hash in recorded and _images(request.begun.plan) == _images(today):
        return _recorded(request.begun)
    worst = outcome([verdict for _, verdict in verdicts])
    told = [_verdict(service, verdict) for service, verdict in verdicts]
    saved = Saved(plan, moments.text(now), worst, told, [approval for one in judged for approval in one.approvals], effects)
    next_time, said = _forecast(judged, worst)
    ignored = tuple(text for one in judged for text in one.ignored)
    return Prepared(document(saved), plan.hash, worst, next_time, said, since, False, ignored, _images(plan), _references(plan), _releases(plan), stands)


def _plan(request: Request, policy: Policy, here: Environment, connect: Connect) -> Plan:
    changes = tuple(_change(service, policy, connect) for service in request.services)
    return Plan(request.environment, policy.upstream_name, request.requester, policy.digest, changes, _state(here, changes), _text(request.manifests))


def _refused(plan: Plan, since: Sequence[str], effects: Sequence[Mapping[str, Any]]) -> list[tuple[str, Verdict]]:
    """What no gate says. The registry's own refusals, such as a tag that may not move, are seen before anything is touched, not half-way."""
    changed = [(change.service, deny("plan", "changed", f"not as it was planned: {text}")) for text in since for change in plan.changes[:1]]
    return changed + [(str(one["service"]), deny("registry", str(one["reason"]), str(one["msg"]))) for one in effects if one["state"] == "failed"]


def _check(request: Request, policy: Policy) -> None:
    if policy.environment != request.environment:
        raise InvalidInput(f"{request.policy} is the policy of {policy.environment!r}, and the promotion is to {request.environment!r}")
    if not request.services:
        raise InvalidInput("services is empty: there is nothing to promote, which is not the same as all being well")
    for name in {service.name for service in request.services}:
        if sum(service.name == name for service in request.services) > 1:
            raise InvalidInput(f"{name} is listed twice: one service is promoted once in a plan")
    here = next((source for source in request.sources if source.name == request.environment), None)
    if here is None or here.ledger is None:
        raise InvalidInput(f"environments has no ledger for {request.environment}: say where it is, or is to be, as ledger")
    for source in request.sources:
        if source.kubeconfig and not source.namespace:
            raise InvalidInput(f"environments, {source.name}: beside kubeconfig the namespace of the release is needed")
    for service in request.services:
        with wrong_at(f"services, {service.name}, source {service.source!r}"):
            Reference.parse(service.source)
        with wrong_at(f"services, {service.name}, destination {service.destination!r}"):
            place = Reference.parse(service.destination)
        if place.tag or place.digest:
            raise InvalidInput(f"{service.name}: write the destination as registry/repository, and its tags as tags: {service.destination}")
        for tag in service.tags:
            check_tag(tag)
        if not version_of(service.tags, policy.versions.scheme):
            raise InvalidInput(f"{service.name}: none of its tags ({', '.join(service.tags) or 'there are none'}) is a version: add one, such as v1.4.0")


def _sources(request: Request, policy: Policy) -> list[Source]:
    """The upstream environment is known by statements, if nothing else is said of it."""
    named = {source.name for source in request.sources}
    return [*request.sources, *([Source(policy.upstream_name)] if policy.upstream_name and policy.upstream_name not in named else [])]


def _change(service: Service, policy: Policy, connect: Connect) -> Change:
    source, place = Reference.parse(service.source), Reference.parse(service.destination)
    target = str(source.digest or source.tag or "")
    if not target:
        raise InvalidInput(f"{service.name}: {service.source} names a repository and no image: add :<tag> or @<digest>")
    digest = str(connect(source.registry).manifest(source.repository, target).digest)
    there = {tag: connect(place.registry).find(place.repository, tag) for tag in dict.fromkeys(service.tags)}
    tags = {tag: str(found.digest) if found else "" for tag, found in there.items()}
    return Change(service.name, service.source, digest, service.destination, version_of(service.tags, policy.versions.scheme), tags, service.rollback)


def _state(here: Environment, changes: Sequence[Change]) -> State:
    wanted = here.wanted or {}
    return State(here.records.head, here.revision, {change.service: wanted[change.service] for change in changes if wanted.get(change.service)})


def _stands(plan: Plan, here: Environment) -> bool:
    tagged = all(set(change.tags.values()) == {change.digest} for change in plan.changes)
    return tagged and not plan.manifests and all(environments.stands(here, one.service, one.version, one.digest) for one in plan.changes)


def _judge(change: Change, plan: Plan, policy: Policy, looked: Sequence[Environment], trust: Trust, connect: Connect, now: datetime) -> _Judged:
    source, place = Reference.parse(change.source), Reference.parse(change.destination)
    candidate = Candidate(
        change.service, place.repository, change.digest, plan.environment, plan.upstream, change.version, plan.requester, plan.hash, change.rollback
    )
    places = list(dict.fromkeys((one.registry, one.repository) for one in (source, place)))

    def needed(facts: Facts) -> tuple[str, ...]:
        return digests_needed(policy, change.version, change.digest, facts.tags)

    found = gather(candidate, [Place(connect(host), name) for host, name in places], looked, trust, policy, needed)
    approvals = tuple(
        {"service": change.service, "by": fact.by, "time": moments.text(fact.time), "expires": fact.predicate.get("expires"), "reference": fact.reference}
        for fact in sorted(found.facts.of("approved", change.digest, {plan.environment}), key=lambda fact: (fact.time, fact.by))
        if fact.predicate.get("plan") == plan.hash
    )
    verdicts = evaluate(policy, candidate, found.facts, now)
    return _Judged(change.service, verdicts, forecast(policy, candidate, found.facts, now), approvals, found.ignored)


def _forecast(judged: Sequence[_Judged], worst: Outcome) -> tuple[str, str]:
    """When all services may go, which is when the last one may; nothing if time alone does not open every gate."""
    if worst != "defer":
        return "", ""
    never = [f"{one.service}: {one.forecast.reason}" for one in judged if one.forecast.time is None]
    times = [one.forecast.time for one in judged if one.forecast.time is not None]
    if never:
        return "", f"time alone does not open it: {'; '.join(never)}"
    return moments.text(max(times)), f"ask again at {moment(max(times))}"


def _recorded(saved: Saved) -> Prepared:
    return Prepared(document(saved), saved.plan.hash, "allow", "", "", (), True, (), _images(saved.plan), _references(saved.plan), _releases(saved.plan))


def _verdict(service: str, verdict: Verdict) -> dict[str, Any]:
    next_time = moments.text(verdict.next_time) if verdict.next_time else ""
    return {"service": service, "gate": verdict.gate, "outcome": verdict.outcome, "code": verdict.code, "reason": verdict.reason, "next_time": next_time}


def _images(plan: Plan) -> tuple[dict[str, Any], ...]:
    """What ``image_promote`` is given: the digest that was judged, never the tag again."""
    return tuple({"source": f"{bare(one.source)}@{one.digest}", "destination": one.destination, "tags": list(one.tags)} for one in plan.changes)


def _references(plan: Plan) -> dict[str, str]:
    return {change.service: f"{change.destination}@{change.digest}" for change in plan.changes}


def _releases(plan: Plan) -> dict[str, dict[str, str]]:
    """What the role ``release`` is given: with the version as a tag, so that it can be shown."""
    return {change.service: {"reference": f"{change.destination}@{change.digest}", "tag": change.version} for change in plan.changes}


def bare(source: str) -> str:
    """A reference without its tag and digest."""
    return str(replace(Reference.parse(source), tag=None, digest=None))


def _text(manifests: Any) -> str:
    """The change of the manifests as one text: a task's diff (``before`` and ``after``, or a list of them) as lines with + and -."""
    if isinstance(manifests, str):
        return manifests
    entries = manifests if isinstance(manifests, list) else [manifests]
    if not all(isinstance(one, dict) and {"before", "after"} <= one.keys() for one in entries):
        return canonical(manifests).decode()
    lines: list[str] = []
    for one in entries:
        sides = [side if isinstance(side, str) else json.dumps(side, indent=1, sort_keys=True) for side in (one["before"], one["after"])]
        before, after = (str(one.get(f"{side}_header", side)) for side in ("before", "after"))
        lines += difflib.unified_diff(sides[0].splitlines(), sides[1].splitlines(), before, after, lineterm="")
    return "\n".join(lines)
