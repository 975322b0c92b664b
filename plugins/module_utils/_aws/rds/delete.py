# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance and its groups go; a last snapshot stays, unless told otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds import settle
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.groups import Part
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.read import Found
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict


def plan(aws: Aws, request: Request, found: Found) -> tuple[list[Part], str]:
    """The parts in the order in which they go, and the name of the last snapshot ("" for none)."""
    parts, snapshot = [], ""
    if found.instance:
        deleting = settle.status(found.instance) == "deleting"
        if not deleting:
            _refuse(aws, request, found.instance)
            snapshot = _free(aws, request.name) if request.final_snapshot else ""
        steps = () if deleting else tuple(_steps(request, found.instance, snapshot))
        parts.append(Part(f"instance {request.name}", {"arn": found.instance["DBInstanceArn"]}, {}, steps))
    if found.subnet_group:
        step = Step(f"delete subnet group {request.name}", "rds", "delete_db_subnet_group", {"DBSubnetGroupName": request.name})
        parts.append(Part(f"subnet group {request.name}", {"arn": found.subnet_group["DBSubnetGroupArn"]}, {}, (step,)))
    for group in found.groups:
        step = Step(f"delete parameter group {group}", "rds", "delete_db_parameter_group", {"DBParameterGroupName": group})
        parts.append(Part(f"parameter group {group}", {"name": group}, {}, (step,)))
    return parts, snapshot


def _refuse(aws: Aws, request: Request, instance: Mapping[str, Any]) -> None:
    where = f"instance {request.name} in {aws.region}"
    if instance.get("DeletionProtection") and not request.lift_deletion_protection:
        raise Conflict(f"{where} is protected from deletion; write lift_deletion_protection: true to delete it all the same", instance=request.name)
    if request.final_snapshot and not settle.can_be_kept(instance):
        state = settle.status(instance)
        raise Conflict(f"{where} is {state}: RDS can make no last snapshot; write final_snapshot: false to delete it without", instance=request.name)


def _steps(request: Request, instance: Mapping[str, Any], snapshot: str) -> Iterator[Step]:
    what = f"instance {request.name}"
    if instance.get("DeletionProtection"):
        lift = {"DBInstanceIdentifier": request.name, "DeletionProtection": False, "ApplyImmediately": True}
        yield Step(f"lift the deletion protection of {what}", "rds", "modify_db_instance", lift)
    ask: dict[str, Any] = {
        "DBInstanceIdentifier": request.name,
        "SkipFinalSnapshot": not snapshot,
        "DeleteAutomatedBackups": not request.keep_automated_backups,
    }
    text = f"delete {what}, with the last snapshot {snapshot}" if snapshot else f"delete {what}, without a last snapshot"
    yield Step(text, "rds", "delete_db_instance", ask | ({"FinalDBSnapshotIdentifier": snapshot} if snapshot else {}))


def _free(aws: Aws, name: str) -> str:
    """The first name that no snapshot has: an instance of this name may have gone before."""
    taken = {each["DBSnapshotIdentifier"] for each in aws.listed("rds", "describe_db_snapshots", "DBSnapshots", SnapshotType="manual")}
    number = 1
    while (free := f"{name}-final" if number == 1 else f"{name}-final-{number}") in taken:
        number += 1
    return free
