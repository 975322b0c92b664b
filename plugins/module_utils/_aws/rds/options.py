# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of ``rds_instance``, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

UPGRADES = ("none", "minor", "major")
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "engine_version": {"type": "str", "default": ""},
    "upgrades": {"type": "str", "choices": list(UPGRADES), "default": "minor"},
    "instance_class": {"type": "str", "default": ""},
    "storage_gib": {"type": "int", "default": 20},
    "max_storage_gib": {"type": "int"},
    "storage_type": {"type": "str", "choices": ["gp2", "gp3", "io1", "io2"], "default": "gp3"},
    "iops": {"type": "int"},
    "throughput": {"type": "int"},
    "multi_az": {"type": "bool"},
    "encrypted": {"type": "bool", "default": True},
    "kms_key": {"type": "str", "default": "", "no_log": False},
    "database": {"type": "str", "default": ""},
    "username": {"type": "str", "default": "postgres"},
    "secret_kms_key": {"type": "str", "default": "", "no_log": False},
    "port": {"type": "int", "default": 5432},
    "parameters": {"type": "dict", "default": {}},
    "ca_certificate": {"type": "str"},
    "backup_days": {"type": "int"},
    "backup_window": {"type": "str"},
    "maintenance_window": {"type": "str"},
    "auto_minor_upgrade": {"type": "bool"},
    "deletion_protection": {"type": "bool", "default": True},
    "performance_insights": {"type": "bool"},
    "performance_insights_days": {"type": "int"},
    "iam_authentication": {"type": "bool"},
    "log_exports": {"type": "list", "elements": "str"},
    "subnets": {"type": "list", "elements": "str", "default": []},
    "security_groups": {"type": "list", "elements": "str"},
    "public": {"type": "bool", "default": False},
    "apply_immediately": {"type": "bool", "default": False},
    "final_snapshot": {"type": "bool", "default": True},
    "keep_automated_backups": {"type": "bool", "default": False},
    "lift_deletion_protection": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 3600},
}
# CreateDBInstance: DBInstanceIdentifier. The names of the groups add to it.
_NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
_LONGEST = 50
_VERSION = re.compile(r"\d+(\.\d+)?")
# What differs from None is compared with the field of the same name (fields.py).
COMPARED = (
    "instance_class",
    "storage_gib",
    "max_storage_gib",
    "storage_type",
    "iops",
    "throughput",
    "multi_az",
    "port",
    "ca_certificate",
    "backup_days",
    "backup_window",
    "maintenance_window",
    "auto_minor_upgrade",
    "deletion_protection",
    "performance_insights",
    "performance_insights_days",
    "iam_authentication",
    "log_exports",
    "security_groups",
    "public",
)


@dataclass(frozen=True)
class Request:
    """``fields``: by option what is compared with the instance; ``parameters``: as RDS has them, in text. ``timeout``: seconds."""

    name: str
    present: bool = True
    engine_version: str = ""
    upgrades: str = "minor"
    fields: Mapping[str, Any] = field(default_factory=dict)
    encrypted: bool = True
    kms_key: str = ""
    database: str = ""
    username: str = "postgres"
    secret_kms_key: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    subnets: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    purge_tags: bool = False
    apply_immediately: bool = False
    final_snapshot: bool = True
    keep_automated_backups: bool = False
    lift_deletion_protection: bool = False
    timeout: float = 3600

    @property
    def family(self) -> str:
        """Of parameter groups: one for each major version."""
        return f"postgres{self.engine_version.partition('.')[0]}"

    @property
    def parameter_group(self) -> str:
        return f"{self.name}-{self.family}"


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``: which option, and what to write instead."""
    name = params["name"]
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise InvalidInput(f"name: {name!r}: write up to {_LONGEST} lower-case letters, digits and single hyphens, beginning with a letter")
    if params["state"] == "present":
        _check(params)
    same = ("name", "engine_version", "upgrades", "encrypted", "kms_key", "database", "username", "secret_kms_key", "purge_tags", "apply_immediately")
    ends = ("final_snapshot", "keep_automated_backups", "lift_deletion_protection", "timeout")
    return Request(
        **{key: params[key] for key in (*same, *ends)},
        present=params["state"] == "present",
        fields={key: _field(key, params[key]) for key in COMPARED if params[key] is not None},
        parameters={"rds.force_ssl": "1", **{key: _parameter(value) for key, value in params["parameters"].items()}},
        subnets=tuple(sorted(set(params["subnets"]))),
        tags=texts(params["tags"]),
    )


def _check(params: Mapping[str, Any]) -> None:
    if not _VERSION.fullmatch(params["engine_version"]):
        raise InvalidInput(f"engine_version: {params['engine_version']!r}: write a version of PostgreSQL, such as 17 or 17.6")
    if not params["instance_class"].startswith("db."):
        raise InvalidInput(f"instance_class: {params['instance_class']!r}: write one such as db.t4g.medium")
    if len(set(params["subnets"])) < 2 and LATER not in params["subnets"]:
        raise InvalidInput("subnets: write at least two, in different zones")
    most = params["max_storage_gib"]
    if most and most <= params["storage_gib"]:
        raise InvalidInput(f"max_storage_gib: {most} must be more than storage_gib ({params['storage_gib']}), or 0 for a storage that does not grow")
    if params["kms_key"] and not params["encrypted"]:
        raise InvalidInput("kms_key: what is not encrypted has no key; write encrypted: true, or leave the key out")
    for option in ("subnets", "security_groups"):
        if any(not each for each in params[option] or ()):
            raise InvalidInput(f"{option}: one of them is empty")


def _field(key: str, value: Any) -> Any:
    if isinstance(value, str) and key.endswith("_window"):
        return value.lower()
    return sorted(set(value)) if isinstance(value, list) else value


def _parameter(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
