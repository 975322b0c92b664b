# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``certificate_expiry_info`` does: take the inventory, sum it up, write the reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.inventory import take, utc_now
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import of_all, row_json, stamp
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import SOURCES, Context, Source
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report import files, listing
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report.table import by_urgency, table

SHOWN = 200


@dataclass(frozen=True)
class Result:
    """``changed``: whether a report has another content than before; nothing else is ever written."""

    changed: bool
    verdict: str
    certificates: list[dict[str, Any]]
    summary: dict[str, Any]
    next_expiry: dict[str, Any] | None
    at: str | None
    seconds: float
    changed_files: list[str]


def look(
    request: Request,
    context: Context,
    check_mode: bool = False,
    show: Callable[[str], object] | None = None,
    now: Callable[[], datetime] = utc_now,
    sources: tuple[Source, ...] = SOURCES,
) -> Result:
    """Look at everything that was asked for. Raises ``InvalidInput`` for what can't be asked; whatever is found is a verdict, and no error."""
    files.check(request.reports, check_mode)
    started, at = context.clock(), request.now or now()
    rows = by_urgency(list(take(request, context, lambda: at, sources)))
    if show:
        for line in table(rows, at, limit=SHOWN):
            show(line)
    changed = files.save(request.reports, rows, at, check_mode)
    return Result(
        changed=bool(changed),
        verdict=str(of_all(rows)),
        certificates=[row_json(row) for row in rows],
        summary=listing.summary(rows),
        next_expiry=listing.next_expiry(rows, at),
        at=stamp(at),
        seconds=round(context.clock() - started, 3),
        changed_files=changed,
    )
