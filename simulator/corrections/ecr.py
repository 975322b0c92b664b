# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: tokens that are valid."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from simulator.backend import Backend


class Ecr(Backend, ECRResponse):
    def get_authorization_token(self) -> ActionResult:
        """For twelve hours, as AWS's; moto's have expired in 2015."""
        token = b64encode(f"AWS:simulated-{self.current_account}-{self.region}".encode()).decode()
        data = {
            "authorizationToken": token,
            "expiresAt": self.clock.now() + timedelta(hours=12),
            "proxyEndpoint": f"https://{self.current_account}.dkr.ecr.{self.region}.amazonaws.com",
        }
        return ActionResult({"authorizationData": [data]})
