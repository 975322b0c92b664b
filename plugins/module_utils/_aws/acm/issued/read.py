# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding a certificate: AWS has no name for one but its ARN, so by domain, names, kind of key and our tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.summaries import summaries, tags_of
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict

_ALIVE = ("ISSUED", "PENDING_VALIDATION")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Listed:
    """A certificate of the list, with its tags."""

    arn: str
    status: str
    type: str
    key_algorithm: str
    in_use: bool
    names: tuple[str, ...]
    since: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """``ours``: all with the domain and our tags; ``chosen``: the one that is meant; ``others``: the names that certificates of others have."""

    ours: tuple[Listed, ...] = ()
    chosen: Listed | None = None
    others: frozenset[str] = frozenset()


def read(aws: Aws, request: Request) -> Found:
    listed = [_listed(each) for each in summaries(aws)]
    named = [each for each in listed if request.domain in each.names and each.type == "AMAZON_ISSUED"]
    tagged = aws.together(lambda each: tags_of(aws, each.arn), named)
    ours = [Listed(**{**vars(each), "tags": its}) for each, its in zip(named, tagged, strict=True) if request.identity.items() <= its.items()]
    arns = {each.arn for each in ours}
    others = frozenset(name for each in listed if each.arn not in arns for name in each.names)
    return Found(tuple(ours), _choose(aws, request, ours) if request.present else None, others)


def _listed(item: Mapping[str, Any]) -> Listed:
    domain = item.get("DomainName", "")
    return Listed(
        arn=item["CertificateArn"],
        status=item.get("Status", ""),
        type=item.get("Type", ""),
        key_algorithm=item.get("KeyAlgorithm", "").replace("RSA-", "RSA_").replace("EC-", "EC_"),
        in_use=bool(item.get("InUse")),
        names=tuple(sorted({domain, *(item.get("SubjectAlternativeNameSummaries") or ())} - {""})),
        since=item.get("CreatedAt") or _NEVER,
    )


def _choose(aws: Aws, request: Request, ours: Sequence[Listed]) -> Listed | None:
    """In use before not, issued before pending, newer before older. Two in use are ambiguous: a renewal must reach what is served."""
    fit = [each for each in ours if each.names == request.names and each.key_algorithm == request.key_algorithm and each.status in _ALIVE]
    used = sorted(each.arn for each in fit if each.in_use)
    if len(used) > 1:
        raise Conflict(
            f"domain {request.domain} in {aws.region} has {len(used)} certificates in use ({', '.join(used)}); "
            "tell them apart by the tags slipway:environment and slipway:name, and give these in tags"
        )
    ranked = sorted(fit, key=lambda each: (each.in_use, each.status == "ISSUED", each.since, each.arn), reverse=True)
    return ranked[0] if ranked else None
