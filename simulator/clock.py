# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time that backends have: what AWS needs minutes for is done when this clock says so, not when minutes have passed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """``now()``: aware, in UTC."""

    def now(self) -> datetime: ...


class ManualClock:
    """Stands still until it is moved; give ``sleep`` to whatever waits, and waiting moves it. ``slept``: the seconds of each sleep."""

    def __init__(self, start: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)) -> None:
        self._now = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        """Seconds, as time.monotonic counts them."""
        return self._now.timestamp()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


class ScaledClock:
    """Real time from ``start`` on, ``factor`` times as fast: for a simulator in a process of its own."""

    def __init__(self, factor: float = 1.0, start: datetime | None = None) -> None:
        self.factor = factor
        self._start = start or datetime.now(UTC)
        self._begun = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._begun) * self.factor)
