# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from ansible_collections.slipway.platform.plugins.module_utils._records import audit, moments, plan, say, statements
from ansible_collections.slipway.platform.plugins.module_utils._records import record as recording
from ansible_collections.slipway.platform.plugins.module_utils._records.environments import Source
from ansible_collections.slipway.platform.plugins.module_utils._records.prepare import Prepared, Request, Service, prepare
from ansible_collections.slipway.platform.plugins.module_utils._sign import attached, cosign
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.keys import KeyFile
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import pem
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import Statement, Subject
from cryptography.hazmat.primitives.asymmetric import ec
from support.registry import FakeRegistry, serve

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
POLICY = """
environment: prod
from: stage
keys: {ci: keys/ci.pub, ada: keys/ada.pub, bob: keys/bob.pub, eve: keys/eve.pub}
gates:
  verified: {by: [ci]}
  soak: 2h
  signatures: {by: [ci]}
  approvals: {quorum: 2, from: [ada, bob, eve], valid: 24h}
rollback: {skip: [approvals]}
"""


@dataclass
class World:
    """A registry with ``stage/hello`` and ``prod/hello``, a policy, the keys that it names, and a clock that a test moves."""

    fake: FakeRegistry
    folder: Path
    now: datetime = NOON
    keys: dict[str, KeyFile] = field(default_factory=dict)
    opened: list[Registry] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "keys").mkdir()
        for name in ("ci", "ada", "bob", "eve"):
            self.keys[name] = KeyFile(name, ec.generate_private_key(ec.SECP256R1()))
            (self.folder / f"keys/{name}.pub").write_text(pem(self.keys[name].public_key))
        (self.folder / "policy.yml").write_text(POLICY)
        self.opened.append(Registry(self.fake.host, Pool(lambda: trust(None)), scheme="http", sleep=lambda _: None))

    def connect(self, host: str) -> Registry:
        assert host == self.fake.host
        return self.opened[0]

    @property
    def ledger(self) -> Path:
        return self.folder / "prod/ledger.jsonl"

    @property
    def trust(self) -> Trust:
        return Trust({name: key.public_key for name, key in self.keys.items()})

    def image(self, *tags: str, content: str = "", repository: str = "stage/hello") -> str:
        """An index with one platform, in a repository."""
        child = {"schemaVersion": 2, "mediaType": names.MANIFEST, "layers": [], "annotations": {"content": content or tags[0]}}
        body = self.fake.add_manifest(repository, child)
        size = len(self.fake.manifests[repository, body][1])
        index = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": [{"mediaType": names.MANIFEST, "digest": body, "size": size}]}
        return self.fake.add_manifest(repository, index, *tags)

    def say(self, digest: str, kind: str, by: str = "ci", repository: str = "stage/hello", **fields: Any) -> say.Result:
        wanted = say.Wanted(kind, f"{self.fake.host}/{repository}@{digest}", fields)
        return say.say([wanted], self.keys[by], self.connect, self.now)

    def soaked(self, digest: str) -> None:
        """Deployed and verified in stage two hours ago, signed by ci."""
        at, self.now = self.now, self.now - timedelta(hours=2)
        self.say(digest, "deployed", environment="stage", release="1")
        self.say(digest, "verified", environment="stage", passed=True)
        self.now = at
        cosign.sign(self.connect(self.fake.host), "stage/hello", self.connect(self.fake.host).manifest("stage/hello", digest).descriptor, self.keys["ci"])

    def request(self, version: str = "v1.4.0", source: str = "v1.4.0-rc.1", **more: Any) -> Request:
        service = Service("hello", f"{self.fake.host}/stage/hello:{source}", f"{self.fake.host}/prod/hello", (version, "latest"), more.pop("rollback", False))
        request = Request("prod", self.folder / "policy.yml", (service,), "mia", (Source("prod", self.ledger),))
        return replace(request, **more)

    def plan(self, **more: Any) -> Prepared:
        return prepare(self.request(**more), self.connect, self.now)

    def approve(self, digest: str, prepared: Prepared, *people: str) -> None:
        for person in people:
            self.say(digest, "approved", by=person, environment="prod", plan=prepared.hash, expires=moments.text(self.now + timedelta(hours=8)))

    def carry(self, prepared: Prepared) -> None:
        """What image_promote does, as far as a record can see it: manifests, referrers and tags are at the destination."""
        for (repository, digest), content in list(self.fake.manifests.items()):
            if repository == "stage/hello":
                self.fake.manifests["prod/hello", digest] = content
        for (repository, digest), blob in list(self.fake.blobs.items()):
            if repository == "stage/hello":
                self.fake.blobs["prod/hello", digest] = blob
        for change in prepared.plan["changes"]:
            self.fake.tagged |= {("prod/hello", tag): change["digest"] for tag in change["tags"]}

    def record(self, prepared: Prepared, by: str = "ci", **more: Any) -> recording.Result:
        plan.save(prepared.plan, self.folder / "plan.json")
        request = recording.Request(plan.read(self.folder / "plan.json"), self.ledger, self.trust, self.keys[by], **more)
        return recording.record(request, self.connect, self.now)

    def promote(self, digest: str, **more: Any) -> Prepared:
        """All of it, with the approvals that it needs."""
        self.soaked(digest)
        self.approve(digest, self.plan(**more), "ada", "bob")
        prepared = self.plan(**more)
        assert prepared.outcome == "allow", said(prepared)
        self.carry(prepared)
        self.record(prepared)
        return prepared


