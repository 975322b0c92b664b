# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS has of a network: one call for each kind, all at once when the VPC is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc import rules
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import (
    ADDRESS,
    DEFAULT,
    ENDPOINT,
    FLOW,
    GATEWAY,
    GROUP,
    NAT,
    ROUTE,
    RULES,
    SUBNET,
    TABLE,
    VPC,
    Found,
    Key,
    Request,
    Snapshot,
)
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict

Raw = dict[str, Any]
DEFAULT_ROUTE = "0.0.0.0/0"
DNS = {"dns_support": "EnableDnsSupport", "dns_hostnames": "EnableDnsHostnames"}
_LEAVING = ("deleting", "deleted")
FAILED = ("failed", "rejected", "expired")
_TARGETS = ("GatewayId", "NatGatewayId", "TransitGatewayId", "VpcPeeringConnectionId", "NetworkInterfaceId", "InstanceId", "EgressOnlyInternetGatewayId")


def read(aws: Aws, request: Request) -> Snapshot:
    """Raises ``Conflict`` where two resources have one name."""
    vpcs = aws.listed("ec2", "describe_vpcs", "Vpcs", Filters=[_filter(f"tag:{key}", value) for key, value in request.ours().items()])
    if len(vpcs) > 1:
        ids = ", ".join(sorted(each["VpcId"] for each in vpcs))
        raise Conflict(f"VPC {request.name} of {request.environment}: {ids} have these tags; correct the tag slipway:name of those that are others'")
    vpc_id = vpcs[0]["VpcId"] if vpcs else ""
    asks = _asks(request, vpc_id)
    raw: dict[str, list[Raw]] = dict(zip(asks, aws.together(lambda ask: ask(aws), asks.values()), strict=True)) | {VPC: vpcs}
    return Snapshot(vpc_id, dict(_found(request, raw)), raw)


def name_of(request: Request, raw: Raw) -> str:
    """The name in the set; "" for what is not of it."""
    found = tags.mapping(raw.get("Tags"))
    set_name, _slash, name = found.get("slipway:name", "").partition("/")
    return name if (found.get("slipway:environment"), set_name) == (request.environment, request.name) else ""


def cause(each: Raw) -> str:
    """Why AWS failed to make a gateway or an endpoint, in its words."""
    told = each.get("FailureMessage") or each.get("FailureReason") or (each.get("LastError") or {}).get("Message")
    return str(told or "AWS does not say why")


def _filter(name: str, *values: str) -> Raw:
    return {"Name": name, "Values": list(values)}


def _asks(request: Request, vpc_id: str) -> dict[str, Callable[[Aws], list[Raw]]]:
    """Addresses and gateways can be there without the VPC, after a run that was interrupted."""
    ours = [_filter("tag:slipway:environment", request.environment), _filter("tag:slipway:name", f"{request.name}/*")]
    inside = [_filter("vpc-id", vpc_id)]

    def listed(operation: str, key: str, **parameters: Any) -> Callable[[Aws], list[Raw]]:
        return lambda aws: aws.listed("ec2", operation, key, **parameters)

    def dns(name: str) -> Callable[[Aws], list[Raw]]:
        return lambda aws: [aws.call("ec2", "describe_vpc_attribute", VpcId=vpc_id, Attribute=f"e{name[1:]}")]

    asks = {
        GATEWAY: listed("describe_internet_gateways", "InternetGateways", Filters=ours),
        ADDRESS: listed("describe_addresses", "Addresses", Filters=ours),
    }
    if vpc_id:
        asks |= {
            **{name: dns(name) for name in DNS.values()},
            SUBNET: listed("describe_subnets", "Subnets", Filters=inside),
            TABLE: listed("describe_route_tables", "RouteTables", Filters=inside),
            GROUP: listed("describe_security_groups", "SecurityGroups", Filters=inside),
            NAT: listed("describe_nat_gateways", "NatGateways", Filter=inside),
            ENDPOINT: listed("describe_vpc_endpoints", "VpcEndpoints", Filters=inside),
        }
    if vpc_id and (request.flow_log or not request.cidr):
        asks[FLOW] = listed("describe_flow_logs", "FlowLogs", Filter=[_filter("resource-id", vpc_id)])
    return asks


def _found(request: Request, raw: Mapping[str, list[Raw]]) -> Iterator[tuple[Key, Found]]:
    seen: dict[Key, Found] = {}
    for key, found in _each(request, raw):
        known = seen.get(key)
        if known and not (known.broken or found.broken):
            raise Conflict(f"{' '.join(key)} of VPC {request.name}: there are {known.id} and {found.id}; delete the one that nothing uses")
        if not known or known.broken:
            seen[key] = found
    yield from seen.items()


