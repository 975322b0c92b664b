# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACM: the chain of an imported certificate."""

from __future__ import annotations

from moto.acm.models import AWS_ROOT_CA
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.responses import ActionResult

from simulator.backend import Backend


class Acm(Backend, AWSCertificateManagerResponse):
    def get_certificate(self) -> ActionResult:
        """AWS answers what was imported; moto adds Amazon's root to it, so that what compares imports again and again. Without a chain AWS answers
        the certificate in its place.
        """
        bundle = self.acm_backend.get_certificate(self._get_param("CertificateArn"))
        certificate, chain = bundle.cert.decode(), bundle.chain.decode()
        if bundle.type == "IMPORTED":
            chain = chain.replace(AWS_ROOT_CA.decode(), "").strip() or certificate
        return ActionResult({"Certificate": certificate, "CertificateChain": chain})
