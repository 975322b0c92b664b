# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is in a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws


def summaries(aws: Aws) -> list[dict[str, Any]]:
    """All certificates of the region, as ListCertificates has them."""
    return list(each_summary(aws))


def each_summary(aws: Aws) -> Iterator[dict[str, Any]]:
    """The same one by one."""
    # Without all key types named only RSA of 1024 and 2048 bits is listed. The model knows them, also those to come.
    kinds = list(aws.client("acm").meta.service_model.shape_for("KeyAlgorithm").enum)
    yield from aws.each("acm", "list_certificates", "CertificateSummaryList", Includes={"keyTypes": kinds}, PaginationConfig={"PageSize": 1000})


def describe(aws: Aws, arn: str) -> dict[str, Any]:
    """DescribeCertificate. Raises ``NotFound``."""
    found: dict[str, Any] = aws.call("acm", "describe_certificate", CertificateArn=arn)["Certificate"]
    return found


def tags_of(aws: Aws, arn: str) -> dict[str, str]:
    """ListCertificates has none, so each certificate is asked for its own."""
    return tags.mapping(aws.call("acm", "list_tags_for_certificate", CertificateArn=arn).get("Tags"))
