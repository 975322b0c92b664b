# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approval by a quorum of named people, each for one plan and for a limited time. Who asks for the promotion does not count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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

GATE = "approvals"


@dataclass(frozen=True)
class Approvals:
    """``quorum`` of ``people``; ``valid``: the longest that an approval counts, whatever it says itself."""

    quorum: int
    people: frozenset[str]
    valid: timedelta


def gate(part: Approvals, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    if why := facts.why_unknown(FACTS, candidate.digest):
        return unknown(GATE, f"the approvals of {short(candidate.digest)}", why)
    given: set[str] = set()
    ignored: list[str] = []
    for fact in facts.of("approved", candidate.digest):
        if flaw := _flaw(part, candidate, fact, now):
            ignored.append(f"{fact.by}: {flaw}")
        else:
            given.add(fact.by)
    count = f"{len(given)} of {part.quorum} approvals ({names(given)})"
    if len(given) >= part.quorum:
        return allow(GATE, count)
    open_to = {person for person in part.people - given if not _same(person, candidate.requester)}
    not_counted = f"; not counted: {'; '.join(dict.fromkeys(ignored))}" if ignored else ""
    return deny(GATE, "quorum", f"{count} of this plan; {names(open_to)} can approve it{not_counted}")


def _flaw(part: Approvals, candidate: Candidate, fact: Fact, now: datetime) -> str:
    """Why an approval does not count."""
    if fact.by not in part.people:
        return "is not one of those who approve"
    if _same(fact.by, candidate.requester):
        return "asked for the promotion"
    if fact.environment != candidate.environment:
        return f"is for {fact.environment or 'no environment'}"
    if not candidate.plan or fact.predicate.get("plan") != candidate.plan:
        return "is for another plan"
    if fact.time > now + SKEW:
        return f"is from the future ({moment(fact.time)})"
    expires = expiry(fact)
    if expires is None:
        return "does not say when it expires"
    if now >= expires:
        return f"expired at {moment(expires)}"
    return f"is older than {span(part.valid)}" if now >= fact.time + part.valid else ""


def _same(left: str, right: str) -> bool:
    """Names are keys of the policy, a requester may come from elsewhere: capitals make no other person."""
    return left.strip().casefold() == right.strip().casefold()


def expiry(fact: Fact) -> datetime | None:
    """The moment that a statement names as its end; None if it names none that can be read."""
    try:
        expires = datetime.fromisoformat(str(fact.predicate.get("expires")))
    except ValueError:
        return None
    return expires.astimezone(UTC) if expires.tzinfo else None
