# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cron expressions and recurrence rules: against a minute-by-minute reading, the examples of RFC 5545, and mistakes people make."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._gates import cron, recurrence

UTC_ZONE = ZoneInfo("UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "first", "expected"),
    [
        ("0 22 * * sat", "2026-11-21T00:00", ["2026-11-21T22:00", "2026-11-28T22:00"]),
        ("0 22 * * 6", "2026-11-21T22:00", ["2026-11-21T22:00", "2026-11-28T22:00"]),
        ("0 22 * * 7", "2026-11-21T22:01", ["2026-11-22T22:00", "2026-11-29T22:00"]),
        ("0 22 * * 0", "2026-11-21T22:01", ["2026-11-22T22:00", "2026-11-29T22:00"]),
        ("*/20 9-10 * * mon-fri", "2026-11-20T10:30", ["2026-11-20T10:40", "2026-11-23T09:00", "2026-11-23T09:20"]),
        ("5/30 9 1 JAN *", "2026-11-20T00:00", ["2027-01-01T09:05", "2027-01-01T09:35", "2028-01-01T09:05"]),
        ("0 0 29 2 *", "2026-11-20T00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 13 * fri", "2026-11-01T00:00", ["2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00", "2026-11-27T00:00", "2026-12-04T00:00"]),
        ("0 0 */2 * mon", "2026-11-01T00:00", ["2026-11-09T00:00", "2026-11-23T00:00", "2026-12-07T00:00"]),
        ("0,30 0-1,12 24,25 dec *", "2026-01-01T00:00", ["2026-12-24T00:00", "2026-12-24T00:30", "2026-12-24T01:00", "2026-12-24T01:30", "2026-12-24T12:00"]),
    ],
)
def test_cron(text: str, first: str, expected: list[str]) -> None:
    found = cron.parse(text).starts(at(first), at(first) + timedelta(days=3660))
    assert [next(found) for _ in expected] == [at(moment) for moment in expected]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has 0 fields; a cron expression has five"),
        ("@daily", "has 1 fields"),
        ("0 0 * * * *", "has 6 fields"),
        ("60 0 * * *", "the minute `60` is not one of 0 to 59"),
        ("0 24 * * *", "the hour `24` is not one of 0 to 23"),
        ("0 0 0 * *", "the day of the month `0` is not one of 1 to 31"),
        ("0 0 * 13 *", "the month `13`"),
        ("0 0 * * 8", "the day of the week `8`"),
        ("0 0 * * sunday", "did you mean `sun`"),
        ("0 0 * * fri-mon", "the day of the week `fri-mon` runs backwards; write fri-7,0-mon"),
        ("*/0 0 * * *", "the step of the minute `0` is not one of 1 to 59"),
        ("1- 0 * * *", "the minute `` is not one of"),
        (", 0 * * *", "the minute `` is not one of"),
        ("-1 0 * * *", "the minute `` is not one of"),
        ("٣ 0 * * *", "the minute `٣` is not one of"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
    ],
)
def test_what_is_no_cron_expression(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        cron.parse(text)
    assert why in error.value.message


def test_what_replaces_a_range_that_runs_backwards_works() -> None:
    assert cron.parse("0 0 * * fri-7,0-mon").weekdays == {5, 6, 0, 1}


def test_cron_against_every_hour() -> None:
    """Generated expressions give what a look at each hour of half a year gives."""
    chance = random.Random(1)
    start = datetime(2027, 12, 1)
    hours = [start + timedelta(hours=count) for count in range(24 * 120)]

    def field(low: int, high: int) -> tuple[str, set[int]]:
        a, b = sorted((chance.randint(low, high), chance.randint(low, high)))
        step = chance.randint(1, 4)
        return chance.choice(
            [
                ("*", set(range(low, high + 1))),
                (f"*/{step}", set(range(low, high + 1, step))),
                (f"{a}-{b}/{step}", set(range(a, b + 1, step))),
                (f"{a},{b}", {a, b}),
            ]
        )

    for _ in range(40):
        (hour, in_hour), (day, in_day), (month, in_month), (week, in_week) = field(0, 23), field(1, 31), field(1, 12), field(0, 6)
        both = day.startswith("*") or week.startswith("*")

        def fits(moment: datetime) -> bool:
            by_day, by_week = moment.day in in_day, moment.isoweekday() % 7 in in_week  # noqa: B023
            return moment.hour in in_hour and moment.month in in_month and (by_day and by_week if both else by_day or by_week)  # noqa: B023

        found = list(cron.parse(f"0 {hour} {day} {month} {week}").starts(hours[0], hours[-1]))
        assert found == [moment for moment in hours if fits(moment)], (hour, day, month, week)


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        # RFC 5545, 3.8.5.3, with its start of 1997-09-02T09:00.
        ("FREQ=DAILY;COUNT=3", "1997-09-02T09:00", ["1997-09-02", "1997-09-03", "1997-09-04"]),
        ("FREQ=DAILY;INTERVAL=10;COUNT=3", "1997-09-02T09:00", ["1997-09-02", "1997-09-12", "1997-09-22"]),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=4", "1997-09-02T09:00", ["1997-09-02", "1997-09-04", "1997-09-16", "1997-09-18"]),
        ("FREQ=MONTHLY;BYDAY=1FR;COUNT=3", "1997-09-05T09:00", ["1997-09-05", "1997-10-03", "1997-11-07"]),
        ("FREQ=MONTHLY;BYDAY=-2MO;COUNT=3", "1997-09-22T09:00", ["1997-09-22", "1997-10-20", "1997-11-17"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "1997-09-28T09:00", ["1997-09-28", "1997-10-29", "1997-11-28"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3", "1997-09-02T09:00", ["1998-02-13", "1998-03-13", "1998-11-13"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04T09:00", ["1997-09-04", "1997-10-07", "1997-11-06"]),
        ("FREQ=YEARLY;BYMONTH=6,7;COUNT=3", "1997-06-10T09:00", ["1997-06-10", "1997-07-10", "1998-06-10"]),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=2", "1997-05-19T09:00", ["1997-05-19", "1998-05-18"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", "2026-01-01T09:00", ["2026-01-30", "2026-02-27"]),
        ("freq=daily;until=19970904", "1997-09-02T09:00", ["1997-09-02", "1997-09-03", "1997-09-04"]),
        ("FREQ=DAILY;UNTIL=19970904T085959", "1997-09-02T09:00", ["1997-09-02", "1997-09-03"]),
        ("FREQ=DAILY;UNTIL=19970904T090000", "1997-09-02T09:00", ["1997-09-02", "1997-09-03", "1997-09-04"]),
    ],
)
def test_rules(rule: str, start: str, expected: list[str]) -> None:
    found = list(recurrence.parse(rule, at(start), UTC_ZONE).starts(at(start), at(start) + timedelta(days=800)))
    assert [f"{moment:%Y-%m-%d}" for moment in found] == expected
    assert {f"{moment:%H:%M}" for moment in found} == {"09:00"}