@pytest.fixture(params=[True, False], ids=["referrers by API", "referrers by tag"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with serve(FakeRegistry(referrers_api=request.param)) as fake:
        world = World(fake, tmp_path)
        with world.opened[0]:
            yield world


def said(prepared: Prepared) -> dict[str, tuple[str, str]]:
    return {one["gate"]: (one["outcome"], one["reason"]) for one in prepared.plan["verdicts"]}


def stopped(prepared: Prepared) -> set[str]:
    return {gate for gate, (outcome, _) in said(prepared).items() if outcome != "allow"}


def test_a_promotion_from_candidate_to_record(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    first = world.plan()
    assert (first.outcome, stopped(first)) == ("deny", {"upstream", "verified", "soak", "signatures", "approvals"})
    world.soaked(digest)
    second = world.plan()
    assert (second.hash, stopped(second)) == (first.hash, {"approvals"})
    world.approve(digest, second, "ada")
    assert "1 of 2 approvals (ada)" in said(world.plan())["approvals"][1]
    world.approve(digest, second, "bob")
    third = world.plan()
    assert (third.hash, third.outcome, third.next_time) == (first.hash, "allow", "")
    assert [one["by"] for one in third.plan["approvals"]] == ["ada", "bob"]
    assert third.images == (
        {"source": f"{world.fake.host}/stage/hello@{digest}", "destination": f"{world.fake.host}/prod/hello", "tags": ["v1.4.0", "latest"]},
    )
    world.carry(third)
    result = world.record(third, containers={"hello": {"web": digest}})
    assert result.changed
    verified = audit.verify(world.ledger, "prod", world.trust, world.connect)
    assert [(line["version"], line["digest"], line["signer"], line["plan"]) for line in verified.lines] == [("v1.4.0", digest, "ci", first.hash)]
    assert verified.head == result.head


def test_a_second_run_records_nothing_more(world: World) -> None:
    prepared = world.promote(world.image("v1.4.0-rc.1"))
    before = world.ledger.read_bytes()
    world.now += timedelta(hours=1)
    again = world.record(prepared)
    assert (again.changed, world.ledger.read_bytes()) == (False, before)


def test_a_record_that_was_cut_short_is_finished_with_the_same_statement(world: World) -> None:
    prepared = world.promote(world.image("v1.4.0-rc.1"))
    for store in (world.fake.manifests, world.fake.blobs):
        for key in [key for key in store if key[0] == "prod/hello"]:
            del store[key]  # type: ignore[attr-defined]
    world.fake.tagged = {key: value for key, value in world.fake.tagged.items() if key[0] != "prod/hello"}
    world.carry(prepared)
    with pytest.raises(Conflict, match="line 1 is not attached to"):
        audit.verify(world.ledger, "prod", world.trust, world.connect)
    world.now += timedelta(hours=1)
    assert world.record(prepared).changed
    assert len(audit.verify(world.ledger, "prod", world.trust, world.connect).lines) == 1


def test_a_soak_defers_and_says_when(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    world.now -= timedelta(minutes=30)
    world.approve(digest, world.plan(), "ada", "bob")
    prepared = world.plan()
    assert (prepared.outcome, stopped(prepared), prepared.next_time) == ("defer", {"soak"}, "2026-11-21T12:00:00Z")


def test_a_saved_plan_holds_or_says_what_changed(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    first = world.plan()
    plan.save(first.plan, world.folder / "plan.json")
    saved = plan.read(world.folder / "plan.json")
    world.approve(digest, first, "ada", "bob")
    assert world.plan(saved=saved).outcome == "allow"
    (world.folder / "policy.yml").write_text(POLICY.replace("2h", "1h"))
    world.fake.tagged["prod/hello", "latest"] = world.image("v1.3.0", repository="prod/hello")
    moved = world.image("v1.4.0-rc.1", content="another")
    found = world.plan(saved=saved)
    assert found.outcome == "deny"
    assert [text.partition(" ")[0] for text in found.changed_since] == ["the", "hello:", "hello:"]
    assert f"had the digest {digest} and has {moved}" in " ".join(found.changed_since)
    assert "not as it was planned: the policy was" in next(one["reason"] for one in found.plan["verdicts"] if one["gate"] == "plan")


def test_a_plan_whose_run_failed_after_the_tags_can_be_carried_out_again(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    first = world.plan()
    plan.save(first.plan, world.folder / "plan.json")
    world.approve(digest, first, "ada", "bob")
    world.carry(first)
    again = world.plan(saved=plan.read(world.folder / "plan.json"))
    assert (again.outcome, again.hash, again.changed_since) == ("allow", first.hash, ())


def test_a_killed_run_is_gone_on_with_under_the_approvals_of_its_plan(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    first = world.plan(manifests="- 1\n+ 2")
    world.approve(digest, first, "ada", "bob")
    plan.save(first.plan, world.folder / "plan.json")
    begun = plan.read(world.folder / "plan.json")
    world.carry(first)

    assert world.plan(manifests="- 1\n+ 2").outcome == "deny"  # the tags stand elsewhere now, so this is another plan, which nobody approved
    again = world.plan(manifests="- 1\n+ 2", begun=begun)
    assert (again.hash, again.outcome) == (first.hash, "allow"), said(again)
    world.record(again)
    assert world.plan(begun=begun).recorded
    assert world.plan().stands


def test_what_an_earlier_run_planned_is_not_gone_on_with_if_it_no_longer_holds(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    first = world.plan()
    world.approve(digest, first, "ada", "bob")
    plan.save(first.plan, world.folder / "plan.json")
    begun = plan.read(world.folder / "plan.json")
    assert world.plan(begun=begun).outcome == "allow"
    for other in (world.plan(begun=begun, manifests="+ 3"), world.plan(begun=begun, requester="bob"), world.plan(begun=begun, version="v1.4.1")):
        assert other.hash != first.hash
        assert other.outcome == "deny"


def test_what_stands_needs_no_gate_until_it_is_rejected(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    assert not world.plan().stands
    world.promote(digest)
    again = world.plan()
    assert (again.stands, again.outcome) == (True, "deny")  # for its approvals were for the plan before
    assert not world.plan(manifests="+ replicas: 3").stands
    world.say(digest, "rejected", "ci", reason="loses orders")
    assert not world.plan().stands


def test_a_plan_is_good_for_one_promotion(world: World) -> None:
    prepared = world.promote(world.image("v1.4.0-rc.1"))
    saved = plan.read(world.folder / "plan.json")
    assert world.plan(saved=saved).recorded
    # Somebody goes elsewhere and comes back: the old approvals are for a plan that was carried out.
    assert world.plan().hash != prepared.hash


def test_a_rollback_is_a_promotion_of_a_recorded_release(world: World) -> None:
    old = world.image("v1.4.0-rc.1")
    world.promote(old)
    world.now += timedelta(days=1)
    new = world.image("v1.5.0-rc.1")
    world.promote(new, version="v1.5.0", source="v1.5.0-rc.1")
    world.now += timedelta(days=1)
    forward = world.plan()
    assert "is older than v1.5.0, which runs" in said(forward)["versions"][1]
    back = world.plan(rollback=True)
    assert back.outcome == "allow", said(back)
    world.carry(back)
    assert world.record(back).changed
    assert [line["version"] for line in audit.verify(world.ledger, "prod", world.trust, world.connect).lines] == ["v1.4.0", "v1.5.0", "v1.4.0"]


def test_a_rollback_goes_to_no_rejected_and_no_unrecorded_digest(world: World) -> None:
    old = world.image("v1.4.0-rc.1")
    world.promote(old)
    world.now += timedelta(days=1)
    world.promote(world.image("v1.5.0-rc.1"), version="v1.5.0", source="v1.5.0-rc.1")
    world.say(old, "rejected", by="ada", repository="prod/hello", reason="loses orders")
    back = world.plan(rollback=True)
    assert (back.outcome, stopped(back)) == ("deny", {"rejected"})
    assert "by ada: loses orders" in said(back)["rejected"][1]
    world.image("v1.3.0-rc.1")
    never = world.plan(version="v1.3.0", source="v1.3.0-rc.1", rollback=True)
    assert "was never promoted to prod" in said(never)["versions"][1]


@pytest.mark.parametrize("path", ["/referrers/|sha256-", "/tags/list"])
def test_a_registry_that_does_not_answer_makes_things_unknown_not_absent(world: World, path: str) -> None:
    from support.registry import Fault

    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    world.approve(digest, world.plan(), "ada", "bob")
    assert world.plan().outcome == "allow"
    world.fake.faults.append(Fault("GET", path, 503, times=10_000))
    prepared = world.plan()
    assert prepared.outcome == "deny"
    assert any("could not be read" in reason for _, reason in said(prepared).values())


def test_a_statement_that_cannot_be_fetched_may_be_a_rejection(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    world.approve(digest, world.plan(), "ada", "bob")
    world.say(digest, "rejected", by="eve", reason="leaks")
    for key, blob in list(world.fake.blobs.items()):
        if b"dsseEnvelope" in blob and b"rejected" in _payload(blob):
            del world.fake.blobs[key]
    prepared = world.plan()
    assert {"rejected", "verified", "approvals"} <= stopped(prepared)


def test_a_tampered_ledger_stops_promotion_and_record(world: World) -> None:
    prepared = world.promote(world.image("v1.4.0-rc.1"))
    world.ledger.write_text(world.ledger.read_text().replace('"sequence":1', '"sequence":2'))
    after = world.plan()
    assert "its content was changed" in said(after)["versions"][1]
    with pytest.raises(Conflict, match=r"line 1: its content was changed.*nothing was recorded"):
        world.record(prepared)
    with pytest.raises(Conflict, match="line 1: its content was changed"):
        audit.verify(world.ledger, "prod", world.trust)


def test_lines_cut_off_at_the_end_are_missed_in_the_registry(world: World) -> None:
    world.promote(world.image("v1.4.0-rc.1"))
    world.now += timedelta(days=1)
    world.promote(world.image("v1.5.0-rc.1"), version="v1.5.0", source="v1.5.0-rc.1")
    world.ledger.write_bytes(world.ledger.read_bytes().splitlines(keepends=True)[0])
    assert len(audit.verify(world.ledger, "prod", world.trust).lines) == 1
    with pytest.raises(Conflict, match="no line holds it: lines were cut off"):
        audit.verify(world.ledger, "prod", world.trust, world.connect)


def test_what_is_said_twice_is_there_once(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    for kind, fields, again in (
        ("built", {"revision": "abc", "source": "git", "builder": "ci"}, False),
        ("deployed", {"environment": "stage", "release": "1"}, False),
        ("rejected", {"reason": "bad"}, False),
        ("approved", {"environment": "prod", "plan": digest, "expires": "2026-11-22T00:00:00Z"}, False),
        ("verified", {"environment": "stage", "passed": True}, True),
        ("tested", {"suite": "unit", "passed": True}, True),
    ):
        assert world.say(digest, kind, **fields).changed
        world.now += timedelta(minutes=1)
        assert world.say(digest, kind, **fields).changed is again, kind
    assert world.say(digest, "approved", environment="prod", plan=digest, expires="2026-11-23T00:00:00Z").changed, "for longer"
    assert world.say(digest, "approved", by="ada", environment="prod", plan=digest, expires="2026-11-22T00:00:00Z").changed, "by another"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"environment": "dev"}, "is the policy of 'prod', and the promotion is to 'dev'"),
        ({"services": ()}, "services is empty"),
        ({"sources": ()}, "environments has no ledger for prod"),
        ({"services": (Service("a", "x.io/a:v1", "x.io/a:v1", ("v1.0.0",)),)}, "write the destination as registry/repository"),
        ({"services": (Service("a", "x.io/a:v1", "x.io/a", ("latest",)),)}, "none of its tags (latest) is a version"),
        ({"services": (Service("a", "x.io/a:v1", "x.io/a", ("v1.0.0", "v1.0.1")),)}, "are 2 versions of one image"),
        ({"services": (Service("a", "hello:v1", "x.io/a", ("v1.0.0",)),)}, "is not a full image reference"),
        ({"services": (Service("a", "x.io/a:v1", "x.io/a", ("v1.0.0+1",)),)}, "'+' is written '_' in tags"),
    ],
)
def test_bad_input_is_refused_before_anything_is_read(world: World, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(problem)):
        world.plan(**change)
    assert world.fake.requests == []


def _payload(blob: bytes) -> bytes:
    import base64

    return base64.b64decode(json.loads(blob)["dsseEnvelope"]["payload"])


# --- whose word counts


def count_only(world: World, records: str = "", upstream: str = "") -> None:
    text = POLICY.replace("gates:\n", f"gates:\n  upstream: {{by: [{upstream}]}}\n") if upstream else POLICY
    (world.folder / "policy.yml").write_text(text + (f"records: {{by: [{records}]}}\n" if records else ""))


def promoted(world: World, digest: str, by: str) -> None:
    """A record as anybody can make one who has a key, without our modules."""
    nothing: dict[str, Any] = {"gates": [], "approvals": [], "before": {}, "after": {"service": "hello", "version": "v1.3.0"}}
    predicate = statements.predicate("promoted", {"environment": "prod", "plan": "sha256:" + "0" * 64, **nothing}, by, world.now)
    registry = world.connect(world.fake.host)
    subject = registry.manifest("stage/hello", digest).descriptor
    statement = Statement(statements.predicate_type("promoted"), (Subject("stage/hello", subject.digest),), predicate)
    attached.attach(registry, "stage/hello", subject, statement, world.keys[by])


def test_a_forged_record_opens_no_way_back(world: World) -> None:
    """Who may approve holds a key of the policy, too; a rollback goes past verification and soak, and so must not be had by such a key."""
    count_only(world, records="ci")
    digest = world.image("v1.3.0")
    promoted(world, digest, by="eve")
    asked = world.plan(version="v1.3.0", source="v1.3.0", rollback=True)
    assert [(one["gate"], one["code"]) for one in asked.plan["verdicts"] if one["outcome"] == "deny" and one["gate"] in ("upstream", "versions")] == [
        ("upstream", "skipped"),
        ("versions", "not_recorded"),
    ]
    assert any("eve says 'promoted', and does not count for prod" in text for text in asked.ignored)
    promoted(world, digest, by="ci")
    asked = world.plan(version="v1.3.0", source="v1.3.0", rollback=True)
    assert not [one for one in asked.plan["verdicts"] if one["outcome"] == "deny" and one["gate"] in ("upstream", "versions")]


def test_only_those_of_upstream_say_what_runs_there(world: World) -> None:
    count_only(world, upstream="ci")
    digest = world.image("v1.4.0-rc.1")
    world.say(digest, "deployed", by="eve", environment="stage", release="1")
    found = {one["gate"]: one["code"] for one in world.plan().plan["verdicts"]}
    assert found["upstream"] == "skipped"
    world.say(digest, "deployed", by="ci", environment="stage", release="1")
    found = {one["gate"]: one["code"] for one in world.plan().plan["verdicts"]}
    assert found["upstream"] == "ok"


def test_a_ledger_holds_lines_of_those_who_may_write_them(world: World) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    prepared = world.plan()
    world.carry(prepared)
    assert world.record(prepared, by="eve").changed
    count_only(world, records="ci")
    again = world.plan(version="v1.5.0")
    assert again.outcome == "deny"
    assert any("none of the trusted ones (ci)" in one["reason"] for one in again.plan["verdicts"])


@pytest.mark.parametrize(("by", "says"), [("eve", "those that count are by ci"), ("ci", "another key has that name")])
def test_whose_record_would_not_count_writes_none(world: World, by: str, says: str) -> None:
    digest = world.image("v1.4.0-rc.1")
    world.soaked(digest)
    prepared = world.plan()
    plan.save(prepared.plan, world.folder / "plan.json")
    signer = world.keys["eve"] if by == "eve" else KeyFile("ci", ec.generate_private_key(ec.SECP256R1()))
    request = recording.Request(plan.read(world.folder / "plan.json"), world.ledger, world.trust.only({"ci"}), signer)
    with pytest.raises(InvalidInput, match=says) as caught:
        recording.record(request, world.connect, world.now)
    assert "can write no records of prod" in caught.value.message
    assert not world.ledger.exists()


@pytest.mark.parametrize("by", ["eve", "mallory"])
def test_whose_record_would_not_count_is_refused_before_anything_is_carried(world: World, by: str) -> None:
    world.soaked(world.image("v1.4.0-rc.1"))
    (world.folder / "policy.yml").write_text(POLICY + "records: {by: [ci]}\n")
    signer = world.keys["eve"] if by == "eve" else KeyFile("ci", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(InvalidInput, match="can write no records of prod"):
        world.plan(signer=signer)
    assert world.plan(signer=world.keys["ci"]).hash == world.plan().hash
