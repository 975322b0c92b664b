# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of conversations in one thread: each is resumed when its connection is ready, or told that its deadline is over.

A bound of how many run at the same time would make the living wait for the dead: with 64 places and 5 % of the hosts silent for 5 seconds
each, no more than 256 a second could be done. So a conversation that is older than ``PATIENCE`` gives its place to another, and is waited for
beside it. What is left bounds only the number of open files.
"""

from __future__ import annotations

import heapq
import selectors
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps, T, Wire

PATIENCE = 0.25  # seconds
_BESIDE = 16  # conversations that are waited for, for each one that has a place
_LONGEST = 60.0  # seconds to sleep when there is nothing to wait for but a signal


class _Task(Generic[T]):
    __slots__ = ("began", "deadline", "done", "fd", "mask", "placed", "steps", "wire")

    def __init__(self, steps: Steps[T], began: float) -> None:
        self.steps = steps
        self.began = began
        self.deadline = 0.0
        self.done = False
        self.placed = True
        self.wire: Wire | None = None
        self.fd = -1
        self.mask = 0


class Loop(Generic[T]):
    """``places``: conversations at the same time; ``files``: how many connections may be open at most."""

    def __init__(self, clock: Callable[[], float], places: int, files: int) -> None:
        self._clock = clock
        self._places = min(places, files)
        self._most = min(places * (1 + _BESIDE), files)
        self._selector = selectors.DefaultSelector()
        self._open = 0
        self._placed = 0
        self._young: deque[_Task[T]] = deque()
        self._deadlines: list[tuple[float, int, _Task[T]]] = []
        self._count = 0
        self._results: list[T] = []

    def __enter__(self) -> Loop[T]:
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data is not None:
                key.data.steps.close()
        self._selector.close()

    def __bool__(self) -> bool:
        """Whether something is under way."""
        return self._open > 0

    def wake_by(self, fd: int) -> None:
        """``turn`` ends when this can be read, too."""
        self._selector.register(fd, selectors.EVENT_READ, None)

    def sleep_through(self, fd: int) -> None:
        """``turn`` does not end by this any more."""
        self._selector.unregister(fd)

    def room(self) -> bool:
        """Whether another one may begin."""
        grown = self._clock() - PATIENCE
        while self._young and (self._young[0].done or self._young[0].began <= grown):
            task = self._young.popleft()
            if not task.done:
                task.placed = False
                self._placed -= 1
        return self._placed < self._places and self._open < self._most

    def start(self, steps: Steps[T]) -> None:
        """Begin a conversation. What it returns comes from ``turn``; it must not raise."""
        task = _Task(steps, self._clock())
        self._open += 1
        self._placed += 1
        self._young.append(task)
        self._resume(task)

    def turn(self, until: float | None = None) -> list[T]:
        """Wait for whatever comes next, at most until then, and return what ended."""
        if not self._results:
            for key, _ in self._selector.select(self._pause(until)):
                if key.data is not None:
                    self._resume(key.data)
            self._expire()
        found, self._results = self._results, []
        return found

    def _pause(self, until: float | None) -> float:
        moments = [until] if until is not None else []
        if self._deadlines:
            moments.append(self._deadlines[0][0])
        if self._young and self._placed >= self._places:
            moments.append(self._young[0].began + PATIENCE)
        return max(min(moments) - self._clock(), 0.0) if moments else _LONGEST

    def _expire(self) -> None:
        now = self._clock()
        while self._deadlines and self._deadlines[0][0] <= now:
            deadline, _, task = heapq.heappop(self._deadlines)
            if not task.done and task.deadline == deadline:
                self._resume(task, TimeoutError())

    def _resume(self, task: _Task[T], error: Exception | None = None) -> None:
        try:
            wire = task.steps.throw(error) if error else next(task.steps)
        except StopIteration as end:
            self._watch(task, None)
            task.done = True
            self._open -= 1
            self._placed -= task.placed
            self._results.append(end.value)
            return
        self._watch(task, wire)
        if wire.deadline != task.deadline:
            task.deadline = wire.deadline
            self._count += 1
            heapq.heappush(self._deadlines, (wire.deadline, self._count, task))

    def _watch(self, task: _Task[T], wire: Wire | None) -> None:
        if wire is task.wire and wire is not None and wire.fileno == task.fd:
            if wire.mask != task.mask:
                task.mask = wire.mask
                self._selector.modify(task.fd, wire.mask, task)
            return
        if task.fd >= 0:
            # It is closed by now, and its number may have been given to the new one; nobody else has run in between.
            self._selector.unregister(task.fd)
        task.wire, task.fd = wire, -1
        if wire is not None:
            task.fd, task.mask = wire.fileno, wire.mask
            self._selector.register(task.fd, task.mask, task)


def drain(loop: Loop[T]) -> Iterator[T]:
    """Everything that is under way, as it ends."""
    while loop:
        yield from loop.turn()
