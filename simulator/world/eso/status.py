# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions and times of statuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


def stamp(moment: datetime) -> str:
    """RFC 3339 in seconds, as metav1.Time is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if text else None


def with_ready(conditions: list[Object], ready: bool, reason: str, message: str, now: datetime) -> list[Object]:
    """``lastTransitionTime`` stays while the status stays."""
    wanted: Object = {"type": "Ready", "status": str(ready), "reason": reason, "message": message}
    before = next((each for each in conditions if each["type"] == "Ready"), None)
    if before and {**before, **wanted} == before:
        return conditions
    same = before is not None and before["status"] == wanted["status"]
    wanted["lastTransitionTime"] = before["lastTransitionTime"] if before and same else stamp(now)
    return [*(each for each in conditions if each["type"] != "Ready"), wanted]
