# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rejected digests go nowhere, neither forward nor back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._gates.model import FACTS, Candidate, Facts, Verdict, allow, deny, moment, short, unknown

GATE = "rejected"


@dataclass(frozen=True)
class Entry:
    """A digest on the policy's own list."""

    digest: str
    reason: str
    by: str


@dataclass(frozen=True)
class Rejected:
    entries: tuple[Entry, ...] = ()


def gate(part: Rejected, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    """A statement without an environment is about all; one about the environment before keeps a digest from going further.

    Its time does not matter: a clock that is ahead makes no digest good. ``now`` is there because every gate has it.
    """
    del now
    for entry in part.entries:
        if entry.digest == candidate.digest:
            return deny(GATE, "rejected", f"{short(candidate.digest)} is on the reject list, by {entry.by}: {entry.reason}")
    for fact in facts.of("rejected", candidate.digest, {"", candidate.environment, candidate.upstream}):
        where = f" for {fact.environment}" if fact.environment else ""
        return deny(GATE, "rejected", f"{short(candidate.digest)} was rejected{where} at {moment(fact.time)} by {fact.by}: {fact.predicate.get('reason')}")
    if why := facts.why_unknown(FACTS, candidate.digest):
        return unknown(GATE, f"whether {short(candidate.digest)} is rejected", why)
    return allow(GATE, "not rejected")
