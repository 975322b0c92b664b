# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emergency bypass: a signed statement by a named person, with a reason and an end, that opens the gates it names.

It is about one digest in one environment. A rejected digest, a missing signature and a stopped environment stay shut unless the policy
says that they may be opened (``bypass.also``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.slipway.platform.plugins.module_utils._gates.approvals import expiry
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import SKEW, Candidate, Fact, Facts, Verdict, allow, moment, span

GATE = "bypass"
# Gates that a bypass opens only if the policy says so.
SHUT = ("rejected", "signatures", "stop")


@dataclass(frozen=True)
class Bypass:
    """``people`` may, for at most ``longest``; ``also``: gates of ``SHUT`` that they may open too."""

    people: frozenset[str] = frozenset()
    longest: timedelta = timedelta(0)
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Opened:
    """What the bypasses come to: by gate the statement that opens it, and why others count for nothing."""

    gates: Mapping[str, Fact]
    ignored: tuple[str, ...]


def gate(part: Bypass, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    """Never in the way; says what is open by a bypass, so that it is in the record."""
    opened = read(part, candidate, facts, now)
    ignored = f"; not counted: {'; '.join(opened.ignored)}" if opened.ignored else ""
    if not opened.gates:
        return allow(GATE, f"no bypass{ignored}", "none")
    told = [f"{name} by {_told(fact)}" for name, fact in sorted(opened.gates.items())]
    return allow(GATE, f"{', '.join(told)}{ignored}", "active")


def read(part: Bypass, candidate: Candidate, facts: Facts, now: datetime) -> Opened:
    gates: dict[str, Fact] = {}
    ignored: list[str] = []
    for fact in facts.of("bypassed", candidate.digest, {candidate.environment}):
        if flaw := _flaw(part, fact, now):
            ignored.append(f"{fact.by}: {flaw}")
            continue
        listed = fact.predicate.get("gates")
        for name in listed if isinstance(listed, list | tuple) else ():
            if name in SHUT and name not in part.also:
                ignored.append(f"{fact.by}: {name} can't be bypassed here")
            else:
                gates[str(name)] = fact
    return Opened(gates, tuple(dict.fromkeys(ignored)))


def apply(verdicts: Sequence[Verdict], opened: Opened) -> tuple[Verdict, ...]:
    """The verdicts with the bypassed gates open; each says by whom, why, and what it would have said."""
    return tuple(
        replace(verdict, outcome="allow", code="bypassed", next_time=None, reason=f"bypassed by {_told(opened.gates[verdict.gate])}; else: {verdict.reason}")
        if verdict.gate in opened.gates and verdict.outcome != "allow"
        else verdict
        for verdict in verdicts
    )


def _told(fact: Fact) -> str:
    expires = expiry(fact)
    return f"{fact.by} until {moment(expires) if expires else 'ever'}: {fact.predicate.get('reason')}"


def _flaw(part: Bypass, fact: Fact, now: datetime) -> str:
    """Why a bypass does not count."""
    if fact.by not in part.people:
        return "may not bypass gates"
    if not str(fact.predicate.get("reason") or "").strip():
        return "gives no reason"
    if fact.time > now + SKEW:
        return f"is from the future ({moment(fact.time)})"
    expires = expiry(fact)
    if expires is None:
        return "does not say when it expires"
    if expires - fact.time > part.longest:
        return f"is for {span(expires - fact.time)}, and at most {span(part.longest)} are allowed"
    return f"expired at {moment(expires)}" if now >= expires else ""
