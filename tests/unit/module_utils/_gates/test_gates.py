# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every gate at its edges, all of them together, and what must hold for any facts."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._gates import evaluate as engine
from ansible_collections.slipway.platform.plugins.module_utils._gates.evaluate import digests_needed, evaluate, forecast, outcome
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import Candidate, Facts, Release, Verdict, moment, span
from ansible_collections.slipway.platform.plugins.module_utils._gates.policy import Policy, _policy, check_text
from ansible_collections.slipway.platform.plugins.module_utils._records.statements import Fact

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday, 11:00 in Berlin
HOUR = timedelta(hours=1)
DIGEST, OTHER, THIRD = ("sha256:" + letter * 64 for letter in "abc")
PLAN = "sha256:" + "f" * 64
POLICY = """
environment: prod
from: stage
keys: {ci: k/ci, stage-bot: k/bot, alice: k/alice, bob: k/bob, carol: k/carol}
versions: {accept: [release]}
gates:
  verified: {by: [stage-bot]}
  soak: 24h
  attestations:
    - {type: tested, by: [ci]}
    - type: scanned
      by: [ci]
      max_age: 48h
      severity: medium
      exceptions: [{id: CVE-1, owner: team-a, reason: not reachable, expires: 2026-11-23}]
  signatures: {by: [ci]}
  approvals: {quorum: 2, from: [alice, bob, carol], valid: 72h}
  windows: {zone: Europe/Berlin, allow: [{name: office hours, days: [mon-thu], from: 09:00, to: 16:00}]}
bypass: {from: [alice, carol], longest: 4h}
"""


@dataclass(frozen=True)
class Signature:
    signer: str
    problem: str = ""


def policy(text: str = POLICY, **changes: str) -> Policy:
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    document, problems = check_text(text, "policy.yml")
    assert document is not None
    assert [str(problem) for problem in problems] == []
    keys = document.data["keys"]
    return _policy(document.data, keys, keys)


def edited(old: str, new: str) -> Policy:
    return policy(**{old: new})


CANDIDATE = Candidate("hello", "reg/hello", DIGEST, "prod", "stage", "v1.4.0", "dave", PLAN)


def said(kind: str, digest: str, environment: str, time: datetime, by: str, predicate: Mapping[str, Any] | None = None) -> Fact:
    return Fact(kind, digest, environment, time, by, predicate or {}, "reg/hello@sha256:0")


def verified(ago: float = 30, passed: object = True, by: str = "stage-bot", digest: str = DIGEST, environment: str = "stage") -> Fact:
    return said("verified", digest, environment, NOW - ago * HOUR, by, {"passed": passed, "evidence": "smoke"})


def approved(by: str, ago: float = 1, left: float = 5, plan: str = PLAN, environment: str = "prod", **more: Any) -> Fact:
    return said("approved", DIGEST, environment, NOW - ago * HOUR, by, {"plan": plan, "expires": (NOW + left * HOUR).isoformat(), **more})


def scanned(*findings: tuple[str, str], ago: float = 2, by: str = "ci", scanner: str = "trivy") -> Fact:
    return said("scanned", DIGEST, "", NOW - ago * HOUR, by, {"scanner": scanner, "findings": [{"id": name, "severity": level} for name, level in findings]})


def suite_ran(passed: object = True, suite: str = "unit", ago: float = 40, by: str = "ci") -> Fact:
    return said("tested", DIGEST, "", NOW - ago * HOUR, by, {"suite": suite, "passed": passed})


def rejected(environment: str = "", digest: str = DIGEST, ago: float = 1) -> Fact:
    return said("rejected", digest, environment, NOW - ago * HOUR, "bob", {"reason": "eats data"})


def bypassed(*gates: str, by: str = "carol", ago: float = 1, left: float = 2, reason: str = "site is down", environment: str = "prod") -> Fact:
    return said("bypassed", DIGEST, environment, NOW - ago * HOUR, by, {"gates": list(gates), "reason": reason, "expires": (NOW + left * HOUR).isoformat()})


DEPLOYED = said("deployed", DIGEST, "stage", NOW - 31 * HOUR, "stage-bot", {"release": "7"})
GOOD = Facts(
    facts=(DEPLOYED, verified(), suite_ran(), scanned(), approved("alice"), approved("bob")),
    signatures=(Signature("ci"),),
    releases={"stage": Release("v1.4.0-rc.2", DIGEST, NOW - 31 * HOUR), "prod": Release("v1.3.0", OTHER, NOW - 500 * HOUR)},
    tags={"v1.4.0-rc.1": THIRD, "v1.4.0-rc.2": DIGEST, "v1.3.0": OTHER},
)


