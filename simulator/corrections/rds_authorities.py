# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authorities of RDS, one of which signs an instance's certificate (DescribeCertificates; RDS User Guide, "Certificate authorities").

On AWS each region has its own under these names, made within a few days of these.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import RDSClientError

from simulator.backend import Backend

DEFAULT = "rds-ca-rsa2048-g1"
_MADE = datetime(2021, 5, 25, tzinfo=UTC)
_YEARS = {DEFAULT: 40, "rds-ca-rsa4096-g1": 100, "rds-ca-ecc384-g1": 100}


class Authorities(Backend):
    def describe_certificates(self) -> ActionResult:
        asked = self._get_param("CertificateIdentifier")
        if asked and asked not in _YEARS:
            raise RDSClientError("CertificateNotFound", f"Certificate {asked} not found.")
        return ActionResult(
            {"DefaultCertificateForNewLaunches": DEFAULT, "Certificates": [self._certificate(name) for name in _YEARS if asked in (None, name)]}
        )

    def _certificate(self, name: str) -> dict[str, Any]:
        arn = f"arn:{self.partition}:rds:{self.region}::cert:{name}"
        return {
            "CertificateIdentifier": name,
            "CertificateType": "CA",
            "Thumbprint": hashlib.sha1(arn.encode()).hexdigest(),
            "ValidFrom": _MADE,
            "ValidTill": _MADE.replace(year=_MADE.year + _YEARS[name]),
            "CustomerOverride": False,
            "CertificateArn": arn,
        }
