# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick kinds: the VPC itself, subnets, internet gateway, addresses, route tables, flow log."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import GATEWAY, SUBNET, TABLE, Change, State
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.read import DNS
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.work import Kind, Work, removal, tagging, unrefused

_AS_MADE = {"dns_support": True, "dns_hostnames": False}  # by AWS


def create_vpc(work: Work, change: Change) -> str:
    made: str = work.call("create_vpc", CidrBlock=change.then["cidr"], TagSpecifications=tagging("vpc", change))["Vpc"]["VpcId"]
    _dns(work, made, _AS_MADE, change.then)
    return made


def update_vpc(work: Work, change: Change) -> None:
    _dns(work, change.id, change.now, change.then)


def _dns(work: Work, identifier: str, now: State, then: State) -> None:
    """One attribute in a call; names need support, so it is switched on first and off last."""
    for field in DNS if then["dns_support"] else reversed(DNS):
        if now[field] != then[field]:
            work.call("modify_vpc_attribute", VpcId=identifier, **{DNS[field]: {"Value": then[field]}})


def create_subnet(work: Work, change: Change) -> str:
    given = {"VpcId": work.vpc_id, "CidrBlock": change.then["cidr"], "AvailabilityZone": change.then["zone"]}
    made: str = work.call("create_subnet", **given, TagSpecifications=tagging("subnet", change))["Subnet"]["SubnetId"]
    return made


def create_gateway(work: Work, change: Change) -> str:
    made: str = work.call("create_internet_gateway", TagSpecifications=tagging("internet-gateway", change))["InternetGateway"]["InternetGatewayId"]
    work.call("attach_internet_gateway", InternetGatewayId=made, VpcId=work.vpc_id)
    return made


def update_gateway(work: Work, change: Change) -> None:
    """One that was made and not attached, by a run that was interrupted, or that somebody took off."""
    if not change.now["attached"]:
        work.call("attach_internet_gateway", InternetGatewayId=change.id, VpcId=work.vpc_id)


def delete_gateway(work: Work, change: Change) -> None:
    for found in work.snapshot.raw[GATEWAY]:
        for each in found.get("Attachments", ()) if found["InternetGatewayId"] == change.id else ():
            work.gone("detach_internet_gateway", InternetGatewayId=change.id, VpcId=each["VpcId"])
    work.gone("delete_internet_gateway", InternetGatewayId=change.id)


def create_address(work: Work, change: Change) -> str:
    made = work.call("allocate_address", Domain="vpc", TagSpecifications=tagging("elastic-ip", change))
    work.addresses[change.name] = made["PublicIp"]
    return str(made["AllocationId"])


def create_table(work: Work, change: Change) -> str:
    made: str = work.call("create_route_table", VpcId=work.vpc_id, TagSpecifications=tagging("route-table", change))["RouteTable"]["RouteTableId"]
    _associate(work, made, change.then["subnets"])
    return made


def update_table(work: Work, change: Change) -> None:
    _associate(work, change.id, [subnet for subnet in change.then["subnets"] if subnet not in change.now["subnets"]])


def delete_table(work: Work, change: Change) -> None:
    for association, table in _associations(work).values():
        if table == change.id:
            work.gone("disassociate_route_table", AssociationId=association)
    work.gone("delete_route_table", RouteTableId=change.id)


def _associate(work: Work, identifier: str, subnets: list[str]) -> None:
    """A subnet has one table: one that others gave it is replaced."""
    there = _associations(work)
    for subnet in work.several(SUBNET, subnets):
        if subnet in there:
            work.call("replace_route_table_association", AssociationId=there[subnet][0], RouteTableId=identifier)
        else:
            work.call("associate_route_table", SubnetId=subnet, RouteTableId=identifier)


def _associations(work: Work) -> dict[str, tuple[str, str]]:
    """Association and table, by subnet."""
    found = (each for table in work.snapshot.raw.get(TABLE, ()) for each in table.get("Associations", ()))
    return {each["SubnetId"]: (each["RouteTableAssociationId"], each["RouteTableId"]) for each in found if each.get("SubnetId")}


def create_flow(work: Work, change: Change) -> str:
    given: dict[str, Any] = {
        "ResourceIds": [work.vpc_id],
        "ResourceType": "VPC",
        "TrafficType": change.then["traffic"],
        "LogGroupName": change.then["log_group"],
    }
    given |= {"DeliverLogsPermissionArn": change.then["role_arn"], "ClientToken": str(uuid4()), "TagSpecifications": tagging("vpc-flow-log", change)}
    made = work.call("create_flow_logs", **given)
    return str(unrefused(made, f"flow log of VPC {work.request.name}")["FlowLogIds"][0])


def update_flow(work: Work, change: Change) -> None:
    """A flow log can't be changed: another takes its place."""
    if {**change.now, "tags": 0} != {**change.then, "tags": 0}:
        delete_flow(work, change)
        work.ids[change.key] = create_flow(work, change)


def delete_flow(work: Work, change: Change) -> None:
    work.gone("delete_flow_logs", FlowLogIds=[change.id])


VPCS = Kind(create_vpc, removal("delete_vpc", "VpcId"), update_vpc)
SUBNETS = Kind(create_subnet, removal("delete_subnet", "SubnetId"))
GATEWAYS = Kind(create_gateway, delete_gateway, update_gateway)
ADDRESSES = Kind(create_address, removal("release_address", "AllocationId"))
TABLES = Kind(create_table, delete_table, update_table)
FLOWS = Kind(create_flow, delete_flow, update_flow)
