# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows in which an environment may change. Those that allow add up; one that denies wins over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ansible_collections.slipway.platform.plugins.module_utils._gates.model import Candidate, Facts, Verdict, allow, defer, deny, moment
from ansible_collections.slipway.platform.plugins.module_utils._gates.openings import Window, look

GATE = "windows"


@dataclass(frozen=True)
class Windows:
    """``zone``: in which times are told."""

    zone: ZoneInfo
    allow: tuple[Window, ...] = ()
    deny: tuple[Window, ...] = ()


def gate(part: Windows, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    del candidate, facts
    found = look(part.allow, part.deny, now)
    if found.open:
        return allow(GATE, f"open: {found.window.text}" if found.window else "no window is closed")
    reason, code = ("outside of all windows", "closed") if found.window is None else (f"frozen: {found.window.text}", "frozen")
    if found.opens is None:
        return deny(GATE, code, f"{reason}; no opening was found up to {moment(found.searched or now)}")
    return defer(GATE, code, f"{reason}; opens {found.opens.astimezone(part.zone):%A %Y-%m-%d %H:%M %Z}", found.opens)
