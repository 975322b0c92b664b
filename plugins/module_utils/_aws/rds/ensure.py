# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance is as wanted: the one call behind the module ``rds_instance``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds import delete, fields, groups, plan, settle
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.groups import Part
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.read import Found, read
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import take
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError


@dataclass(frozen=True)
class Result(Converged):
    """``pending``: by option what waits for the maintenance window; ``pending_reboot``: whether parameters wait for a reboot; ``notes``: for people.

    Names, ARNs and addresses are "" where there are none, and "(known after apply)" where check mode can't know them.
    """

    name: str = ""
    arn: str = ""
    endpoint: str = ""
    port: int = 0
    database: str = ""
    username: str = ""
    secret_arn: str = ""
    ca_certificate: str = ""
    engine_version: str = ""
    status: str = ""
    pending: dict[str, Any] = field(default_factory=dict)
    pending_reboot: bool = False
    final_snapshot: str = ""
    notes: list[str] = field(default_factory=list)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = read(aws, request)
    if not request.present:
        return _absent(aws, request, found, check_mode)
    if found.instance and settle.status(found.instance) not in settle.SETTLED:
        found = replace(found, instance=_foreseen(found.instance) if check_mode else _at_peace(aws, request, found.instance))
    instance = plan.update(aws, request, found.instance) if found.instance else plan.create(request)
    parts = [groups.subnets(request, found), groups.parameters(aws, request, found), instance]
    there = found.instance
    if not check_mode:
        for part in parts:
            take(aws, part.steps, _spreads)
        if any(part.steps for part in parts):
            there = settle.settled(aws, request, settle.reached(request, _differs(instance)))
    return _result(request, parts, there)


def _at_peace(aws: Aws, request: Request, instance: Mapping[str, Any]) -> dict[str, Any] | None:
    """The instance when an earlier run's work, or RDS's own, is done; None if that is to delete it."""
    if settle.status(instance) == "deleting":
        settle.gone(aws, request)
        return None
    if settle.status(instance) == "storage-full":  # what mends it is what this run may bring
        return dict(instance)
    return settle.settled(aws, request)


def _foreseen(instance: dict[str, Any]) -> dict[str, Any] | None:
    """Check mode waits for nothing: what is going is gone."""
    return None if settle.status(instance) == "deleting" else instance


def _differs(part: Part) -> dict[str, Any]:
    """What has to be seen in RDS's answer before a change is taken for begun; an instance that is made has it from the beginning."""
    return {name: value for name, value in part.after.items() if part.before and name in fields.FIELDS and part.before[name] != value}


def _spreads(error: SlipwayError) -> bool:
    """A change that was asked for just before keeps RDS busy for some seconds."""
    return error.facts.get("code") in (
        "InvalidDBInstanceState",
        "InvalidDBInstanceStateFault",
        "InvalidDBParameterGroupState",
        "InvalidDBSubnetGroupStateFault",
    )


def _absent(aws: Aws, request: Request, found: Found, check_mode: bool) -> Result:
    parts, snapshot = delete.plan(aws, request, found)
    if not check_mode:
        if found.instance and settle.status(found.instance) not in (*settle.SETTLED, *settle.FAILED, "deleting"):
            settle.settled(aws, request)  # RDS deletes none that it still works on
        for part in parts:
            for step in part.steps:
                take(aws, [step], _spreads)
                if step.operation == "modify_db_instance":
                    settle.unprotected(aws, request)
            if part.name.startswith("instance "):
                settle.gone(aws, request)
    return Result(**_converged(parts), name=request.name, final_snapshot=snapshot)


def _converged(parts: Iterable[Part]) -> dict[str, Any]:
    parts = list(parts)
    return {
        "before": {part.name: dict(part.before) for part in parts},
        "after": {part.name: dict(part.after) for part in parts},
        "actions": tuple(step.text for part in parts for step in part.steps),
        "notes": [note for part in parts for note in part.notes],
    }


def _result(request: Request, parts: list[Part], instance: Mapping[str, Any] | None) -> Result:
    common = _converged(parts)
    if instance is None:
        known = {"port": request.fields["port"], "database": request.database, "username": request.username, "engine_version": request.engine_version}
        known |= dict.fromkeys(("arn", "endpoint", "secret_arn", "status"), LATER)
        return Result(**common, **known, name=request.name, ca_certificate=request.fields.get("ca_certificate", LATER))
    group: dict[str, Any] = next(iter(instance.get("DBParameterGroups") or ()), {})
    return Result(
        **common,
        name=request.name,
        arn=instance["DBInstanceArn"],
        endpoint=(instance.get("Endpoint") or {}).get("Address", ""),
        port=fields.now(instance, "port"),
        database=instance.get("DBName", ""),
        username=instance.get("MasterUsername", ""),
        secret_arn=(instance.get("MasterUserSecret") or {}).get("SecretArn", ""),
        ca_certificate=instance.get("CACertificateIdentifier", ""),
        engine_version=instance["EngineVersion"],
        status=settle.status(instance),
        pending=fields.waiting(instance),
        pending_reboot=group.get("ParameterApplyStatus") == "pending-reboot",
    )
