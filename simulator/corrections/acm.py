# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACM: a certificate is issued when its records are in Route 53, and an imported one is answered as it was imported.

Source: ACM User Guide, "DNS validation" (moto issues after some seconds, whatever is in the DNS) and "Reimport a certificate" (moto makes another one,
without tags, that nothing uses).
"""

from __future__ import annotations

import sys
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import moto.settings
from cryptography import x509
from moto.acm.models import AWS_ROOT_CA, CertBundle
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.route53.models import route53_backends

from simulator.backend import Backend

moto.settings.ACM_VALIDATION_WAIT = sys.maxsize
LOOKS = timedelta(seconds=60)
"""How long it takes ACM to see a record and to issue."""
_NOT_YET = ("IssuedAt", "Issuer", "NotAfter", "NotBefore", "Serial", "Subject")


@dataclass
class Validations:
    """By ARN: since when all records of a certificate have been there."""

    since: dict[str, datetime] = field(default_factory=dict)


class Acm(Backend, AWSCertificateManagerResponse):
    def describe_certificate(self) -> ActionResult:
        bundle = self.acm_backend.describe_certificate(self._get_param("CertificateArn"))
        self._validate(bundle)
        shown: dict[str, Any] = bundle.describe()["Certificate"]
        if bundle.status == "PENDING_VALIDATION":
            shown = {key: value for key, value in shown.items() if key not in _NOT_YET}
        return ActionResult({"Certificate": shown})

    def list_certificates(self) -> ActionResult:
        for bundle in self.acm_backend._certificates.values():
            self._validate(bundle)
        result: ActionResult = super().list_certificates()
        return result

    def import_certificate(self) -> ActionResult:
        before = self.acm_backend._certificates.get(self._get_param("CertificateArn") or "")
        if before is None:
            return super().import_certificate()
        if self._get_param("Tags"):
            raise AWSError("Tagging is not permitted on re-import.", exception_type="ValidationException")
        now = x509.load_pem_x509_certificate(b64decode(self._get_param("Certificate"))).public_key()
        if _kind(now) != _kind(before._cert.public_key()):
            raise AWSError("The key type and size of a certificate cannot be changed by re-import.", exception_type="ValidationException")
        result = super().import_certificate()
        after = self.acm_backend._certificates[before.arn]
        after.tags, after.in_use_by, after.created_at = before.tags, before.in_use_by, before.created_at
        return result

    def get_certificate(self) -> ActionResult:
        """moto adds Amazon's root to what was imported, so that what compares imports again and again. Without a chain AWS answers the certificate
        in its place.
        """
        bundle = self.acm_backend.get_certificate(self._get_param("CertificateArn"))
        certificate, chain = bundle.cert.decode(), bundle.chain.decode()
        if bundle.type == "IMPORTED":
            chain = chain.replace(AWS_ROOT_CA.decode(), "").strip() or certificate
        return ActionResult({"Certificate": certificate, "CertificateChain": chain})

    def _validate(self, bundle: CertBundle) -> None:
        if bundle.type != "AMAZON_ISSUED" or bundle.status != "PENDING_VALIDATION":
            return
        options = bundle.describe()["Certificate"]["DomainValidationOptions"]
        wanted = {(each["ResourceRecord"]["Name"].rstrip("."), each["ResourceRecord"]["Value"].rstrip(".")) for each in options}
        since = self.state(Validations).since
        if wanted <= self._records():
            if self.clock.now() - since.setdefault(bundle.arn, self.clock.now()) >= LOOKS:
                bundle.status = "ISSUED"
        else:
            since.pop(bundle.arn, None)

    def _records(self) -> set[tuple[str, str]]:
        zones = route53_backends[self.current_account][self.partition].zones.values()
        sets = (each for zone in zones if not zone.private_zone for each in zone.rrsets if each.type == "CNAME")
        return {(each.name.rstrip("."), value.rstrip(".")) for each in sets for value in each.records}


def _kind(key: Any) -> tuple[str, int]:
    return type(key).__name__, getattr(key, "key_size", 0)
