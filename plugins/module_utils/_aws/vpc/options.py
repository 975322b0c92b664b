# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's options, and the request that they make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS, repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc import cidr
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import (
    DEFAULT,
    ENDPOINTS,
    ISOLATED,
    PRIVATE,
    PUBLIC,
    FlowLog,
    Group,
    Request,
    Rule,
)
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_TIER = {"cidrs": {"type": "list", "elements": "str", "default": []}, "tags": {"type": "dict", "default": {}}}
_RULE = {
    "protocol": {"type": "str", "default": "tcp", "choices": ["tcp", "udp", "icmp", "all"]},
    "ports": {"type": "list", "elements": "str", "default": []},
    "sources": {"type": "list", "elements": "str", "required": True},
    "description": {"type": "str", "default": ""},
}
GROUP_OPTIONS = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str"},
    "ingress": {"type": "list", "elements": "dict", "options": _RULE},
    "egress": {"type": "list", "elements": "dict", "options": _RULE},
    "tags": {"type": "dict", "default": {}},
}
_FLOW = {
    "log_group": {"type": "str", "required": True},
    "role_arn": {"type": "str", "required": True},
    "traffic": {"type": "str", "default": "ALL", "choices": ["ALL", "ACCEPT", "REJECT"]},
}
ARGUMENTS: dict[str, Any] = {
    **CONNECTION,
    "name": {"type": "str", "required": True},
    "environment": {"type": "str", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "cidr": {"type": "str"},
    "apart_from": {"type": "dict", "default": {}},
    "zones": {"type": "list", "elements": "str"},
    "public": {"type": "dict", "default": {}, "options": _TIER},
    "private": {"type": "dict", "default": {}, "options": _TIER},
    "isolated": {"type": "list", "elements": "dict", "default": [], "options": {"name": {"type": "str", "required": True}, **_TIER}},
    "nat": {"type": "str", "choices": ["none", "single", "one_per_zone"]},
    "dns_support": {"type": "bool", "default": True},
    "dns_hostnames": {"type": "bool", "default": True},
    "gateway_endpoints": {"type": "list", "elements": "str", "default": ["s3"]},
    "interface_endpoints": {"type": "list", "elements": "str"},
    "security_groups": {"type": "list", "elements": "dict", "options": GROUP_OPTIONS},
    "empty_default_security_group": {"type": "bool", "default": True},
    "flow_log": {"type": "dict", "options": _FLOW},
    "peers": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 600},
    **TAGS,
}
CONSTRAINTS = {"required_if": [("state", "present", ("cidr", "zones", "nat"))]}
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?")
_ID = re.compile(r"(sg|pl)-[0-9a-f]+")


def request(params: dict[str, Any]) -> Request:
    """Raises ``InvalidInput``: which option, what it is, what to write instead."""
    for option in ("name", "environment"):
        if not _NAME.fullmatch(params[option]):
            raise InvalidInput(f"{option}: {params[option]!r} can't be a name; write small letters, digits and -")
    if params["state"] == "absent":
        return Request(params["name"], params["environment"], timeout=params["timeout"])
    zones = _zones(params["zones"], params["region"])
    tiers = {tier: params[tier] or {} for tier in (PUBLIC, PRIVATE)} | _isolated(params["isolated"])
    flow = params["flow_log"]
    _apart(params["cidr"], params["apart_from"])
    return Request(
        params["name"],
        params["environment"],
        cidr=params["cidr"],
        zones=zones,
        subnets=cidr.subnets(params["cidr"], zones, {tier: each.get("cidrs") or () for tier, each in tiers.items()}),
        subnet_tags={tier: texts(each.get("tags") or {}) for tier, each in tiers.items()},
        nat={"none": (), "single": zones[:1], "one_per_zone": zones}[params["nat"]],
        dns_support=params["dns_support"],
        dns_hostnames=params["dns_hostnames"],
        endpoints=tuple(params["gateway_endpoints"]),
        interface_endpoints=None if params["interface_endpoints"] is None else tuple(params["interface_endpoints"]),
        groups=groups(params["security_groups"]),
        empty_default_group=params["empty_default_security_group"],
        flow_log=FlowLog(**flow) if flow else None,
        peers=tuple(params["peers"]),
        tags=texts(params["tags"]),
        purge_tags=params["purge_tags"],
        timeout=params["timeout"],
    )


