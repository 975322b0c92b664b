# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53: a change is PENDING until all name servers have it (API reference, GetChange), and is known by an id of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from moto.core.responses import ActionResult
from moto.route53.exceptions import Route53ClientError
from moto.route53.responses import Route53

from simulator.backend import Backend

SPREADS = timedelta(seconds=30)


@dataclass
class Changes:
    """By id: when it was asked for."""

    asked: dict[str, datetime] = field(default_factory=dict)


class Dns(Backend, Route53):
    def change_resource_record_sets(self) -> ActionResult:
        super().change_resource_record_sets()
        asked = self.state(Changes).asked
        change = f"/change/C{len(asked):013d}"
        asked[change] = self.clock.now()
        return self._change(change)

    def get_change(self) -> ActionResult:
        change = f"/change/{self._get_param('Id').removeprefix('/change/')}"
        if change not in self.state(Changes).asked:
            raise Route53ClientError("NoSuchChange", f"Could not find resource with ID: {change}")
        return self._change(change)

    def _change(self, change: str) -> ActionResult:
        at = self.state(Changes).asked[change]
        status = "INSYNC" if self.clock.now() >= at + SPREADS else "PENDING"
        return ActionResult({"ChangeInfo": {"Id": change, "Status": status, "SubmittedAt": at}})
