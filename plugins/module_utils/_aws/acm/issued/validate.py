# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation by DNS: which records ACM wants to see, having them in a zone, and waiting until it saw them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import wait
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.summaries import describe
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53 import ensure as route53
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53 import options
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.records import Record, host
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound

_KNOWN = 120.0  # seconds in which ACM describes a new certificate, with its records
_TTL = 300
# DescribeCertificate, FailureReason.
_REASONS = {
    "ADDITIONAL_VERIFICATION_REQUIRED": "AWS wants to know more about the name: its support can say what",
    "CAA_ERROR": 'a CAA record of the name, or of one above it, forbids it: add one with 0 issue "amazon.com"',
    "DOMAIN_NOT_ALLOWED": "the name is on a list of unsafe ones",
    "DOMAIN_VALIDATION_DENIED": "the validation was denied",
    "INVALID_PUBLIC_DOMAIN": "the name is no public one: import a certificate of your own authority instead",
}
_ENDED = ("FAILED", "VALIDATION_TIMED_OUT", "REVOKED", "EXPIRED", "INACTIVE")


def records(certificate: Mapping[str, Any]) -> tuple[Record, ...]:
    """Those that ACM wants, each once: a name and its wildcard share one."""
    wanted = [each["ResourceRecord"] for each in certificate.get("DomainValidationOptions") or () if each.get("ResourceRecord")]
    found = {host(each["Name"]): Record(host(each["Name"]), each["Type"], _TTL, (each["Value"],)) for each in wanted}
    return tuple(found[name] for name in sorted(found))


def known(aws: Aws, arn: str, domain: str) -> dict[str, Any]:
    """The certificate, once all its records are known. For some seconds ACM does not know what it was just asked for (DescribeCertificate)."""

    def look() -> wait.Seen[dict[str, Any]]:
        try:
            found = describe(aws, arn)
        except NotFound:
            return wait.Seen({}, "not known yet")
        domains = found.get("DomainValidationOptions") or []
        complete = bool(domains) and all(each.get("ResourceRecord") for each in domains)
        ended = found["Status"] in _ENDED
        line = found["Status"] if ended else "waiting for its validation records"
        return wait.Seen(found, line, done=complete, failure=failure(found) if ended and not complete else "")

    return wait.until_done(aws, f"certificate {domain}", look, _KNOWN)


def make(aws: Aws, request: Request, wanted: tuple[Record, ...], check_mode: bool, present: bool = True) -> route53.Result | None:
    """The records in the zone, through the core of ``route53_record``; None without a zone, or without records."""
    if request.place is None or not wanted:
        return None
    return route53.ensure(aws, options.Request(request.place, wanted, present, timeout=request.timeout), check_mode)


def issued(aws: Aws, request: Request, arn: str) -> dict[str, Any]:
    """The certificate, once ACM has issued it. Raises ``NotReady`` with ACM's reason, or with the records that it still misses."""

    def look() -> wait.Seen[dict[str, Any]]:
        found = describe(aws, arn)
        status = found["Status"]
        missing = sorted(each["DomainName"] for each in found.get("DomainValidationOptions") or () if each.get("ValidationStatus") == "PENDING_VALIDATION")
        line = f"{status} ({', '.join(missing)})" if missing else status
        return wait.Seen(found, line, done=status == "ISSUED", failure=failure(found) if status in _ENDED else "")

    return wait.until_done(aws, f"certificate {request.domain}", look, request.timeout)


def failure(certificate: Mapping[str, Any]) -> str:
    reason = certificate.get("FailureReason", "")
    if certificate["Status"] == "VALIDATION_TIMED_OUT":
        return "ACM did not see its records within 72 hours; check that the zone is the one that the name is delegated to, and run again"
    return f"{reason}: {_REASONS.get(reason, 'see the ACM User Guide, troubleshooting')}" if reason else "ACM gives no reason"