def without(*types: str) -> tuple[Fact, ...]:
    return tuple(fact for fact in GOOD.facts if fact.type not in types)  # type: ignore[misc]


def verdict(gate: str, facts: Facts = GOOD, candidate: Candidate = CANDIDATE, rules: Policy | None = None, now: datetime = NOW) -> Verdict:
    return next(verdict for verdict in evaluate(rules or policy(), candidate, facts, now) if verdict.gate == gate)


def with_facts(*facts: Fact, instead_of: tuple[str, ...] = ()) -> Facts:
    return replace(GOOD, facts=(*without(*instead_of), *facts))


def test_all_is_well() -> None:
    found = evaluate(policy(), CANDIDATE, GOOD, NOW)
    assert [entry for entry in found if entry.outcome != "allow"] == []
    assert outcome(found) == "allow"
    assert [entry.gate for entry in found] == [
        "stop", "rejected", "upstream", "versions", "verified", "soak", "attestations", "signatures", "approvals", "windows", "bypass",
    ]  # fmt: skip


def test_outcomes() -> None:
    verdicts = {name: Verdict("x", name, "c", "r") for name in ("allow", "deny", "defer")}  # type: ignore[arg-type]
    for count in range(1, 4):
        for chosen in itertools.product(verdicts, repeat=count):
            expected = "deny" if "deny" in chosen else "defer" if "defer" in chosen else "allow"
            assert outcome([verdicts[name] for name in chosen]) == expected
    assert outcome([]) == "deny"


# --- verified and soak


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        pytest.param([], "not_verified", id="never"),
        pytest.param([verified(30)], "ok", id="once"),
        pytest.param([verified(30, False)], "verification_failed", id="failed"),
        pytest.param([verified(30), verified(2, False)], "verification_failed", id="a failure revokes"),
        pytest.param([verified(2, False), verified(30)], "verification_failed", id="in whatever order they are read"),
        pytest.param([verified(30), verified(2, False, by="alice")], "verification_failed", id="whoever says that it fails"),
        pytest.param([verified(30, False), verified(2)], "ok", id="mended"),
        pytest.param([verified(2), verified(2, False)], "verification_failed", id="within one second the failure wins"),
        pytest.param([verified(2, False), verified(2)], "verification_failed", id="within one second, the other way round"),
        pytest.param([verified(30, by="alice")], "not_verified", id="by somebody else"),
        pytest.param([verified(30, digest=OTHER)], "not_verified", id="another digest"),
        pytest.param([verified(30, environment="dev")], "not_verified", id="another environment"),
        pytest.param([verified(30, environment="prod")], "not_verified", id="not upstream"),
        pytest.param([verified(30, "true")], "verification_failed", id="passed is a text"),
        pytest.param([verified(30, 1)], "verification_failed", id="passed is a number"),
        pytest.param([verified(-1)], "not_verified", id="from the future"),
        pytest.param([verified(-0.05)], "ok", id="three minutes ahead"),
        pytest.param([verified(30), verified(-1, False)], "verification_failed", id="a failure from the future"),
    ],
)
def test_verified(facts: list[Fact], code: str) -> None:
    found = verdict("verified", with_facts(*facts, instead_of=("verified",)))
    assert found.code == code
    assert found.outcome == ("allow" if code == "ok" else "deny")


def test_a_verification_grows_old() -> None:
    rules = edited("verified: {by: [stage-bot]}", "verified: {by: [stage-bot], max_age: 30h}")
    assert verdict("verified", rules=rules).code == "ok"
    assert verdict("verified", rules=rules, now=NOW + timedelta(seconds=1)).code == "too_old"
    assert verdict("verified", with_facts(verified(1)), rules=rules, now=NOW + HOUR).code == "ok"


def stage(digest: str = DIGEST, ago: float = 31, version: str = "v1.4.0-rc.2") -> dict[str, Release]:
    return {"stage": Release(version, digest, NOW - ago * HOUR)}


