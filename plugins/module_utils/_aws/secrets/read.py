# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that are there. ListSecrets may be minutes behind, so each is described; values are read twenty at a time, where they are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.secrets.options import Request, Secret
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, SlipwayError

_AT_ONCE = 20  # BatchGetSecretValue, SecretIdList


@dataclass(frozen=True)
class Found:
    """``version``, ``previous``: ids, "" where there is none; ``going``: when it will be deleted; ``text`` None: nobody asked, or there is no value.

    A value that is octets has "" for its text: it is there, and it is nothing that we made.
    """

    arn: str
    description: str = ""
    kms_key: str = ""
    version: str = ""
    previous: str = ""
    going: str = ""
    policy: Mapping[str, Any] = field(default_factory=dict)
    replica_regions: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    text: str | None = field(default=None, repr=False)


def read(aws: Aws, request: Request) -> dict[str, Found]:
    """By name; one that is not there is missing. Raises ``Conflict`` for one that is a copy of another region's."""
    looked = aws.together(lambda secret: _described(aws, secret, request), request.secrets)
    found = {secret.name: there for secret, there in zip(request.secrets, looked, strict=True) if there}
    compared = [s.name for s in request.secrets if request.present and s.has_value and s.name in found and found[s.name].version and not found[s.name].going]
    for at in range(0, len(compared), _AT_ONCE):
        for name, text in _values(aws, compared[at : at + _AT_ONCE]).items():
            found[name] = replace(found[name], text=text)
    return found


def _described(aws: Aws, secret: Secret, request: Request) -> Found | None:
    item = aws.find("secretsmanager", "describe_secret", SecretId=secret.name)
    if item is None:
        return None
    _not_a_copy(aws, secret.name, item)
    stages = {stage: version for version, names in (item.get("VersionIdsToStages") or {}).items() for stage in names}
    going = item.get("DeletedDate")
    policy = None
    if request.present and secret.policy is not None and not going:
        policy = aws.call("secretsmanager", "get_resource_policy", SecretId=secret.name).get("ResourcePolicy")
    return Found(
        arn=item["ARN"],
        description=item.get("Description") or "",
        kms_key=item.get("KmsKeyId") or "",
        version=stages.get("AWSCURRENT", ""),
        previous=stages.get("AWSPREVIOUS", ""),
        going=f"{going:%Y-%m-%d}" if going else "",
        policy=json.loads(policy) if policy else {},
        replica_regions=tuple(sorted(each["Region"] for each in item.get("ReplicationStatus") or ())),
        tags=tags.mapping(item.get("Tags")),
    )


def _not_a_copy(aws: Aws, name: str, item: Mapping[str, Any]) -> None:
    if item.get("PrimaryRegion") not in (None, "", aws.region):
        raise Conflict(f"secret {name} in {aws.region} is a copy of the one in {item['PrimaryRegion']}; write region: {item['PrimaryRegion']}", secret=name)


def _values(aws: Aws, names: list[str]) -> dict[str, str]:
    """Of each. What the batch leaves out is asked for by itself: taken for no value, another would be made over the one that is there."""
    answer = aws.call("secretsmanager", "batch_get_secret_value", SecretIdList=names)
    for error in answer.get("Errors") or ():
        kind = Denied if "AccessDenied" in str(error.get("ErrorCode")) else SlipwayError
        raise kind(f"secret {error.get('SecretId')} in {aws.region}: its value can't be read: {error.get('ErrorCode')}: {error.get('Message')}")
    found = {each["Name"]: each.get("SecretString", "") for each in answer.get("SecretValues") or ()}
    left_out = [name for name in names if name not in found]
    return found | {name: aws.call("secretsmanager", "get_secret_value", SecretId=name).get("SecretString", "") for name in left_out}
