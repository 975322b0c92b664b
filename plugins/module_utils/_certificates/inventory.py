# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One inventory: every source is asked, every answer is judged, and nothing that fails takes the rest with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from ansible_collections.slipway.platform.plugins.module_utils import _errors as errors
from ansible_collections.slipway.platform.plugins.module_utils._certificates import roots as trusted
from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import judge
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem, Row
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import ADDITIONS, SOURCES, Addition, Context, Source

# What a source could not do, as the problem of one row. Anything else that is raised is a mistake of ours, and is still no reason to fail.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (errors.Denied, "forbidden"),
    (errors.NotFound, "missing"),
    (errors.Unreachable, "unavailable"),
    (errors.Missing, "unsupported"),
    (errors.SlipwayError, "unreadable"),
    (OSError, "unreadable"),
)


def utc_now() -> datetime:
    return datetime.now(UTC)


def take(
    request: Request,
    context: Context,
    now: Callable[[], datetime] = utc_now,
    sources: Sequence[Source] = SOURCES,
    additions: Sequence[Addition] = ADDITIONS,
) -> Iterator[Row]:
    """The rows, as they are found. All are judged at one time: the request's, or that when this begins."""
    at = request.now or now()
    roots = trusted.load(request.ca_file, request.system_roots, context.environ) if request.verify else None
    found: Iterable[Found] = _from_all(request, context, sources)
    for addition in additions:
        if getattr(request, addition.option):
            found = added(addition, found, request, context)
    return (judge(each, request.thresholds, at, roots, request.skew) for each in _once(found))


def _from_all(request: Request, context: Context, sources: Sequence[Source]) -> Iterator[Found]:
    for source in sources:
        if source.parts(request):
            yield from guarded(source, request, context)


def guarded(source: Source, request: Request, context: Context) -> Iterator[Found]:
    """What a source finds; if it fails, one row that says so."""
    try:
        yield from source.collect(request, context)
    except Exception as error:
        yield Found(source.name, f"all {source.option}", problems=(problem(error, source.option),))


def added(addition: Addition, found: Iterable[Found], request: Request, context: Context) -> Iterator[Found]:
    """What was found, with what the addition finds out. If it fails, the rest comes as it is, and one row says so."""
    source, waiting = iter(found), dict[int, Found]()

    def handed_over() -> Iterator[Found]:
        for each in source:
            waiting[_identity(each)] = each
            yield each

    try:
        for each in addition.enrich(handed_over(), request, context):
            waiting.pop(_identity(each), None)
            yield each
    except Exception as error:
        yield Found("own", addition.option, problems=(problem(error, addition.option),))
        yield from tuple(waiting.values())
        yield from source


def problem(error: Exception, where: str) -> Problem:
    """An error as the problem of a row. Only our own errors' texts are shown: those of others may quote what they could not read."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "unreadable")
    if isinstance(error, errors.SlipwayError):
        return Problem(code, error.message)
    if isinstance(error, OSError):
        return Problem(code, f"{where}: {error.strerror or type(error).__name__}")
    return Problem(code, f"{where}: looking at it ended with {type(error).__name__}, which is a mistake in this collection; please report it")


def _once(found: Iterable[Found]) -> Iterator[Found]:
    """Without what two parts of the request both name: the same thing, with the same labels, the same certificates or reasons for none."""
    seen: set[int] = set()
    for each in found:
        key = _identity(each)
        if key not in seen:
            seen.add(key)
            yield each


def _identity(found: Found) -> int:
    content = tuple(certificate.fingerprint for certificate in found.chain) or tuple(problem.text for problem in found.problems)
    return hash((found.source, found.name, tuple(sorted(found.labels.items())), content))
