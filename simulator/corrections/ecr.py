# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: tokens that are valid."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from simulator.backend import Backend

LIFETIME = timedelta(hours=12)


@dataclass
class Tokens:
    """Of one region: until when each holds, by its SHA-256. A token is good for every registry of the region that its owner may use."""

    until: dict[str, datetime] = field(default_factory=dict)

    def expiry(self, token: str) -> datetime | None:
        """None: nobody was given it."""
        return self.until.get(sha256(token.encode()).hexdigest())


class Ecr(Backend, ECRResponse):
    def get_authorization_token(self) -> ActionResult:
        """For twelve hours, as AWS's; moto's have expired in 2015."""
        token, until = secrets.token_urlsafe(96), self.clock.now() + LIFETIME
        self.world.state(Tokens, "", self.region).until[sha256(token.encode()).hexdigest()] = until
        data = {
            "authorizationToken": b64encode(f"AWS:{token}".encode()).decode(),
            "expiresAt": until,
            "proxyEndpoint": f"https://{self.current_account}.dkr.ecr.{self.region}.amazonaws.com",
        }
        return ActionResult({"authorizationData": [data]})
