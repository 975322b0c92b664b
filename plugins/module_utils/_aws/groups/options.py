# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of security_group, and the groups that they ask for; a group is written as vpc has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import OURS, texts
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import Group
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.options import GROUP_OPTIONS, groups
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

OPTIONS: dict[str, Any] = {
    **CONNECTION,
    "vpc_id": {"type": "str", "default": ""},
    "security_groups": {"type": "list", "elements": "dict", "required": True, "options": GROUP_OPTIONS},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    **TAGS,
    "timeout": {"type": "int", "default": 600},
}


@dataclass(frozen=True)
class Request:
    """``vpc_id``: LATER where check mode comes before the VPC, and "" where groups that shall be gone are looked for in all of them."""

    vpc_id: str
    groups: tuple[Group, ...]
    absent: bool = False
    purge_tags: bool = False
    timeout: float = 600


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``."""
    vpc = params["vpc_id"]
    absent = params["state"] == "absent"
    if not vpc.startswith("vpc-") and vpc != LATER and not (absent and not vpc):
        raise InvalidInput(f"vpc_id: {vpc!r} is no id of a VPC; write such as vpc-0123456789abcdef0")
    common = texts(params["tags"])
    wanted = tuple(replace(group, tags={**common, **group.tags}) for group in groups(params["security_groups"]) or ())
    if not vpc and not all(ours(group.tags) for group in wanted):
        raise InvalidInput("vpc_id: without it groups are known by their names and by tags such as slipway:environment; give one of the two")
    return Request(vpc, wanted, absent, params["purge_tags"], params["timeout"])


def ours(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that say whose a group is."""
    return {key: value for key, value in tags.items() if key.startswith(OURS)}