def test_an_end_in_utc_is_an_end_where_the_window_is() -> None:
    """22:30 in Berlin in winter is 21:30 UTC."""
    berlin = ZoneInfo("Europe/Berlin")
    start = at("2026-12-01T22:30")
    for until, count in (("20261202T213000Z", 2), ("20261202T212959Z", 1)):
        assert len(list(recurrence.parse(f"FREQ=DAILY;UNTIL={until}", start, berlin).starts(start, at("2027-01-01")))) == count


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "`` is no part of a rule"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=MONTLY", "FREQ is `MONTLY`, not one of DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=HOURLY", "FREQ is `HOURLY`"),
        ("FREQ=DAILY;INTERVALL=2", "`INTERVALL` is no part of a rule; did you mean `INTERVAL`?"),
        ("FREQ=DAILY;BYHOUR=9", "the time of day is that of `start`"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL holds `0`, not a whole number from 1"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL holds `-1`"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "COUNT and UNTIL can't both be given"),
        ("FREQ=DAILY;COUNT=3;COUNT=4", "COUNT is given twice"),
        ("FREQ=WEEKLY;BYDAY=MON", "BYDAY holds `MON`, not a day such as MO"),
        ("FREQ=WEEKLY;BYDAY=1MO", "can count days (1MO, -1FR) in a month or a year only"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "has no meaning with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY holds `32`"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY holds `0`"),
        ("FREQ=MONTHLY;BYSETPOS=-1", "none of them is given"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "does not come once in the ten years from 2026-01-01"),
        ("FREQ=DAILY;UNTIL=20251231", "does not come once"),
        ("FREQ=DAILY;UNTIL=2027-01-01", "UNTIL is `2027-01-01`, not a date such as 20270106"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL is `20270230`"),
        ("FREQ=DAILY;WKST=MONDAY", "WKST is `MONDAY`"),
        ("FREQ", "FREQ is ``"),
    ],
)
def test_what_is_no_rule(rule: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        recurrence.parse(rule, at("2026-01-01T09:00"), UTC_ZONE)
    assert why in error.value.message