@pytest.mark.parametrize(
    ("facts", "releases", "code", "hours_left"),
    [
        pytest.param([verified(24)], stage(), "ok", None, id="to the second"),
        pytest.param([verified(23)], stage(), "soaking", 1, id="an hour left"),
        pytest.param([verified(30), verified(2)], stage(), "ok", None, id="verified again does not begin anew"),
        pytest.param([verified(30), verified(5, False)], stage(), "verification_failed", None, id="revoked"),
        pytest.param([verified(30), verified(5, False), verified(4)], stage(), "soaking", 20, id="begins anew after a failure"),
        pytest.param([verified(30)], stage(ago=3), "soaking", 21, id="came back three hours ago: what it ran before does not count"),
        pytest.param([verified(30)], {}, "not_running", None, id="nothing runs there"),
        pytest.param([verified(30)], stage(OTHER, 2), "ok", None, id="28 hours, then replaced"),
        pytest.param([verified(30)], stage(OTHER, 10), "replaced", None, id="20 hours, then replaced"),
        pytest.param([verified(100), said("deployed", THIRD, "stage", NOW - 90 * HOUR, "ci")], stage(OTHER, 2), "replaced", None, id="replaced twice"),
        pytest.param([verified(100), said("deployed", THIRD, "prod", NOW - 90 * HOUR, "ci")], stage(OTHER, 2), "ok", None, id="replaced elsewhere"),
        pytest.param([verified(30, environment="dev")], stage(), "not_verified", None, id="soaked in another environment"),
        pytest.param([], stage(), "not_verified", None, id="not verified"),
    ],
)
def test_soak(facts: list[Fact], releases: dict[str, Release], code: str, hours_left: float | None) -> None:
    found = verdict("soak", replace(with_facts(*facts, instead_of=("verified",)), releases=releases))
    assert found.code == code
    assert found.outcome == {"ok": "allow", "soaking": "defer"}.get(code, "deny")
    assert found.next_time == (NOW + hours_left * HOUR if hours_left else None)


def test_soak_is_over_when_it_says() -> None:
    """For generated histories: if the gate defers, it allows at the time it names, a second before not, and asking in between changes nothing."""
    chance = random.Random(8)
    deferred = 0
    for _ in range(500):
        facts = [verified(chance.uniform(0, 60), chance.random() < 0.8) for _ in range(chance.randint(1, 5))]
        given = replace(with_facts(*facts, instead_of=("verified",)), releases=stage(ago=chance.uniform(0, 60)))
        found = verdict("soak", given)
        if found.next_time is None:
            continue
        deferred += 1
        assert verdict("soak", given, now=found.next_time).outcome == "allow"
        assert verdict("soak", given, now=found.next_time - timedelta(seconds=1)).next_time == found.next_time
    assert deferred > 100


# --- upstream, rejected, stop


@pytest.mark.parametrize(
    ("facts", "releases", "changes", "code"),
    [
        pytest.param((), stage(), {}, "ok", id="runs there"),
        pytest.param((DEPLOYED,), {}, {}, "ok", id="was deployed there"),
        pytest.param((), stage(OTHER), {}, "skipped", id="another digest runs there"),
        pytest.param((replace(DEPLOYED, environment="dev"),), {}, {}, "skipped", id="only in the environment before that"),
        pytest.param((DEPLOYED,), stage(), {"upstream": "dev"}, "wrong_upstream", id="from elsewhere"),
        pytest.param((DEPLOYED,), stage(), {"upstream": ""}, "wrong_upstream", id="from nowhere"),
    ],
)
def test_upstream(facts: tuple[Fact, ...], releases: dict[str, Release], changes: dict[str, str], code: str) -> None:
    given = replace(GOOD, facts=facts, releases=releases)
    assert verdict("upstream", given, replace(CANDIDATE, **changes)).code == code  # type: ignore[arg-type]


def test_the_first_environment() -> None:
    text = "environment: dev\nkeys: {ci: k}\ngates: {}\n"
    candidate = replace(CANDIDATE, environment="dev", upstream="", version="sha-0123abc")
    assert outcome(evaluate(policy(text), candidate, Facts(), NOW)) == "allow"
    assert verdict("upstream", Facts(), replace(candidate, upstream="stage"), policy(text)).code == "wrong_upstream"


@pytest.mark.parametrize(
    ("fact", "outcome_"),
    [
        (rejected(), "deny"),
        (rejected("prod"), "deny"),
        (rejected("stage"), "deny"),
        (rejected("dev"), "allow"),
        (rejected(digest=OTHER), "allow"),
        (rejected(ago=-100), "deny"),
        (rejected(ago=10_000), "deny"),
    ],
)
def test_rejected(fact: Fact, outcome_: str) -> None:
    assert verdict("rejected", with_facts(fact)).outcome == outcome_


