# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ACM has been given. API reference: DescribeCertificate, GetCertificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.imported.options import NAME, Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.summaries import describe, summaries, tags_of
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound
from cryptography import x509


@dataclass(frozen=True)
class Given:
    """A certificate of ACM. ``tags`` are those that were asked for, or {}."""

    arn: str
    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    in_use_by: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def find(aws: Aws, request: Request) -> Given | None:
    """Raises ``Conflict`` for what ACM issued, since it renews that itself, and for two that could be meant."""
    arn, tags = (request.arn, None) if request.arn else _by_name(aws, request)
    if not arn:
        return None
    try:
        detail = describe(aws, arn)
    except NotFound:
        if not request.present:
            return None
        raise NotFound(f"{arn} is not in {aws.region}; correct it, or give a name, and it is imported", arn=arn) from None
    if detail.get("Type") != "IMPORTED":
        raise Conflict(
            f"{arn} ({detail.get('DomainName', '')}) was issued by ACM, which renews it itself; nothing is imported over it, and it goes by its domain", arn=arn
        )
    if tags is None:
        tags = tags_of(aws, arn) if request.tags is not None else {}
    leaf, chain = held(aws, arn)
    return Given(arn, leaf, chain, tuple(sorted(detail.get("InUseBy") or ())), tags)


def held(aws: Aws, arn: str) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """Certificate and chain. One that was imported without a chain is answered in its place, too."""
    answer = aws.call("acm", "get_certificate", CertificateArn=arn)
    leaf = x509.load_pem_x509_certificate(answer["Certificate"].encode())
    chain = x509.load_pem_x509_certificates(answer["CertificateChain"].encode()) if answer.get("CertificateChain", "").strip() else []
    return leaf, tuple(each for each in chain if each != leaf)


def _by_name(aws: Aws, request: Request) -> tuple[str, dict[str, str] | None]:
    """ARN and tags of the one with this name, whose tags don't say that it is another's."""
    arns = [each["CertificateArn"] for each in summaries(aws) if each.get("Type", "IMPORTED") == "IMPORTED"]
    tagged = dict(zip(arns, aws.together(lambda arn: tags_of(aws, arn), arns), strict=True))
    found = {arn: tags for arn, tags in tagged.items() if tags.get(NAME) == request.name and _is_ours(request, tags)}
    if len(found) > 1:
        raise Conflict(
            f"{request.name}: {len(found)} certificates in {aws.region} have this name ({', '.join(sorted(found))}); give the arn, or rename one, "
            "or tell them apart by the tags slipway:environment and slipway:name"
        )
    return next(iter(found.items()), ("", None))


def _is_ours(request: Request, tags: Mapping[str, str]) -> bool:
    return all(tags.get(key, value) == value for key, value in request.identity.items())
