# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of kms_key, and the keys that they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS, repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_KEY = {
    "alias": {"type": "str", "required": True},
    "description": {"type": "str"},
    "policy": {"type": "raw"},
    "rotation": {"type": "bool"},
    "tags": {"type": "dict", "default": {}},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    # Names of keys, and nothing secret; no_log would blank them out everywhere.
    "keys": {"type": "list", "elements": "dict", "required": True, "options": _KEY, "no_log": False},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "deletion_window": {"type": "int", "default": 30},
    **TAGS,
}
MARK = "slipway:alias"
"""The tag by which a key is found whose alias was not made any more, by a run that was interrupted."""
_ALIAS = re.compile(r"alias/[\w/-]{1,250}", re.ASCII)
_WINDOW = range(7, 31)  # days, by KMS


@dataclass(frozen=True)
class Key:
    """``alias``: with "alias/" before it. None: not compared and not touched."""

    alias: str
    description: str | None = None
    policy: Mapping[str, Any] | None = None
    rotation: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.alias.removeprefix("alias/")


@dataclass(frozen=True)
class Request:
    keys: tuple[Key, ...]
    absent: bool = False
    deletion_window: int = 30
    purge_tags: bool = False


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``."""
    if params["deletion_window"] not in _WINDOW:
        raise InvalidInput(f"deletion_window: {params['deletion_window']} is not from 7 to 30 days")
    common = texts(params["tags"])
    keys = tuple(_key(item, common) for item in params["keys"])
    twice = repeated([key.name for key in keys])
    if twice:
        raise InvalidInput(f"keys: {', '.join(twice)} is there twice; write each alias once")
    return Request(keys, params["state"] == "absent", params["deletion_window"], params["purge_tags"])


def _key(item: Mapping[str, Any], common: Mapping[str, str]) -> Key:
    alias = "alias/" + item["alias"].removeprefix("alias/")
    if not _ALIAS.fullmatch(alias) or alias.startswith("alias/aws/"):
        raise InvalidInput(f"keys: {item['alias']!r} can't be an alias; write letters, digits, /, _ and -, and not aws/ at the beginning")
    name = alias.removeprefix("alias/")
    policy = documents.document(item["policy"], f"keys: {name}.policy")
    if policy == {}:
        raise InvalidInput(f"keys: {name}.policy is empty; leave it out for KMS's own, which lets the account's IAM policies decide")
    own = texts(item["tags"])
    return Key(alias, item["description"], policy, item["rotation"], {**common, **own, MARK: name})
