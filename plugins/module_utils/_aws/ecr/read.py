# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repositories that are there: one list of all, and of each what was asked about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr.options import Repository, Request


@dataclass(frozen=True)
class Found:
    """A repository of AWS. ``lifecycle`` and ``policy``: {} where there is none, or where nobody asked."""

    name: str
    arn: str
    uri: str
    mutability: str
    mutable_tags: tuple[str, ...]
    scan_on_push: bool
    encryption: str
    kms_key: str
    lifecycle: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    images: bool = False


def read(aws: Aws, request: Request) -> dict[str, Found]:
    """By name; one that is not there is missing."""
    wanted = {each.name: each for each in request.repositories}
    if not wanted:
        return {}
    everything = aws.listed("ecr", "describe_repositories", "repositories", PaginationConfig={"PageSize": 1000})
    there = [each for each in everything if each["repositoryName"] in wanted]
    found = aws.together(lambda each: _found(aws, each, wanted[each["repositoryName"]], request), there)
    return {each.name: each for each in found}


def _found(aws: Aws, item: Mapping[str, Any], wanted: Repository, request: Request) -> Found:
    name, arn = item["repositoryName"], item["repositoryArn"]
    encryption = item.get("encryptionConfiguration") or {}
    lifecycle = policy = None
    if request.present and wanted.lifecycle is not None:
        lifecycle = aws.find("ecr", "get_lifecycle_policy", repositoryName=name)
    if request.present and wanted.policy is not None:
        policy = aws.find("ecr", "get_repository_policy", repositoryName=name)
    return Found(
        name=name,
        arn=arn,
        uri=item["repositoryUri"],
        mutability=item.get("imageTagMutability", "MUTABLE"),
        mutable_tags=tuple(sorted(each["filter"] for each in item.get("imageTagMutabilityExclusionFilters") or ())),
        scan_on_push=bool((item.get("imageScanningConfiguration") or {}).get("scanOnPush")),
        encryption=encryption.get("encryptionType", "AES256"),
        kms_key=encryption.get("kmsKey", ""),
        lifecycle=json.loads(lifecycle["lifecyclePolicyText"]) if lifecycle else {},
        policy=json.loads(policy["policyText"]) if policy else {},
        tags=tags.mapping(aws.call("ecr", "list_tags_for_resource", resourceArn=arn).get("tags")) if request.present else {},
        images=not (request.present or request.force) and bool(aws.call("ecr", "list_images", repositoryName=name, maxResults=1).get("imageIds")),
    )
