# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS needs minutes for, NAT gateways and endpoints; and the routes that lead to them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import ADDRESS, GATEWAY, GROUP, INTERNET, NAT, SUBNET, TABLE, Change
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.read import DEFAULT_ROUTE, FAILED, cause
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.work import Kind, Work, tagging, unrefused
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done

_LISTS = (("route_tables", TABLE, "RouteTableIds"), ("subnets", SUBNET, "SubnetIds"), ("security_groups", GROUP, "SecurityGroupIds"))
"""What an endpoint names: its field, the kind, and EC2's parameter."""


def create_nat(work: Work, change: Change) -> str:
    given = {"SubnetId": work.id(SUBNET, change.then["subnet"]), "AllocationId": work.id(ADDRESS, change.then["address"])}
    made: str = work.call("create_nat_gateway", **given, TagSpecifications=tagging("natgateway", change))["NatGateway"]["NatGatewayId"]
    nat_ready(work, made, change.name)
    return made


def delete_nat(work: Work, change: Change) -> None:
    work.gone("delete_nat_gateway", NatGatewayId=change.id)
    nat_gone(work, change.id, change.name)


def nat_ready(work: Work, identifier: str, name: str) -> None:
    until_done(work.aws, f"NAT gateway {name}", lambda: _ready(_nat(work, identifier)), work.request.timeout)


def nat_gone(work: Work, identifier: str, name: str) -> None:
    """Its address can be released, or used again, only then."""
    until_done(work.aws, f"NAT gateway {name}", lambda: _gone(_nat(work, identifier)), work.request.timeout)


def _nat(work: Work, identifier: str) -> dict[str, Any]:
    return next(iter(work.gone("describe_nat_gateways", NatGatewayIds=[identifier]).get("NatGateways") or ()), {})


def service_name(aws: Aws, name: str) -> str:
    """As endpoints have it, for "s3" or "ecr.api"."""
    return f"com.amazonaws.{aws.region}.{name}"


def create_endpoint(work: Work, change: Change) -> str:
    then = change.then
    given: dict[str, Any] = {"VpcId": work.vpc_id, "VpcEndpointType": then["type"], "ServiceName": service_name(work.aws, change.name)}
    lists = {word: work.several(kind, then[field]) for field, kind, word in _LISTS if field in then}
    private = {"PrivateDnsEnabled": True} if then["type"] == "Interface" else {}
    given |= {"ClientToken": str(uuid4()), "TagSpecifications": tagging("vpc-endpoint", change)}
    made: str = work.call("create_vpc_endpoint", **given, **lists, **private)["VpcEndpoint"]["VpcEndpointId"]
    endpoint_ready(work, made, change.name)
    return made


def update_endpoint(work: Work, change: Change) -> None:
    given: dict[str, list[str]] = {}
    for field, kind, word in _LISTS:
        now, then = set(change.now.get(field, ())), set(change.then.get(field, ()))
        given |= {f"Add{word}": work.several(kind, sorted(then - now)), f"Remove{word}": work.several(kind, sorted(now - then))}
    given = {word: ids for word, ids in given.items() if ids}
    if given:
        work.call("modify_vpc_endpoint", VpcEndpointId=change.id, **given)


def delete_endpoint(work: Work, change: Change) -> None:
    unrefused(work.gone("delete_vpc_endpoints", VpcEndpointIds=[change.id]), f"endpoint {change.name} of VPC {work.request.name}")
    endpoint_gone(work, change.id, change.name)


def endpoint_ready(work: Work, identifier: str, name: str) -> None:
    until_done(work.aws, f"endpoint {name}", lambda: _ready(_endpoint(work, identifier)), work.request.timeout)


def endpoint_gone(work: Work, identifier: str, name: str) -> None:
    """Its network interfaces hold subnets and groups until then."""
    until_done(work.aws, f"endpoint {name}", lambda: _gone(_endpoint(work, identifier)), work.request.timeout)


def _endpoint(work: Work, identifier: str) -> dict[str, Any]:
    return next(iter(work.gone("describe_vpc_endpoints", VpcEndpointIds=[identifier]).get("VpcEndpoints") or ()), {})


def _ready(found: dict[str, Any]) -> Seen[None]:
    state = str(found.get("State", "not seen yet")).lower()
    return Seen(None, state, done=state == "available", failure=cause(found) if state in FAILED else "")


def _gone(found: dict[str, Any]) -> Seen[None]:
    state = str(found.get("State", "deleted")).lower()
    return Seen(None, state, done=state == "deleted")


def create_route(work: Work, change: Change) -> str:
    """The default route of one of our tables; all others, of peers or endpoints, are not ours."""
    table = work.id(TABLE, change.name)
    if change.then["to"]:
        work.call("create_route", RouteTableId=table, DestinationCidrBlock=DEFAULT_ROUTE, **_target(work, change.then["to"]))
    return table


def update_route(work: Work, change: Change) -> None:
    if not change.then["to"]:
        work.gone("delete_route", RouteTableId=change.id, DestinationCidrBlock=DEFAULT_ROUTE)
        return
    # A route that leads nowhere any more is no way out, and it is there.
    routes = (route for table in work.snapshot.raw[TABLE] if table["RouteTableId"] == change.id for route in table["Routes"])
    verb = "replace_route" if any(route.get("DestinationCidrBlock") == DEFAULT_ROUTE for route in routes) else "create_route"
    work.call(verb, RouteTableId=change.id, DestinationCidrBlock=DEFAULT_ROUTE, **_target(work, change.then["to"]))


def _target(work: Work, name: str) -> dict[str, str]:
    return {"GatewayId": work.id(GATEWAY, INTERNET)} if name == INTERNET else {"NatGatewayId": work.id(NAT, name)}


NATS = Kind(create_nat, delete_nat)
ENDPOINTS = Kind(create_endpoint, delete_endpoint, update_endpoint)
# A route is gone when its table is.
ROUTES = Kind(create_route, lambda _work, _change: None, update_route)
