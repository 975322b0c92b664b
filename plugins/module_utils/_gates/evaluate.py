# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All gates of a policy over one candidate: the verdicts, what they come to, and when it is worth asking again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.slipway.platform.plugins.module_utils._gates import (
    approvals,
    attestations,
    bypass,
    rejected,
    signatures,
    soak,
    stop,
    upstream,
    verified,
    versions,
    windows,
)
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import KINDS, Candidate, Facts, Outcome, Verdict, allow, deny, moment
from ansible_collections.slipway.platform.plugins.module_utils._gates.policy import Policy
from ansible_collections.slipway.platform.plugins.module_utils._versions import release

# What a digest that was promoted here before has shown already, if a rollback is asked for. A failed verification is not among it.
_SHOWN = {"upstream": ("skipped",), "verified": ("not_verified", "too_old"), "soak": ("not_verified", "not_running", "soaking", "replaced")}
_MAX_TURNS = 100


def digests_needed(policy: Policy, version: str, digest: str, tags: Mapping[str, str]) -> tuple[str, ...]:
    """The digests whose statements the gates will look at: the candidate's own and those of the candidates for the same release."""
    tag = release.form(version, policy.versions.scheme, policy.versions.accept)
    others = () if isinstance(tag, release.Refusal) or tag.kind != "release" else release.candidates(tag, policy.versions.scheme, tags)
    return tuple(dict.fromkeys((digest, *(tags[other.text] for other in others))))


def evaluate(policy: Policy, candidate: Candidate, facts: Facts, now: datetime) -> tuple[Verdict, ...]:
    """The verdict of every gate, in the order in which people read them. ``now`` is aware."""
    if now.tzinfo is None:
        raise ValueError("now has a time zone")
    if candidate.environment != policy.environment:
        return (deny("policy", "wrong_policy", f"this is the policy of {policy.environment}, not of {candidate.environment}"),)
    now = now.astimezone(UTC)
    verdicts = _strange(facts) + _configured(policy, candidate, facts, now)
    if candidate.rollback:
        verdicts = [_rolled_back(policy, verdict, candidate, facts, now) for verdict in verdicts]
    opened = bypass.read(policy.bypass, candidate, facts, now)
    return (*bypass.apply(verdicts, opened), bypass.gate(policy.bypass, candidate, facts, now))


def outcome(verdicts: Sequence[Verdict]) -> Outcome:
    """One "no" is a no, one "not yet" is a "not yet"; no verdict at all is a no."""
    outcomes = {verdict.outcome for verdict in verdicts}
    return "deny" if "deny" in outcomes or not outcomes else "defer" if "defer" in outcomes else "allow"


@dataclass(frozen=True)
class Forecast:
    """What becomes of a candidate if nothing but time passes. ``time`` (UTC) is None if that alone never opens the gates."""

    time: datetime | None
    reason: str


def forecast(policy: Policy, candidate: Candidate, facts: Facts, now: datetime) -> Forecast:
    """When all gates are open: a soak may end while a window is closed, and an approval may end before both."""
    time = now.astimezone(UTC)
    for _ in range(_MAX_TURNS):
        verdicts = evaluate(policy, candidate, facts, time)
        result = outcome(verdicts)
        if result == "allow":
            return Forecast(time, "all gates are open" if time == now else f"all gates are open at {moment(time)}")
        if result == "deny":
            reasons = "; ".join(f"{verdict.gate}: {verdict.reason}" for verdict in verdicts if verdict.outcome == "deny")
            return Forecast(None, reasons if time == now else f"at {moment(time)}: {reasons}")
        time = max(verdict.next_time for verdict in verdicts if verdict.next_time is not None)
    return Forecast(None, f"no moment was found up to {moment(time)}")


def _configured(policy: Policy, candidate: Candidate, facts: Facts, now: datetime) -> list[Verdict]:
    """Gates that always stand, then those that the policy asks for."""
    given = (candidate, facts, now)
    verdicts = [
        stop.gate(policy.stop, *given),
        rejected.gate(policy.rejected, *given),
        upstream.gate(policy.upstream, *given),
        versions.gate(policy.versions, *given),
    ]
    if policy.verified:
        verdicts.append(verified.gate(policy.verified, *given))
    if policy.soak:
        verdicts.append(soak.gate(policy.soak, *given))
    if policy.attestations:
        verdicts.append(attestations.gate(policy.attestations, *given))
    if policy.signatures:
        verdicts.append(signatures.gate(policy.signatures, *given))
    if policy.approvals:
        verdicts.append(approvals.gate(policy.approvals, *given))
    if policy.windows:
        verdicts.append(windows.gate(policy.windows, *given))
    return verdicts


def _strange(facts: Facts) -> list[Verdict]:
    """Something that could not be read and that no gate knows the name of denies too."""
    return [deny("facts", "unknown", f"{key} could not be read: {why}") for key, why in facts.unknown.items() if key.partition(":")[0] not in KINDS]


def _rolled_back(policy: Policy, verdict: Verdict, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    """A rollback to a recorded release: what it has shown before it need not show again, and what the policy skips is open."""
    record = versions.recorded(candidate, facts, now)
    skipped = verdict.gate in policy.rollback_skips
    if verdict.outcome == "allow" or record is None or not (skipped or verdict.code in _SHOWN.get(verdict.gate, ())):
        return verdict
    why = "the policy skips this gate" if skipped else f"shown when it was promoted at {moment(record.time)}"
    return allow(verdict.gate, f"rollback: {why}; else: {verdict.reason}", "rollback")
