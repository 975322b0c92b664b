# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources are asked one after the other, once, and none takes the others with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import inventory, run
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem, Row, Verdict
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import OPTIONS, FilePart, OwnPart, Reports, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import ADDITIONS, SOURCES, Addition, Context, Source
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, Missing, NotFound, Unreachable
from support import pki
from support.pki import DAY, NOW

CONTEXT = Context(environ={})
LEAF = pki.issue("web").facts


@dataclass(frozen=True)
class Given(Source):
    """A source that finds what it is given, and raises what it is given."""

    finds: tuple[Any, ...] = ()

    def collect(self, request: Request, context: Context) -> Iterator[Found]:
        for each in self.finds:
            if isinstance(each, Exception):
                raise each
            yield each


def given(*finds: Any, name: str = "file", option: str = "files") -> Given:
    return Given(name, option, "", finds)


def rows(*sources: Source, request: Request | None = None) -> list[Row]:
    asked = request or Request(files=(FilePart("/x"),), own=(OwnPart("/o"),), verify=False)
    return list(inventory.take(asked, CONTEXT, lambda: NOW, sources))


def test_what_is_not_asked_for_is_not_looked_at() -> None:
    assert rows(given(RuntimeError("asked"), option="kubernetes")) == []


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (Denied("the server says no"), "forbidden", "the server says no"),
        (NotFound("there is no such thing"), "missing", "there is no such thing"),
        (Unreachable("no answer"), "unavailable", "no answer"),
        (Missing("install boto3"), "unsupported", "install boto3"),
        (InvalidInput("that is no kubeconfig"), "unreadable", "that is no kubeconfig"),
        (PermissionError(13, "Permission denied"), "unreadable", "files: Permission denied"),
        (KeyError("hunter2"), "unreadable", "files: looking at it ended with KeyError, which is a mistake in this collection; please report it"),
    ],
)
def test_a_source_that_fails_is_unknown_and_the_rest_goes_on(error: Exception, code: str, text: str) -> None:
    first, failed, last = rows(given(Found("file", "/a.pem", chain=(LEAF,)), error), given(Found("own", "ca", chain=(LEAF,)), name="own", option="own"))
    assert (first.verdict, last.verdict) == (Verdict.OK, Verdict.OK)
    assert (failed.verdict, failed.problems, failed.name) == (Verdict.UNKNOWN, (Problem(code, text),), "all files")


def test_what_two_parts_find_is_there_once() -> None:
    found = Found("file", "/a.pem", {"path": "/a.pem"}, (LEAF,))
    other = replace(found, labels={"path": "/b.pem"})
    assert [row.labels["path"] for row in rows(given(found, found, other))] == ["/a.pem", "/b.pem"]


def test_what_was_read_in_two_ways_keeps_both_reasons() -> None:
    """One store that is named with two passwords: neither hides what is wrong with the other."""
    failed = [Found("file", "/k.p12", problems=(Problem("wrong_password", text),)) for text in ("the first", "the second", "the first")]
    assert [row.reasons for row in rows(given(*failed))] == [("the first",), ("the second",)]


def test_nothing_looked_at_is_nothing_known() -> None:
    result = run.look(Request(), CONTEXT, check_mode=False, sources=())
    assert (result.verdict, result.certificates, result.next_expiry) == ("unknown", [], None)


def test_rows_come_as_they_are_found() -> None:
    def endless() -> Iterator[Found]:
        number = 0
        while True:
            number += 1
            yield Found("file", f"/{number}")

    class Endless(Source):
        def collect(self, request: Request, context: Context) -> Iterator[Found]:
            return endless()

    taken = inventory.take(Request(files=(FilePart("/x"),), verify=False), CONTEXT, lambda: NOW, [Endless("file", "files", "")])
    assert [next(taken).name for _ in range(3)] == ["/1", "/2", "/3"]


