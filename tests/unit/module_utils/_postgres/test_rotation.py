# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation: the table of facts and steps, and a small world in which a rotation is killed at every point."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._postgres.rotation import (
    Consumer,
    Facts,
    Patience,
    Step,
    explain,
    next_step,
)

OLD, NEW = Consumer("p", old=1), Consumer("p", new=1)
BOTH, IDLE = Consumer("p", new=1, old=1), Consumer("p")
RESTARTED, BARE = Consumer("p", restarted=True), Consumer("p", old=1, restartable=False)
EARLY, LATE, TOO_LATE = Patience(), Patience(reread_over=True), Patience(reread_over=True, restart_over=True)


def facts(*consumers: Consumer, old_sessions: int | None = None, settled: bool = True, **changes: bool) -> Facts:
    sessions = sum(consumer.old for consumer in consumers) if old_sessions is None else old_sessions
    values = {"new_works": True, "old_can_login": True, "delivered": True} | changes
    return Facts(new="b", old="a", consumers=consumers, old_sessions=sessions, settled=settled, **values)


@pytest.mark.parametrize(
    ("here", "begin", "patience", "expected"),
    [
        pytest.param(facts(NEW, old_can_login=False), True, EARLY, Step.SWITCH, id="at rest, asked to begin"),
        pytest.param(facts(NEW, old_can_login=False), False, EARLY, Step.DONE, id="at rest, not asked"),
        pytest.param(facts(OLD, new_works=False, delivered=False), False, EARLY, Step.ENABLE, id="the store is ahead of the server"),
        pytest.param(facts(OLD, new_works=False, delivered=False), True, LATE, Step.ENABLE, id="which comes before all else"),
        pytest.param(facts(OLD, delivered=False), False, EARLY, Step.DELIVER, id="a copy is old"),
        pytest.param(facts(NEW, old_can_login=False, delivered=False), True, EARLY, Step.DELIVER, id="a copy is old, although the old login is gone"),
        pytest.param(facts(OLD), False, EARLY, Step.WAIT, id="the pod has not moved"),
        pytest.param(facts(BOTH), False, EARLY, Step.WAIT, id="the pod has moved in part"),
        pytest.param(facts(IDLE), False, EARLY, Step.WAIT, id="the pod has no connection: what it will use is unknown"),
        pytest.param(facts(NEW, IDLE), False, EARLY, Step.WAIT, id="one of two is unknown"),
        pytest.param(facts(NEW), False, EARLY, Step.RETIRE, id="moved"),
        pytest.param(facts(NEW, settled=False), False, EARLY, Step.WAIT, id="moved, but a rollout is under way"),
        pytest.param(facts(NEW, old_sessions=1), False, EARLY, Step.WAIT, id="someone else uses the old login"),
        pytest.param(facts(OLD), False, LATE, Step.RESTART, id="not moved in time"),
        pytest.param(facts(IDLE), False, LATE, Step.RESTART, id="unknown for too long"),
        pytest.param(facts(OLD, settled=False), False, LATE, Step.WAIT, id="a rollout is waited for before another one"),
        pytest.param(facts(RESTARTED), False, LATE, Step.RETIRE, id="restarted pods have read the new files, connected or not"),
        pytest.param(facts(RESTARTED, BARE), False, LATE, Step.WAIT, id="a pod that nothing would replace"),
        pytest.param(facts(RESTARTED, BARE), False, TOO_LATE, Step.STUCK, id="which never moves"),
        pytest.param(facts(RESTARTED, old_sessions=1), False, TOO_LATE, Step.RETIRE, id="a stranger is cut off in the end"),
        pytest.param(facts(IDLE, settled=False), False, TOO_LATE, Step.STUCK, id="a rollout that does not end"),
        pytest.param(facts(), False, EARLY, Step.RETIRE, id="no pods"),
        pytest.param(facts(old_sessions=1), False, EARLY, Step.WAIT, id="no pods, but a stranger"),
        pytest.param(facts(old_sessions=1), False, LATE, Step.RETIRE, id="who is cut off"),
    ],
)
def test_the_next_step(here: Facts, begin: bool, patience: Patience, expected: Step) -> None:
    assert next_step(here, begin, patience) is expected