def test_the_policys_own_reject_list() -> None:
    rules = edited("  soak: 24h", f"  soak: 24h\n  rejected: [{{digest: '{DIGEST}', reason: eats data, by: alice}}]")
    found = verdict("rejected", rules=rules)
    assert found.outcome == "deny"
    assert "by alice: eats data" in found.reason


def test_stop() -> None:
    rules = edited("gates:", "stop: {reason: incident 12, by: alice, since: '2026-11-23T11:00:00+01:00'}\ngates:")
    assert verdict("stop", rules=rules).outcome == "deny"
    assert verdict("stop", rules=rules).reason == "prod is stopped since 2026-11-23 10:00 UTC by alice: incident 12"
    assert verdict("stop", rules=rules, now=NOW - timedelta(seconds=1)).outcome == "allow"


# --- approvals


@pytest.mark.parametrize(
    ("facts", "requester", "why"),
    [
        pytest.param([approved("alice"), approved("bob")], "dave", "", id="two of three"),
        pytest.param([approved("alice")], "dave", "1 of 2 approvals (alice) of this plan; bob, carol can approve it", id="one of two"),
        pytest.param([approved("alice"), approved("alice", ago=0.5)], "dave", "1 of 2 approvals", id="the same person twice"),
        pytest.param([approved("alice"), approved("bob")], "alice", "alice: asked for the promotion", id="the requester"),
        pytest.param([approved("alice"), approved("bob")], " Alice ", "alice: asked for the promotion", id="the requester, in capitals"),
        pytest.param([approved("alice"), approved("ci")], "dave", "ci: is not one of those who approve", id="somebody else"),
        pytest.param([approved("alice"), approved("bob", plan="sha256:0")], "dave", "bob: is for another plan", id="another plan"),
        pytest.param([approved("alice"), approved("bob", environment="stage")], "dave", "bob: is for stage", id="another environment"),
        pytest.param([approved("alice"), approved("bob", left=0)], "dave", "bob: expired at 2026-11-23 10:00 UTC", id="expired to the second"),
        pytest.param([approved("alice"), approved("bob", ago=72, left=5)], "dave", "bob: is older than 3 d", id="older than the policy lets it be"),
        pytest.param([approved("alice"), approved("bob", ago=-1)], "dave", "bob: is from the future", id="from the future"),
        pytest.param([approved("alice"), approved("bob", expires="tomorrow")], "dave", "bob: does not say when it expires", id="an end that is none"),
        pytest.param([approved("alice"), approved("bob", expires="2026-12-01T00:00:00")], "dave", "bob: does not say when", id="an end without an offset"),
        pytest.param([approved("alice"), approved("bob", left=-1), approved("bob")], "dave", "", id="an expired one does not spoil a new one"),
        pytest.param([approved("alice"), replace(approved("bob"), digest=OTHER)], "dave", "1 of 2", id="another digest"),
    ],
)
def test_approvals(facts: list[Fact], requester: str, why: str) -> None:
    found = verdict("approvals", with_facts(*facts, instead_of=("approved",)), replace(CANDIDATE, requester=requester))
    assert found.outcome == ("deny" if why else "allow")
    assert why in found.reason


def test_no_plan_is_approved_by_nobody() -> None:
    facts = with_facts(approved("alice", plan=""), approved("bob", plan=""), instead_of=("approved",))
    assert verdict("approvals", facts, replace(CANDIDATE, plan="")).outcome == "deny"


def test_a_quorum_is_of_people() -> None:
    """However many statements of few people there are, they count as often as there are people who may."""
    chance = random.Random(9)
    for _ in range(300):
        people = [chance.choice(["alice", "bob", "carol", "ci", "dave"]) for _ in range(chance.randint(0, 6))]
        facts = with_facts(*(approved(name, ago=chance.uniform(0, 70)) for name in people), instead_of=("approved",))
        requester = chance.choice(["alice", "dave"])
        count = len(set(people) & {"alice", "bob", "carol"} - {requester})
        assert verdict("approvals", facts, replace(CANDIDATE, requester=requester)).outcome == ("allow" if count >= 2 else "deny")


# --- signatures and attestations


