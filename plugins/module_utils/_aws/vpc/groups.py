# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups, and their rules as a kind of their own: they name other groups, so all groups are there before the first rule."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import DEFAULT, GROUP, RULES, Change
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.rules import ANYWHERE, SIDES, differences, permissions, state, states
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.work import Kind, Work, removal, tagging


def create_group(work: Work, change: Change) -> str:
    given = {"GroupName": f"{work.request.name}-{change.name}", "Description": change.then["description"], "VpcId": work.vpc_id}
    return str(work.call("create_security_group", **given, TagSpecifications=tagging("security-group", change))["GroupId"])


def create_rules(work: Work, change: Change) -> str:
    """From what AWS gives to a group: the VPC's own is read, since it came with the VPC."""
    if change.name == DEFAULT:
        found = _of_the_vpc(work)
        identifier = str(found["GroupId"])
        own = state(found, {identifier: DEFAULT})
    else:
        identifier = work.id(GROUP, change.name)
        own = {"ingress": [], "egress": states(ANYWHERE)}
    _converge(work, identifier, Change(change.key, own, change.after))
    return identifier


def update_rules(work: Work, change: Change) -> None:
    _converge(work, change.id, change)


def delete_rules(work: Work, change: Change) -> None:
    """A group that another names can't be deleted."""
    found = next((each for each in work.snapshot.raw[GROUP] if each["GroupId"] == change.id), {})
    for side, key in SIDES.items():
        if found.get(key) and change.name != DEFAULT:
            work.gone(f"revoke_security_group_{side}", GroupId=change.id, IpPermissions=found[key])


def _converge(work: Work, identifier: str, change: Change) -> None:
    """What is new is allowed before what is old is forbidden: a connection that both allow is never refused."""
    ids = {name: found for (kind, name), found in tuple(work.ids.items()) if kind == GROUP} | {DEFAULT: work.ids.get((RULES, DEFAULT), identifier)}
    for side in SIDES:
        added, removed, told = differences(change.now[side], change.then[side])
        if added:
            work.call(f"authorize_security_group_{side}", GroupId=identifier, IpPermissions=permissions(added, ids))
        if removed:
            work.gone(f"revoke_security_group_{side}", GroupId=identifier, IpPermissions=permissions(removed, ids))
        if told:
            work.call(f"update_security_group_rule_descriptions_{side}", GroupId=identifier, IpPermissions=permissions(told, ids))


def _of_the_vpc(work: Work) -> dict[str, Any]:
    filters = [{"Name": "vpc-id", "Values": [work.vpc_id]}, {"Name": "group-name", "Values": [DEFAULT]}]
    found: dict[str, Any] = work.aws.listed("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)[0]
    return found


GROUPS = Kind(create_group, removal("delete_security_group", "GroupId"))
RULES_OF_GROUPS = Kind(create_rules, delete_rules, update_rules)
