# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of ``secretsmanager_secret``, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents, files
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS, repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, wrong_at
from ansible_collections.slipway.platform.plugins.module_utils._secrets.content import Generator
from ansible_collections.slipway.platform.plugins.module_utils._secrets.ensure import generator

# no_log would blank out every occurrence of these names in the result; the values behind them are never an argument.
SECRET: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "values": {"type": "dict", "default": {}},
    "generate": {"type": "dict", "default": {}},
    "compose": {"type": "dict", "default": {}},
    "file": {"type": "path"},
    "rotate": {"type": "bool", "default": False},
    "description": {"type": "str"},
    "kms_key": {"type": "str", "no_log": False},
    "policy": {"type": "raw"},
    "replica_regions": {"type": "list", "elements": "str"},
    "tags": {"type": "dict", "default": {}},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    "secrets": {"type": "list", "elements": "dict", "required": True, "options": SECRET, "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "rotate": {"type": "bool", "default": False},
    "recovery_days": {"type": "int", "default": 30},
}
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")  # CreateSecret, Name
_SUFFIX = re.compile(r".*-[A-Za-z0-9]{6}")  # and why its documentation warns of such an end: ARNs end so
_LARGEST = 65536  # octets of SecretString


@dataclass(frozen=True)
class Secret:
    """``text``: of a file, whole; None where there is none. ``rotate``: whether generated entries get new values now. None: left alone."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    generate: Mapping[str, Generator] = field(default_factory=dict)
    compose: Mapping[str, str] = field(default_factory=dict, repr=False)
    text: str | None = field(default=None, repr=False)
    rotate: bool = False
    description: str | None = None
    kms_key: str = ""
    policy: Mapping[str, Any] | None = None
    replica_regions: tuple[str, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def entries(self) -> bool:
        """Whether its value is made of entries, as JSON."""
        return bool(self.values or self.generate or self.compose)

    @property
    def has_value(self) -> bool:
        return self.entries or self.text is not None


@dataclass(frozen=True)
class Request:
    secrets: tuple[Secret, ...]
    present: bool = True
    recovery_days: int = 30
    purge_tags: bool = False


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``: which secret, which option, and what to write instead."""
    days = params["recovery_days"]
    if days and not 7 <= days <= 30:
        raise InvalidInput(f"recovery_days: {days}: write 7 to 30, or 0 for no recovery at all")
    secrets = tuple(_secret(each, params) for each in params["secrets"])
    names = [secret.name for secret in secrets]
    twice = repeated(names)
    if twice:
        raise InvalidInput(f"secrets: {', '.join(twice)} is there twice; write each once")
    return Request(secrets, params["state"] == "present", days, params["purge_tags"])


def _secret(item: Mapping[str, Any], params: Mapping[str, Any]) -> Secret:
    present = params["state"] == "present"
    with wrong_at(f"secret {item['name']}"):
        if not _NAME.fullmatch(item["name"]):
            raise InvalidInput("name: write up to 512 letters, digits and / _ + = . @ -")
        if _SUFFIX.fullmatch(item["name"]):
            raise InvalidInput("name: a hyphen and six characters at its end are what Secrets Manager adds to ARNs; choose another")
        entries = {key: item[key] for key in ("values", "generate", "compose") if item[key]}
        if item.get("file") and entries:
            raise InvalidInput(f"file and {', '.join(entries)} are there; a value is read, or it is made of entries")
        if item["rotate"] and not item["generate"]:
            raise InvalidInput("rotate: nothing of it is generated; put the new value into its file, or write generate")
        regions = item.get("replica_regions")
        return Secret(
            name=item["name"],
            values={key: str(value) for key, value in item["values"].items()},
            generate={key: generator(spec) for key, spec in item["generate"].items()},
            compose=item["compose"],
            text=_read(Path(item["file"])) if item.get("file") and present else None,
            rotate=bool(item["generate"]) and (item["rotate"] or params["rotate"]),
            description=item.get("description"),
            kms_key=item.get("kms_key") or "",
            policy=documents.document(item.get("policy"), "policy"),
            replica_regions=None if regions is None else tuple(sorted(set(regions))),
            tags=texts({**params["tags"], **item["tags"]}),
        )


def _read(path: Path) -> str:
    content = files.private(path, "file")
    if not content or len(content) > _LARGEST:
        raise InvalidInput(f"file: {path} has {len(content)} octets; Secrets Manager takes 1 to {_LARGEST}")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"file: {path} is no UTF-8 text; encode it, for example with base64") from None
