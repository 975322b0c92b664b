# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of versions, with what is known of the candidates of a release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._gates import rejected, soak, verified
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import (
    FACTS,
    RELEASES,
    SKEW,
    TAGS,
    Candidate,
    Fact,
    Facts,
    Verdict,
    allow,
    deny,
    moment,
    short,
    unknown,
)
from ansible_collections.slipway.platform.plugins.module_utils._gates.rejected import Rejected
from ansible_collections.slipway.platform.plugins.module_utils._gates.soak import Soak
from ansible_collections.slipway.platform.plugins.module_utils._gates.verified import Verified
from ansible_collections.slipway.platform.plugins.module_utils._versions import release
from ansible_collections.slipway.platform.plugins.module_utils._versions.tags import Kind, Scheme, Tag

GATE = "versions"


@dataclass(frozen=True)
class Versions:
    """``accept``: the kinds of tags that this environment takes. The rest is what makes a release candidate one that could be released."""

    scheme: Scheme
    accept: tuple[Kind, ...]
    rejected: Rejected
    verified: Verified | None = None
    soak: Soak | None = None


def gate(part: Versions, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    tag = release.form(candidate.version, part.scheme, part.accept)
    if isinstance(tag, release.Refusal):
        return deny(GATE, tag.code, tag.reason)
    for kind, what, of in ((TAGS, "the tags of", candidate.repository), (RELEASES, "what runs in", candidate.environment)):
        if why := facts.why_unknown(kind, of):
            return unknown(GATE, f"{what} {of}", why)
    if refusal := release.taken(tag, candidate.digest, part.scheme, facts.tags):
        return deny(GATE, refusal.code, refusal.reason)
    return _back(candidate, facts, now) if candidate.rollback else _forward(part, tag, candidate, facts, now)


def _forward(part: Versions, tag: Tag, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    running = facts.releases.get(candidate.environment)
    if running is not None:
        if running.version == tag.text and running.digest == candidate.digest:
            return allow(GATE, f"{tag.text} runs in {candidate.environment} already", "unchanged")
        if refusal := release.order(tag, candidate.digest, part.scheme, running.version, running.digest):
            return deny(GATE, refusal.code, refusal.reason)
    if tag.kind == "release":
        for rival in release.rivals(tag, candidate.digest, part.scheme, facts.tags):
            if why := facts.why_unknown(FACTS, facts.tags[rival.text]):
                return unknown(GATE, f"the statements on {rival.text}", why)
    refusal = release.highest(tag, candidate.digest, part.scheme, facts.tags, lambda digest: _hindrance(part, replace(candidate, digest=digest), facts, now))
    if refusal:
        return deny(GATE, refusal.code, refusal.reason)
    before = f" after {running.version}" if running else ""
    return allow(GATE, f"{tag.text} is {'the highest candidate that may be released' if tag.kind == 'release' else f'a {tag.kind}'}{before}")


def _hindrance(part: Versions, rival: Candidate, facts: Facts, now: datetime) -> str:
    """Why a candidate for the same release could not be released; empty if it could."""
    verdicts = [rejected.gate(part.rejected, rival, facts, now)]
    if part.verified:
        verdicts.append(verified.gate(part.verified, rival, facts, now))
    if part.soak:
        verdicts.append(soak.gate(part.soak, rival, facts, now))
    return next((verdict.reason for verdict in verdicts if verdict.outcome != "allow"), "")


def _back(candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    """A rollback goes to what was promoted here before, and to nothing else."""
    record = recorded(candidate, facts, now)
    if record is not None:
        return allow(GATE, f"rollback to {candidate.version}, promoted to {candidate.environment} at {moment(record.time)} by {record.by}", "rollback")
    if why := facts.why_unknown(FACTS, candidate.digest):
        return unknown(GATE, f"the records of {short(candidate.digest)}", why)
    reason = f"{short(candidate.digest)} was never promoted to {candidate.environment}: a rollback goes to a recorded release"
    return deny(GATE, "not_recorded", reason)


def recorded(candidate: Candidate, facts: Facts, now: datetime) -> Fact | None:
    """The newest record of the candidate's digest in its environment."""
    found = [fact for fact in facts.of("promoted", candidate.digest, {candidate.environment}) if fact.time <= now + SKEW]
    return found[-1] if found else None