def test_all_rows_are_judged_at_one_time() -> None:
    soon = pki.issue("soon", ends=NOW + DAY).facts
    asked = Request(files=(FilePart("/x"),), verify=False, now=NOW + 2 * DAY)
    (row,) = rows(given(Found("file", "x", chain=(soon,))), request=asked)
    assert row.verdict is Verdict.EXPIRED


def test_an_addition_is_asked_only_if_it_is_wanted() -> None:
    class Revoked(Addition):
        def enrich(self, found: Any, request: Request, context: Context) -> Iterator[Found]:
            return (replace(each, problems=(*each.problems, Problem("revoked", "revoked yesterday"))) for each in found)

    for wanted, verdict in ((True, Verdict.CRITICAL), (False, Verdict.OK)):
        request = Request(files=(FilePart("/x"),), verify=False, revocation=wanted)
        (row,) = inventory.take(request, CONTEXT, lambda: NOW, [given(Found("file", "x", chain=(LEAF,)))], [Revoked("revocation", "")])
        assert row.verdict is verdict


def test_an_addition_that_fails_loses_no_row() -> None:
    class Broken(Addition):
        def enrich(self, found: Any, request: Request, context: Context) -> Iterator[Found]:
            taken = [next(found) for _ in range(3)]
            yield replace(taken[1], facts={"ocsp": "good"})
            raise Unreachable("the issuer does not answer")

    request = Request(files=(FilePart("/x"),), verify=False, revocation=True)
    source = given(*(Found("file", f"/{number}", chain=(LEAF,)) for number in range(5)))
    found = list(inventory.take(request, CONTEXT, lambda: NOW, [source], [Broken("revocation", "")]))
    assert sorted(row.name for row in found) == ["/0", "/1", "/2", "/3", "/4", "revocation"]
    assert [row.name for row in found if row.facts] == ["/1"]
    assert [(row.verdict, row.reasons) for row in found if row.name == "revocation"] == [(Verdict.UNKNOWN, ("the issuer does not answer",))]


def test_the_table_of_sources_fits_the_options() -> None:
    assert {source.option for source in SOURCES} <= set(OPTIONS)
    assert {addition.option for addition in ADDITIONS} <= set(OPTIONS)
    for source in SOURCES:
        assert source.parts(Request()) == ()


def test_a_result_begins_with_what_is_urgent_and_is_changed_by_reports_only(tmp_path: Any) -> None:
    request = Request(files=(FilePart("/x"),), verify=False, reports=Reports(textfile=tmp_path / "c.prom"))
    source = given(Found("file", "/good.pem", chain=(LEAF,)), Found("file", "/bad.pem", chain=(pki.issue("old", ends=NOW - DAY).facts,)))
    ticks = iter([10.0, 12.5] * 9)
    context = Context(environ={}, clock=lambda: next(ticks))
    shown: list[str] = []
    results = [run.look(request, context, check, shown.append, lambda: NOW, (source,)) for check in (True, False, False)]
    assert [result.changed for result in results] == [True, True, False]
    assert [result.changed_files for result in results] == [[str(tmp_path / "c.prom")], [str(tmp_path / "c.prom")], []]
    first = results[0]
    assert [each["name"] for each in first.certificates] == ["/bad.pem", "/good.pem"]
    assert (first.verdict, first.seconds, first.at) == ("expired", 2.5, "2026-06-15T12:00:00Z")
    assert first.next_expiry
    assert first.next_expiry["name"] == "/good.pem"
    assert shown[0].startswith("VERDICT")
    assert not run.look(replace(request, reports=Reports()), context, now=lambda: NOW, sources=(source,)).changed


def test_a_report_that_cannot_be_written_is_said_before_anything_is_looked_at(tmp_path: Any) -> None:
    request = Request(files=(FilePart("/x"),), verify=False, reports=Reports(report=tmp_path / "none/r.json"))
    with pytest.raises(InvalidInput, match="does not exist; make it first"):
        run.look(request, CONTEXT, sources=(given(AssertionError("looked")),))
    assert run.look(request, CONTEXT, check_mode=True, sources=(given(),)).changed, "a task before may have made the folder, had it been let"
