# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups as wanted, the call behind security_group: one call reads them all, and they are known by their names in the VPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.groups.options import Request, ours
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import Group
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.rules import ANYWHERE, SIDES, differences, permissions, state, states
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.work import SPREAD, is_absent, is_held
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import eventually
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, SlipwayError

State = dict[str, Any]


@dataclass(frozen=True)
class Result(Converged):
    """``security_groups``: ids by name."""

    security_groups: dict[str, str] = field(default_factory=dict)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = _read(aws, request)
    ids = {name: str(each["GroupId"]) for name, each in found.items()}
    names = {identifier: name for name, identifier in ids.items()}
    before = {group.name: _state(group, found.get(group.name), names) for group in request.groups}
    after = {group.name: {} if request.absent else _wanted(group, before[group.name], request.purge_tags) for group in request.groups}
    actions = tuple(action for group in request.groups for action in _refused_or_told(group, before[group.name], after[group.name]))
    if not check_mode:
        _Work(aws, request, ids).converge(found, before, after)
    return Result(before, after, actions, {} if request.absent else {group.name: ids.get(group.name, LATER) for group in request.groups})


def _read(aws: Aws, request: Request) -> dict[str, dict[str, Any]]:
    if request.vpc_id == LATER or not request.groups:
        return {}
    filters = [{"Name": "vpc-id", "Values": [request.vpc_id]}] if request.vpc_id else []
    filters.append({"Name": "group-name", "Values": [group.name for group in request.groups]})
    found = aws.listed("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)
    marks = {group.name: ours(group.tags).items() for group in request.groups} if not request.vpc_id else {}
    return {each["GroupName"]: each for each in found if marks.get(each["GroupName"], set()) <= tags.mapping(each.get("Tags")).items()}


def _state(group: Group, found: Mapping[str, Any] | None, names: Mapping[str, str]) -> State:
    if found is None:
        return {}
    rules = {side: rules for side, rules in state(found, names).items() if getattr(group, side) is not None}
    return {"description": found["Description"], **rules, "tags": tags.mapping(found.get("Tags"))}


def _wanted(group: Group, before: State, purge: bool) -> State:
    description = group.description if group.description is not None else before.get("description", group.name)
    rules = {side: states(getattr(group, side)) for side in SIDES if getattr(group, side) is not None}
    return {"description": description, **rules, "tags": tags.wanted(before.get("tags", {}), group.tags, purge)}


def _refused_or_told(group: Group, before: State, after: State) -> Iterator[str]:
    if before == after:
        return
    if before and after and before["description"] != after["description"]:
        raise InvalidInput(
            f"security_groups: {group.name} has the description {before['description']!r}, and AWS can't change it; keep it, or make a group of another name"
        )
    yield f"{'create' if not before else 'update' if after else 'delete'} security group {group.name}"


class _Work:
    """``ids``: of groups by name; those that are made are put into it."""

    def __init__(self, aws: Aws, request: Request, ids: dict[str, str]) -> None:
        self.aws, self.request, self.ids = aws, request, ids

    def converge(self, found: Mapping[str, dict[str, Any]], before: Mapping[str, State], after: Mapping[str, State]) -> None:
        """Rules name other groups: all groups are there before the first rule, and all rules gone before the last group."""
        for group in self.request.groups:
            if self.request.absent and before[group.name]:
                self._clear(found[group.name])
            elif not before[group.name] and after[group.name]:
                self.ids[group.name] = self._create(group.name, after[group.name])
            elif before[group.name] != after[group.name]:
                self._retag(group.name, before[group.name]["tags"], after[group.name]["tags"])
        for group in self.request.groups:
            if self.request.absent and before[group.name]:
                self._gone("delete_security_group", GroupId=found[group.name]["GroupId"])
            elif after[group.name]:
                self._rules(group.name, before[group.name] or {"ingress": [], "egress": states(ANYWHERE)}, after[group.name])

    def _create(self, name: str, after: State) -> str:
        tagging = [{"ResourceType": "security-group", "Tags": tags.pairs(after["tags"])}] if after["tags"] else []
        parameters: dict[str, Any] = {"GroupName": name, "Description": after["description"], "VpcId": self.request.vpc_id, "TagSpecifications": tagging}
        return str(self._call("create_security_group", **parameters)["GroupId"])

    def _rules(self, name: str, before: State, after: State) -> None:
        """What is new is allowed before what is old is forbidden."""
        for side in (side for side in SIDES if side in after):
            added, removed, told = differences(before[side], after[side])
            if added:
                self._call(f"authorize_security_group_{side}", GroupId=self.ids[name], IpPermissions=permissions(added, self.ids))
            if removed:
                self._gone(f"revoke_security_group_{side}", GroupId=self.ids[name], IpPermissions=permissions(removed, self.ids))
            if told:
                self._call(f"update_security_group_rule_descriptions_{side}", GroupId=self.ids[name], IpPermissions=permissions(told, self.ids))

    def _clear(self, found: Mapping[str, Any]) -> None:
        for side, key in SIDES.items():
            if found.get(key):
                self._gone(f"revoke_security_group_{side}", GroupId=found["GroupId"], IpPermissions=found[key])

    def _retag(self, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        added, removed = tags.changes(before, after)
        if added:
            self._call("create_tags", Resources=[self.ids[name]], Tags=tags.pairs(added))
        if removed:
            self._call("delete_tags", Resources=[self.ids[name]], Tags=[{"Key": key} for key in removed])

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self._until(operation, is_absent, SPREAD, parameters)

    def _gone(self, operation: str, **parameters: Any) -> None:
        """A network interface of what is being deleted holds its group for a while."""
        try:
            self._until(operation, is_held, self.request.timeout, parameters)
        except NotFound:
            return

    def _until(self, operation: str, not_yet: Callable[[SlipwayError], bool], seconds: float, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return eventually(self.aws, lambda: self.aws.call("ec2", operation, **parameters), not_yet, seconds)
