# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proxy noted, as figures and as tables. Nothing here talks to anything."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

_UPLOADS = {"POST": "begin upload", "PATCH": "upload part", "PUT": "end upload", "DELETE": "cancel upload", "GET": "ask upload"}


def kind(method: str, url: str) -> str:
    """What a request asks for, in the words of the distribution specification."""
    parts = urlsplit(url)
    path = parts.path
    if path in ("/v2/", "/v2"):
        return "ping"
    if "/blobs/uploads" in path:
        return "mount" if method == "POST" and "mount" in parse_qs(parts.query) else _UPLOADS.get(method, method)
    for part, word in (("manifests", "manifest"), ("blobs", "blob")):
        if found := re.search(rf"/{part}/([^/]+)$", path):
            tag = part == "manifests" and ":" not in found[1]
            return f"{method} {'tag' if tag else word}"
    if path.endswith("/tags/list"):
        return "tag list"
    return "referrers" if "/referrers/" in path else f"{method} other"


@dataclass(frozen=True)
class Account:
    """What one run cost: requests by kind, connections that carried any, and how many requests were under way at once."""

    requests: int
    connections: int
    at_once: int
    kinds: Mapping[str, int]
    refused: Mapping[int, int]

    @classmethod
    def of(cls, log: Iterable[Mapping[str, Any]]) -> Account:
        """From the proxy's log: ``method``, ``url``, ``status``, ``connection``, ``start`` and ``seconds`` of each request."""
        entries = list(log)
        steps = sorted([(e["start"], 1) for e in entries] + [(e["start"] + e["seconds"], -1) for e in entries])
        now = most = 0
        for _, step in steps:
            now += step
            most = max(most, now)
        kinds = Counter(kind(e["method"], e["url"]) for e in entries)
        refused = Counter(e["status"] for e in entries if e["status"] >= 400)
        return cls(len(entries), len({e["connection"] for e in entries}), most, dict(kinds.most_common()), dict(refused))

    def words(self) -> str:
        """``18 mount, 3 PUT manifest (1 answered 404)``."""
        counted = ", ".join(f"{number} {name}" for name, number in self.kinds.items())
        answers = ", ".join(f"{number} answered {status}" for status, number in sorted(self.refused.items()))
        return counted + (f" ({answers})" if answers else "")


@dataclass(frozen=True)
class Run:
    """One tool, one case, one delay: the account of each repetition, its seconds, and what did not arrive."""

    tool: str
    case: str
    delay_ms: int
    accounts: tuple[Account, ...]
    seconds: tuple[float, ...]
    lost: Mapping[str, int] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def requests(self) -> int:
        return max(account.requests for account in self.accounts)

    def lost_words(self) -> str:
        return ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for what, number in self.lost.items())


def cell(runs: Sequence[Run]) -> str:
    """``25 · 0.06 · 0.35``: requests, then the median of the seconds at each delay; a run that lost something is marked."""
    if not runs:
        return "-"
    requests = {run.requests for run in runs} | {min(a.requests for a in run.accounts) for run in runs}
    first = str(min(requests)) if len(requests) == 1 else f"{min(requests)}-{max(requests)}"
    mark = " (incomplete)" if any(run.lost for run in runs) else ""
    return " · ".join([first, *(f"{run.median:.2f}" for run in sorted(runs, key=lambda run: run.delay_ms))]) + mark


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns stand under each other in a terminal too."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in lines)


def matrix(runs: Sequence[Run], cases: Sequence[str], tools: Sequence[str]) -> str:
    """A row for each case, a column for each tool."""
    return table(["case", *tools], [[case, *(cell([r for r in runs if (r.case, r.tool) == (case, tool)]) for tool in tools)] for case in cases])


def details(runs: Sequence[Run]) -> str:
    """What each tool asked for, at the longest delay measured."""
    longest = max((run.delay_ms for run in runs), default=0)
    rows = []
    for run in runs:
        if run.delay_ms == longest:
            last = run.accounts[-1]
            rows.append([run.case, run.tool, str(last.connections), str(last.at_once), last.words(), run.lost_words()])
    return table(["case", "tool", "connections", "at once", "requests", "lost"], rows)


@dataclass(frozen=True)
class Goal:
    """A bound we set ourselves."""

    name: str
    measured: float
    bound: float
    unit: str

    @property
    def met(self) -> bool:
        return self.measured <= self.bound

    def row(self) -> list[str]:
        digits = 0 if self.unit == "requests" else 2
        return [self.name, f"{self.measured:.{digits}f} {self.unit}", f"{self.bound:.{digits}f} {self.unit}", "ok" if self.met else "MISSED"]


def goals(runs: Sequence[Run], ours: Sequence[str], requests: Mapping[str, int], seconds: Mapping[str, float]) -> list[Goal]:
    """The fewest requests in every case among the tools that brought all of it; and by case the bounds that were promised, the seconds for 40 ms.

    The first of ``ours`` is held to them; the others are ours too and not compared with.
    """
    found = []
    for case in dict.fromkeys(run.case for run in runs):
        mine = [run.requests for run in runs if (run.case, run.tool) == (case, ours[0])]
        others = [run.requests for run in runs if run.case == case and run.tool not in ours and not run.lost]
        if mine and others:
            found.append(Goal(f"{case}: fewest of all", max(mine), min(others), "requests"))
        if mine and case in requests:
            found.append(Goal(case, max(mine), requests[case], "requests"))
    timed = {run.case: run.median for run in runs if (run.tool, run.delay_ms) == (ours[0], 40)}
    return found + [Goal(f"{case}, at 40 ms", timed[case], bound, "s") for case, bound in seconds.items() if case in timed]
