# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: who somebody is whose keys nobody made."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.sts.responses import TokenResponse

from simulator.backend import Backend

USER = "simulated"


class Sts(Backend, TokenResponse):
    def get_caller_identity(self) -> ActionResult:
        """A user of the account, as AWS writes users; moto writes one whose ARN no policy could name."""
        user_id, arn, account = self.backend.get_caller_identity(self.get_access_key(), self.region)
        if arn.endswith(":user/moto"):
            user_id, arn = "AIDASIMULATED00000001", f"arn:{self.partition}:iam::{account}:user/{USER}"
        return ActionResult({"UserId": user_id, "Account": account, "Arn": arn})
