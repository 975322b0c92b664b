# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates in AWS, by calls that list: what ACM, IAM and RDS say of all at once has the dates, so nothing is asked of each.

API references: ACM ListCertificates, IAM ListServerCertificates, RDS DescribeDBInstances and DescribeCertificates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.summaries import each_summary
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws
from ansible_collections.slipway.platform.plugins.module_utils._certificates import inventory
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import AwsPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context

_ATTEMPTS = 3
# Requests for certificates that nobody ever had: they neither serve nor expire.
_NEVER_ISSUED = {"PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED"}


def collect(parts: Sequence[AwsPart], request: Request, context: Context) -> Iterator[Found]:  # noqa: ARG001  as every source
    """What AWS has. A service that may not be asked, or does not answer, is a row of its own, and the others are asked."""
    for part in parts:
        # Deadlines are those of everything else that is looked at, so that a service that does not answer holds up nobody.
        aws = Aws(Access(part.region, part.profile, part.endpoint_url, attempts=_ATTEMPTS, connect=request.connect_timeout, read=max(request.timeout, 1)))
        for service in part.services:
            region = "global" if service == "iam" else part.region
            row = Found("aws", f"{service} {region}", {"service": service, "region": region}, thresholds=part.thresholds)
            try:
                aws.client(service)  # what keeps from asking at all is said once
                yield from _SERVICES[service](aws, row)
            except Exception as error:  # what came before stays
                yield replace(row, problems=(inventory.problem(error, service),))


def _acm(aws: Aws, row: Found) -> Iterator[Found]:
    for each in each_summary(aws):
        arn, status = each["CertificateArn"], each.get("Status", "")
        if status not in _NEVER_ISSUED:
            yield _row(row, f"acm {each.get('DomainName', '')} {arn.rpartition('/')[2]}", arn, _of_acm(each), _acm_problems(each), _acm_facts(each))


def _of_acm(each: Mapping[str, Any]) -> Certificate | None:
    domain = each.get("DomainName", "")
    names = dict.fromkeys([domain, *each.get("SubjectAlternativeNameSummaries", ())])
    return _certificate(domain, each.get("NotBefore"), each.get("NotAfter"), tuple(f"dns:{name}" for name in names if name), _key(each.get("KeyAlgorithm", "")))


def _acm_problems(each: Mapping[str, Any]) -> Iterator[Problem]:
    if each.get("Status") == "REVOKED":
        when = each.get("RevokedAt")
        yield Problem("revoked", f"it was revoked{f' at {when:%Y-%m-%d}' if isinstance(when, datetime) else ''}")
    if each.get("RenewalEligibility") == "INELIGIBLE":
        imported = each.get("Type") == "IMPORTED"
        yield Problem("not_renewable", "ACM does not renew it: " + ("it was imported, so import its successor" if imported else "nothing uses it"))


def _acm_facts(each: Mapping[str, Any]) -> dict[str, Any]:
    keys = {"Status": "status", "Type": "type", "InUse": "in_use", "Exported": "exported", "RenewalEligibility": "renewal_eligibility"}
    return {ours: each[theirs] for theirs, ours in keys.items() if theirs in each}


def _iam(aws: Aws, row: Found) -> Iterator[Found]:
    for each in aws.each("iam", "list_server_certificates", "ServerCertificateMetadataList", PaginationConfig={"PageSize": 1000}):
        name = each["ServerCertificateName"]
        yield _row(row, f"iam {each.get('Path', '/')}{name}", each["Arn"], _certificate(name, None, each.get("Expiration")))


def _rds(aws: Aws, row: Found) -> Iterator[Found]:
    """A row for each instance: its own certificate, and the authority that signed it, which clients trust by name."""
    authorities: dict[str, Any] = {}
    try:
        authorities = {each["CertificateIdentifier"]: each for each in aws.each("rds", "describe_certificates", "Certificates")}
    except Exception as error:  # then what instances say of themselves is still known
        yield replace(row, name=f"{row.name} authorities", problems=(inventory.problem(error, "rds"),))
    for each in aws.each("rds", "describe_db_instances", "DBInstances"):
        name, details = each["DBInstanceIdentifier"], each.get("CertificateDetails") or {}
        signed_by = details.get("CAIdentifier") or each.get("CACertificateIdentifier") or ""
        authority = authorities.get(signed_by) or {}
        chain = (
            _certificate(name, None, details.get("ValidTill"), issuer=signed_by),
            _certificate(signed_by, authority.get("ValidFrom"), authority.get("ValidTill")),
        )
        problems = [] if authority else [Problem("incomplete", f"its authority {signed_by or 'has no name'}, and RDS does not say until when that is good")]
        facts = {"ca": signed_by, "engine": each.get("Engine", "")}
        yield replace(_row(row, f"rds {name}", each.get("DBInstanceArn", name), None, problems, facts), chain=tuple(link for link in chain if link))


def _row(
    row: Found,
    name: str,
    arn: str,
    certificate: Certificate | None,
    problems: Iterator[Problem] | Sequence[Problem] = (),
    facts: Mapping[str, Any] | None = None,
) -> Found:
    return replace(row, name=name, labels={**row.labels, "arn": arn}, chain=(certificate,) if certificate else (), problems=tuple(problems), facts=facts or {})


def _certificate(
    subject: str, begins: datetime | None, ends: datetime | None, names: tuple[str, ...] = (), key: str = "unknown", issuer: str = ""
) -> Certificate | None:
    if ends is None:
        return None
    first = begins.astimezone(UTC) if begins else None
    return Certificate(f"CN={subject}", f"CN={issuer}" if issuer else "", "", first, ends.astimezone(UTC), names, key=key)


def _key(algorithm: str) -> str:
    """``EC_prime256v1`` and ``RSA_2048`` as certificates are described elsewhere."""
    kind, _, size = algorithm.replace("-", "_").partition("_")
    return f"{kind} {({'prime256v1': 'P-256', 'secp384r1': 'P-384', 'secp521r1': 'P-521'}).get(size, size)}" if size else "unknown"


_SERVICES: Mapping[str, Callable[[Aws, Found], Iterator[Found]]] = {"acm": _acm, "iam": _iam, "rds": _rds}
