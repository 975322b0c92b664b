# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of log_group, and the groups that they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS, repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_GROUP = {
    "name": {"type": "str", "required": True},
    "retention": {"type": "int"},
    "kms_key": {"type": "str"},
    "class": {"type": "str", "choices": ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"]},
    "tags": {"type": "dict", "default": {}},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    "groups": {"type": "list", "elements": "dict", "required": True, "options": _GROUP},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    **TAGS,
}
# Days, by the API reference (PutRetentionPolicy); 0 is for ever.
RETENTIONS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_NAME = re.compile(r"[.\w/#-]{1,512}", re.ASCII)


@dataclass(frozen=True)
class Group:
    """None: not compared and not touched. ``kind``: the class."""

    name: str
    retention: int | None = None
    kms_key: str | None = None
    kind: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    groups: tuple[Group, ...]
    absent: bool = False
    purge_tags: bool = False


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``."""
    names = [item["name"] for item in params["groups"]]
    twice = repeated(names)
    if twice:
        raise InvalidInput(f"groups: {', '.join(twice)} is there twice; write each group once")
    common = texts(params["tags"])
    return Request(tuple(_group(item, common) for item in params["groups"]), params["state"] == "absent", params["purge_tags"])


def _group(item: Mapping[str, Any], common: Mapping[str, str]) -> Group:
    name, retention, key = item["name"], item["retention"], item["kms_key"]
    if not _NAME.fullmatch(name) or name.startswith("aws/"):
        raise InvalidInput(f"groups: {name!r} can't be a name; write letters, digits and . - _ / #")
    if retention is not None and retention not in RETENTIONS:
        near = next((days for days in RETENTIONS if days >= retention), RETENTIONS[-1])
        raise InvalidInput(f"groups: {name}.retention: AWS does not keep logs for {retention} days; write {near}, or 0 for ever")
    if key and not key.startswith(("arn:", "(")):
        raise InvalidInput(f"groups: {name}.kms_key: {key!r} is no ARN; write that of the key, not its id or alias")
    return Group(name, retention, key, item["class"], {**common, **texts(item["tags"])})
