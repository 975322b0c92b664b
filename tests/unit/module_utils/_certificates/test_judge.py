# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of thresholds on both sides of every boundary, and which certificate a verdict is about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import duration, judge, of_dates
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import (
    DEFAULT,
    Certificate,
    Found,
    Problem,
    Row,
    Threshold,
    Thresholds,
    Verdict,
    Window,
    row_json,
)
from ansible_collections.slipway.platform.plugins.module_utils._certificates.verify import Roots
from support.pki import DAY, NOW, Issued, authority, issue

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def dated(begins: datetime | None, ends: datetime, subject: str = "CN=x") -> Certificate:
    return Certificate(subject, "CN=ca", "1", begins, ends, fingerprint=f"{subject} {ends}")


def verdict(certificate: Certificate, now: datetime, limits: Thresholds = DEFAULT, window: Window | None = None) -> Verdict:
    return judge(Found("file", "x", chain=(certificate,), window=window), limits, now, None).verdict


def lifetimes() -> Iterator[tuple[datetime, timedelta]]:
    """Beginnings and lifetimes: minutes, the ones that authorities issue, over leap days, beyond 2050, and some by chance (the same each time)."""
    yield from ((NOW, timedelta(minutes=minutes)) for minutes in (1, 2, 5, 6, 10, 59, 90))
    yield from ((NOW, timedelta(days=days)) for days in (1, 6, 7, 42, 47, 83, 84, 90, 100, 180, 200, 365, 398, 3650, 36500))
    yield from ((NOW, timedelta(days=90) - SECOND) for _ in range(1))
    for leap in (datetime(2028, 2, 28, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC), datetime(2000, 2, 29, 23, 59, 59, tzinfo=UTC)):
        yield from ((leap, timedelta(days=days)) for days in (1, 2, 90, 366, 1461))
    yield datetime(2049, 12, 1, tzinfo=UTC), timedelta(days=90)
    yield NOW, LAST - NOW
    chance = random.Random(5)
    yield from ((NOW + timedelta(seconds=chance.randrange(10**8)), timedelta(seconds=chance.randrange(60, 10**8))) for _ in range(200))


@pytest.mark.parametrize("limits", [DEFAULT, Thresholds(Threshold(0.5, 10), Threshold(0.1, 1)), Thresholds(Threshold(1, 10000), Threshold(0, 0))])
def test_each_boundary_has_two_sides(limits: Thresholds) -> None:
    for begins, lifetime in lifetimes():
        certificate = dated(begins, begins + lifetime)
        ends = begins + lifetime
        warning = min(lifetime * limits.warning.fraction, timedelta(days=limits.warning.days))
        critical = min(lifetime * limits.critical.fraction, timedelta(days=limits.critical.days))
        cases = [
            (ends - warning - SECOND, Verdict.OK),
            (ends - warning, Verdict.WARNING if warning > critical else Verdict.CRITICAL),
            (ends - critical - SECOND, Verdict.WARNING if warning > critical else Verdict.OK),
            (ends - critical, Verdict.CRITICAL),
            (ends, Verdict.CRITICAL),
            (ends + (SECOND if ends < LAST else timedelta(0)), Verdict.EXPIRED if ends < LAST else Verdict.CRITICAL),
        ]
        for now, expected in cases:
            if begins <= now:
                assert verdict(certificate, now, limits) is expected, (begins, lifetime, now, limits)


def test_it_never_gets_better_by_waiting() -> None:
    for begins, lifetime in lifetimes():
        certificate = dated(begins, begins + lifetime)
        urgencies = [verdict(certificate, begins + lifetime * part / 97).urgency for part in range(98)]
        assert urgencies == sorted(urgencies, reverse=True)
        assert urgencies[0] == Verdict.OK.urgency


def test_renew_at_is_the_first_moment_that_is_not_ok() -> None:
    for begins, lifetime in lifetimes():
        row = judge(Found("file", "x", chain=(dated(begins, begins + lifetime),)), DEFAULT, begins, None)
        assert row.renew_at is not None
        assert verdict(row.certificates[0], row.renew_at) is not Verdict.OK
        assert verdict(row.certificates[0], row.renew_at - timedelta(microseconds=1)) is Verdict.OK
        assert row.lifetime_seconds == row.remaining_seconds == int(lifetime.total_seconds())