@pytest.mark.parametrize(
    ("signatures", "code"),
    [
        ([], "signature_missing"),
        ([Signature("ci")], "ok"),
        ([Signature("alice")], "signature_missing"),
        ([Signature("ci", "does not verify")], "signature_missing"),
        ([Signature("", "signed by another key"), Signature("ci")], "ok"),
    ],
)
def test_signatures(signatures: list[Signature], code: str) -> None:
    found = verdict("signatures", replace(GOOD, signatures=tuple(signatures)))
    assert found.code == code
    assert all(signature.problem in found.reason for signature in signatures if code != "ok")


def test_two_signatures_of_one_key_are_one() -> None:
    rules = edited("signatures: {by: [ci]}", "signatures: {by: [ci, stage-bot], quorum: 2}")
    assert verdict("signatures", replace(GOOD, signatures=(Signature("ci"), Signature("ci"))), rules=rules).outcome == "deny"
    assert verdict("signatures", replace(GOOD, signatures=(Signature("ci"), Signature("stage-bot"))), rules=rules).outcome == "allow"


@pytest.mark.parametrize(
    ("facts", "code", "why"),
    [
        pytest.param([suite_ran(), scanned()], "ok", "has tested, scanned", id="all there"),
        pytest.param([scanned()], "missing", "tested by ci is missing", id="no tests"),
        pytest.param([suite_ran(by="alice"), scanned()], "missing", "tested by ci is missing", id="tests by somebody else"),
        pytest.param([suite_ran(False), scanned()], "failed", "tested: unit failed", id="failed"),
        pytest.param([suite_ran(False, ago=40), suite_ran(ago=39), scanned()], "ok", "", id="mended"),
        pytest.param([suite_ran(ago=40), suite_ran(False, ago=39), scanned()], "failed", "", id="broken later"),
        pytest.param([suite_ran(), suite_ran(False, "load"), scanned()], "failed", "tested: load failed", id="one suite of two"),
        pytest.param([suite_ran("yes"), scanned()], "failed", "", id="passed is a text"),
        pytest.param([suite_ran(), scanned(ago=49)], "too_old", "2 d 1 h ago, and at most 2 d are allowed", id="an old scan"),
        pytest.param([suite_ran(), scanned(ago=48)], "ok", "", id="just young enough"),
        pytest.param([suite_ran(), scanned(ago=-1)], "missing", "scanned by ci is missing", id="a scan from the future"),
        pytest.param([suite_ran(), scanned(("CVE-9", "MEDIUM"))], "ok", "", id="as bad as allowed"),
        pytest.param([suite_ran(), scanned(("CVE-9", "High"))], "findings", "found more than medium: CVE-9 (high)", id="worse than allowed"),
        pytest.param([suite_ran(), scanned(("CVE-9", "negligible"))], "ok", "", id="another word for none"),
        pytest.param([suite_ran(), scanned(("CVE-9", "UNKNOWN"))], "findings", "CVE-9 (unknown)", id="a severity that nobody knows"),
        pytest.param([suite_ran(), scanned(("CVE-1", "critical"))], "ok", "", id="excepted, on the last day"),
        pytest.param([suite_ran(), scanned(("CVE-9", "high"), ago=9), scanned(ago=2)], "ok", "", id="gone in the newest scan"),
        pytest.param([suite_ran(), scanned(ago=9), scanned(("CVE-9", "high"), ago=2)], "findings", "", id="new in the newest scan"),
        pytest.param([suite_ran(), scanned(("CVE-9", "high"), scanner="grype"), scanned()], "findings", "by grype", id="one scanner of two"),
        pytest.param([suite_ran(), scanned(("CVE-9", "high"), scanner="grype", ago=90), scanned()], "ok", "", id="a scanner nobody uses any more"),
        pytest.param([suite_ran(), replace(scanned(), predicate={"scanner": "trivy"})], "findings", "can't be read", id="no list of findings"),
        pytest.param([], "missing", "tested by ci is missing; scanned by ci is missing", id="all that is wrong at once"),
    ],
)
def test_attestations(facts: list[Fact], code: str, why: str) -> None:
    found = verdict("attestations", with_facts(*facts, instead_of=("tested", "scanned")))
    assert found.code == code
    assert why in found.reason


def test_an_exception_ends() -> None:
    facts = with_facts(suite_ran(), scanned(("CVE-1", "critical"), ago=-12), instead_of=("tested", "scanned"))
    assert verdict("attestations", facts, now=datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)).outcome == "allow"
    found = verdict("attestations", facts, now=datetime(2026, 11, 24, tzinfo=UTC))
    assert found.code == "findings"
    assert "CVE-1 (critical; the exception of team-a ended at 2026-11-24 00:00 UTC)" in found.reason


