# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever looks again and again, and what is said when a look does not succeed."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Unreachable

from simulator.world import threads


class Looks:
    """Raises one error after the other, and then waits to be seen."""

    def __init__(self, *errors: Exception) -> None:
        self._errors, self.done = list(errors), threading.Event()

    def __call__(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.done.set()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_LOOK_SECONDS", 0.001)


def test_a_cluster_that_does_not_answer_is_asked_again() -> None:
    told: list[str] = []
    look = Looks(Unreachable("no answer"), Unreachable("no answer yet"))
    with threads.looking(look, "looks", told.append):
        assert look.done.wait(10)
    assert told == ["no answer", "no answer yet"]


def test_nobody_stops_looking_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trace goes where Python writes it; whoever started the run hears of it, too."""
    ended, told = threading.Event(), list[str]()
    monkeypatch.setattr(threading, "excepthook", lambda _: ended.set())
    with threads.looking(Looks(KeyError("spec")), "looks", told.append):
        assert ended.wait(10)
    assert told == ["KeyError, and it is not looked at again: the log of the simulated AWS says where"]