def _each(request: Request, raw: Mapping[str, list[Raw]]) -> Iterator[tuple[Key, Found]]:
    for each in raw[VPC]:
        dns = {field: bool(raw[name][0][name]["Value"]) for field, name in DNS.items()}
        yield (VPC, request.name), Found(each["VpcId"], {"cidr": each["CidrBlock"], **dns, "tags": tags.mapping(each.get("Tags"))})
    names = _names(request, raw)
    for kind, identifier, state in (
        (GATEWAY, "InternetGatewayId", _gateway),
        (ADDRESS, "AllocationId", lambda _names, _each: {}),
        (SUBNET, "SubnetId", lambda _names, each: {"cidr": each["CidrBlock"], "zone": each["AvailabilityZone"]}),
        (GROUP, "GroupId", lambda _names, each: {"description": each["Description"]}),
        (TABLE, "RouteTableId", _table),
        (NAT, "NatGatewayId", _nat),
        (ENDPOINT, "VpcEndpointId", _endpoint),
        (FLOW, "FlowLogId", _flow),
    ):
        for each in raw.get(kind, ()):
            name, status = name_of(request, each), str(each.get("State", "")).lower()
            if name and status not in _LEAVING:
                broken = f"{status}: {cause(each)}" if status in FAILED else ""
                yield (kind, name), Found(each[identifier], {**state(names, each), "tags": tags.mapping(each.get("Tags"))}, broken)
                if kind == TABLE:
                    yield (ROUTE, name), Found(each[identifier], {"to": _default_route(names, each)})
    for each in raw.get(GROUP, ()):
        name = DEFAULT if each["GroupName"] == DEFAULT else name_of(request, each)
        if name:
            yield (RULES, name), Found(each["GroupId"], rules.state(each, names))


def _names(request: Request, raw: Mapping[str, list[Raw]]) -> dict[str, str]:
    """Names of the set by id: those by which one resource names another."""
    fields = {SUBNET: "SubnetId", TABLE: "RouteTableId", GROUP: "GroupId", NAT: "NatGatewayId", GATEWAY: "InternetGatewayId", ADDRESS: "AllocationId"}
    names = {each[field]: name_of(request, each) for kind, field in fields.items() for each in raw.get(kind, ())}
    names |= {each["GroupId"]: DEFAULT for each in raw.get(GROUP, ()) if each["GroupName"] == DEFAULT}
    return {identifier: name for identifier, name in names.items() if name}


def _gateway(_names: Mapping[str, str], each: Raw) -> Raw:
    return {"attached": bool(each.get("Attachments"))}


def _table(names: Mapping[str, str], each: Raw) -> Raw:
    """Subnets of others stay where they are, and are not told."""
    return {"subnets": sorted(names[found["SubnetId"]] for found in each.get("Associations", ()) if found.get("SubnetId") in names)}


def _default_route(names: Mapping[str, str], each: Raw) -> str:
    """The name of the gateway, the id of one that is not of this set, "" for none, or one that leads nowhere any more."""
    for route in each.get("Routes", ()):
        if route.get("DestinationCidrBlock") == DEFAULT_ROUTE and route.get("State") != "blackhole":
            target = next((str(route[field]) for field in _TARGETS if route.get(field)), "")
            return names.get(target, target)
    return ""


def _nat(names: Mapping[str, str], each: Raw) -> Raw:
    address = next((found.get("AllocationId", "") for found in each.get("NatGatewayAddresses", ())), "")
    return {"subnet": names.get(each["SubnetId"], each["SubnetId"]), "address": names.get(address, address)}


def _endpoint(names: Mapping[str, str], each: Raw) -> Raw:
    if each["VpcEndpointType"] == "Gateway":
        return {"type": "Gateway", "route_tables": sorted(names.get(found, found) for found in each.get("RouteTableIds", ()))}
    return {
        "type": "Interface",
        "subnets": sorted(names.get(found, found) for found in each.get("SubnetIds", ())),
        "security_groups": sorted(names.get(found["GroupId"], found["GroupId"]) for found in each.get("Groups", ())),
    }


def _flow(_names: Mapping[str, str], each: Raw) -> Raw:
    return {"log_group": each.get("LogGroupName", ""), "role_arn": each.get("DeliverLogsPermissionArn", ""), "traffic": each["TrafficType"]}
