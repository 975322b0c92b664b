# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renewal information as issuers offer it, or fail to. (By hand it was tried against pebble v2 too.)"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import ari
from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import judge
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import DEFAULT, Found, Problem, Verdict, Window
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from cryptography import x509
from support import pki, web
from support.pki import DAY, NOW, Issued
from support.web import Answer, Web

ROOT = pki.authority()
LEAF = pki.issue("web", ROOT)


@pytest.fixture
def issuer() -> Iterator[Web]:
    with web.running() as server:
        server.json("/directory", {"renewalInfo": f"{server.url}/renewal"})
        yield server


def name(made: Issued = LEAF) -> str:
    known = ari.certificate_id(made.facts)
    assert known
    return known


def ask(issuer: Web, *made: Issued, slept: list[float] | None = None, **options: Any) -> list[Found]:
    request = Request(acme_directory=f"{issuer.url}/directory", **{"timeout": 5.0, **options})
    context = Context(environ={}, now=lambda: NOW, sleep=(slept if slept is not None else []).append)
    return list(ari.enrich([Found("file", each.facts.subject, chain=(each.facts,)) for each in made or (LEAF,)], request, context))


def window(start: datetime, end: datetime, **more: str) -> dict[str, Any]:
    return {"suggestedWindow": {"start": start.isoformat(), "end": end.isoformat()}, **more}


def test_the_name_of_a_certificate() -> None:
    """The example of RFC 9773 §4.1: a serial number whose first bit is set is written with a zero before it."""
    identifier = bytes.fromhex("69885b6b8746404 1e1b37b847ba0ae2cde01c8d4".replace(" ", ""))
    made = pki.issue("web", ROOT, identifiers=False, serial=0x8765432100, extensions=[(x509.AuthorityKeyIdentifier(identifier, None, None), False)])
    assert name(made).startswith("aYhba4dGQEHhs3uEe6CuLN4ByNQ.")
    assert base64.urlsafe_b64decode(name(made).partition(".")[2] + "==") == bytes.fromhex("008765432100")
    small = pki.issue("web", ROOT, identifiers=False, serial=0x12, extensions=[(x509.AuthorityKeyIdentifier(identifier, None, None), False)])
    assert name(small).endswith(".Eg")
    assert ari.certificate_id(pki.issue("web", ROOT, identifiers=False).facts) is None


def test_a_window(issuer: Web) -> None:
    issuer.json(f"/renewal/{name()}", window(NOW + 20 * DAY, NOW + 22 * DAY, explanationURL="https://example.test/why"), Retry_After="21600")
    (found,) = ask(issuer)
    assert found.window == Window(NOW + 20 * DAY, NOW + 22 * DAY, "https://example.test/why")
    assert found.facts["ari"] == {
        "start": "2026-07-05T12:00:00Z",
        "end": "2026-07-07T12:00:00Z",
        "explanation": "https://example.test/why",
        "ask_again": "2026-06-15T18:00:00Z",
    }
    assert judge(found, DEFAULT, NOW + 20 * DAY - timedelta(seconds=1), None).verdict is Verdict.OK
    assert judge(found, DEFAULT, NOW + 20 * DAY, None).verdict is Verdict.WARNING


def test_a_window_in_the_past_means_now(issuer: Web) -> None:
    issuer.json(f"/renewal/{name()}", window(NOW - 2 * DAY, NOW - DAY))
    row = judge(ask(issuer)[0], DEFAULT, NOW, None)
    assert (row.verdict, [problem.code for problem in row.problems]) == (Verdict.WARNING, ["renewal_due"])


@pytest.mark.parametrize("zone", ["Z", "+02:00", ".123456789Z"])
def test_moments_as_issuers_write_them(issuer: Web, zone: str) -> None:
    issuer.json(f"/renewal/{name()}", {"suggestedWindow": {"start": f"2026-07-05T12:00:00{zone}", "end": f"2026-07-06T12:00:00{zone}"}})
    made = ask(issuer)[0].window
    assert made
    assert made.start.tzinfo is UTC


