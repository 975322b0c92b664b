# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gate is asked, what it may know, and what it answers.

A gate is a pure function of a part of the policy, a candidate, the facts and the time. What could not be read is not absent: it stands in
``Facts.unknown`` and denies wherever a gate would have needed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

Outcome = Literal["allow", "deny", "defer"]

# Kinds of facts, which are the keys of ``Facts.unknown``; ``facts:<digest>`` and ``releases:<environment>`` narrow one down.
FACTS, SIGNATURES, RELEASES, TAGS = "facts", "signatures", "releases", "tags"
KINDS = (FACTS, SIGNATURES, RELEASES, TAGS)

# How far the clock of whoever signed may be ahead of ours.
SKEW = timedelta(minutes=5)


class Fact(Protocol):
    """What a trusted key said of a digest (``_records.statements.Fact``). ``by``: the name that the policy gives to the key."""

    @property
    def type(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def time(self) -> datetime: ...
    @property
    def by(self) -> str: ...
    @property
    def predicate(self) -> Mapping[str, Any]: ...
    @property
    def reference(self) -> str: ...


class Signature(Protocol):
    """A signature of the candidate's digest (``_sign.cosign.Signature``). It counts if ``problem`` is empty."""

    @property
    def signer(self) -> str: ...
    @property
    def problem(self) -> str: ...


@dataclass(frozen=True)
class Candidate:
    """A digest that wants to go to ``environment``, from ``upstream`` ("" where the first environment is meant), as ``version`` (a tag).

    ``rollback``: an older version is meant; it must be one that was promoted to this environment before.
    """

    service: str
    repository: str
    digest: str
    environment: str
    upstream: str
    version: str
    requester: str
    plan: str
    rollback: bool = False


@dataclass(frozen=True)
class Release:
    """What runs in an environment: ``since`` is the beginning of the time that this digest has run there without a break."""

    version: str
    digest: str
    since: datetime


@dataclass(frozen=True)
class Facts:
    """All that gates may know of one service.

    ``facts``: statements on the candidate's digest and on those of ``evaluate.digests_needed``. ``signatures``: of the candidate's digest.
    ``releases``: by environment; one that is not listed runs nothing. ``tags``: every tag of the candidate's repository and its digest.
    ``unknown``: what could not be read (a key of ``KINDS``, or one narrowed down) and why.
    """

    facts: tuple[Fact, ...] = ()
    signatures: tuple[Signature, ...] = ()
    releases: Mapping[str, Release] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

    def of(self, type_: str, digest: str, environments: Iterable[str] | None = None) -> list[Fact]:
        """Facts of a type on a digest, oldest first; those of the same second stay in the order in which they were given."""
        wanted = None if environments is None else set(environments)
        found = (fact for fact in self.facts if fact.type == type_ and fact.digest == digest and (wanted is None or fact.environment in wanted))
        return sorted(found, key=lambda fact: fact.time)

    def why_unknown(self, kind: str, of: str) -> str:
        """Why facts of a kind are not known for ``of`` (a digest, an environment, a repository); empty if they are."""
        return self.unknown.get(f"{kind}:{of}") or self.unknown.get(kind) or ""


@dataclass(frozen=True)
class Verdict:
    """The answer of one gate. ``code`` is for programs, ``reason`` for people; ``next_time`` (UTC): when asking again can help."""

    gate: str
    outcome: Outcome
    code: str
    reason: str
    next_time: datetime | None = None


def allow(gate: str, reason: str, code: str = "ok") -> Verdict:
    return Verdict(gate, "allow", code, reason)


def deny(gate: str, code: str, reason: str) -> Verdict:
    return Verdict(gate, "deny", code, reason)


def defer(gate: str, code: str, reason: str, next_time: datetime) -> Verdict:
    return Verdict(gate, "defer", code, reason, next_time.astimezone(UTC))


def unknown(gate: str, what: str, why: str) -> Verdict:
    return deny(gate, "unknown", f"{what} could not be read: {why}")


def moment(time: datetime) -> str:
    """A moment for people: ``2026-11-21 12:00 UTC``, rounded up to the minute so that a time to come back at is never too early."""
    whole = time.astimezone(UTC).replace(second=0, microsecond=0)
    return f"{whole + timedelta(minutes=1) if whole < time else whole:%Y-%m-%d %H:%M} UTC"


def span(time: timedelta) -> str:
    """A length of time for people, rounded down to the minute: ``2 d 3 h``, ``5 min``."""
    minutes = int(time.total_seconds()) // 60
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


def short(digest: str) -> str:
    """A digest for people: its first twelve hex digits."""
    return digest[: digest.find(":") + 13]


def names(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values))) or "nobody"
