# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verified in the environment before: the last word there is "passed"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.slipway.platform.plugins.module_utils._gates.model import (
    FACTS,
    SKEW,
    Candidate,
    Fact,
    Facts,
    Verdict,
    allow,
    deny,
    moment,
    names,
    short,
    span,
    unknown,
)

GATE = "verified"


@dataclass(frozen=True)
class Verified:
    """``upstream``: where; ``by``: whose word counts; ``max_age``: how old the last "passed" may be."""

    upstream: str
    by: frozenset[str]
    max_age: timedelta | None = None


@dataclass(frozen=True)
class Standing:
    """What the verifications come to. ``since``: the first that passed after the last that failed; ``last``: the newest that counts."""

    since: datetime | None
    last: Fact | None


def gate(part: Verified, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    if why := facts.why_unknown(FACTS, candidate.digest):
        return unknown(GATE, f"the statements on {short(candidate.digest)}", why)
    return judge(part, standing(part, candidate.digest, facts, now), candidate.digest, now)


def standing(part: Verified, digest: str, facts: Facts, now: datetime) -> Standing:
    """Passing again does not begin anew, failing revokes. A failure counts whoever of the trusted says so, and wins within one second."""
    since: datetime | None = None
    last: Fact | None = None
    for fact in sorted(facts.of("verified", digest, {part.upstream}), key=lambda fact: (fact.time, not passed(fact))):
        if not passed(fact):
            since, last = None, fact
        elif fact.by in part.by and fact.time <= now + SKEW:
            since, last = since or fact.time, fact
    return Standing(since, last)


def passed(fact: Fact) -> bool:
    return fact.predicate.get("passed") is True


def judge(part: Verified, found: Standing, digest: str, now: datetime, name: str = GATE) -> Verdict:
    if found.last is None:
        return deny(name, "not_verified", f"{short(digest)} has not been verified in {part.upstream} by {names(part.by)}")
    when = f"in {part.upstream} at {moment(found.last.time)} by {found.last.by}"
    if found.since is None:
        evidence = found.last.predicate.get("evidence")
        return deny(name, "verification_failed", f"the last verification {when} failed{f' ({evidence})' if evidence else ''}; what passed before is revoked")
    if part.max_age is not None and now - found.last.time > part.max_age:
        return deny(name, "too_old", f"last verified {when}, {span(now - found.last.time)} ago, and at most {span(part.max_age)} are allowed")
    return allow(name, f"verified {when}")