@dataclass
class World:
    """A store, a server, copies and pods, in the smallest form that can go wrong. Logins are a and b; passwords are numbers."""

    rereads: bool = True
    store: tuple[str, int] = ("a", 0)
    server: dict[str, tuple[bool, int | None]] = field(default_factory=lambda: {"a": (True, 0), "b": (False, None)})
    copy: tuple[str, int] = ("a", 0)
    pods: dict[str, tuple[str, int]] = field(default_factory=lambda: {"p1": ("a", 0), "p2": ("a", 0)})
    restarted: set[str] = field(default_factory=set)
    switches: int = 0

    def facts(self) -> Facts:
        new, password = self.store
        old = "b" if new == "a" else "a"
        return Facts(
            new=new,
            old=old,
            new_works=self.server[new] == (True, password),
            old_can_login=self.server[old][0],
            delivered=self.copy == self.store,
            consumers=tuple(
                Consumer(pod, new=int(user == new), old=int(user == old), restarted=pod in self.restarted) for pod, (user, _) in sorted(self.pods.items())
            ),
            old_sessions=sum(user == old for user, _ in self.pods.values()),
        )

    def take(self, step: Step) -> None:
        new, password = self.store
        if step is Step.SWITCH:
            self.switches += 1
            self.store = ("b" if new == "a" else "a", self.switches)
            self.restarted.clear()
        elif step is Step.ENABLE:
            self.server[new] = (True, password)
        elif step is Step.DELIVER:
            self.copy = self.store
        elif step is Step.WAIT and self.rereads:
            late = next((pod for pod, used in sorted(self.pods.items()) if used != self.copy), None)
            if late:
                self.pods[late] = self.copy
        elif step is Step.RESTART:
            self.pods = dict.fromkeys(self.pods, self.copy)
            self.restarted |= set(self.pods)
        elif step is Step.RETIRE:
            self.server["b" if new == "a" else "a"] = (False, None)

    def check(self) -> None:
        """No request can fail: every credential that a pod uses, or may read next, opens the server."""
        for user, password in [*self.pods.values(), self.copy]:
            assert self.server[user] == (True, password), f"{user} cannot log in"


def run(world: World, steps_before_the_kill: int | None = None) -> list[Step]:
    begin = not world.facts().unfinished
    taken: list[Step] = []
    while steps_before_the_kill is None or len(taken) < steps_before_the_kill:
        step = next_step(world.facts(), begin, Patience(reread_over=taken.count(Step.WAIT) > 3))
        if step is Step.DONE:
            break
        assert step is not Step.STUCK
        begin = begin and step is not Step.SWITCH
        world.take(step)
        world.check()
        taken.append(step)
        assert len(taken) < 50
    return taken


@pytest.mark.parametrize("rereads", [True, False], ids=["pods read again", "pods must be restarted"])
def test_a_rotation(rereads: bool) -> None:
    world = World(rereads)
    steps = run(world)
    assert [step for step in steps if step is not Step.WAIT] == [
        Step.SWITCH, Step.ENABLE, Step.DELIVER, *([] if rereads else [Step.RESTART]), Step.RETIRE
    ]  # fmt: skip
    assert world.store == ("b", 1)
    assert world.server == {"a": (False, None), "b": (True, 1)}


@pytest.mark.parametrize("rereads", [True, False], ids=["pods read again", "pods must be restarted"])
@pytest.mark.parametrize("kill", range(10))
def test_a_rotation_killed_anywhere_is_finished_and_not_repeated(kill: int, rereads: bool) -> None:
    world = World(rereads)
    before = run(world, kill)
    after = run(world)
    finished_before = Step.RETIRE in before
    assert world.switches == (2 if finished_before else 1)
    assert not world.facts().unfinished
    assert Step.SWITCH not in before or finished_before or Step.SWITCH not in after


def test_rotations_take_turns() -> None:
    world = World()
    for expected in ("b", "a", "b"):
        run(world)
        assert world.store[0] == expected
        assert sum(can_login for can_login, _ in world.server.values()) == 1


def test_what_is_waited_for_in_words() -> None:
    assert explain(facts(NEW, BOTH, old_sessions=3, settled=False)) == "1 of 2 pods use b, 3 connections as a, a rollout is under way"
