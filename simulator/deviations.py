# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is answered otherwise than AWS's models have it, and no client minds. The only such list: everything else is a violation.

A test shows for each row that it is still needed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """``operation`` and ``member`` ("a.b[].c", or the code of an error) are exact; ``why`` says why it does no harm."""

    service: str
    operation: str
    member: str
    why: str


_AWS = "AWS itself answers it so (in small letters, or available, or with a hyphen); the model's list has it otherwise"
_EXTRA = "a key too many; clients drop it"
_MISSING = "clients page by IsTruncated and the next marker, which are there when there is more"

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation("acm", "ListCertificates", "CertificateSummaryList[].KeyAlgorithm", _AWS),
    Deviation("ec2", "CreateVpcEndpoint", "VpcEndpoint.State", _AWS),
    Deviation("ec2", "DescribeInternetGateways", "InternetGateways[].Attachments[].State", _AWS),
    Deviation("ec2", "DescribeVpcEndpoints", "VpcEndpoints[].State", _AWS),
    Deviation("kms", "ListGrants", "GrantCount", _EXTRA),
    Deviation("route53", "CreateHealthCheck", "Location", "it stands in a header that nobody reads"),
    Deviation("route53", "CreateHostedZone", "DelegationSet", "a private zone has no name servers of its own"),
    Deviation("route53", "ListHealthChecks", "IsTruncated", _MISSING),
    Deviation("route53", "ListHealthChecks", "Marker", _MISSING),
    Deviation("route53", "ListHealthChecks", "MaxItems", _MISSING),
    Deviation("route53", "ListHostedZones", "Marker", _MISSING),
    Deviation("route53", "ListHostedZonesByName", "IsTruncated", _MISSING),
    Deviation("route53", "ListHostedZonesByName", "MaxItems", _MISSING),
    Deviation("secretsmanager", "DescribeSecret", "SecretVersionsToStages", _EXTRA),
    Deviation("secretsmanager", "ListSecrets", "SecretList[].VersionIdsToStages", _EXTRA),
)

_KNOWN = {(each.service, each.operation, each.member): each for each in DEVIATIONS}


def known(service: str, operation: str, member: str) -> Deviation | None:
    return _KNOWN.get((service, operation, member))
