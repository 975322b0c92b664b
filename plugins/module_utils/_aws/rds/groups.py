# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnet group and the parameter group of an instance: what they are, what they shall be, and the calls between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.read import Found
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_AT_ONCE = 20  # parameters that ModifyDBParameterGroup takes


@dataclass(frozen=True)
class Part:
    """One resource of the set. ``before`` and ``after``: {} where there is none; ``notes``: what a person should know."""

    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def tag_steps(what: str, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Step]:
    more, fewer = tags.changes(before, after)
    if more:
        yield Step(f"tag {what}", "rds", "add_tags_to_resource", {"ResourceName": arn, "Tags": tags.pairs(more)})
    if fewer:
        yield Step(f"untag {what}", "rds", "remove_tags_from_resource", {"ResourceName": arn, "TagKeys": fewer})


def subnets(request: Request, found: Found) -> Part:
    what, group = f"subnet group {request.name}", found.subnet_group
    its_tags = tags.wanted(found.subnet_group_tags, request.tags, request.purge_tags)
    after = {"subnets": list(request.subnets), "tags": its_tags}
    names = {"DBSubnetGroupName": request.name, "SubnetIds": list(request.subnets)}
    if group is None:
        create = names | {"DBSubnetGroupDescription": f"Subnets of {request.name}", "Tags": tags.pairs(its_tags)}
        return Part(what, {}, after, (Step(f"create {what}", "rds", "create_db_subnet_group", create),))
    before: dict[str, Any] = {"subnets": sorted(each["SubnetIdentifier"] for each in group.get("Subnets") or ()), "tags": dict(found.subnet_group_tags)}
    steps = [Step(f"set the subnets of {what}", "rds", "modify_db_subnet_group", names)] if before["subnets"] != after["subnets"] else []
    return Part(what, before, after, (*steps, *tag_steps(what, group["DBSubnetGroupArn"], before["tags"], its_tags)))


def parameters(aws: Aws, request: Request, found: Found) -> Part:
    """A parameter that is set and not wanted goes back to what RDS has for it."""
    what, group = f"parameter group {request.parameter_group}", found.parameter_group
    its_tags = tags.wanted(found.parameter_group_tags, request.tags, request.purge_tags)
    after = {"parameters": dict(sorted(request.parameters.items())), "tags": its_tags}
    before: dict[str, Any] = {}
    steps: list[Step] = []
    if group is None:
        create: dict[str, Any] = {"DBParameterGroupName": request.parameter_group, "DBParameterGroupFamily": request.family}
        create |= {"Description": f"Parameters of {request.name}", "Tags": tags.pairs(its_tags)}
        steps.append(Step(f"create {what}", "rds", "create_db_parameter_group", create))
    else:
        before = {"parameters": dict(sorted(found.parameters.items())), "tags": dict(found.parameter_group_tags)}
    differs = {key: value for key, value in request.parameters.items() if found.parameters.get(key) != value}
    gone = sorted(found.parameters.keys() - request.parameters.keys())
    kinds = _kinds(aws, request.family, sorted({*differs, *gone})) if differs or gone else {}
    steps += _set(request.parameter_group, differs, kinds)
    steps += _reset(request.parameter_group, gone, kinds)
    if group:
        steps += tag_steps(what, group["DBParameterGroupArn"], before["tags"], its_tags)
    waits = [key for key in (*sorted(differs), *gone) if found.instance and kinds[key] == "static"]
    notes = (f"{', '.join(waits)}: in effect after a reboot of {request.name}",) if waits else ()
    return Part(what, before, after, tuple(steps), notes)


def _kinds(aws: Aws, family: str, names: list[str]) -> dict[str, str]:
    """ "static" or "dynamic" for each; says which there is none of. Known for a family, so before there is a group."""
    known: dict[str, dict[str, Any]] = {}
    for some in _batches(names):
        answer = aws.call("rds", "describe_engine_default_parameters", DBParameterGroupFamily=family, Filters=[{"Name": "parameter-name", "Values": some}])
        known |= {each["ParameterName"]: each for each in answer["EngineDefaults"].get("Parameters") or ()}
    for name in names:
        if name not in known:
            raise InvalidInput(f"parameters: {family} has no parameter {name}; correct its name", parameter=name)
        if known[name].get("IsModifiable") is False:
            raise InvalidInput(f"parameters: {name} can't be set in RDS; leave it out", parameter=name)
    return {name: str(known[name].get("ApplyType", "static")) for name in names}


def _set(group: str, values: Mapping[str, str], kinds: Mapping[str, str]) -> Iterator[Step]:
    """What is static is in effect after a reboot; it can't be asked for at once."""
    for some in _batches(sorted(values)):
        wanted = [{"ParameterName": name, "ParameterValue": values[name], "ApplyMethod": _method(kinds[name])} for name in some]
        text = f"set {', '.join(f'{name}={values[name]}' for name in some)} in parameter group {group}"
        yield Step(text, "rds", "modify_db_parameter_group", {"DBParameterGroupName": group, "Parameters": wanted})


def _reset(group: str, names: list[str], kinds: Mapping[str, str]) -> Iterator[Step]:
    for some in _batches(names):
        wanted = [{"ParameterName": name, "ApplyMethod": _method(kinds[name])} for name in some]
        text = f"set {', '.join(some)} back to the default in parameter group {group}"
        yield Step(text, "rds", "reset_db_parameter_group", {"DBParameterGroupName": group, "ResetAllParameters": False, "Parameters": wanted})


def _method(kind: str) -> str:
    return "pending-reboot" if kind == "static" else "immediate"


def _batches(names: list[str]) -> Iterator[list[str]]:
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))
