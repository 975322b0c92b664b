# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table for a terminal: most urgent first, and what ends first before what ends later. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import duration
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Row
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report import title
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report.listing import said, summary

HEAD = ("VERDICT", "LEFT", "EXPIRES", "SOURCE", "NAME", "WHY")
_LAST = datetime.max.replace(tzinfo=UTC)
_WIDEST_NAME = 60


def by_urgency(rows: Sequence[Row]) -> list[Row]:
    """The rows, most urgent first; of the same verdict what ends first, and then by name."""
    return sorted(rows, key=lambda row: (row.verdict.urgency, row.not_after or _LAST, row.source, title(row)))


def table(rows: Sequence[Row], now: datetime, width: int = 160, limit: int | None = None) -> list[str]:
    """The lines: a head, a line for each row (the first ``limit``), and a summary. No line is wider than ``width`` columns."""
    shown = by_urgency(rows)[:limit]
    cells = [HEAD, *(_cells(row, now) for row in shown)]
    widths = [max((_columns(line[place]) for line in cells), default=0) for place in range(len(HEAD) - 1)]
    lines = [_cut("  ".join([*(_padded(cell, size) for cell, size in zip(line[:-1], widths, strict=True)), line[-1]]).rstrip(), width) for line in cells]
    left = len(rows) - len(shown)
    total = f"{len(rows)} looked at" + (f": {', '.join(said(summary(rows)['by_verdict']))}" if rows else "")
    return [*(lines if shown else []), *([f"... and {left} more, less urgent"] if left else []), _cut(total, width)]


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    left = "-" if row.not_after is None else duration(row.not_after - now) if row.not_after >= now else f"-{duration(now - row.not_after)}"
    expires = row.not_after.strftime("%Y-%m-%d %H:%M").zfill(16) if row.not_after else "-"
    why = _plain(row.reasons[0]) if row.reasons else ""
    more = f" (+{len(row.reasons) - 1})" if len(row.reasons) > 1 else ""
    return (str(row.verdict), left, expires, row.source, _cut(_plain(title(row)), _WIDEST_NAME), why + more)


def _plain(value: str) -> str:
    """Without what a terminal would obey: certificates and servers say what they like."""
    return "".join(character if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else "?" for character in value)


def _columns(value: str) -> int:
    return sum(_width(character) for character in value)


def _width(character: str) -> int:
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _padded(value: str, size: int) -> str:
    return value + " " * (size - _columns(value))


def _cut(value: str, width: int) -> str:
    if _columns(value) <= width:
        return value
    kept, size = "", 0
    for character in value:
        size += _width(character)
        if size > width - 1:
            break
        kept += character
    return f"{kept}…"
