# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._records import plan as plans
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Change, Plan, Saved, State

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
HELLO = Change("hello", "stage.example.com/hello:v1.4.0-rc.2", A, "prod.example.com/hello", "v1.4.0", {"v1.4.0": "", "v1.4": B})
PLAN = Plan("prod", "stage", "ada", C, (HELLO,), State("f00", 7, {"hello": B}), "- 1\n+ 2")


def with_hello(**changes: Any) -> Plan:
    return replace(PLAN, changes=(replace(HELLO, **changes),))


CHANGED = {
    "environment": (replace(PLAN, environment="dev"), "the environment was prod and is dev"),
    "upstream": (replace(PLAN, upstream=""), "comes from was stage and is none"),
    "requester": (replace(PLAN, requester="bob"), "the requester was ada and is bob"),
    "policy": (replace(PLAN, policy=A), f"the policy was {C} and is {A}"),
    "manifests": (replace(PLAN, manifests=""), "the manifests, or what they are compared with"),
    "digest": (with_hello(digest=B), f"hello: stage.example.com/hello:v1.4.0-rc.2 had the digest {A} and has {B}"),
    "source": (with_hello(source="x.example.com/hello:v1"), "hello: the source was"),
    "destination": (with_hello(destination="x.example.com/hello"), "hello: the destination was"),
    "version": (with_hello(version="v1.4.1"), "hello: the version was v1.4.0 and is v1.4.1"),
    "rollback": (with_hello(rollback=True), "hello: the rollback was False and is True"),
    "a tag that came": (with_hello(tags={"v1.4.0": B, "v1.4": B}), f"the tag v1.4.0 at prod.example.com/hello did not exist, and now it pointed at {B}"),
    "a tag that moved": (with_hello(tags={"v1.4.0": "", "v1.4": C}), f"the tag v1.4 at prod.example.com/hello pointed at {B}, and now it pointed at {C}"),
    "a tag that went": (with_hello(tags={"v1.4.0": ""}), "the tag v1.4 at"),
    "another service": (replace(PLAN, changes=(HELLO, replace(HELLO, service="herald"))), "herald was not planned"),
    "a service less": (replace(PLAN, changes=()), "hello is not asked for any more"),
    "ledger": (replace(PLAN, state=replace(PLAN.state, ledger="")), "something was promoted since"),
    "revision": (replace(PLAN, state=replace(PLAN.state, revision=8)), "the cluster served revision 7 and serves 8"),
    "running": (replace(PLAN, state=replace(PLAN.state, running={})), f"hello was wanted at {B} in the cluster and is at nothing"),
}


@pytest.mark.parametrize(("now", "said"), CHANGED.values(), ids=CHANGED)
def test_what_changed_is_another_plan_and_is_said(now: Plan, said: str) -> None:
    assert now.hash != PLAN.hash
    found = plans.verify(PLAN, now)
    assert len(found) == 1
    assert said in found[0]


def test_every_part_of_a_plan_is_tried_above() -> None:
    parts = {f.name for kind in (Plan, Change, State) for f in fields(kind)} - {"changes", "state", "service", "tags"}
    assert parts <= set(CHANGED)


def test_nothing_changed() -> None:
    assert plans.verify(PLAN, with_hello()) == []


def test_a_tag_that_a_run_has_set_already_is_no_change() -> None:
    now = with_hello(tags={"v1.4.0": A, "v1.4": B})
    assert now.hash != PLAN.hash
    assert plans.verify(PLAN, now) == []
    assert plans.verify(PLAN, with_hello(digest=B, tags={"v1.4.0": A, "v1.4": B})) != []


RELEASED = replace(with_hello(tags={"v1.4.0": A, "v1.4": A}), manifests="", state=State("f00", 8, {"hello": A}))


def test_what_a_run_has_released_already_is_no_change() -> None:
    assert plans.verify(PLAN, RELEASED) == []
    assert plans.verify(PLAN, replace(RELEASED, state=replace(RELEASED.state, revision=10))) == []


@pytest.mark.parametrize(
    "now",
    [
        replace(RELEASED, manifests="- 1\n+ 3"),
        replace(RELEASED, state=replace(RELEASED.state, running={"hello": C})),
        replace(RELEASED, state=replace(RELEASED.state, revision=7)),
        replace(RELEASED, state=replace(RELEASED.state, ledger="f01")),
        replace(RELEASED, policy=A),
    ],
    ids=["something is left to change", "another digest", "no later revision", "something else was recorded", "another policy"],
)
def test_what_is_not_the_release_that_was_planned_is_a_change(now: Plan) -> None:
    assert plans.verify(PLAN, now) != []


def test_the_order_of_services_and_tags_is_no_difference_in_tags() -> None:
    assert with_hello(tags={"v1.4": B, "v1.4.0": ""}).hash == PLAN.hash


def test_times_verdicts_and_effects_are_not_hashed(tmp_path: Path) -> None:
    for number, (created, outcome) in enumerate((("2026-11-21T12:00:00Z", "defer"), ("2027-11-21T12:00:00Z", "allow"))):
        plans.save(plans.document(Saved(PLAN, created, outcome, [{"gate": "soak", "outcome": outcome}], [], [{"blobs": number}])), tmp_path / "plan.json")
        saved = plans.read(tmp_path / "plan.json")
        assert (saved.plan, saved.plan.hash, saved.outcome, saved.created[:4]) == (PLAN, PLAN.hash, outcome, created[:4])


@pytest.mark.parametrize("key", sorted(PLAN.content))
def test_a_plan_that_was_edited_is_refused(tmp_path: Path, key: str) -> None:
    value = plans.document(Saved(PLAN, "2026-11-21T12:00:00Z", "allow", []))
    others = {"format": 2, "changes": [{**asdict(HELLO), "digest": B}], "state": {**asdict(PLAN.state), "revision": 8}}
    (tmp_path / "plan.json").write_text(json.dumps({**value, key: others.get(key, "other")}))
    with pytest.raises(InvalidInput, match=r"was changed after it was saved|format 2"):
        plans.read(tmp_path / "plan.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is not JSON"),
        ("[]", "not a plan"),
        ("{}", "not a plan: KeyError"),
        ('{"format": 1}', "not a plan"),
        ('{"format": 1, "changes": 3}', "not a plan"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(InvalidInput, match=said):
        plans.read(tmp_path / "plan.json")


def test_a_plan_that_is_not_there() -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.json cannot be read: No such file"):
        plans.read(Path("nowhere.json"))
    with pytest.raises(InvalidInput, match="the folder nowhere does not exist"):
        plans.save({}, Path("nowhere/plan.json"))
