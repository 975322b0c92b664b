# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stop switch of an environment: while it stands in the policy, nothing goes there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._gates.model import Candidate, Facts, Verdict, allow, deny, moment

GATE = "stop"


@dataclass(frozen=True)
class Stop:
    reason: str
    by: str
    since: datetime


def gate(part: Stop | None, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    del facts
    if part is None or now < part.since:
        return allow(GATE, "not stopped" if part is None else f"will be stopped at {moment(part.since)} by {part.by}: {part.reason}")
    return deny(GATE, "stopped", f"{candidate.environment} is stopped since {moment(part.since)} by {part.by}: {part.reason}")
