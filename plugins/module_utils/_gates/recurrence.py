# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recurrence rules: the part of RFC 5545, 3.3.10 that whole days need, computed by dateutil.

FREQ (DAILY to YEARLY), INTERVAL, BYDAY, BYMONTH, BYMONTHDAY, BYSETPOS, COUNT, UNTIL and WKST; the time of day is that of the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
# Smallest and largest absolute value, and whether it may count from the end.
_NUMBERS = {"INTERVAL": (1, 1000, False), "COUNT": (1, 10_000, False), "BYMONTH": (1, 12, False), "BYMONTHDAY": (1, 31, True), "BYSETPOS": (1, 366, True)}
_LISTS = ("BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYDAY")
_PARTS = ("FREQ", "UNTIL", "BYDAY", "WKST", *_NUMBERS)
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
SEARCHED = timedelta(days=3660)


@dataclass(frozen=True)
class Recurrence:
    """A checked rule. ``start`` and ``until`` are naive local times; ``parts`` are the others, as they were written."""

    start: datetime
    parts: tuple[tuple[str, str], ...]
    until: datetime | None

    def starts(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The local times, naive and in order, from ``first`` to ``last``."""
        limited = any(name == "COUNT" for name, _ in self.parts)
        end = last if self.until is None else min(last, self.until)
        # A rule that counts can't have an end as well; one that doesn't must not be followed beyond what is asked.
        for found in _rule(self.start, self.parts, None if limited else end):
            if found > end:
                return
            if found >= first:
                yield found


def parse(text: str, start: datetime, where: ZoneInfo) -> Recurrence:
    """The rule that ``text`` is, counted from the naive local time ``start``; ``InvalidInput`` says which part is wrong."""
    parts: dict[str, str] = {}
    for part in text.removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        name = name.strip().upper()
        if name in parts:
            raise InvalidInput(f"{name} is given twice")
        parts[name] = value.strip().upper()
        _check(name, parts[name])
    if "FREQ" not in parts:
        raise InvalidInput(f"FREQ is missing: one of {', '.join(_FREQUENCIES)}")
    _check_together(parts)
    until = _until(parts.pop("UNTIL"), where) if "UNTIL" in parts else None
    rule = Recurrence(start, tuple(sorted(parts.items())), until)
    uncounted = Recurrence(start, tuple(item for item in rule.parts if item[0] != "COUNT"), until)
    if next(uncounted.starts(start, start + SEARCHED), None) is None:
        raise InvalidInput(f"`{text}` does not come once in the ten years from {start:%Y-%m-%d}")
    return rule


def _check(name: str, value: str) -> None:
    if name in _TIMES:
        raise InvalidInput(f"{name} is not known here: the time of day is that of `start`")
    if name not in _PARTS:
        raise InvalidInput(f"`{name}` is no part of a rule; {did_you_mean(name, _PARTS)}")
    if name == "FREQ" and value not in _FREQUENCIES:
        raise InvalidInput(f"FREQ is `{value}`, not one of {', '.join(_FREQUENCIES)}")
    if name == "WKST" and value not in _DAYS:
        raise InvalidInput(f"WKST is `{value}`, not one of {', '.join(_DAYS)}")
    for entry in value.split(",") if name in _LISTS else [value]:
        if name == "BYDAY":
            ordinal = entry[:-2]
            if entry[-2:] not in _DAYS or (ordinal and not _is_whole(ordinal, 1, 53, signed=True)):
                raise InvalidInput(f"BYDAY holds `{entry}`, not a day such as MO, 1MO (the first Monday) or -1FR (the last Friday)")
        elif name in _NUMBERS:
            low, high, signed = _NUMBERS[name]
            if not _is_whole(entry, low, high, signed):
                raise InvalidInput(f"{name} holds `{entry}`, not a whole number from {low} to {high}" + (" or from the end, as -1" if signed else ""))


def _is_whole(text: str, low: int, high: int, signed: bool) -> bool:
    digits = text.lstrip("+-") if signed and len(text) - len(text.lstrip("+-")) <= 1 else text
    return digits.isascii() and digits.isdigit() and len(digits) <= 6 and low <= int(digits) <= high


def _check_together(parts: dict[str, str]) -> None:
    """What RFC 5545 does not allow beside each other."""
    if "COUNT" in parts and "UNTIL" in parts:
        raise InvalidInput("COUNT and UNTIL can't both be given")
    if "BYSETPOS" in parts and not {"BYDAY", "BYMONTH", "BYMONTHDAY"} & set(parts):
        raise InvalidInput("BYSETPOS chooses among the days of BYDAY, BYMONTH or BYMONTHDAY, and none of them is given")
    if parts["FREQ"] in ("DAILY", "WEEKLY") and any(len(day) > 2 for day in parts.get("BYDAY", "").split(",")):
        raise InvalidInput(f"BYDAY can count days (1MO, -1FR) in a month or a year only, and FREQ is {parts['FREQ']}")
    if parts["FREQ"] == "WEEKLY" and "BYMONTHDAY" in parts:
        raise InvalidInput("BYMONTHDAY has no meaning with FREQ=WEEKLY")


def _until(text: str, where: ZoneInfo) -> datetime:
    """Local and naive; a date means the whole of that day, a time with Z is in UTC."""
    for form, length in (("%Y%m%d", 8), ("%Y%m%dT%H%M%S", 15), ("%Y%m%dT%H%M%SZ", 16)):
        try:
            moment = datetime.strptime(text, form) if len(text) == length else None
        except ValueError:
            moment = None
        if moment is not None and length == 8:
            return moment + timedelta(days=1, seconds=-1)
        if moment is not None:
            return moment.replace(tzinfo=UTC).astimezone(where).replace(tzinfo=None) if text.endswith("Z") else moment
    raise InvalidInput(f"UNTIL is `{text}`, not a date such as 20270106 or a time such as 20270106T120000Z")


def _rule(start: datetime, parts: tuple[tuple[str, str], ...], until: datetime | None) -> Iterator[datetime]:
    try:
        from dateutil.rrule import rrulestr
    except ImportError as error:
        raise Missing("the Python package python-dateutil is not installed; install it with: pip install -r requirements.txt") from error
    written = [f"{name}={value}" for name, value in parts]
    if until is not None:
        written.append(f"UNTIL={until:%Y%m%dT%H%M%S}")
    rule: Any = rrulestr(";".join(written), dtstart=start)
    return iter(rule)