# --- bypass


@pytest.mark.parametrize(
    ("fact", "opened", "why"),
    [
        pytest.param(bypassed("approvals"), True, "approvals by carol until 2026-11-23 12:00 UTC: site is down", id="by a named person"),
        pytest.param(bypassed("approvals", by="bob"), False, "bob: may not bypass gates", id="by somebody else"),
        pytest.param(bypassed("approvals", left=0), False, "carol: expired at", id="expired to the second"),
        pytest.param(bypassed("approvals", left=3), True, "", id="as long as the policy lets it be"),
        pytest.param(bypassed("approvals", left=3.1), False, "carol: is for 4 h 6 min, and at most 4 h are allowed", id="longer"),
        pytest.param(bypassed("approvals", reason=" "), False, "carol: gives no reason", id="no reason"),
        pytest.param(bypassed("approvals", ago=-1), False, "carol: is from the future", id="from the future"),
        pytest.param(bypassed("approvals", environment="stage"), False, "no bypass", id="for another environment"),
        pytest.param(replace(bypassed("approvals"), digest=OTHER), False, "no bypass", id="for another digest"),
        pytest.param(bypassed("windows"), False, "windows by carol", id="for another gate"),
    ],
)
def test_bypass(fact: Fact, opened: bool, why: str) -> None:
    facts = with_facts(fact, instead_of=("approved",))
    assert why in verdict("bypass", facts).reason
    found = verdict("approvals", facts)
    assert found.outcome == ("allow" if opened else "deny")
    assert (found.code == "bypassed") == opened
    assert outcome(evaluate(policy(), CANDIDATE, facts, NOW)) == found.outcome


def test_a_bypass_is_told_with_what_it_opens() -> None:
    found = verdict("approvals", with_facts(bypassed("approvals"), instead_of=("approved",)))
    assert found.reason.startswith("bypassed by carol until 2026-11-23 12:00 UTC: site is down; else: 0 of 2 approvals")


@pytest.mark.parametrize("gate", ["rejected", "signatures", "stop"])
def test_what_a_bypass_does_not_open(gate: str) -> None:
    facts = replace(with_facts(bypassed(gate, "windows"), rejected()), signatures=())
    stopped = POLICY.replace("gates:", "stop: {reason: incident, by: bob, since: '2026-11-01T00:00:00Z'}\ngates:")
    assert verdict(gate, facts, rules=policy(stopped)).outcome == "deny"
    assert f"carol: {gate} can't be bypassed here" in verdict("bypass", facts, rules=policy(stopped)).reason
    allowed = policy(stopped.replace("longest: 4h", f"longest: 4h, also: [{gate}]"))
    assert verdict(gate, facts, rules=allowed).code == "bypassed"


# --- versions


def test_only_the_highest_good_candidate_is_released() -> None:
    """Three candidates in any state: the release may have the highest that is verified, soaked and not rejected, and no other."""
    digests = {1: DIGEST, 2: OTHER, 3: THIRD}
    states = ("good", "unverified", "failed", "soaking", "rejected")
    for chosen in itertools.product(states, repeat=3):
        facts: list[Fact] = []
        for (_, digest), state in zip(digests.items(), chosen, strict=True):
            facts += {
                "good": [verified(30, digest=digest)],
                "unverified": [],
                "failed": [verified(30, digest=digest), verified(1, False, digest=digest)],
                "soaking": [verified(1, digest=digest)],
                "rejected": [verified(30, digest=digest), rejected(digest=digest)],
            }[state]
        tags = {f"v1.4.0-rc.{number}": digest for number, digest in digests.items()}
        good = [number for number, state in zip(digests, chosen, strict=True) if state == "good"]
        for number, digest in digests.items():
            given = Facts(facts=tuple(facts), releases=stage(digest, 40), tags=tags)
            # What soaked for another candidate did so before it was replaced, so each is looked at while it runs.
            found = [
                entry
                for entry in evaluate(policy(), replace(CANDIDATE, digest=digest), given, NOW)
                if entry.gate in ("versions", "verified", "soak", "rejected")
            ]
            running_highest = [other for other in good if other > number and _soaked(digests[other], given)]
            expected = chosen[number - 1] == "good" and not running_highest
            assert (outcome(found) == "allow") == expected, (chosen, number, found)


