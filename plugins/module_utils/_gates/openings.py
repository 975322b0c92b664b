# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows: stretches of time that come again, and the search for the next moment that lies in them.

A window by weekday or date follows the clock on the wall; one by cron or rule begins at a local time and lasts as long as it says.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.slipway.platform.plugins.module_utils._gates.cron import Cron
from ansible_collections.slipway.platform.plugins.module_utils._gates.recurrence import Recurrence
from ansible_collections.slipway.platform.plugins.module_utils._gates.zones import Period, shown, to_utc

DAY = timedelta(days=1)
# How far ahead an opening is looked for: in time, and in periods of one window.
HORIZON = timedelta(days=3653)
MAX_PERIODS = 20_000


@dataclass(frozen=True)
class Weekly:
    """Days of the week (Monday is 0) and minutes of the day, 0 to 1440; ``end`` up to ``start`` is on the day after."""

    days: frozenset[int]
    start: int
    end: int

    def periods(self, after: datetime, where: ZoneInfo) -> Iterator[Period]:
        length = self.end - self.start + (1440 if self.end <= self.start else 0)
        day = after.astimezone(where).date() - 3 * DAY
        while day <= (after + HORIZON).date():
            if day.weekday() in self.days:
                first = datetime.combine(day, time()) + timedelta(minutes=self.start)
                yield from shown(first, first + timedelta(minutes=length), where)
            day += DAY


@dataclass(frozen=True)
class Dates:
    """Whole days, the last one included."""

    first: date
    last: date

    def periods(self, after: datetime, where: ZoneInfo) -> Iterator[Period]:
        if self.last + 3 * DAY >= after.date():
            yield from shown(datetime.combine(self.first, time()), datetime.combine(self.last, time()) + DAY, where)


@dataclass(frozen=True)
class Starts:
    """Begins at each local time of a cron expression or a rule and lasts for ``duration``."""

    rule: Cron | Recurrence
    duration: timedelta

    def periods(self, after: datetime, where: ZoneInfo) -> Iterator[Period]:
        local = after.astimezone(where).replace(tzinfo=None)
        for start in self.rule.starts(local - self.duration - DAY, local + HORIZON):
            moment = to_utc(start, where)
            yield Period(moment, moment + self.duration)


@dataclass(frozen=True)
class Window:
    """``text``: what people read, its name or what it says."""

    text: str
    zone: ZoneInfo
    times: Weekly | Dates | Starts

    def periods(self, after: datetime) -> Iterator[Period]:
        """Those that end after a moment, by their beginning (UTC)."""
        return (period for period in _ordered(self.times.periods(after, self.zone)) if period.end > after)


def _ordered(periods: Iterable[Period]) -> Iterator[Period]:
    """Where clocks change, what begins later on the wall may begin earlier in truth, by less than two days."""
    waiting: list[Period] = []
    for period in periods:
        heapq.heappush(waiting, period)
        while waiting[0].start < period.start - 2 * DAY:
            yield heapq.heappop(waiting)
    yield from (heapq.heappop(waiting) for _ in range(len(waiting)))


class _TooMany(Exception):
    """A window has more periods than are looked through. What lies beyond is not known to be open."""


class _Cursor:
    """Follows one window through a time that only grows."""

    def __init__(self, window: Window, after: datetime) -> None:
        self.window = window
        self._periods = window.periods(after)
        self._next = next(self._periods, None)
        self._current: list[Period] = []
        self._left = MAX_PERIODS

    def move(self, moment: datetime) -> Period | None:
        """The period around a moment; of several that which ends last."""
        while self._next is not None and self._next.start <= moment:
            self._left -= 1
            if not self._left:
                raise _TooMany
            self._current.append(self._next)
            self._next = next(self._periods, None)
        self._current = [period for period in self._current if period.end > moment]
        return max(self._current, key=lambda period: period.end, default=None)

    @property
    def begins(self) -> datetime | None:
        return self._next.start if self._next is not None else None


@dataclass(frozen=True)
class Look:
    """How it stands at a moment: the window that allows or denies (None: no window allows). If it is closed, ``opens`` is when it opens;
    None if no opening was found up to ``searched``."""

    open: bool
    window: Window | None
    opens: datetime | None = None
    searched: datetime | None = None


def look(allow: Sequence[Window], deny: Sequence[Window], now: datetime) -> Look:
    """Open if no window denies and, where there are windows that allow, one of them does."""
    now = now.astimezone(UTC)
    allowing, denying = [_Cursor(window, now) for window in allow], [_Cursor(window, now) for window in deny]
    moment: datetime | None = now
    last, first = now, None
    while moment is not None and moment <= now + HORIZON:
        last = moment
        try:
            found, moment = _step(allowing, denying, moment)
        except _TooMany:
            return Look(False, first.window if first else None, None, last)
        if found.open:
            return Look(False, first.window, last) if first else found
        first = first or found
    return Look(False, first.window if first else None, None, now + HORIZON)


def _step(allowing: list[_Cursor], denying: list[_Cursor], moment: datetime) -> tuple[Look, datetime | None]:
    """How it stands at a moment and, if it is closed, the next moment at which it might not be."""
    frozen = [(period.end, cursor) for cursor in denying if (period := cursor.move(moment)) is not None]
    if frozen:
        end, cursor = max(frozen, key=lambda entry: entry[0])
        return Look(False, cursor.window), end
    around = [cursor for cursor in allowing if cursor.move(moment) is not None]
    if around or not allowing:
        return Look(True, around[0].window if around else None), None
    begins = [cursor.begins for cursor in allowing if cursor.begins is not None]
    return Look(False, None), min(begins, default=None)


def minutes(text: str) -> int:
    """Minutes of a day of ``HH:MM``, 00:00 to 24:00; ``ValueError`` else."""
    hours, _, rest = text.partition(":")
    total = int(hours) * 60 + int(rest)
    if not 0 <= total <= 1440 or int(rest) > 59:
        raise ValueError(text)
    return total
