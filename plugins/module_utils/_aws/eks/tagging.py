# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of whatever EKS has, by its ARN."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws


def given(tags: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The member of a request that makes something; EKS takes no empty tags."""
    return {"tags": dict(tags)} if tags else {}


def retag(aws: Aws, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    added, removed = tags.changes(before, after)
    if added:
        aws.call("eks", "tag_resource", resourceArn=arn, tags=added)
    if removed:
        aws.call("eks", "untag_resource", resourceArn=arn, tagKeys=removed)
