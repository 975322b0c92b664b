# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an instance differs from what is wanted, and the calls that mend it. Decides; calls nothing that writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import keys, tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds import fields, upgrade
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.groups import Part, tag_steps
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict

_IOPS_FROM = 400  # GiB: with gp3, only storage of this size has IOPS of one's own


def create(request: Request) -> Part:
    what, wanted = f"instance {request.name}", _wanted(request)
    after = {**wanted, **_fixed(request), "tags": dict(request.tags)}
    ask: dict[str, Any] = {"DBInstanceIdentifier": request.name, "Engine": "postgres", "MasterUsername": request.username, "DBSubnetGroupName": request.name}
    ask |= {"StorageEncrypted": request.encrypted, "CopyTagsToSnapshot": True, "Tags": tags.pairs(request.tags)}
    optional = {"KmsKeyId": request.kms_key, "DBName": request.database, "MasterUserSecretKmsKeyId": request.secret_kms_key}
    ask |= {key: value for key, value in optional.items() if value}
    for name, value in wanted.items():
        ask |= fields.created(name, value)
    return Part(what, {}, after, (Step(f"create {what}", "rds", "create_db_instance", ask),))


def update(aws: Aws, request: Request, instance: Mapping[str, Any]) -> Part:
    """``instance``: as DescribeDBInstances has it."""
    _unchangeable(aws, request, instance)
    version = upgrade.judge(request.name, instance["EngineVersion"], request.engine_version, request.upgrades)
    notes = [version.note] if version.note else []
    wanted, before = _wanted(request), dict[str, Any]()
    for name in wanted:
        # What waits for the window is done as far as a run without apply_immediately goes.
        before[name] = fields.now(instance, name) if request.apply_immediately else fields.later(instance, name)
    if not _asks_for_version(version, request, before["engine_version"]):
        before["engine_version"] = request.engine_version
        if version.kind == "major":  # it waits for the window, and the parameter group with it
            before["parameter_group"] = request.parameter_group
    if before["storage_gib"] > wanted["storage_gib"]:
        notes.append(f"storage is {before['storage_gib']} GiB, more than storage_gib {wanted['storage_gib']}; RDS never shrinks it")
        wanted["storage_gib"] = before["storage_gib"]
    had = tags.mapping(instance.get("TagList"))
    after_tags = tags.wanted(had, request.tags, request.purge_tags)
    differs = {name: value for name, value in wanted.items() if before[name] != value}
    steps = (*_modify(request, instance, differs, version), *tag_steps(f"instance {request.name}", instance["DBInstanceArn"], had, after_tags))
    fixed = _fixed(request)
    return Part(f"instance {request.name}", {**before, **fixed, "tags": had}, {**wanted, **fixed, "tags": after_tags}, steps, tuple(notes))


def _wanted(request: Request) -> dict[str, Any]:
    return {
        "engine_version": request.engine_version,
        **request.fields,
        "managed_password": True,
        "parameter_group": request.parameter_group,
    }


def _fixed(request: Request) -> dict[str, Any]:
    """What is only shown: it is as wanted, or the plan was refused."""
    optional = {"kms_key": request.kms_key, "database": request.database}
    return {"encrypted": request.encrypted, "username": request.username, "subnet_group": request.name} | {
        key: value for key, value in optional.items() if value
    }


def _asks_for_version(version: upgrade.Upgrade, request: Request, then: str) -> bool:
    """Whether an upgrade has still to be asked for; a version that waits for the window has a minor number where the option may have none."""
    return bool(version.kind) and not f"{then}.".startswith(f"{request.engine_version}.")


def _unchangeable(aws: Aws, request: Request, instance: Mapping[str, Any]) -> None:
    wanted: dict[str, Any] = {"encrypted": request.encrypted, "username": request.username, "database": request.database}
    wanted |= {"engine": "postgres", "subnet group": request.name}
    is_ = {
        "encrypted": bool(instance.get("StorageEncrypted")),
        "username": instance.get("MasterUsername"),
        "database": instance.get("DBName", "") if request.database else "",
        "engine": instance.get("Engine"),
        "subnet group": (instance.get("DBSubnetGroup") or {}).get("DBSubnetGroupName"),
    }
    wrong = [f"{key} is {is_[key] or 'none'} and {value or 'none'} is wanted" for key, value in wanted.items() if is_[key] != value]
    if request.kms_key and not keys.same(aws, request.kms_key, instance.get("KmsKeyId") or ""):
        wrong.append(f"kms_key is {instance.get('KmsKeyId') or 'none'} and {request.kms_key} is wanted")
    if wrong:
        raise Conflict(
            f"instance {request.name} in {aws.region}: {'; '.join(wrong)}; RDS can't change that, so write what it is, "
            "or restore a snapshot with what is wanted under another name",
            instance=request.name,
        )


def _modify(request: Request, instance: Mapping[str, Any], differs: Mapping[str, Any], version: upgrade.Upgrade) -> Iterator[Step]:
    if not differs:
        return
    ask: dict[str, Any] = {"DBInstanceIdentifier": request.name, "ApplyImmediately": request.apply_immediately}
    for name, value in differs.items():
        ask |= fields.modified(name, value, instance)
    if version.kind == "major":
        ask["AllowMajorVersionUpgrade"] = True
    if "managed_password" in differs and request.secret_kms_key:
        ask["MasterUserSecretKmsKeyId"] = request.secret_kms_key
    # Provisioned IOPS are asked for anew with every size (ModifyDBInstance, AllocatedStorage).
    if "storage_gib" in differs and "Iops" not in ask and instance.get("Iops") and _own_iops(request, instance):
        ask["Iops"] = instance["Iops"]
    when = "now" if request.apply_immediately else "now, or in the maintenance window"
    yield Step(f"set {', '.join(sorted(differs))} of instance {request.name} ({when})", "rds", "modify_db_instance", ask)


def _own_iops(request: Request, instance: Mapping[str, Any]) -> bool:
    return request.fields["storage_type"] in ("io1", "io2") or instance["AllocatedStorage"] >= _IOPS_FROM
