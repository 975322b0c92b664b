# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Required attestations: tests that passed, an SBOM, provenance, a scan without findings above a severity.

Of each type the newest statement of each suite or scanner counts: a later failure is not mended by an earlier success. Exceptions for
findings have an owner and an end; one that has ended counts as none.
"""

from __future__ import annotations

from collections.abc import Iterator
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

GATE = "attestations"
# Lowest first. A severity that is none of these is as bad as the worst: unknown is not harmless.
SEVERITIES = ("none", "low", "medium", "high", "critical")
_OTHER_NAMES = {"negligible": "none", "informational": "none", "moderate": "medium", "important": "high"}
# What tells statements of one type apart.
_SERIES = {"tested": "suite", "scanned": "scanner"}


@dataclass(frozen=True)
class Exemption:
    """A finding that is accepted until ``expires`` (UTC), by somebody."""

    id: str
    owner: str
    reason: str
    expires: datetime


@dataclass(frozen=True)
class Required:
    """One attestation. ``series``: a certain suite or scanner, or any; ``severity``: the highest that a scan may find."""

    type: str
    by: frozenset[str]
    max_age: timedelta | None = None
    series: str = ""
    severity: str = "none"
    exceptions: tuple[Exemption, ...] = ()


@dataclass(frozen=True)
class Attestations:
    required: tuple[Required, ...]


def gate(part: Attestations, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    if why := facts.why_unknown(FACTS, candidate.digest):
        return unknown(GATE, f"the attestations of {short(candidate.digest)}", why)
    flaws = [flaw for required in part.required for flaw in _flaws(required, candidate, facts, now)]
    if flaws:
        return deny(GATE, flaws[0][0], "; ".join(text for _, text in flaws))
    return allow(GATE, f"has {', '.join(_title(required) for required in part.required)}")


def _title(required: Required) -> str:
    return f"{required.type} ({required.series})" if required.series else required.type


def _flaws(required: Required, candidate: Candidate, facts: Facts, now: datetime) -> Iterator[tuple[str, str]]:
    """Code and reason of all that is wrong with one requirement."""
    title = _title(required)
    newest = _newest(required, facts, candidate.digest, now)
    if not newest:
        yield "missing", f"{title} by {names(required.by)} is missing"
        return
    fresh = [fact for fact in newest if required.max_age is None or now - fact.time <= required.max_age]
    if not fresh and required.max_age is not None:
        last = max(newest, key=lambda fact: fact.time)
        yield "too_old", f"{title} is of {moment(last.time)}, {span(now - last.time)} ago, and at most {span(required.max_age)} are allowed"
    for fact in fresh:
        if required.type == "tested" and fact.predicate.get("passed") is not True:
            yield "failed", f"{title}: {fact.predicate.get('suite')} failed at {moment(fact.time)}"
        if required.type == "scanned" and (found := _findings(required, fact, now)):
            yield "findings", f"{title} by {fact.predicate.get('scanner')} found more than {required.severity}: {', '.join(found)}"


def _newest(required: Required, facts: Facts, digest: str, now: datetime) -> list[Fact]:
    """The newest of each suite or scanner; what comes later in the list wins within one second only if it is worse."""
    found: dict[str, Fact] = {}
    for fact in sorted(facts.of(required.type, digest), key=lambda fact: (fact.time, fact.predicate.get("passed") is not True)):
        series = str(fact.predicate.get(_SERIES[required.type], "")) if required.type in _SERIES else ""
        if fact.by in required.by and fact.time <= now + SKEW and required.series in ("", series):
            found[series] = fact
    return list(found.values())


def _findings(required: Required, fact: Fact, now: datetime) -> list[str]:
    """The findings above the severity that no exception covers. A list that can't be read is a finding."""
    findings = fact.predicate.get("findings")
    if not isinstance(findings, list | tuple):
        return ["a result that can't be read"]
    found = []
    for finding in findings:
        name, severity = str(finding.get("id")), str(finding.get("severity")).lower()
        if _rank(severity) <= SEVERITIES.index(required.severity):
            continue
        exception = max((entry for entry in required.exceptions if entry.id == name), key=lambda entry: entry.expires, default=None)
        if exception is None:
            found.append(f"{name} ({severity})")
        elif now >= exception.expires:
            found.append(f"{name} ({severity}; the exception of {exception.owner} ended at {moment(exception.expires)})")
    return found


def _rank(severity: str) -> int:
    known = _OTHER_NAMES.get(severity, severity)
    return SEVERITIES.index(known) if known in SEVERITIES else len(SEVERITIES)