def _soaked(digest: str, facts: Facts) -> bool:
    return verdict("soak", facts, replace(CANDIDATE, digest=digest)).outcome == "allow"


@pytest.mark.parametrize(
    ("changes", "releases", "code"),
    [
        ({}, {}, "ok"),
        ({"version": "v1.4"}, {}, "not_a_version"),
        ({"version": "v1.4.0-rc.2"}, {}, "not_accepted"),
        ({"version": "v1.5.0"}, {}, "no_candidate"),
        ({}, {"prod": Release("v1.4.1", OTHER, NOW)}, "downgrade"),
        ({}, {"prod": Release("v1.4.0", OTHER, NOW)}, "version_taken"),
        ({}, {"prod": Release("v1.4.0", DIGEST, NOW)}, "unchanged"),
        ({"version": "v1.3.0"}, {}, "version_taken"),
    ],
)
def test_versions(changes: dict[str, str], releases: dict[str, Release], code: str) -> None:
    given = replace(GOOD, releases={**GOOD.releases, **releases})
    assert verdict("versions", given, replace(CANDIDATE, **changes)).code == code  # type: ignore[arg-type]


# --- rollback

OLD = replace(CANDIDATE, digest=OTHER, version="v1.3.0", rollback=True)
RECORD = said("promoted", OTHER, "prod", NOW - 500 * HOUR, "ci", {"plan": PLAN})
AFTER = {"stage": Release("v1.4.0-rc.2", DIGEST, NOW - 31 * HOUR), "prod": Release("v1.4.0", DIGEST, NOW - HOUR)}


def back(*facts: Fact, **changes: Any) -> Facts:
    approvals = tuple(replace(approved(name, left=60), digest=OTHER) for name in ("alice", "bob"))
    evidence = (replace(suite_ran(), digest=OTHER), replace(scanned(), digest=OTHER))
    return replace(GOOD, facts=(*approvals, *evidence, *facts), releases=AFTER, **changes)


def test_rollback_to_a_recorded_release() -> None:
    found = evaluate(policy(), OLD, back(RECORD), NOW)
    assert [(entry.gate, entry.reason) for entry in found if entry.outcome != "allow"] == []
    assert {entry.gate for entry in found if entry.code == "rollback"} == {"upstream", "versions", "verified", "soak"}


@pytest.mark.parametrize(
    ("facts", "gate", "code"),
    [
        ((), "versions", "not_recorded"),
        ((replace(RECORD, environment="stage"),), "versions", "not_recorded"),
        ((replace(RECORD, time=NOW + HOUR),), "versions", "not_recorded"),
        ((RECORD, rejected(digest=OTHER)), "rejected", "rejected"),
        ((RECORD, verified(600, digest=OTHER), verified(1, False, digest=OTHER)), "verified", "verification_failed"),
    ],
)
def test_no_rollback(facts: tuple[Fact, ...], gate: str, code: str) -> None:
    found = verdict(gate, back(*facts), OLD)
    assert (found.outcome, found.code) == ("deny", code)


def test_without_a_word_an_older_version_is_a_downgrade() -> None:
    assert verdict("versions", back(RECORD), replace(OLD, rollback=False)).code == "downgrade"


def test_a_policy_may_let_rollbacks_out_of_hours() -> None:
    night = NOW + 10 * HOUR
    assert outcome(evaluate(policy(), OLD, back(RECORD), NOW.replace(hour=16))) == "defer"
    rules = edited("bypass:", "rollback: {skip: [windows, approvals]}\nbypass:")
    assert outcome(evaluate(rules, OLD, back(RECORD), night)) == "allow"
    assert outcome(evaluate(rules, OLD, back(), night)) == "deny"
    forward = with_facts(approved("alice", left=60), approved("bob", left=60), instead_of=("approved",))
    assert outcome(evaluate(rules, CANDIDATE, forward, NOW.replace(hour=16))) == "defer"


# --- the unknown


