# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cron expressions: minute, hour, day of the month, month, day of the week. Source: POSIX crontab, with names, steps and 7 for Sunday.

As in every cron, a day counts if the day of the month *or* the day of the week fits, when neither field begins with ``*``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import nearest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_MONTHS = {name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Cron:
    """A parsed expression: the values of each field; ``either``: a day of the month or one of the week is enough."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The local times, naive and in order, from ``first`` to ``last``."""
        day = first.date()
        while day <= last.date():
            if self._fits(day.month, day.day, day.isoweekday() % 7):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        if first <= (start := datetime.combine(day, time(hour, minute))) <= last:
                            yield start
            day += timedelta(days=1)

    def _fits(self, month: int, day: int, weekday: int) -> bool:
        in_month, in_week = day in self.days, weekday in self.weekdays
        return month in self.months and ((in_month or in_week) if self.either else (in_month and in_week))


def parse(text: str) -> Cron:
    """The expression that ``text`` is; ``InvalidInput`` says which field is wrong."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise InvalidInput(f"`{text}` has {len(fields)} fields; a cron expression has five: minute, hour, day of the month, month, day of the week")
    minutes, hours, days, months, weekdays = (_values(field, *rule) for field, rule in zip(fields, _FIELDS, strict=True))
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    if not either and not any(day <= _LONGEST[month - 1] for day in days for month in months):
        raise InvalidInput(f"`{text}` never comes: no month of it has such a day")
    return Cron(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)


def _values(field: str, name: str, low: int, high: int, words: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        spread, slash, step_text = part.partition("/")
        step = _number(step_text, f"step of the {name}", 1, high, {}) if slash else 1
        begin, dash, end = spread.partition("-")
        if spread == "*":
            first, last = low, high
        else:
            first = _number(begin, name, low, high, words)
            last = _number(end, name, low, high, words) if dash else high if slash else first
        if first > last:
            raise InvalidInput(f"the {name} `{part}` runs backwards; write {begin}-{high},{low}-{end}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, name: str, low: int, high: int, words: Mapping[str, int]) -> int:
    if text.lower() in words:
        return words[text.lower()]
    if text.isascii() and text.isdigit() and len(text) <= 3 and low <= int(text) <= high:
        return int(text)
    near = text[:3].lower() if text[:3].lower() in words else nearest(text, words)
    raise InvalidInput(f"the {name} `{text}` is not one of {low} to {high}" + (f"; did you mean `{near}`?" if near else ""))
