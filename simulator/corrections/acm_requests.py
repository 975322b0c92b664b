# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACM: what was requested is what is shown, records take some seconds to be known, a request can fail, and what is in use stays, and is
renewed if ACM issued it.

Follows the ACM API reference: RequestCertificate, DescribeCertificate, ListCertificates, UpdateCertificateOptions, DeleteCertificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult

from simulator.corrections.acm import Acm

KNOWN = timedelta(seconds=5)
"""How long it takes ACM to make up the records of a validation."""


@dataclass
class Requests:
    """By ARN: when, and for which kind of key. ``failures``: by domain the FailureReason of each request from now on."""

    asked: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


class AcmRequests(Acm):
    @property
    def requests(self) -> Requests:
        return self.state(Requests)

    def request_certificate(self) -> ActionResult:
        result = super().request_certificate()
        answer: Any = result.result
        arn = answer["CertificateArn"]
        self.requests.asked[arn] = (self.clock.now(), self._get_param("KeyAlgorithm") or "RSA_2048")
        domain = self._get_param("DomainName")
        if domain in self.requests.failures:
            self.acm_backend._certificates[arn].status = "FAILED"
        return result

    def describe_certificate(self) -> ActionResult:
        result = super().describe_certificate()
        answer: Any = result.result
        shown = dict(answer["Certificate"])
        since, algorithm = self.requests.asked.get(shown["CertificateArn"], (None, shown["KeyAlgorithm"]))
        shown["KeyAlgorithm"] = algorithm
        if since and self.clock.now() < since + KNOWN:
            options = shown["DomainValidationOptions"]
            shown["DomainValidationOptions"] = [{key: value for key, value in each.items() if key != "ResourceRecord"} for each in options]
        shown["RenewalEligibility"] = _eligibility(shown, bool(shown.get("InUseBy")))
        if shown["Status"] == "FAILED":
            shown["FailureReason"] = self.requests.failures.get(shown["DomainName"], "CAA_ERROR")
        return ActionResult({"Certificate": shown})

    def list_certificates(self) -> ActionResult:
        answer: Any = super().list_certificates().result
        for each in answer["CertificateSummaryList"]:
            names = sorted({each["DomainName"], *each.pop("SubjectAlternativeNames", ())})
            each |= {"SubjectAlternativeNameSummaries": names, "HasAdditionalSubjectAlternativeNames": False}
            each["KeyAlgorithm"] = self.requests.asked.get(each["CertificateArn"], (None, each["KeyAlgorithm"]))[1]
            each["RenewalEligibility"] = _eligibility(each, bool(each.get("InUse")))
            if each["Status"] in ("PENDING_VALIDATION", "FAILED"):
                for key in ("IssuedAt", "NotBefore", "NotAfter"):
                    each.pop(key, None)
        return ActionResult(answer)

    def update_certificate_options(self) -> ActionResult:
        bundle = self.acm_backend.get_certificate(self._get_param("CertificateArn"))
        bundle.cert_options.update(self._get_param("Options"))
        return EmptyResult()

    def delete_certificate(self) -> ActionResult:
        bundle = self.acm_backend.get_certificate(self._get_param("CertificateArn"))
        if bundle.in_use_by:
            raise AWSError(f"Certificate {bundle.arn} in account {self.current_account} is in use.", exception_type="ResourceInUseException")
        return super().delete_certificate()


def _eligibility(certificate: Mapping[str, Any], in_use: bool) -> str:
    """ACM User Guide, "Managed certificate renewal"."""
    return "ELIGIBLE" if certificate["Type"] == "AMAZON_ISSUED" and in_use else "INELIGIBLE"
