# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as text: RFC 3339 in UTC with whole seconds, and nothing else, so that two equal moments are equal texts."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput


def text(moment: datetime) -> str:
    """``2026-11-21T12:00:00Z`` of an aware datetime."""
    if moment.tzinfo is None:
        raise ValueError("a moment has a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(value: object, what: str = "time") -> datetime:
    """An aware datetime in UTC; ``InvalidInput`` for anything that does not say its offset from UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(f"{what} is {value!r}, which is not a moment: write it as 2026-11-21T12:00:00Z")
    return moment.astimezone(UTC)
