# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of security groups: as states with names of groups, and as the permissions that EC2 takes (EC2 API, IpPermission)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import DEFAULT, Rule

ALL = "-1"
SIDES = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
"""The two directions, and where a security group has the rules of each."""
ANYWHERE = (Rule("all", "", "0.0.0.0/0"),)
"""The egress that EC2 gives to a new group."""
ITSELF = (Rule("all", "", DEFAULT),)
"""The ingress of a VPC's own group: its members."""
_SOURCES = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("UserIdGroupPairs", "GroupId"), ("PrefixListIds", "PrefixListId"))


def state(group: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """``names``: of groups, by id."""
    return {side: states(_rules(group.get(key, ()), names)) for side, key in SIDES.items()}


def states(rules: Iterable[Rule]) -> list[dict[str, str]]:
    return [rule.state() for rule in sorted(set(rules), key=lambda rule: (rule.protocol, rule.ports, rule.source, rule.description))]


def differences(before: list[dict[str, str]], after: list[dict[str, str]]) -> tuple[list[Rule], list[Rule], list[Rule]]:
    """What to allow, what to allow no more, and what only has another description."""
    now, then = ({_same(rule): rule for rule in map(_rule, rules)} for rules in (before, after))
    added = [rule for key, rule in then.items() if key not in now]
    removed = [rule for key, rule in now.items() if key not in then]
    return added, removed, [rule for key, rule in then.items() if key in now and now[key] != rule]


def permissions(rules: Iterable[Rule], ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """``ids``: of groups, by name."""
    return [_permission(rule, ids) for rule in rules]


def _rules(permissions: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> Iterable[Rule]:
    for each in permissions:
        protocol = "all" if each["IpProtocol"] == ALL else each["IpProtocol"]
        ports = _ports(each) if protocol in ("tcp", "udp") else ""
        for key, field in _SOURCES:
            for source in each.get(key, ()):
                yield Rule(protocol, ports, names.get(source[field], source[field]), source.get("Description", ""))


def _ports(permission: Mapping[str, Any]) -> str:
    first, last = permission["FromPort"], permission["ToPort"]
    return str(first) if first == last else f"{first}-{last}"


def _same(rule: Rule) -> tuple[str, str, str]:
    return rule.protocol, rule.ports, rule.source


def _rule(state: Mapping[str, str]) -> Rule:
    return Rule(**state)


def _permission(rule: Rule, ids: Mapping[str, str]) -> dict[str, Any]:
    source = ids.get(rule.source, rule.source)
    key, field = _SOURCES[2 if source.startswith("sg-") else 3 if source.startswith("pl-") else 1 if ":" in source else 0]
    found: dict[str, Any] = {"IpProtocol": ALL if rule.protocol == "all" else rule.protocol}
    if rule.protocol != "all":
        first, _dash, last = rule.ports.partition("-")
        found |= {"FromPort": int(first or -1), "ToPort": int(last or first or -1)}
    return {**found, key: [{field: source} | ({"Description": rule.description} if rule.description else {})]}
