# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there of an instance and its groups: each is described once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.options import Request


@dataclass(frozen=True)
class Found:
    """None, or nothing: it is not there. ``parameters``: those that somebody set; ``groups``: all parameter groups that this instance ever had."""

    instance: dict[str, Any] | None = None
    subnet_group: dict[str, Any] | None = None
    subnet_group_tags: Mapping[str, str] = field(default_factory=dict)
    parameter_group: dict[str, Any] | None = None
    parameter_group_tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()


def instance(aws: Aws, name: str) -> dict[str, Any] | None:
    answer = aws.find("rds", "describe_db_instances", DBInstanceIdentifier=name)
    return answer["DBInstances"][0] if answer and answer["DBInstances"] else None


def read(aws: Aws, request: Request) -> Found:
    looks = (
        lambda: instance(aws, request.name),
        lambda: _subnet_group(aws, request.name),
        lambda: aws.listed("rds", "describe_db_parameter_groups", "DBParameterGroups"),
    )
    there, subnets, groups = aws.together(lambda look: look(), looks)
    own = re.compile(re.escape(request.name) + r"-postgres\d+")
    ours = {each["DBParameterGroupName"]: each for each in groups if own.fullmatch(each["DBParameterGroupName"])}
    group = ours.get(request.parameter_group) if request.present else None
    names: Any = lambda item, key: _tags(aws, item[key]) if item and request.present else {}  # noqa: E731
    return Found(
        instance=there,
        subnet_group=subnets,
        subnet_group_tags=names(subnets, "DBSubnetGroupArn"),
        parameter_group=group,
        parameter_group_tags=names(group, "DBParameterGroupArn"),
        parameters=_parameters(aws, request.parameter_group) if group else {},
        groups=tuple(sorted(ours)),
    )


def _subnet_group(aws: Aws, name: str) -> dict[str, Any] | None:
    answer = aws.find("rds", "describe_db_subnet_groups", DBSubnetGroupName=name)
    return answer["DBSubnetGroups"][0] if answer and answer["DBSubnetGroups"] else None


def _parameters(aws: Aws, group: str) -> dict[str, str]:
    found = aws.listed("rds", "describe_db_parameters", "Parameters", DBParameterGroupName=group, Source="user")
    return {each["ParameterName"]: str(each["ParameterValue"]) for each in found if each.get("ParameterValue") is not None}


def _tags(aws: Aws, arn: str) -> dict[str, str]:
    return tags.mapping(aws.call("rds", "list_tags_for_resource", ResourceName=arn).get("TagList"))
