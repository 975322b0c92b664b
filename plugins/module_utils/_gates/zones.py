# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time zones and the clock on the wall: where a local time lies in UTC, also in the hours that are skipped or come twice.

Source: the IANA time zone database through ``zoneinfo``; RFC 5545, 3.3.5 for local times that do not exist or exist twice.
"""

from __future__ import annotations

import functools
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import nearest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
# More than any offset from UTC, and more than any change of one (Samoa skipped a whole day in 2011).
_FAR = timedelta(hours=60)


@dataclass(frozen=True, order=True)
class Period:
    """From ``start`` (UTC, part of it) to ``end`` (UTC, not part of it)."""

    start: datetime
    end: datetime


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; ``InvalidInput`` names the nearest that exists."""
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
    if not known:
        raise Missing("this machine has no time zone data; install it with: pip install tzdata", package="tzdata")
    near = _nearest(name, known)
    raise InvalidInput(f"`{name}` is no time zone; {f'did you mean `{near}`?' if near else 'write an IANA name, for example Europe/Berlin or UTC'}")


def _nearest(name: str, known: set[str]) -> str | None:
    """By the whole name, or by the city alone (``Berlin``, ``Germany/Berlin``)."""
    if whole := nearest(name, known):
        return whole
    cities = {entry.rpartition("/")[2]: entry for entry in sorted(known) if "/" in entry and not entry.startswith(("posix/", "right/", "Etc/"))}
    city = nearest(name.rpartition("/")[2], cities)
    return cities[city] if city else None


def to_utc(wall: datetime, where: ZoneInfo) -> datetime:
    """The moment of a local time: of one that comes twice the first, of one that is skipped what the clock before it would have shown."""
    return wall.replace(tzinfo=where, fold=0).astimezone(UTC)


def shown(first: datetime, last: datetime, where: ZoneInfo) -> list[Period]:
    """When the clock on the wall shows ``first`` (a naive local time) or later, and less than ``last``: usually one period.

    An hour that comes twice is there twice; of an hour that is skipped nothing is.
    """
    return _without(_reached(first, where), _reached(last, where))


def _reached(wall: datetime, where: ZoneInfo) -> list[Period]:
    """When the clock shows ``wall`` or later; two periods if it was turned back across ``wall``."""
    change, before, after = _jump(wall.date(), where)
    moment = wall.replace(tzinfo=UTC)
    if before == after:
        return [Period(moment - before, END_OF_TIME)]
    first, second = moment - before, max(moment - after, change)
    if first >= change:
        return [Period(second, END_OF_TIME)]
    return [Period(first, END_OF_TIME)] if second == change else [Period(first, change), Period(second, END_OF_TIME)]


@functools.lru_cache(maxsize=4096)
def _jump(day: date, where: ZoneInfo) -> tuple[datetime, timedelta, timedelta]:
    """The second at which the offset changes around a day, if it does, and the offsets before and after."""
    noon = datetime.combine(day, time(12), UTC)
    early, late = noon - _FAR, noon + _FAR
    before, after = _offset(early, where), _offset(late, where)
    low, high = 0, int((late - early).total_seconds())
    while before != after and high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(early + timedelta(seconds=middle), where) == before else (low, middle)
    return early + timedelta(seconds=high), before, after


def _offset(moment: datetime, where: ZoneInfo) -> timedelta:
    return moment.astimezone(where).utcoffset() or timedelta()


def _without(periods: list[Period], others: list[Period]) -> list[Period]:
    for other in others:
        pieces = [piece for one in periods for piece in (Period(one.start, min(one.end, other.start)), Period(max(one.start, other.end), one.end))]
        periods = [piece for piece in pieces if piece.start < piece.end]
    return periods