def _apart(own: str, others: Mapping[str, str]) -> None:
    whole = cidr.network(own, "cidr")
    for name, other in others.items():
        try:
            taken = ip_network(other)
        except ValueError:
            raise InvalidInput(f"apart_from.{name}: {other!r} is no range of addresses; write one such as 172.20.0.0/16") from None
        if taken.version == whole.version and taken.overlaps(whole):
            raise InvalidInput(f"cidr: {own} overlaps {other} ({name}), which it has to be apart from; choose another range for one of them")


def _isolated(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = [item["name"] for item in items]
    for name in names:
        if not _NAME.fullmatch(name) or names.count(name) > 1:
            raise InvalidInput(f"isolated: {name!r} is there twice or no name; write each once, in small letters, digits and -")
    return {f"{ISOLATED}{item['name']}": item for item in items}


def _zones(zones: list[str], region: str) -> tuple[str, ...]:
    if not zones:
        raise InvalidInput(f"zones: write at least one, such as {region}a")
    for zone in zones:
        if not zone.startswith(region) or zone == region:
            raise InvalidInput(f"zones: {zone!r} is no zone of {region}; write such as {region}a")
    twice = repeated(zones)
    if twice:
        raise InvalidInput(f"zones: {', '.join(twice)} is there twice; write each zone once")
    return tuple(zones)


def groups(items: list[dict[str, Any]] | None) -> tuple[Group, ...] | None:
    """Of ``security_groups``. Raises ``InvalidInput``."""
    if items is None:
        return None
    names = [item["name"] for item in items]
    for name in names:
        if not _NAME.fullmatch(name) or name in (DEFAULT, ENDPOINTS) or names.count(name) > 1 or _ID.fullmatch(name):
            raise InvalidInput(f"security_groups: {name!r} is taken, there twice or no name; write each once, in small letters, digits and -")
    return tuple(Group(item["name"], item["description"], _side(item, "ingress", names), _side(item, "egress", names), texts(item["tags"])) for item in items)


def _side(item: dict[str, Any], side: str, groups: list[str]) -> tuple[Rule, ...] | None:
    if item[side] is None:
        return None
    where = f"security_groups: {item['name']}.{side}"
    rules = tuple(dict.fromkeys(_rules(item[side], where, groups)))
    same = [(rule.protocol, rule.ports, rule.source) for rule in rules]
    twice = next((rule for rule, key in zip(rules, same, strict=True) if same.count(key) > 1), None)
    if twice:
        raise InvalidInput(f"{where}: {twice.protocol} {twice.ports} of {twice.source} is there twice, with two descriptions; write it once")
    return rules


def _rules(items: list[dict[str, Any]], where: str, groups: list[str]) -> Iterator[Rule]:
    for item in items:
        if item["protocol"] in ("tcp", "udp") and not item["ports"]:
            raise InvalidInput(f'{where}: {item["protocol"]} needs ports; write such as "443" or "8000-8100", and "0-65535" for all')
        if item["protocol"] in ("icmp", "all") and item["ports"]:
            raise InvalidInput(f"{where}: {item['protocol']} has no ports; leave them out")
        for source in item["sources"]:
            for ports in item["ports"] or [""]:
                yield Rule(item["protocol"], _ports(ports, where), _source(source, where, groups), item["description"])


def _ports(text: str, where: str) -> str:
    first, _dash, last = text.partition("-")
    last = last or first
    if text and not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) <= 65535):
        raise InvalidInput(f'{where}: {text!r} is no port; write such as "443" or "8000-8100"')
    return first if first == last else f"{first}-{last}"


def _source(text: str, where: str, groups: list[str]) -> str:
    if text in groups or text == LATER or _ID.fullmatch(text):
        return text
    try:
        return str(ip_network(text))
    except ValueError as error:
        known = ", ".join(groups)
        raise InvalidInput(f"{where}: {text!r} is neither a range ({error}), a group of this set ({known}) nor the id of a group or prefix list") from None