@pytest.mark.parametrize(
    ("days", "warning", "critical"),
    [(90, 30, 14), (47, 47 / 3, 47 / 6), (6, 2, 1), (200, 30, 14), (398, 30, 14), (84, 28, 14), (10 / 1440, 10 / 4320, 10 / 8640)],
)
def test_the_smaller_of_fraction_and_days_wins(days: float, warning: float, critical: float) -> None:
    lifetime = timedelta(days=days)
    assert abs(DEFAULT.warning.left(lifetime) - timedelta(days=warning)) < timedelta(milliseconds=1)
    assert abs(DEFAULT.critical.left(lifetime) - timedelta(days=critical)) < timedelta(milliseconds=1)


def test_an_end_without_a_beginning_is_judged_by_days() -> None:
    certificate = dated(None, NOW + 30 * DAY)
    assert verdict(certificate, NOW - SECOND) is Verdict.OK
    assert verdict(certificate, NOW) is Verdict.WARNING
    row = judge(Found("aws", "x", chain=(certificate,)), DEFAULT, NOW, None)
    assert (row.lifetime_seconds, row.remaining_seconds) == (None, 30 * 86400)


def test_a_change_of_the_clock_on_the_wall_moves_nothing() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    ends = datetime(2026, 4, 10, 12, tzinfo=UTC)
    certificate = dated(ends - 30 * DAY, ends)
    boundary = ends - 10 * DAY  # after the change of 29 March, and the beginning is before it
    for zone in (UTC, berlin, timezone(timedelta(hours=-11))):
        assert verdict(certificate, boundary.astimezone(zone)) is Verdict.WARNING
        assert verdict(certificate, (boundary - SECOND).astimezone(zone)) is Verdict.OK
    twice = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # 02:59:59, and 02:00 again
    certificate = dated(twice[0] - DAY, twice[0])
    assert [verdict(certificate, moment.astimezone(berlin)) for moment in twice] == [Verdict.CRITICAL, Verdict.EXPIRED]


def test_not_yet_valid_with_a_clock_that_is_a_little_behind() -> None:
    certificate = dated(NOW, NOW + 90 * DAY)

    def codes(now: datetime, **options: timedelta) -> list[str]:
        return [problem.code for problem in judge(Found("file", "x", chain=(certificate,)), DEFAULT, now, None, **options).problems]

    assert codes(NOW - 5 * MINUTE - SECOND) == ["not_yet_valid"]
    assert codes(NOW - 5 * MINUTE) == codes(NOW - SECOND) == ["clock_skew"]
    assert codes(NOW) == []
    assert codes(NOW - SECOND, skew=timedelta(0)) == ["not_yet_valid"]
    assert codes(NOW - DAY, skew=DAY) == ["clock_skew"]


def test_dates_that_cannot_be() -> None:
    assert verdict(dated(NOW + DAY, NOW - DAY), NOW) is Verdict.CRITICAL
    assert verdict(dated(NOW, NOW), NOW) is Verdict.CRITICAL
    assert verdict(dated(NOW, NOW), NOW + SECOND) is Verdict.EXPIRED
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert of_dates(dated(first, first + DAY), Thresholds(Threshold(2, 100), Threshold(0, 0)), NOW).renew_at == first


