# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network shall be, and how that differs from what is there. Nothing here asks AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc import rules
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import (
    ADDRESS,
    DEFAULT,
    ENDPOINT,
    ENDPOINTS,
    FLOW,
    GATEWAY,
    GROUP,
    INTERNET,
    NAT,
    PRIVATE,
    PUBLIC,
    ROUTE,
    RULES,
    STAGES,
    SUBNET,
    TABLE,
    VPC,
    Change,
    Group,
    Key,
    Request,
    Rule,
    Snapshot,
    State,
)

_ORDER = [kind for stage in STAGES for kind in stage]


def plan(request: Request, snapshot: Snapshot) -> list[Change]:
    """One for each resource that is or shall be, in the order in which they are made; those that stay as they are among them."""
    before = snapshot.states()
    after = {key: _tagged(request, key, state, before.get(key)) for key, state in wanted(request, before).items()}
    keys = sorted(before.keys() | after.keys(), key=lambda key: (_ORDER.index(key[0]), key[1]))
    return [_change(snapshot, key, before.get(key), after.get(key)) for key in keys]


def wanted(request: Request, before: Mapping[Key, State]) -> dict[Key, dict[str, Any]]:
    """States without the tags that others gave; "tags" has those that are ours and asked for."""
    if not request.cidr:
        return {}
    dns = {"dns_support": request.dns_support, "dns_hostnames": request.dns_hostnames}
    result: dict[Key, dict[str, Any]] = {(VPC, request.name): {"cidr": request.cidr, **dns, "tags": {}}, (GATEWAY, INTERNET): {"attached": True, "tags": {}}}
    for tier, row in request.subnets.items():
        for zone, cidr in row.items():
            result[SUBNET, f"{tier}-{zone}"] = {"cidr": cidr, "zone": zone, "tags": request.subnet_tags.get(tier, {})}
    for zone in request.nat:
        result[ADDRESS, f"nat-{zone}"] = {"tags": {}}
        result[NAT, f"nat-{zone}"] = {"subnet": f"{PUBLIC}-{zone}", "address": f"nat-{zone}", "tags": {}}
    for change in (_tables(request, before), _groups(request, before), _endpoints(request, before), _flow(request, before)):
        result |= change
    return result


def _tagged(request: Request, key: Key, state: Mapping[str, Any], before: State | None) -> State:
    if "tags" not in state or state == before:
        return state
    kind, name = key
    child = "" if kind == VPC else name
    title = f"{request.name}-{name}" if child else request.name
    asked = {"Name": title, **request.tags, **state["tags"], **request.ours(child)}
    return {**state, "tags": tags.wanted((before or {}).get("tags", {}), asked, request.purge_tags)}


def _change(snapshot: Snapshot, key: Key, before: State | None, after: State | None) -> Change:
    found = snapshot.found.get(key)
    why = f"{found.id} is {found.broken}" if found and found.broken else ""
    return Change(key, before, after, found.id if found else "", why)


def _tables(request: Request, before: Mapping[Key, State]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """One for all public subnets, and one for each private: so another number of NAT gateways only moves routes."""
    yield (TABLE, PUBLIC), {"subnets": sorted(f"{PUBLIC}-{zone}" for zone in request.zones), "tags": {}}
    yield (ROUTE, PUBLIC), {"to": INTERNET}
    for zone in request.zones:
        name = f"{PRIVATE}-{zone}"
        gateway = zone if zone in request.nat else next(iter(request.nat), "")
        there = str(before.get((ROUTE, name), {}).get("to", ""))
        # Without a NAT gateway the way out may be another's, such as a transit gateway's.
        others = "" if (NAT, there) in before or there == INTERNET else there
        yield (TABLE, name), {"subnets": [name], "tags": {}}
        yield (ROUTE, name), {"to": f"nat-{gateway}" if gateway else others}


def _groups(request: Request, before: Mapping[Key, State]) -> Iterator[tuple[Key, dict[str, Any]]]:
    groups = list(request.groups or ())
    if _services(request.interface_endpoints, before, "Interface"):
        groups.append(Group(ENDPOINTS, "Interface endpoints: HTTPS from the VPC", (Rule("tcp", "443", request.cidr),), ()))
    for group in groups:
        there = before.get((GROUP, group.name), {})
        description = group.description if group.description is not None else there.get("description", group.name)
        yield (GROUP, group.name), {"description": description, "tags": group.tags}
        yield (RULES, group.name), _sides(group, before.get((RULES, group.name)))
    kept = [name for kind, name in before if kind == GROUP and name != ENDPOINTS] if request.groups is None else []
    yield from _kept(before, [(kind, name) for name in kept for kind in (GROUP, RULES)])
    own = before.get((RULES, DEFAULT), {"ingress": rules.states(rules.ITSELF), "egress": rules.states(rules.ANYWHERE)})
    yield (RULES, DEFAULT), {"ingress": [], "egress": []} if request.empty_default_group else dict(own)


def _sides(group: Group, before: State | None) -> dict[str, Any]:
    """A direction that is not asked for stays as it is, which is AWS's own in a new group."""
    there = before or {"ingress": [], "egress": rules.states(rules.ANYWHERE)}
    return {side: there[side] if asked is None else rules.states(asked) for side, asked in (("ingress", group.ingress), ("egress", group.egress))}


def _endpoints(request: Request, before: Mapping[Key, State]) -> Iterator[tuple[Key, dict[str, Any]]]:
    tables = sorted([PUBLIC, *(f"{PRIVATE}-{zone}" for zone in request.zones)])
    subnets = sorted(f"{PRIVATE}-{zone}" for zone in request.zones)
    for service in _services(request.endpoints, before, "Gateway"):
        yield (ENDPOINT, service), {"type": "Gateway", "route_tables": tables, "tags": {}}
    for service in _services(request.interface_endpoints, before, "Interface"):
        yield (ENDPOINT, service), {"type": "Interface", "subnets": subnets, "security_groups": [ENDPOINTS], "tags": {}}


def _services(asked: tuple[str, ...] | None, before: Mapping[Key, State], kind: str) -> tuple[str, ...]:
    """Those that are asked for, or else those that are there: they follow the zones all the same."""
    return tuple(name for (each, name), state in before.items() if each == ENDPOINT and state["type"] == kind) if asked is None else asked


def _flow(request: Request, before: Mapping[Key, State]) -> Iterator[tuple[Key, dict[str, Any]]]:
    if request.flow_log:
        log = request.flow_log
        yield (FLOW, VPC), {"log_group": log.log_group, "role_arn": log.role_arn, "traffic": log.traffic, "tags": {}}
    yield from _kept(before, [] if request.flow_log else [key for key in before if key[0] == FLOW])


def _kept(before: Mapping[Key, State], keys: list[Key]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """What is not asked for stays; its tags are those it has."""
    for key in keys:
        yield key, dict(before[key])
