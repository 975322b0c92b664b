# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports hold against whatever a certificate, a path or a server says, and are as their readers want them."""

from __future__ import annotations

import json
import os
import re
import stat
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import judge
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import DEFAULT, Certificate, Found, Problem, Row, Verdict, Window
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Reports
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report import files, ics, junit, listing, textfile, title
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report.table import table
from ansible_collections.slipway.platform.plugins.module_utils._certificates.verify import Roots
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from support.pki import DAY, NOW, authority, issue

NASTY = 'a"b\\c\nd;e,f<g>&\x1b[31m\x00\u202e ünï 証明書 \udcff'


def dated(ends: datetime, subject: str = "CN=web,O=Example", serial: str = "1F") -> Certificate:
    return Certificate(subject, "O=CA,CN=Issuing CA", serial, NOW - 90 * DAY, ends, fingerprint=sha256(f"{subject!r} {ends}".encode()).hexdigest())


def row(found: Found) -> Row:
    return judge(found, DEFAULT, NOW, None)


def rows() -> list[Row]:
    endpoint = {"address": "192.0.2.1", "server_name": "web.example.test", "host": "web.example.test", "port": "443"}
    return [
        row(Found("endpoint", "web.example.test:443", endpoint, (dated(NOW + 80 * DAY), dated(NOW + 900 * DAY, "CN=Issuing CA")))),
        row(Found("endpoint", "web.example.test:443", {**endpoint, "address": "2001:db8::1"}, problems=(Problem("timeout", "no answer in 5 s"),))),
        row(Found("file", "/etc/ssl/old.pem#1", {"path": "/etc/ssl/old.pem"}, (dated(NOW - DAY),))),
        row(
            Found(
                "kubernetes", "Secret shop/tls tls.crt#1", {"kind": "Secret", "namespace": "shop", "object": "tls", "key": "tls.crt"}, (dated(NOW + 3 * DAY),)
            )
        ),
        row(Found("own", "signing key ci", {"kind": "key"}, (dated(NOW + 20 * DAY, "no common name"),))),
        row(Found("file", NASTY, {"path": NASTY, "9-odd": NASTY}, (dated(NOW + 500 * DAY, f"CN={NASTY}"),), (Problem("legacy_encryption", NASTY),))),
    ]


# --- Prometheus

SERIES = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?\d+)')


