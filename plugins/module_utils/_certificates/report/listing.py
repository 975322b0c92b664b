# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole result as JSON, and its summary. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Row, Verdict, of_all, row_json, stamp


def text(rows: Sequence[Row]) -> str:
    """The file's content: what the module returns but for what changes by itself, a row in a line, so that a comparison shows what changed."""
    head = {"schema": 1, "verdict": str(of_all(rows)), "summary": summary(rows)}
    listed = ",\n".join(json.dumps({key: value for key, value in row_json(row).items() if key != "remaining_seconds"}, sort_keys=True) for row in rows)
    return f'{json.dumps(head, sort_keys=True)[:-1]}, "certificates": [\n{listed}\n]}}\n'


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """How many of each verdict (all of them, also those that are nowhere), in total and for each source."""
    sources = sorted({row.source for row in rows})
    return {
        "total": len(rows),
        "by_verdict": _counts(rows),
        "by_source": {source: _counts([row for row in rows if row.source == source]) for source in sources},
    }


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    return {str(verdict): sum(1 for row in rows if row.verdict is verdict) for verdict in Verdict}


def next_expiry(rows: Sequence[Row], now: datetime) -> dict[str, Any] | None:
    """What ends next of what still works: its name and when; None if nothing does."""
    ahead = [row for row in rows if row.not_after and row.not_after >= now]
    first = min(ahead, key=lambda row: (row.not_after or now, row.name), default=None)
    return {"source": first.source, "name": first.name, "not_after": stamp(first.not_after), "remaining_seconds": first.remaining_seconds} if first else None


def said(counts: dict[str, int]) -> Iterator[str]:
    """``1 expired``, ``3 ok``: those that are not zero, most urgent first."""
    return (f"{count} {verdict}" for verdict, count in counts.items() if count)
