# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows against the clock on the wall, moment by moment, in zones whose clocks jump; and the search for the next opening."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._gates import openings, zones
from ansible_collections.slipway.platform.plugins.module_utils._gates.meaning import window
from ansible_collections.slipway.platform.plugins.module_utils._gates.openings import Window, look

BERLIN = "Europe/Berlin"
MINUTE = timedelta(minutes=1)
# Zone and a day on which its clock jumps: an hour, half an hour, a quarter past the hour, at midnight, and a whole day (2011, Samoa).
JUMPS = [
    (BERLIN, "2027-03-28"),
    (BERLIN, "2027-10-31"),
    ("America/New_York", "2027-03-14"),
    ("America/New_York", "2027-11-07"),
    ("Australia/Lord_Howe", "2027-04-04"),
    ("Australia/Lord_Howe", "2027-10-03"),
    ("Pacific/Chatham", "2027-04-04"),
    ("Africa/Cairo", "2027-04-30"),
    ("Africa/Cairo", "2027-10-28"),
    ("America/Havana", "2027-11-07"),
    ("Atlantic/Azores", "2027-10-31"),
    ("Pacific/Apia", "2011-12-30"),
    ("Asia/Kathmandu", "2027-01-01"),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_open(allow: Window, moment: datetime) -> bool:
    return look([allow], [], moment).open


@pytest.mark.parametrize(("zone", "day"), JUMPS)
def test_the_clock_on_the_wall_decides(zone: str, day: str) -> None:
    """From two days before a jump until two days after it: open if and only if the clock shows a time within the window."""
    chance = random.Random(day)
    where, start = ZoneInfo(zone), utc(day) - timedelta(days=2)
    for _ in range(4):
        begin, end = (chance.randrange(0, 1440, 15) for _ in range(2))
        end = end or 1440
        if begin == end:
            continue
        text = {"from": f"{begin // 60:02}:{begin % 60:02}", "to": f"{end // 60:02}:{end % 60:02}", "days": ["mon", "wed-fri", "sun"]}
        rule = window(text, zone)
        days = {0, 2, 3, 4, 6}
        for step in range(0, 96 * 60, 15):
            moment = start + step * MINUTE
            shown = moment.astimezone(where).replace(tzinfo=None)
            now, today = shown.hour * 60 + shown.minute, shown.weekday()
            late = today in days and now >= begin
            early = (today if begin < end else (today - 1) % 7) in days and now < end
            expected = (late and early) if begin < end else (late or early)
            assert is_open(rule, moment) == expected, (text, moment, shown)


@pytest.mark.parametrize(("zone", "day"), JUMPS)
def test_dates_are_days_on_the_wall(zone: str, day: str) -> None:
    first = date.fromisoformat(day)
    where, rule = ZoneInfo(zone), window({"first": day, "last": str(first + timedelta(days=1))}, zone)
    for step in range(0, 120 * 60, 15):
        moment = utc(day) - timedelta(days=2) + step * MINUTE
        assert is_open(rule, moment) == (first <= moment.astimezone(where).date() <= first + timedelta(days=1)), moment


@pytest.mark.parametrize(
    ("start", "periods"),
    [
        # 02:30 is skipped: what the clock before the jump would have shown (RFC 5545, 3.3.5), so half an hour after the jump.
        ("2027-03-28T02:30", [("2027-03-28T01:30", "2027-03-28T02:30")]),
        # 02:30 comes twice: the first.
        ("2027-10-31T02:30", [("2027-10-31T00:30", "2027-10-31T01:30")]),
    ],
)
def test_what_begins_at_a_time_that_is_skipped_or_comes_twice(start: str, periods: list[tuple[str, str]]) -> None:
    rule = window({"rrule": "FREQ=DAILY;COUNT=1", "start": start, "duration": "1h"}, BERLIN)
    assert [(period.start, period.end) for period in rule.periods(utc("2027-01-01"))] == [(utc(first), utc(last)) for first, last in periods]


def test_a_cron_window_across_the_jumps_comes_in_order() -> None:
    rule = window({"cron": "*/15 * * * *", "duration": "5m"}, BERLIN)
    for day in ("2027-03-27T12:00", "2027-10-30T12:00"):
        found = []
        for period in rule.periods(utc(day)):
            found.append(period)
            if len(found) == 150:
                break
        assert found == sorted(found)
        assert all(period.end - period.start == 5 * MINUTE for period in found)


OFFICE = {"name": "office hours", "days": ["mon-thu"], "from": "09:00", "to": "16:00"}
NIGHT = {"days": ["fri"], "from": "22:00", "to": "06:00"}
YEAR_END = {"name": "year end", "first": "2026-12-18", "last": "2027-01-06"}


@pytest.mark.parametrize(
    ("allow", "deny", "now", "opens"),
    [
        pytest.param([OFFICE], [], "2026-11-23T08:00", "", id="opens on the minute: 09:00 in Berlin"),
        pytest.param([OFFICE], [], "2026-11-23T07:59", "2026-11-23T08:00", id="a minute before"),
        pytest.param([OFFICE], [], "2026-11-23T15:00", "2026-11-24T08:00", id="the end is not part of it"),
        pytest.param([OFFICE], [], "2026-11-26T15:00", "2026-11-30T08:00", id="over the weekend"),
        pytest.param([OFFICE], [], "2027-03-25T18:00", "2027-03-29T07:00", id="over the weekend of the jump"),
        pytest.param([OFFICE, NIGHT], [], "2026-11-26T15:00", "2026-11-27T21:00", id="several that allow add up"),
        pytest.param([NIGHT], [], "2026-11-28T04:59", "", id="after midnight it is still Friday's"),
        pytest.param([NIGHT], [], "2026-11-28T05:00", "2026-12-04T21:00", id="until six"),
        pytest.param([], [], "2026-11-28T05:00", "", id="no windows"),
        pytest.param([], [YEAR_END], "2026-12-17T22:59", "", id="nothing denies"),
        pytest.param([], [YEAR_END], "2026-12-17T23:00", "2027-01-06T23:00", id="frozen, the last day counts"),
        pytest.param([OFFICE], [YEAR_END], "2026-12-21T10:00", "2027-01-07T08:00", id="deny wins"),
        pytest.param([OFFICE], [YEAR_END], "2026-12-17T16:00", "2027-01-07T08:00", id="closed now, and frozen when it would open"),
        pytest.param([OFFICE], [{"first": "2026-11-01", "last": "2034-06-30"}], "2026-11-23T10:00", "2034-07-03T07:00", id="years ahead"),
        pytest.param(
            [{"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "start": "2024-02-29T12:00", "duration": "2h"}],
            [],
            "2028-02-29T13:00",
            "2032-02-29T11:00",
            id="a leap year later",
        ),
        pytest.param([{"cron": "0 2 * * sun", "duration": "4h"}], [], "2026-11-22T05:00", "2026-11-29T01:00", id="cron"),
        pytest.param([{"cron": "0 2 * * sun", "duration": "4h"}], [], "2026-11-22T04:59", "", id="cron, still open"),
        pytest.param(
            [{"first": "2030-01-01"}],
            [{"first": "2029-01-01", "last": "2030-01-02"}],
            "2026-11-22T04:59",
            None,
            id="what allows is over when nothing denies any more",
        ),
        pytest.param([OFFICE], [{"days": ["mon-sun"]}], "2026-11-22T04:59", None, id="never"),
        pytest.param([{"first": "2020-01-01"}], [], "2026-11-22T04:59", None, id="over"),
        pytest.param([], [{"cron": "* * * * *", "duration": "2h"}], "2026-11-22T04:59", None, id="a freeze that overlaps itself for ever"),
        pytest.param([{**OFFICE, "zone": "America/New_York"}], [YEAR_END], "2026-12-21T10:00", "2027-01-07T14:00", id="a zone of its own"),
    ],
)
def test_the_next_opening(allow: list[dict[str, object]], deny: list[dict[str, object]], now: str, opens: str | None) -> None:
    """``""``: open now; None: never."""
    found = look([window(entry, BERLIN) for entry in allow], [window(entry, BERLIN) for entry in deny], utc(now))
    assert found.open == (opens == "")
    assert found.opens == (utc(opens) if opens else None)


def test_the_next_opening_is_the_first() -> None:
    """For generated calendars: closed at every quarter of an hour up to the opening that is told, open at it."""
    chance = random.Random(3)
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    def some() -> Window:
        hour = chance.randrange(24)
        kind = chance.randrange(4)
        length = f"{chance.randint(1, 30)}h"
        if kind == 0:
            return window(
                {"days": chance.sample(days, 2), "from": f"{hour:02}:15", "to": f"{(hour + chance.randint(1, 12)) % 24:02}:45"}, chance.choice([BERLIN, "UTC"])
            )
        if kind == 1:
            return window({"cron": f"30 {hour} * * {chance.choice(days)}", "duration": length}, BERLIN)
        if kind == 2:
            return window(
                {"rrule": f"FREQ=DAILY;INTERVAL={chance.randint(2, 9)}", "start": f"2027-03-0{chance.randint(1, 9)}T{hour:02}:00", "duration": length}, BERLIN
            )
        first = date(2027, 3, 15) + timedelta(days=chance.randrange(20))
        return window({"first": str(first), "last": str(first + timedelta(days=chance.randrange(4)))}, BERLIN)

    for _ in range(60):
        allow, deny = [some() for _ in range(chance.randint(0, 3))], [some() for _ in range(chance.randint(0, 3))]
        now = utc("2027-03-20") + chance.randrange(0, 20 * 96) * 15 * MINUTE
        found = look(allow, deny, now)
        if found.open or found.opens is None:
            continue
        assert look(allow, deny, found.opens).open
        steps = min(int((found.opens - now) / (15 * MINUTE)), 500)
        for step in range(steps):
            assert not look(allow, deny, now + step * 15 * MINUTE).open


def test_the_search_ends() -> None:
    """A window that opens and closes every minute, under a freeze that does too, is looked through for a bounded number of steps."""
    allow = [window({"cron": "*/2 * * * *", "duration": "1m"}, "UTC")]
    deny = [window({"cron": "*/2 * * * *", "duration": "1m"}, "UTC")]
    found = look(allow, deny, utc("2027-01-01"))
    assert not found.open
    assert found.opens is None
    assert found.searched is not None
    assert found.searched > utc("2027-01-20")


def test_too_many_periods_are_not_an_opening() -> None:
    """A freeze of which only a part was looked through may still hold."""
    deny = [window({"cron": "* * * * *", "duration": "9999h"}, "UTC")]
    assert look([], deny, utc("2027-01-01")) == openings.Look(False, None, None, utc("2027-01-01"))


def test_who_denies_is_told() -> None:
    found = look([window(OFFICE, BERLIN)], [window(YEAR_END, BERLIN)], utc("2026-12-21T10:00"))
    assert found.window is not None
    assert found.window.text == "year end (first 2026-12-18, last 2027-01-06, Europe/Berlin)"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berlim", "did you mean `Europe/Berlin`?"),
        ("europe/berlin", "did you mean `Europe/Berlin`?"),
        ("Berlin", "did you mean `Europe/Berlin`?"),
        ("America/New York", "did you mean `America/New_York`?"),
        ("Mars/Olympus", "write an IANA name"),
        ("../../etc/passwd", "write an IANA name"),
        ("/etc/localtime", "write an IANA name"),
        ("", "write an IANA name"),
    ],
)
def test_a_zone_that_does_not_exist(name: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as error:
        zones.zone(name)
    assert f"`{name}` is no time zone" in error.value.message
    assert hint in error.value.message


def test_minutes_of_the_day() -> None:
    assert [openings.minutes(text) for text in ("00:00", "09:05", "24:00")] == [0, 545, 1440]
    for text in ("24:01", "9", "12:60", "ab:cd"):
        with pytest.raises(ValueError, match=r"."):
            openings.minutes(text)
