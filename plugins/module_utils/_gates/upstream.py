# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No environment is skipped: a digest comes from the environment before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._gates.model import (
    FACTS,
    RELEASES,
    SKEW,
    Candidate,
    Facts,
    Verdict,
    allow,
    deny,
    moment,
    short,
    unknown,
)

GATE = "upstream"


@dataclass(frozen=True)
class Upstream:
    """``environment``: the one before, empty for the first; ``by``: whose word counts that something was deployed there."""

    environment: str
    by: frozenset[str]


def gate(part: Upstream, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    if candidate.upstream != part.environment:
        given = f"comes from {candidate.upstream}" if candidate.upstream else "comes from no environment"
        return deny(GATE, "wrong_upstream", f"{given}, but {candidate.environment} takes from {part.environment or 'no other environment'}")
    if not part.environment:
        return allow(GATE, f"{candidate.environment} is the first environment")
    running = facts.releases.get(part.environment)
    if running is not None and running.digest == candidate.digest:
        return allow(GATE, f"runs in {part.environment} as {running.version} since {moment(running.since)}")
    found = [fact for type_ in ("deployed", "promoted") for fact in facts.of(type_, candidate.digest, {part.environment})]
    found = [fact for fact in found if fact.by in part.by and fact.time <= now + SKEW]
    if found:
        last = max(found, key=lambda fact: fact.time)
        return allow(GATE, f"was {last.type} in {part.environment} at {moment(last.time)} by {last.by}")
    if why := facts.why_unknown(FACTS, candidate.digest) or facts.why_unknown(RELEASES, part.environment):
        return unknown(GATE, f"whether {short(candidate.digest)} was in {part.environment}", why)
    return deny(GATE, "skipped", f"{short(candidate.digest)} has never been in {part.environment}: promote it there first")