def test_a_window_of_the_issuer_takes_the_place_of_the_warning() -> None:
    certificate = dated(NOW - 10 * DAY, NOW + 80 * DAY)
    early = Window(NOW, NOW + DAY, "https://ca.example.test/why")
    late = Window(NOW + 60 * DAY, NOW + 61 * DAY)
    assert verdict(certificate, NOW - SECOND, window=early) is Verdict.OK
    assert verdict(certificate, NOW, window=early) is Verdict.WARNING
    assert verdict(certificate, NOW + 55 * DAY, window=late) is Verdict.OK
    assert verdict(certificate, NOW + 55 * DAY) is Verdict.WARNING
    # ... of the critical one never: who waits for a window that comes too late has an outage
    beyond = Window(NOW + 75 * DAY, NOW + 76 * DAY)
    row = judge(Found("file", "x", chain=(certificate,), window=beyond), DEFAULT, NOW + 66 * DAY, None)
    assert (row.verdict, row.renew_at) == (Verdict.CRITICAL, NOW + 66 * DAY)
    row = judge(Found("file", "x", chain=(certificate,), window=early), DEFAULT, NOW + 2 * DAY, None)
    assert row.renew_at == NOW
    chain = (certificate, dated(NOW - 10 * DAY, NOW + 2000 * DAY, "CN=ca"))  # ... and of the leaf's only: it is not the authority that is renewed
    assert judge(Found("file", "x", chain=chain, window=late), DEFAULT, NOW + 65 * DAY, None).reasons[0].count("CN=ca") == 0
    assert judge(Found("file", "x", chain=(chain[1], chain[1]), window=early), DEFAULT, NOW, None).verdict is Verdict.WARNING
    assert [problem.code for problem in judge(Found("file", "x", chain=(chain[0], chain[1]), window=early), DEFAULT, NOW, None).problems] == ["renewal_due"]
    assert "renewal window began at 2026-06-15T12:00:00Z and ended at 2026-06-16T12:00:00Z" in row.reasons[0]


# --- which certificate it is about


ROOT = authority()
MIDDLE = authority("Middle", ROOT)
LEAF = issue("web", MIDDLE, names=["web.example.test"])


def served(*chain: Issued, peer: str = "web.example.test", roots: tuple[Issued, ...] = (ROOT,), now: datetime = NOW, problems: tuple[Problem, ...] = ()) -> Row:
    found = Found("endpoint", f"{peer}:443", chain=tuple(each.facts for each in chain), peer=peer, problems=problems)
    return judge(found, DEFAULT, now, Roots(root.facts for root in roots))


def codes(row: Row) -> list[str]:
    return [problem.code for problem in row.problems]


def test_a_served_chain_that_is_good() -> None:
    row = served(LEAF, MIDDLE)
    assert (row.verdict, row.reasons) == (Verdict.OK, ())
    assert row.not_after == row.path_not_after == row.sent_not_after == NOW + 80 * DAY
    assert row.renew_at == NOW + 50 * DAY


def test_an_expired_cross_signed_root_is_a_warning_and_no_outage() -> None:
    old = authority("Old Root", ends=NOW - DAY)
    crossed = Issued(authority("Test Root", old, key=ROOT.key, ends=NOW - DAY).x509, ROOT.key)
    row = served(LEAF, MIDDLE, crossed)
    assert (row.verdict, codes(row)) == (Verdict.WARNING, ["expired_in_chain"])
    assert (row.sent_not_after, row.path_not_after, row.not_after) == (NOW - DAY, NOW + 80 * DAY, NOW + 80 * DAY)
    assert row.remaining_seconds == 80 * 86400


def test_the_intermediate_that_ends_first_decides() -> None:
    middle = authority("Middle", ROOT, ends=NOW + 5 * DAY)
    row = served(issue("web", middle, names=["web.example.test"]), middle)
    assert (row.verdict, codes(row)) == (Verdict.CRITICAL, ["expires_soon"])
    assert row.not_after == row.path_not_after == NOW + 5 * DAY
    assert row.lifetime_seconds == 1005 * 86400
    assert "«CN=Middle»" in row.reasons[0]


def test_the_root_that_was_not_sent_counts() -> None:
    root = authority(ends=NOW + 20 * DAY)
    row = served(issue("web", root, names=["web.example.test"]), roots=(root,))
    assert (row.verdict, codes(row)) == (Verdict.WARNING, ["renewal_due"])
    assert (row.sent_not_after, row.path_not_after) == (NOW + 80 * DAY, NOW + 20 * DAY)