def test_a_certificate_that_the_issuer_does_not_know(issuer: Web) -> None:
    (found,) = ask(issuer)
    assert found.window is None
    assert found.problems == (
        Problem("renewal_unknown", f"its issuer's renewal information: {issuer.url}/renewal/{name()}: it does not know this certificate (404)"),
    )
    assert judge(found, DEFAULT, NOW, None).verdict is Verdict.OK


@pytest.mark.parametrize(
    "told",
    [
        {},
        [],
        "text",
        {"suggestedWindow": None},
        {"suggestedWindow": {"start": "2026-07-05T12:00:00Z"}},
        {"suggestedWindow": {"start": "2026-07-05T12:00:00Z", "end": "2026-07-05T12:00:00Z"}},
        {"suggestedWindow": {"start": "2026-07-06T12:00:00Z", "end": "2026-07-05T12:00:00Z"}},
        {"suggestedWindow": {"start": "2026-07-05T12:00:00", "end": "2026-07-06T12:00:00"}},
        {"suggestedWindow": {"start": 1, "end": 2}},
    ],
)
def test_answers_that_cannot_be_meant(issuer: Web, told: Any) -> None:
    issuer.json(f"/renewal/{name()}", told)
    (found,) = ask(issuer)
    assert (found.window, [problem.code for problem in found.problems]) == (None, ["renewal_unknown"])


def test_a_busy_issuer_is_asked_again_if_it_says_when_and_that_is_soon(issuer: Web) -> None:
    good = Answer(b'{"suggestedWindow": {"start": "2026-07-05T12:00:00Z", "end": "2026-07-06T12:00:00Z"}}')
    for status, wait, slept, known in (
        (429, "2", [2.0], True),
        (503, format_datetime(NOW + timedelta(seconds=3), usegmt=True), [3.0], True),
        (429, "3600", [], False),
        (503, "soon", [], False),
        (500, "1", [], False),
    ):
        issuer.answers[f"/renewal/{name()}"] = [Answer(b"{}", status, {"Retry_After": wait}), good]
        waited: list[float] = []
        (found,) = ask(issuer, slept=waited)
        assert (waited, found.window is not None) == (slept, known), (status, wait)


def test_each_certificate_and_the_directory_are_asked_for_once(issuer: Web) -> None:
    others = [pki.issue(f"web-{number}", ROOT, key=LEAF.key) for number in range(20)]
    for each in others:
        issuer.json(f"/renewal/{name(each)}", window(NOW + 20 * DAY, NOW + 22 * DAY))
    rows = ask(issuer, *others, *others, ROOT)
    assert [found.name for found in rows] == [each.facts.subject for each in (*others, *others, ROOT)], "in the order in which they came"
    assert all(found.window for found in rows[:-1])
    assert rows[-1].window is None, "an authority renews itself"
    assert len(issuer.log) == len(set(issuer.log)) == 21


def test_an_issuer_that_offers_none_or_is_not_there(issuer: Web) -> None:
    issuer.json("/directory", {"newOrder": "x"})
    assert ask(issuer)[0].problems == (Problem("renewal_unknown", f"its issuer's renewal information: {issuer.url}/directory offers none"),)
    issuer.url = "http://127.0.0.1:1"
    assert [problem.code for problem in ask(issuer)[0].problems] == ["renewal_unknown"]


def test_nobody_is_asked_about_certificates_of_unknown_issuers(issuer: Web) -> None:
    (found,) = ari.enrich([Found("file", "x", chain=(LEAF.facts,))], Request(), Context(environ={}))
    assert (found.window, found.problems, found.facts) == (None, (), {})
    (empty,) = ari.enrich([Found("file", "x")], Request(acme_directory=issuer.url), Context(environ={}))
    assert empty == Found("file", "x")
