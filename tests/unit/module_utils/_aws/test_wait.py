# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, with a clock that only sleep moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws, Clock
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import HEARTBEAT, Seen, eventually, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, NotFound, NotReady, SlipwayError


class Moving:
    def __init__(self) -> None:
        self.time, self.lines = 0.0, list[str]()

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.time += seconds

    def aws(self) -> Aws:
        clock = Clock(lambda: self.time, self.sleep, lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time))
        return Aws(Access("eu-central-1"), self.lines.append, clock)


def test_done_at_once_says_nothing() -> None:
    moving = Moving()
    assert until_done(moving.aws(), "cluster prod", lambda: Seen(7, "ACTIVE", done=True), 60) == 7
    assert (moving.time, moving.lines) == (0.0, [])


def test_a_line_for_each_state_and_now_and_then_for_one_that_lasts() -> None:
    moving = Moving()
    states: Iterator[str] = iter(["CREATING"] * 10 + ["UPDATING", "ACTIVE"])

    def look() -> Seen[None]:
        state = next(states)
        return Seen(None, state, done=state == "ACTIVE")

    until_done(moving.aws(), "cluster prod", look, 900)
    assert moving.lines[0] == "cluster prod: CREATING, 0 s"
    assert sum("UPDATING" in line for line in moving.lines) == 1
    seconds = [float(line.split(", ")[1].split()[0]) for line in moving.lines if "CREATING" in line]
    assert len(seconds) > 2
    assert all(later - sooner >= HEARTBEAT - 1 for sooner, later in pairwise(seconds))


def test_a_failure_ends_it_with_the_cause() -> None:
    moving = Moving()
    with pytest.raises(NotReady, match=r"cluster prod in eu-central-1: FAILED: SubnetNotFound: the subnet is gone"):
        until_done(moving.aws(), "cluster prod", lambda: Seen(None, "FAILED", failure="SubnetNotFound: the subnet is gone"), 900)
    assert moving.time == 0.0


def test_the_deadline_is_kept_to_and_the_last_state_told() -> None:
    moving = Moving()
    with pytest.raises(NotReady, match=r"still CREATING after 100 s"):
        until_done(moving.aws(), "cluster prod", lambda: Seen(None, "CREATING"), 100)
    assert moving.time == pytest.approx(100)


def test_what_spreads_is_tried_again_and_what_is_refused_is_not() -> None:
    moving, answers = Moving(), iter([NotFound("no role"), NotFound("no role"), None])

    def work() -> str:
        answer = next(answers)
        if answer:
            raise answer
        return "made"

    def spreads(error: SlipwayError) -> bool:
        return isinstance(error, NotFound)

    assert eventually(moving.aws(), work, spreads, 30) == "made"
    assert moving.time > 0

    def refused() -> str:
        raise Denied("no")

    with pytest.raises(Denied):
        eventually(moving.aws(), refused, spreads, 30)

    def never() -> str:
        raise NotFound("no role")

    began = moving.time
    with pytest.raises(NotFound):
        eventually(moving.aws(), never, spreads, 30)
    assert moving.time - began <= 30
