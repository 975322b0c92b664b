# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates go, unless something serves them; with them the records that validated them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued import validate
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued.read import Found
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.result import Result
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.summaries import describe
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.records import Record
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step, take
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict


def absent(aws: Aws, request: Request, found: Found, check_mode: bool) -> Result:
    """All certificates with the domain and our tags. Without such tags there may be no more than one."""
    if not request.identity and len(found.ours) > 1:
        arns = ", ".join(sorted(each.arn for each in found.ours))
        raise Conflict(
            f"domain {request.domain} in {aws.region} has {len(found.ours)} certificates ({arns}); say which by tags, slipway:name or slipway:environment"
        )
    certificates = aws.together(lambda each: describe(aws, each.arn), found.ours)
    for each in certificates:
        if each.get("InUseBy"):
            raise Conflict(
                f"certificate {request.domain} ({each['CertificateArn']}) is in use by {', '.join(sorted(each['InUseBy']))}; "
                "delete these first, or have them use another",
                in_use_by=sorted(each["InUseBy"]),
            )
    steps = [
        Step(f"delete certificate {each['CertificateArn']}", "acm", "delete_certificate", {"CertificateArn": each["CertificateArn"]}) for each in certificates
    ]
    # First the records, which only the certificate names: whoever goes on after an interruption finds them by it.
    made = validate.make(aws, request, _free(certificates, found), check_mode, present=False)
    if not check_mode:
        take(aws, steps)
    return Result(
        before={request.domain: {"arns": sorted(each["CertificateArn"] for each in certificates)} if certificates else {}},
        after={request.domain: {}},
        actions=(*(made.actions if made else ()), *(step.text for step in steps)),
        domain=request.domain,
    )


def _free(certificates: list[dict[str, Any]], found: Found) -> tuple[Record, ...]:
    """The records that no other certificate of this region is renewed by: certificates of one name share them."""
    kept = {_base(name) for name in found.others}
    by_name: dict[str, Record] = {}
    for each in certificates:
        domains: list[Mapping[str, Any]] = [option for option in each.get("DomainValidationOptions") or () if _base(option["DomainName"]) not in kept]
        by_name |= {record.name: record for record in validate.records({"DomainValidationOptions": domains})}
    return tuple(by_name.values())


def _base(name: str) -> str:
    return name.removeprefix("*.")
