# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 and load balancing have: one call for each kind, which says the state too, as the tagging API does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep.model import Kind, Left, Query
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.rules import SIDES

Raw = dict[str, Any]
_GONE = ("terminated", "deleted")
_TAGS_AT_ONCE = 20  # of load balancers, by the API reference (DescribeTags)


def _state(each: Raw) -> str:
    state = each.get("State") or each.get("Status") or ""
    return str(state.get("Name") or state.get("Code") if isinstance(state, Mapping) else state).lower()


def found(kind: str, operation: str, key: str, field: str, filters: str = "Filters") -> Callable[[Aws, Query], list[Left]]:
    """``key``: of the answer; ``field``: its id."""

    def find(aws: Aws, query: Query) -> list[Left]:
        if not query.keys():
            return []
        asked = {filters: [{"Name": "tag-key", "Values": query.keys()}]}
        everything: Iterable[Raw] = aws.listed("ec2", operation, key, **asked)
        if key == "Reservations":
            everything = [each for reservation in everything for each in reservation["Instances"]]
        return [left for each in everything if (left := _left(kind, each, field, query)) and left.state not in _GONE]

    return find


def _left(kind: str, each: Raw, field: str, query: Query) -> Left | None:
    labels = tags.mapping(each.get("Tags") or each.get("TagSet"))
    because = query.claim(labels)
    own = each.get("GroupName") == "default" or any(association.get("Main") for association in each.get("Associations") or ())
    if not because or own:  # what goes with its VPC, and only so
        return None
    return Left(kind, each[field], each.get("GroupName") or each.get("Description") or labels.get("Name", ""), _state(each), because, each)


def simply(operation: str, parameter: str, several: bool = False) -> Callable[[Aws, Left], object]:
    """For what one call with its id deletes."""
    return lambda aws, left: aws.find("ec2", operation, **{parameter: [left.id] if several else left.id})


def delete_group(aws: Aws, left: Left) -> None:
    """Its rules go first: groups that name each other can't be deleted."""
    for side, key in SIDES.items():
        if left.raw.get(key):
            aws.find("ec2", f"revoke_security_group_{side}", GroupId=left.id, IpPermissions=left.raw[key])
    aws.find("ec2", "delete_security_group", GroupId=left.id)


def delete_gateway(aws: Aws, left: Left) -> None:
    for each in left.raw.get("Attachments") or ():
        aws.find("ec2", "detach_internet_gateway", InternetGatewayId=left.id, VpcId=each["VpcId"])
    aws.find("ec2", "delete_internet_gateway", InternetGatewayId=left.id)


def delete_table(aws: Aws, left: Left) -> None:
    for each in left.raw.get("Associations") or ():
        aws.find("ec2", "disassociate_route_table", AssociationId=each["RouteTableAssociationId"])
    aws.find("ec2", "delete_route_table", RouteTableId=left.id)


def balancers(operation: str, kind: str, noun: str) -> Callable[[Aws, Query], list[Left]]:
    """Load balancers or target groups; their tags are asked for twenty at a time. ``noun``: as the API calls one."""

    def find(aws: Aws, query: Query) -> list[Left]:
        everything = {each[f"{noun}Arn"]: each for each in aws.listed("elbv2", operation, f"{noun}s")} if query.keys() else {}
        arns = list(everything)
        batches = [arns[begin : begin + _TAGS_AT_ONCE] for begin in range(0, len(arns), _TAGS_AT_ONCE)]
        answers = aws.together(lambda batch: _described(aws, batch), batches)
        claims = {each["ResourceArn"]: query.claim(tags.mapping(each["Tags"])) for answer in answers for each in answer}
        return [
            Left(kind, arn, everything[arn][f"{noun}Name"], _state(everything[arn]), because, everything[arn]) for arn, because in claims.items() if because
        ]

    return find


def _described(aws: Aws, arns: list[str]) -> list[Raw]:
    """Tags of those that are still there: one that went since it was listed has AWS refuse the whole batch."""
    answer = aws.find("elbv2", "describe_tags", ResourceArns=arns)
    if answer is not None:
        return list(answer["TagDescriptions"])
    return [each for arn in arns for each in _described(aws, [arn])] if len(arns) > 1 else []


def _ec2(name: str, stage: int, listing: tuple[str, str, str], delete: Callable[[Aws, Left], object], busy: tuple[str, ...] = ()) -> Kind:
    return Kind(name, stage, found(name, *listing), delete, busy)


LOAD_BALANCERS = balancers("describe_load_balancers", "load balancer", "LoadBalancer")
KINDS: tuple[Kind, ...] = (
    Kind(
        "load balancer",
        0,
        LOAD_BALANCERS,
        lambda aws, left: aws.find("elbv2", "delete_load_balancer", LoadBalancerArn=left.id),
    ),
    _ec2("instance", 0, ("describe_instances", "Reservations", "InstanceId"), simply("terminate_instances", "InstanceIds", True), ("shutting-down",)),
    Kind(
        "target group",
        1,
        balancers("describe_target_groups", "target group", "TargetGroup"),
        lambda aws, left: aws.find("elbv2", "delete_target_group", TargetGroupArn=left.id),
    ),
    _ec2("volume", 1, ("describe_volumes", "Volumes", "VolumeId"), simply("delete_volume", "VolumeId"), ("in-use", "deleting")),
    Kind(
        "NAT gateway",
        1,
        found("NAT gateway", "describe_nat_gateways", "NatGateways", "NatGatewayId", "Filter"),
        simply("delete_nat_gateway", "NatGatewayId"),
        ("deleting",),
    ),
    _ec2("endpoint", 1, ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"), simply("delete_vpc_endpoints", "VpcEndpointIds", True), ("deleting",)),
    # One in use is somebody's, and goes with them.
    _ec2(
        "network interface",
        2,
        ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
        simply("delete_network_interface", "NetworkInterfaceId"),
        ("in-use", "attaching", "detaching"),
    ),
    _ec2("security group", 3, ("describe_security_groups", "SecurityGroups", "GroupId"), delete_group),
    _ec2("address", 3, ("describe_addresses", "Addresses", "AllocationId"), simply("release_address", "AllocationId")),
    _ec2("internet gateway", 4, ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"), delete_gateway),
    _ec2("subnet", 4, ("describe_subnets", "Subnets", "SubnetId"), simply("delete_subnet", "SubnetId")),
    _ec2("route table", 5, ("describe_route_tables", "RouteTables", "RouteTableId"), delete_table),
    _ec2("VPC", 6, ("describe_vpcs", "Vpcs", "VpcId"), simply("delete_vpc", "VpcId")),
)
TYPES = {
    "instance",
    "volume",
    "natgateway",
    "vpc-endpoint",
    "network-interface",
    "security-group",
    "elastic-ip",
    "internet-gateway",
    "subnet",
    "route-table",
    "vpc",
}
"""Their names in ARNs: the tagging API lists them too, for a while even when they are gone."""
