# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log groups as wanted, the call behind log_group: one call lists them, and one for each has its tags."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import keys, tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.logs.options import Group, Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step, take
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, SlipwayError

State = dict[str, Any]
_LISTS = 60.0  # seconds in which Logs lists what it has made
_EVERYBODYS = "/aws/"  # groups of all functions and clusters of an account begin so: not to be listed for a few


@dataclass(frozen=True)
class Result(Converged):
    """``groups``: ARNs by name, as policies have them (without ":*" at the end)."""

    groups: dict[str, str] = field(default_factory=dict)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = read(aws, [group.name for group in request.groups])
    before = dict(zip((group.name for group in request.groups), aws.together(lambda group: _state(aws, group, found), request.groups), strict=True))
    after = {group.name: {} if request.absent else _wanted(aws, group, before[group.name], request.purge_tags) for group in request.groups}
    for group in request.groups:
        _refuse(before[group.name], after[group.name], group)
    plans = [list(_plan(group, before[group.name], after[group.name], found)) for group in request.groups]
    if not check_mode:
        aws.together(lambda steps: _take(aws, steps, request.absent), plans)
    made = _listed(aws, [group.name for group in request.groups]) if not check_mode and any(plans) and not request.absent else found
    arns = {} if request.absent else {group.name: arn(made[group.name]) if group.name in made else LATER for group in request.groups}
    return Result(before, after, tuple(step.text for steps in plans for step in steps), arns)


def read(aws: Aws, names: list[str]) -> dict[str, dict[str, Any]]:
    """By name, those of them that are there. They are listed by what their names begin with, or one by one if that is nothing."""
    prefix = os.path.commonprefix(names)  # noqa: RUF071  not of paths, of texts
    prefixes = [prefix] if len(prefix) > len(_EVERYBODYS) else names
    pages = aws.together(lambda begin: aws.listed("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=begin), prefixes)
    return {each["logGroupName"]: each for page in pages for each in page if each["logGroupName"] in names}


def _listed(aws: Aws, names: list[str]) -> dict[str, dict[str, Any]]:
    """The same once all are: one that was made a moment ago may be missing in a list."""

    def look() -> Seen[dict[str, dict[str, Any]]]:
        found = read(aws, names)
        missing = [name for name in names if name not in found]
        return Seen(found, f"not listed yet: {', '.join(missing)}", done=not missing)

    return until_done(aws, "log groups", look, _LISTS)


def arn(found: Mapping[str, Any]) -> str:
    return str(found["arn"]).removesuffix(":*")


def _state(aws: Aws, group: Group, found: Mapping[str, dict[str, Any]]) -> State:
    if group.name not in found:
        return {}
    about = found[group.name]
    state: State = {"tags": aws.call("logs", "list_tags_for_resource", resourceArn=arn(about)).get("tags") or {}}
    fields = (
        ("retention", group.retention, "retentionInDays", 0),
        ("kms_key", group.kms_key, "kmsKeyId", ""),
        ("class", group.kind, "logGroupClass", "STANDARD"),
    )
    return state | {name: about.get(key, without) for name, asked, key, without in fields if asked is not None}


def _wanted(aws: Aws, group: Group, before: State, purge: bool) -> State:
    asked = {"retention": group.retention, "kms_key": group.kms_key, "class": group.kind}
    kept = {name: value for name, value in asked.items() if value is not None}
    if before and group.kms_key and keys.same(aws, group.kms_key, before["kms_key"]):
        kept["kms_key"] = before["kms_key"]
    return {**kept, "tags": tags.wanted(before.get("tags", {}), group.tags, purge)}


def _refuse(before: State, after: State, group: Group) -> None:
    if before and after and before.get("class") != after.get("class"):
        raise InvalidInput(f"groups: {group.name} has class {before['class']} and can't have {group.kind}; keep it, or make a group of another name")


def _plan(group: Group, before: State, after: State, found: Mapping[str, dict[str, Any]]) -> Iterator[Step]:
    name = {"logGroupName": group.name}
    if before and not after:
        yield Step(f"delete log group {group.name}", "logs", "delete_log_group", name)
        return
    if after and not before:
        given = {"kmsKeyId": group.kms_key, "logGroupClass": group.kind, "tags": after["tags"]}
        yield Step(f"create log group {group.name}", "logs", "create_log_group", {**name, **{key: value for key, value in given.items() if value}})
        before = {**after, "retention": 0} if "retention" in after else after
    if before.get("retention") != after.get("retention"):
        yield _retention(group)
    if before.get("kms_key") != after.get("kms_key"):
        verb, given = ("associate_kms_key", {**name, "kmsKeyId": group.kms_key}) if group.kms_key else ("disassociate_kms_key", dict(name))
        yield Step(f"{'encrypt' if group.kms_key else 'encrypt no more'} log group {group.name} with a key of KMS", "logs", verb, given)
    added, removed = tags.changes(before.get("tags", {}), after.get("tags", {}))
    if added:
        yield Step(f"tag log group {group.name}", "logs", "tag_resource", {"resourceArn": arn(found[group.name]), "tags": added})
    if removed:
        yield Step(f"untag log group {group.name}", "logs", "untag_resource", {"resourceArn": arn(found[group.name]), "tagKeys": removed})


def _retention(group: Group) -> Step:
    name = {"logGroupName": group.name}
    if group.retention:
        return Step(f"keep log group {group.name} for {group.retention} days", "logs", "put_retention_policy", {**name, "retentionInDays": group.retention})
    return Step(f"keep log group {group.name} for ever", "logs", "delete_retention_policy", name)


def _take(aws: Aws, steps: list[Step], absent: bool) -> None:
    try:
        take(aws, steps, lambda error: not absent and _spreads(error))
    except NotFound:
        if not absent:
            raise


def _spreads(error: SlipwayError) -> bool:
    """A key that was made just before is not known to Logs yet; nor is a group."""
    return (error.facts.get("code") == "InvalidParameterException" and "kms" in error.message.lower()) or isinstance(error, NotFound)