def test_a_chain_that_nobody_trusts_still_has_dates() -> None:
    row = served(LEAF, MIDDLE, roots=())
    assert (row.verdict, codes(row)) == (Verdict.CRITICAL, ["unknown_root"])
    assert (row.not_after, row.path_not_after) == (NOW + 80 * DAY, None)
    row = served(issue("self", names=["other"], ends=NOW - DAY))
    assert (row.verdict, codes(row)) == (Verdict.EXPIRED, ["expired", "wrong_name", "self_signed"])


def test_names_are_checked_without_roots() -> None:
    found = Found("endpoint", "x", chain=(LEAF.facts,), peer="other.example.test")
    assert codes(judge(found, DEFAULT, NOW, None)) == ["wrong_name"]


def test_a_certificate_without_a_subject_is_called_by_its_name() -> None:
    leaf = replace(issue("web", names=["web.test"]).facts, subject="")
    assert leaf.title == "web.test"
    assert replace(leaf, names=()).title == f"serial number {leaf.serial}"


def test_an_expired_leaf_is_said_once() -> None:
    leaf = issue("web", MIDDLE, names=["web.example.test"], ends=NOW - DAY)
    row = served(leaf, MIDDLE)
    assert (row.verdict, codes(row), row.path_not_after) == (Verdict.EXPIRED, ["expired"], None)
    assert row.remaining_seconds == -86400


@pytest.mark.parametrize("code", ["timeout", "refused", "unresolved", "not_tls", "forbidden", "wrong_password", "damaged"])
def test_what_is_unknown_is_never_ok(code: str) -> None:
    row = judge(Found("endpoint", "x", problems=(Problem(code, "why"),)), DEFAULT, NOW, None)
    assert (row.verdict, row.reasons, row.not_after) == (Verdict.UNKNOWN, ("why",), None)
    assert served(LEAF, MIDDLE, problems=(Problem(code, "why"),)).verdict is Verdict.UNKNOWN
    expired = issue("web", MIDDLE, names=["web.example.test"], ends=NOW - DAY)
    assert served(expired, MIDDLE, problems=(Problem(code, "why"),)).verdict is Verdict.EXPIRED


def test_nothing_found_is_unknown() -> None:
    row = judge(Found("file", "/empty.pem"), DEFAULT, NOW, None)
    assert (row.verdict, codes(row)) == (Verdict.UNKNOWN, ["no_certificate"])
    assert judge(Found("file", "x", problems=(Problem("root_sent", "x"),)), DEFAULT, NOW, None).verdict is Verdict.UNKNOWN


def test_thresholds_of_a_source_take_the_place_of_the_others() -> None:
    certificate = dated(NOW - 300 * DAY, NOW + 10 * DAY)
    found = Found("own", "x", chain=(certificate,), thresholds=Thresholds(Threshold(1, 5), Threshold(1, 2)))
    assert judge(found, DEFAULT, NOW, None).verdict is Verdict.OK
    assert judge(replace(found, thresholds=None), DEFAULT, NOW, None).verdict is Verdict.CRITICAL


def test_a_row_as_json() -> None:
    written = row_json(judge(Found("file", "x", {"path": "/x"}, (dated(NOW - DAY, LAST),), facts={"in_use": True}), DEFAULT, NOW, None))
    assert written["not_after"] == "9999-12-31T23:59:59Z"
    assert (written["verdict"], written["codes"], written["labels"], written["facts"]) == ("ok", [], {"path": "/x"}, {"in_use": True})
    assert row_json(judge(Found("file", "x", chain=(dated(None, datetime(1, 2, 3, tzinfo=UTC)),)), DEFAULT, NOW, None))["not_after"] == "0001-02-03T00:00:00Z"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(days=12, hours=3, minutes=59), "12 d 3 h"),
        (timedelta(hours=5, minutes=7), "5 h 7 min"),
        (timedelta(seconds=61), "1 min 1 s"),
        (-DAY, "0 min 0 s"),
    ],
)
def test_durations_for_people(span: timedelta, expected: str) -> None:
    assert duration(span) == expected
