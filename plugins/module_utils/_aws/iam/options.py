# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of iam_role, and the roles that they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS, repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_ROLE = {
    "name": {"type": "str", "required": True},
    "path": {"type": "str", "default": "/"},
    "description": {"type": "str"},
    "trust": {"type": "raw"},
    "managed_policies": {"type": "list", "elements": "str"},
    "inline_policies": {"type": "dict"},
    "permissions_boundary": {"type": "str"},
    "max_session": {"type": "int"},
    "instance_profile": {"type": "bool"},
    "tags": {"type": "dict", "default": {}},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    "roles": {"type": "list", "elements": "dict", "required": True, "options": _ROLE},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    **TAGS,
}
_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_PATH = re.compile(r"/([\x21-\x7e]+/)?")
_INLINE = 10240  # characters of all inline policies of a role, without white space, by IAM's quotas
_SESSION = range(3600, 43201)


@dataclass(frozen=True)
class Role:
    """None: not compared and not touched. ``managed_policies``: ARNs, or names of AWS's own; documents as IAM has them."""

    name: str
    path: str = "/"
    description: str | None = None
    trust: Mapping[str, Any] | None = None
    managed_policies: tuple[str, ...] | None = None
    inline_policies: Mapping[str, Mapping[str, Any]] | None = None
    permissions_boundary: str | None = None
    max_session: int | None = None
    instance_profile: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    roles: tuple[Role, ...]
    absent: bool = False
    purge_tags: bool = False


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``: which role, which option, what to write instead."""
    names = [item["name"] for item in params["roles"]]
    twice = repeated(names)
    if twice:
        raise InvalidInput(f"roles: {', '.join(twice)} is there twice; write each role once")
    common = texts(params["tags"])
    return Request(tuple(_role(item, common) for item in params["roles"]), params["state"] == "absent", params["purge_tags"])


def _role(item: Mapping[str, Any], common: Mapping[str, str]) -> Role:
    name, where = item["name"], f"roles: {item['name']}"
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"roles: {name!r} can't be a name; write 1 to 64 of letters, digits and _+=,.@-")
    if not _PATH.fullmatch(item["path"]) or item["path"].startswith("/aws-"):
        raise InvalidInput(f"{where}.path: {item['path']!r} can't be one; write / or /shop/")
    if item["max_session"] is not None and item["max_session"] not in _SESSION:
        raise InvalidInput(f"{where}.max_session: {item['max_session']} is not from 3600 to 43200 seconds")
    managed = item["managed_policies"]
    return Role(
        name,
        item["path"],
        item["description"],
        documents.document(item["trust"], f"{where}.trust"),
        None if managed is None else tuple(managed),
        _inline(item["inline_policies"], where),
        item["permissions_boundary"],
        item["max_session"],
        item["instance_profile"],
        {**common, **texts(item["tags"])},
    )


def _inline(items: Mapping[str, Any] | None, where: str) -> dict[str, Mapping[str, Any]] | None:
    if items is None:
        return None
    found = {str(name): documents.document(value, f"{where}.inline_policies.{name}") for name, value in items.items()}
    empty = sorted(name for name, document in found.items() if not document)
    if empty:
        raise InvalidInput(f"{where}.inline_policies: {', '.join(empty)} is empty; leave it out, or write its statements")
    policies: dict[str, Mapping[str, Any]] = {name: document for name, document in found.items() if document}
    size = sum(len(documents.text(document)) for document in policies.values())
    if size > _INLINE:
        raise InvalidInput(f"{where}.inline_policies: {size} characters together, and IAM takes {_INLINE}; make a managed policy of some")
    return policies