PLAIN = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def series(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], int]:
    """A strict reader of the text format: every line is understood, every family has its head and stands together, nothing is there twice."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    family, begun = "", set()
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in begun
            begun.add(family)
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {family} gauge"
        else:
            match = SERIES.fullmatch(line)
            assert match, line
            assert match[1] == family
            pairs = re.findall(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"', match[2])
            labels = tuple((key, re.sub(r"\\.", lambda escape: PLAIN[escape[0]], value)) for key, value in pairs)
            assert (family, labels) not in found
            found[family, labels] = int(match[3])
    return found


def metrics(of_rows: Sequence[Row], now: datetime) -> str:
    return textfile.content(of_rows, now).decode()


def of(text: str, family: str, **labels: str) -> list[int]:
    return [value for (name, pairs), value in series(text).items() if name == family and labels.items() <= dict(pairs).items()]


def test_the_metrics_that_dashboards_for_x509_know() -> None:
    text = metrics(rows(), NOW)
    ends = int((NOW + 3 * DAY).timestamp())
    secret = {"secret_namespace": "shop", "secret_name": "tls", "secret_key": "tls.crt"}
    assert of(text, "x509_cert_not_after", subject_CN="web", issuer_CN="Issuing CA", serial_number="31", **secret) == [ends]
    assert of(text, "x509_cert_not_before", **secret) == [int((NOW - 90 * DAY).timestamp())]
    file = {"filepath": "/etc/ssl/old.pem", "filename": "old.pem"}
    assert of(text, "x509_cert_expired", **file) == [1]
    assert of(text, "x509_cert_expired", **secret) == [0]
    assert of(text, "x509_cert_error", **file) == [0]
    assert of(text, "x509_cert_error", address="2001:db8::1") == [1]
    assert len(of(text, "x509_cert_not_after", name="web.example.test:443")) == 2
    assert of(text, "x509_cert_not_after", subject_CN="no common name")


def test_the_metrics_that_dashboards_for_blackbox_know() -> None:
    root = authority(ends=NOW + 1000 * DAY)
    middle = authority("Middle", root, ends=NOW + 9 * DAY)
    leaf = issue("web", middle, names=["web.example.test"])
    found = Found("endpoint", "web.example.test:443", {"address": "192.0.2.1"}, (leaf.facts, middle.facts), peer="web.example.test")
    judged = [judge(replace(found, peer=peer), DEFAULT, NOW, Roots([root.facts])) for peer in ("web.example.test", "other.example.test")]
    text = metrics(judged[:1], NOW)
    for family in ("probe_ssl_earliest_cert_expiry", "probe_ssl_last_chain_expiry_timestamp_seconds"):
        assert of(text, family, target="web.example.test:443", address="192.0.2.1") == [int((NOW + 9 * DAY).timestamp())]
    assert of(text, "probe_success") == [1], "it ends soon, and is accepted now"
    assert of(metrics(judged[1:], NOW), "probe_success") == [0]
    unknown = metrics(rows(), NOW)
    assert of(unknown, "probe_success", address="2001:db8::1") == [0]
    assert of(unknown, "probe_ssl_earliest_cert_expiry", address="2001:db8::1") == []


def test_our_own_metrics() -> None:
    text = metrics(rows(), NOW)
    levels = {"Secret shop/tls tls.crt#1": 3, "/etc/ssl/old.pem#1": 4, "signing key ci": 1}
    for name, level in levels.items():
        assert of(text, "slipway_certificate_verdict", name=name) == [level]
    assert sorted(of(text, "slipway_certificate_verdict", source="endpoint")) == [0, 2]
    assert of(text, "slipway_certificate_renew_at_timestamp_seconds", name="signing key ci") == [int((NOW - 10 * DAY).timestamp())]
    assert of(text, "slipway_certificate_problem", code="timeout", address="2001:db8::1") == [1]
    assert of(text, "slipway_certificates", source="file", verdict="expired") == [1]
    assert of(text, "slipway_certificates", source="file", verdict="critical") == [0]
    assert sum(of(text, "slipway_certificates")) == len(rows())


def test_labels_are_escaped_and_series_unique() -> None:
    text = metrics([*rows(), *rows()], NOW)
    assert of(text, "slipway_certificate_verdict", path=NASTY[:-1] + "?", _9_odd=NASTY[:-1] + "?") == [0]
    assert metrics([], NOW) == ""


def test_the_worse_of_two_rows_that_are_called_the_same_is_kept() -> None:
    good, bad = row(Found("file", "x", chain=(dated(NOW + 80 * DAY),))), row(Found("file", "x", chain=(dated(NOW - DAY),)))
    for order in ([good, bad], [bad, good]):
        assert of(metrics(order, NOW), "slipway_certificate_verdict") == [4]


def test_metrics_hold_nothing_of_the_time_of_the_run() -> None:
    assert metrics(rows(), NOW) == metrics(rows(), NOW + DAY / 24)


# --- JUnit


def test_junit_has_a_case_for_each_row() -> None:
    root = ET.fromstring(junit.text(rows()))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "6", "3")
    assert [suite.get("name") for suite in root] == ["endpoint", "file", "kubernetes", "own"]
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert len(cases) == 6
    failures = {name: case.find("failure") for name, case in cases.items()}
    assert {name: failure.get("type") for name, failure in failures.items() if failure is not None} == {
        "web.example.test:443 (2001:db8::1)": "unknown",
        "/etc/ssl/old.pem#1": "expired",
        "Secret shop/tls tls.crt#1": "critical",
    }
    timeout = failures["web.example.test:443 (2001:db8::1)"]
    assert timeout is not None
    assert (timeout.get("message"), timeout.text) == ("no answer in 5 s", "timeout: no answer in 5 s")
    output = cases["signing key ci"].find("system-out")
    assert output is not None
    assert "renewal_due" in (output.text or "")


# --- calendars


def unfold(text: str) -> list[str]:
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    lines = text.encode("utf-8", "replace").split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()  # no character is cut in two
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def events(of_rows: Sequence[Row]) -> list[dict[str, str]]:
    lines = unfold(ics.text(of_rows))
    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//slipway.platform//certificates//EN"]
    assert lines[-1] == "END:VCALENDAR"
    found = []
    for block in "\n".join(lines).split("BEGIN:VEVENT\n")[1:]:
        event, _, alarm = block.partition("BEGIN:VALARM\n")
        found.append(dict(line.split(":", 1) for line in event.splitlines() if not line.startswith("END:")))
        found[-1]["ALARM"] = alarm
    return found


def test_a_calendar_has_an_event_for_each_certificate_with_an_alarm_when_to_renew() -> None:
    (event,) = events([row(Found("file", "/etc/x.pem", chain=(dated(datetime(2026, 9, 1, tzinfo=UTC)),)))])
    assert (event["DTSTART"], event["DTSTAMP"]) == ("20260901T000000Z", "20260317T120000Z")
    assert event["SUMMARY"] == "Certificate expires: /etc/x.pem"
    assert event["DESCRIPTION"] == r"/etc/x.pem\nSubject: CN=web\,O=Example\nIssuer: O=CA\,CN=Issuing CA\nSerial: 1F"
    assert "TRIGGER;VALUE=DATE-TIME:20260802T000000Z\nDESCRIPTION:Renew the certificate of /etc/x.pem\nEND:VALARM" in event["ALARM"]


def test_an_event_keeps_its_identity_and_one_certificate_is_one_event() -> None:
    same = [row(Found("endpoint", "w.example.test:443", {"address": f"192.0.2.{number}"}, (dated(NOW + 80 * DAY),))) for number in range(30)]
    (event,) = events(same)
    assert event["SUMMARY"] == "Certificate expires: w.example.test:443 (192.0.2.0) and 29 more"
    assert "... and 10 more" in event["DESCRIPTION"]
    later = [judge(Found(each.source, each.name, each.labels, each.certificates), DEFAULT, NOW + 70 * DAY, None) for each in same]
    assert ics.text(later) == ics.text(same) == ics.text(same[::-1])
    without_bytes = [row(Found("aws", name, chain=(replace(dated(NOW + DAY), fingerprint=""),))) for name in ("one", "two")]
    assert len({each["UID"] for each in events([*same, *without_bytes])}) == 3


def test_a_calendar_holds_against_what_certificates_say() -> None:
    (event,) = events([row(Found("file", NASTY, chain=(dated(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), f"CN={NASTY}"),)))])
    assert event["DTSTART"] == "99991231T235959Z"
    assert r'a"b\\c\nd\;e\,f<g>&[31m' in event["SUMMARY"]
    assert len(events([row(Found("aws", NASTY, chain=(replace(dated(NOW + DAY), fingerprint=""),)))])) == 1
    assert events([row(Found("file", "x", problems=(Problem("unreadable", "why"),)))]) == []


@pytest.mark.parametrize("character", ["a", "ü", "証", "😀"])
def test_folding(character: str) -> None:
    for size in range(200):
        parts = list(ics.fold("X:" + character * size))
        assert all(len(part.encode()) <= 75 for part in parts)
        assert parts[0] + "".join(part[1:] for part in parts[1:]) == "X:" + character * size


def test_an_alarm_follows_the_window_of_the_issuer() -> None:
    window = Window(NOW + 5 * DAY, NOW + 6 * DAY)
    (event,) = events([row(Found("own", "web", chain=(dated(NOW + 80 * DAY),), window=window))])
    assert "TRIGGER;VALUE=DATE-TIME:20260620T120000Z" in event["ALARM"]


# --- JSON, summary, table


def test_the_result_as_json() -> None:
    written = json.loads(listing.text(rows()))
    assert (written["verdict"], written["schema"]) == ("expired", 1)
    assert [each["verdict"] for each in written["certificates"]] == ["ok", "unknown", "expired", "critical", "warning", "ok"]
    assert written["summary"]["by_verdict"] == {"expired": 1, "critical": 1, "unknown": 1, "warning": 1, "ok": 2}
    assert written["summary"]["by_source"]["endpoint"] == {"expired": 0, "critical": 0, "unknown": 1, "warning": 0, "ok": 1}
    assert json.loads(listing.text([]))["certificates"] == []


@pytest.mark.parametrize("kind", ["textfile", "junit", "calendar", "report"])
def test_a_report_does_not_change_because_time_passes(tmp_path: Path, kind: str) -> None:
    found = (Found("file", "x", chain=(dated(NOW + 80 * DAY),)),)
    written = Reports(**{kind: tmp_path / "certificates.prom"})
    today, later = ([judge(each, DEFAULT, at, None) for each in found] for at in (NOW, NOW + DAY))
    assert files.save(written, today, NOW, False) == [str(tmp_path / "certificates.prom")]
    assert files.save(written, later, NOW + DAY, False) == []


def test_what_ends_next_has_not_ended() -> None:
    following = listing.next_expiry(rows(), NOW)
    assert following == {
        "source": "kubernetes",
        "name": "Secret shop/tls tls.crt#1",
        "not_after": "2026-06-18T12:00:00Z",
        "remaining_seconds": 3 * 86400,
    }
    assert listing.next_expiry([row(Found("file", "x", chain=(dated(NOW - DAY),)))], NOW) is None


def test_the_table_begins_with_what_is_urgent() -> None:
    lines = table(rows(), NOW, width=120)
    assert [line.split()[0] for line in lines] == ["VERDICT", "expired", "critical", "unknown", "warning", "ok", "ok", "6"]
    assert all(len(line) <= 120 for line in lines)
    assert lines[1].startswith("expired   -1 d 0 h   2026-06-14 12:00  file        /etc/ssl/old.pem#1")
    assert "web.example.test:443 (2001:db8::1)" in lines[3]
    assert lines[-1] == "6 looked at: 1 expired, 1 critical, 1 unknown, 1 warning, 2 ok"
    assert table(rows(), NOW, limit=2)[-2:] == ["... and 4 more, less urgent", lines[-1]]
    assert table([], NOW) == ["0 looked at"]


def test_a_terminal_obeys_no_certificate() -> None:
    for line in table(rows(), NOW, width=400):
        assert line.isprintable(), line


def test_rows_of_one_endpoint_are_told_apart() -> None:
    assert [title(each) for each in rows()[:2]] == ["web.example.test:443 (192.0.2.1)", "web.example.test:443 (2001:db8::1)"]
    other = row(Found("endpoint", "192.0.2.1:443", {"address": "192.0.2.1", "server_name": "shop.example.test"}, (dated(NOW + 80 * DAY),)))
    assert title(other) == "192.0.2.1:443 (as shop.example.test)"


# --- files


def test_files_are_written_whole_and_can_be_read_by_others(tmp_path: Path) -> None:
    reports = Reports(tmp_path / "c.prom", tmp_path / "j.xml", tmp_path / "c.ics", tmp_path / "r.json")
    files.check(reports)
    paths = [str(tmp_path / name) for name in ("c.prom", "j.xml", "c.ics", "r.json")]
    assert files.save(reports, rows(), NOW, check_mode=True) == paths
    assert list(tmp_path.iterdir()) == []
    old = os.umask(0o077)
    try:
        assert files.save(reports, rows(), NOW, check_mode=False) == paths
    finally:
        os.umask(old)
    assert Counter(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()) == {0o644: 4}
    os.utime(tmp_path / "c.prom", (0, 0))
    assert files.save(reports, rows(), NOW, check_mode=False) == []
    assert (tmp_path / "c.prom").stat().st_mtime > 0, "that it was looked at again is seen by the time of the file"
    assert files.save(reports, rows()[1:], NOW, check_mode=True) == paths
    assert files.save(reports, rows(), NOW, check_mode=True) == []


@pytest.mark.parametrize(
    ("reports", "message"),
    [
        (lambda folder: Reports(junit=folder), "is a folder"),
        (lambda folder: Reports(report=folder / "none" / "x.json"), "does not exist"),
        (lambda folder: Reports(junit=folder / "x", calendar=folder / "x"), "different files"),
        (lambda folder: Reports(textfile=folder / "metrics.txt"), r"end in \.prom"),
    ],
)
def test_where_nothing_can_be_written_is_said_first(tmp_path: Path, reports: object, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        files.check(reports(tmp_path))  # type: ignore[operator]


def test_a_larger_level_is_worse() -> None:
    assert sorted(Verdict, key=textfile.LEVELS.__getitem__) == [Verdict.OK, Verdict.WARNING, Verdict.UNKNOWN, Verdict.CRITICAL, Verdict.EXPIRED]
