# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what AWS does by itself: a live line, a deadline, and the cause when it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady, SlipwayError

T = TypeVar("T")
HEARTBEAT = 15.0  # seconds after which a line is shown again though nothing changed
_FIRST, _LONGEST = 1.0, 15.0  # seconds between two looks


@dataclass(frozen=True)
class Seen(Generic[T]):
    """One look. ``line``: its state as a person reads it ("CREATING"); ``failure``: why it will never be done, in AWS's words."""

    value: T
    line: str
    done: bool = False
    failure: str = ""


def until_done(aws: Aws, what: str, look: Callable[[], Seen[T]], timeout: float) -> T:
    """The value of the look that says done. ``what``: "cluster prod"; ``timeout``: seconds.

    Raises ``NotReady`` with the cause if one says failure, or the time is over: then with what was seen last.
    """
    clock = aws.clock
    began, spoken, shown, pause = clock.monotonic(), clock.monotonic(), "", _FIRST
    while True:
        seen = look()
        if seen.done:
            return seen.value
        waited = clock.monotonic() - began
        if seen.failure:
            raise NotReady(f"{what} in {aws.region}: {seen.line}: {seen.failure}", state=seen.line)
        if waited >= timeout:
            raise NotReady(
                f"{what} in {aws.region} is still {seen.line} after {waited:.0f} s; it goes on there, so look again later, or raise the timeout",
                state=seen.line,
            )
        if seen.line != shown or clock.monotonic() - spoken >= HEARTBEAT:
            shown, spoken = seen.line, clock.monotonic()
            aws.progress(f"{what}: {seen.line}, {waited:.0f} s")
        clock.sleep(min(pause, max(timeout - waited, 0.0)))
        pause = min(pause * 1.5, _LONGEST)


def eventually(aws: Aws, work: Callable[[], T], not_yet: Callable[[SlipwayError], bool], timeout: float) -> T:
    """What ``work`` returns, tried again while its error says that AWS has not spread yet what was made just before (a role, a key)."""
    ends, pause = aws.clock.monotonic() + timeout, _FIRST
    while True:
        try:
            return work()
        except SlipwayError as error:
            if not not_yet(error) or aws.clock.monotonic() + pause > ends:
                raise
        aws.clock.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)