@pytest.mark.parametrize(
    ("key", "gates"),
    [
        ("facts", {"rejected", "verified", "soak", "attestations", "approvals"}),
        (f"facts:{DIGEST}", {"rejected", "verified", "soak", "attestations", "approvals"}),
        (f"facts:{OTHER}", set()),
        ("signatures", {"signatures"}),
        ("releases", {"soak", "versions"}),
        ("releases:stage", {"soak"}),
        ("releases:prod", {"versions"}),
        ("releases:dev", set()),
        ("tags", {"versions"}),
        ("tags:reg/hello", {"versions"}),
        ("weather", {"facts"}),
    ],
)
def test_what_could_not_be_read_denies(key: str, gates: set[str]) -> None:
    """With nothing else known of that kind; never "absent", and with the reason."""
    kind = key.partition(":")[0]
    empty = {"facts": (), "signatures": (), "releases": {}, "tags": {}}
    given = replace(GOOD, unknown={key: "503 from reg"}, **({kind: empty[kind]} if gates and kind in empty else {}))  # type: ignore[arg-type]
    found = evaluate(policy(), CANDIDATE, given, NOW)
    denied = {entry.gate for entry in found if entry.code == "unknown"}
    assert denied == gates
    assert all("503 from reg" in entry.reason and entry.outcome == "deny" for entry in found if entry.code == "unknown")


def test_whether_it_was_upstream_is_unknown_if_neither_says_so() -> None:
    """A statement that it was deployed there is enough, and so is that it runs there."""
    dark = replace(GOOD, facts=(), releases={}, unknown={"releases:stage": "no route"})
    assert verdict("upstream", dark).code == "unknown"
    assert verdict("upstream", replace(dark, facts=(DEPLOYED,))).outcome == "allow"
    assert verdict("upstream", replace(GOOD, facts=(), unknown={"facts": "503"})).outcome == "allow"


def test_a_rival_that_could_not_be_read_denies() -> None:
    given = replace(GOOD, tags={**GOOD.tags, "v1.4.0-rc.3": OTHER}, unknown={f"facts:{OTHER}": "timed out"})
    assert verdict("versions", given).reason == "the statements on v1.4.0-rc.3 could not be read: timed out"


def test_more_facts_never_hurt_by_being_unknown_less() -> None:
    """Whatever is missing or unreadable, nothing is allowed that is not allowed when all is known."""
    chance = random.Random(11)
    keys = ["facts", "signatures", "releases", "tags", f"facts:{DIGEST}", "releases:stage"]
    for _ in range(300):
        facts = tuple(fact for fact in GOOD.facts if chance.random() < 0.8)
        given = replace(GOOD, facts=facts, signatures=GOOD.signatures if chance.random() < 0.8 else ())
        known = outcome(evaluate(policy(), CANDIDATE, given, NOW))
        dark = outcome(evaluate(policy(), CANDIDATE, replace(given, unknown={chance.choice(keys): "gone"}), NOW))
        assert not (known != "allow" and dark == "allow")


def test_the_wrong_policy() -> None:
    found = evaluate(policy(), replace(CANDIDATE, environment="stage"), GOOD, NOW)
    assert [entry.code for entry in found] == ["wrong_policy"]


def test_a_time_without_a_zone_is_a_bug() -> None:
    with pytest.raises(ValueError, match="time zone"):
        evaluate(policy(), CANDIDATE, GOOD, NOW.replace(tzinfo=None))


# --- when to come back


def test_the_forecast_looks_through_all_gates() -> None:
    """The soak ends at night, the window opens in the morning."""
    facts = with_facts(verified(13), instead_of=("verified",))
    later = forecast(policy(), CANDIDATE, facts, NOW)
    assert verdict("soak", facts).next_time == NOW + 11 * HOUR
    assert later.time is None
    assert "approvals" in later.reason  # they end after five hours
    lasting = with_facts(verified(13), approved("alice", left=60), approved("bob", left=60), instead_of=("verified", "approved"))
    assert forecast(policy(), CANDIDATE, lasting, NOW).time == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert forecast(policy(), CANDIDATE, GOOD, NOW) == engine.Forecast(NOW, "all gates are open")
    assert forecast(policy(), CANDIDATE, with_facts(rejected()), NOW).time is None


def test_digests_needed() -> None:
    assert digests_needed(policy(), "v1.4.0", DIGEST, GOOD.tags) == (DIGEST, THIRD)
    assert digests_needed(policy(), "v9.0.0", DIGEST, GOOD.tags) == (DIGEST,)
    assert digests_needed(policy(), "nonsense", DIGEST, GOOD.tags) == (DIGEST,)


def test_words_for_people() -> None:
    assert span(timedelta(days=1, hours=2, minutes=3, seconds=59)) == "1 d 2 h 3 min"
    assert span(timedelta(seconds=59)) == "0 min"
    assert moment(NOW) == "2026-11-23 10:00 UTC"
    assert moment(NOW + timedelta(seconds=1)) == "2026-11-23 10:01 UTC"
