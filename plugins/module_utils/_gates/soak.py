# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Soak: how long a digest has run, verified, in the environment before.

Counted is only the time that the digest ran in the upstream environment, from the first verification that still stands. A failed
re-verification revokes it; a passed one does not begin it anew; when another digest takes over there, the clock stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.slipway.platform.plugins.module_utils._gates import verified
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import (
    FACTS,
    RELEASES,
    Candidate,
    Facts,
    Release,
    Verdict,
    allow,
    defer,
    deny,
    moment,
    short,
    span,
    unknown,
)
from ansible_collections.slipway.platform.plugins.module_utils._gates.verified import Verified

GATE = "soak"


@dataclass(frozen=True)
class Soak:
    """``time``: how long; ``verified``: where, and whose verification begins it."""

    time: timedelta
    verified: Verified


def gate(part: Soak, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    upstream = part.verified.upstream
    if why := facts.why_unknown(FACTS, candidate.digest):
        return unknown(GATE, f"the statements on {short(candidate.digest)}", why)
    if why := facts.why_unknown(RELEASES, upstream):
        return unknown(GATE, f"what runs in {upstream}", why)
    found = verified.standing(part.verified, candidate.digest, facts, now)
    if found.since is None:
        return verified.judge(part.verified, found, candidate.digest, now, GATE)
    running = facts.releases.get(upstream)
    if running is None:
        return deny(GATE, "not_running", f"nothing is known to run in {upstream}, so nothing soaks there")
    if running.digest == candidate.digest:
        return _running(part, max(found.since, running.since), now)
    return _replaced(part, candidate, facts, found.since, running)


def _running(part: Soak, since: datetime, now: datetime) -> Verdict:
    upstream, end = part.verified.upstream, since + part.time
    if now >= end:
        return allow(GATE, f"has run in {upstream}, verified, for {span(now - since)}; {span(part.time)} are asked for")
    so_far = max(now - since, timedelta())
    return defer(GATE, "soaking", f"has run in {upstream}, verified, for {span(so_far)} of {span(part.time)}; done at {moment(end)}", end)


def _replaced(part: Soak, candidate: Candidate, facts: Facts, since: datetime, running: Release) -> Verdict:
    """Another digest runs there now: what was soaked until then is kept, and no more comes."""
    upstream = part.verified.upstream
    others = [
        fact.time
        for fact in facts.facts
        if fact.type in ("deployed", "promoted") and fact.environment == upstream and fact.digest != candidate.digest and fact.time > since
    ]
    soaked = max(min([running.since, *others]) - since, timedelta())
    if soaked >= part.time:
        return allow(GATE, f"ran in {upstream}, verified, for {span(soaked)} before {running.version}; {span(part.time)} are asked for")
    reason = f"ran in {upstream}, verified, for {span(soaked)} of {span(part.time)} until {running.version} took over there: promote that, or run this again"
    return deny(GATE, "replaced", reason)
