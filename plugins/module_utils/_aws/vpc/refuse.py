# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can't be done is refused before anything is touched: which option, what is there, what is wanted, what to do instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc import cidr
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import (
    DEFAULT,
    ENDPOINT,
    GROUP,
    NAT,
    SUBNET,
    TABLE,
    VPC,
    Change,
    Key,
    Request,
    Snapshot,
)
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.read import Raw, name_of
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.slow import service_name
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

_FIXED = {VPC: ("cidr",), SUBNET: ("cidr", "zone"), GROUP: ("description",), ENDPOINT: ("type",), NAT: ("subnet",)}
_INSTEAD = {
    VPC: "keep it, or make a VPC of another name and move",
    SUBNET: "keep the order of zones and add new ones at its end, or give the CIDRs that are there",
    GROUP: "keep it, or make a group of another name",
    ENDPOINT: "take it out of one list, run, and add it to the other",
    NAT: "delete it, and run again",
}
_SHOWN = 5


def refuse(aws: Aws, request: Request, snapshot: Snapshot, changes: Sequence[Change]) -> None:
    """Raises ``InvalidInput`` for what was written, ``Conflict`` for what is there. Asks AWS only where the plan gives a reason."""
    for change in changes:
        _unchangeable(change)
    _overlaps(request, snapshot, changes)
    if any(change.key[0] == SUBNET and change.before is None for change in changes):
        _zones(aws, request)
    if any(change.key[0] == ENDPOINT and change.before is None for change in changes):
        _services(aws, changes)
    if request.peers:
        _peers(aws, request)
    gone = [change.key for change in changes if change.after is None]
    if gone:
        _held(aws, request, snapshot, gone)


def _unchangeable(change: Change) -> None:
    kind, name = change.key
    if change.before is None or change.after is None:
        return
    for field in _FIXED.get(kind, ()):
        now, then = change.before[field], change.after[field]
        if now != then:
            raise InvalidInput(f"{kind} {name}: its {field} is {now} and can't become {then}; {_INSTEAD[kind]}")


def _overlaps(request: Request, snapshot: Snapshot, changes: Sequence[Change]) -> None:
    there = {each["SubnetId"]: each["CidrBlock"] for each in snapshot.raw.get(SUBNET, ())}
    for change in changes:
        if change.key[0] == SUBNET and change.before is None and change.after:
            taken = cidr.overlapping(change.after["cidr"], there)
            if taken:
                who = ", ".join(f"{each} ({there[each]})" for each in taken)
                raise InvalidInput(f"subnet {change.key[1]}: {change.after['cidr']} overlaps {who} of VPC {request.name}; give other CIDRs, or delete it first")


def _zones(aws: Aws, request: Request) -> None:
    offered = sorted(each["ZoneName"] for each in aws.listed("ec2", "describe_availability_zones", "AvailabilityZones"))
    unknown = [zone for zone in request.zones if zone not in offered]
    if unknown:
        raise InvalidInput(f"zones: this account has no {', '.join(unknown)} in {aws.region}; it has {', '.join(offered)}")


def _services(aws: Aws, changes: Sequence[Change]) -> None:
    begin = service_name(aws, "")
    offered = [each.removeprefix(begin) for each in aws.listed("ec2", "describe_vpc_endpoint_services", "ServiceNames")]
    for change in changes:
        if change.key[0] == ENDPOINT and change.before is None and change.name not in offered:
            raise InvalidInput(f"endpoints: {aws.region} has no service {change.name!r}; {did_you_mean(change.name, offered)}")


def _peers(aws: Aws, request: Request) -> None:
    vpcs = aws.listed("ec2", "describe_vpcs", "Vpcs")
    for peer in request.peers:
        found = [each for each in vpcs if peer in (each["VpcId"], tags.mapping(each.get("Tags")).get("Name"))]
        if not found:
            raise InvalidInput(f"peers: there is no VPC {peer} in {aws.region}; write the id or the tag Name of one")
        for each in found:
            ranges = {found["CidrBlock"]: found["CidrBlock"] for found in each.get("CidrBlockAssociationSet") or [each]}
            taken = cidr.overlapping(request.cidr, ranges)
            if taken:
                raise InvalidInput(f"cidr: {request.cidr} overlaps {', '.join(taken)} of VPC {peer}, so they can't be peers; choose another range")


# -- what holds that which is to go


def _held(aws: Aws, request: Request, snapshot: Snapshot, gone: Sequence[Key]) -> None:
    ids = {snapshot.found[key].id for key in gone if key[0] in (VPC, SUBNET, GROUP)}
    if not ids:
        return
    holders = list(_interfaces(aws, snapshot, ids))
    if any(kind == VPC for kind, _name in gone):
        holders += _strangers(request, snapshot)
    if holders:
        more = f" and {len(holders) - _SHOWN} more" if len(holders) > _SHOWN else ""
        what = ", ".join(f"{kind} {name}" for kind, name in gone if kind in (VPC, SUBNET, GROUP))
        raise Conflict(
            f"{what} of {request.environment} can't be removed: held by {', '.join(holders[:_SHOWN])}{more}; "
            "delete what made them, or let aws_sweep do so, and run again",
            holders=holders,
        )


def _interfaces(aws: Aws, snapshot: Snapshot, ids: set[str]) -> Iterator[str]:
    """Network interfaces in subnets or groups that are to go, but those of our own gateways and endpoints, which go first."""
    own = {address.get("NetworkInterfaceId") for each in snapshot.raw.get(NAT, ()) for address in each.get("NatGatewayAddresses", ())}
    own |= {found for each in snapshot.raw.get(ENDPOINT, ()) for found in each.get("NetworkInterfaceIds", ())}
    for each in aws.listed("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=[{"Name": "vpc-id", "Values": [snapshot.vpc_id]}]):
        uses = {each.get("SubnetId"), each.get("VpcId")} | {group["GroupId"] for group in each.get("Groups", ())}
        if each["NetworkInterfaceId"] not in own and uses & ids:
            yield f"network interface {each['NetworkInterfaceId']} ({each.get('Description') or each.get('InterfaceType') or 'no description'})"


def _strangers(request: Request, snapshot: Snapshot) -> Iterator[str]:
    """What is in the VPC and not of this set."""
    for kind, field in ((SUBNET, "SubnetId"), (GROUP, "GroupId"), (TABLE, "RouteTableId"), (NAT, "NatGatewayId"), (ENDPOINT, "VpcEndpointId")):
        for each in snapshot.raw.get(kind, ()):
            if not name_of(request, each) and not _of_the_vpc(each) and str(each.get("State", "")).lower() not in ("deleting", "deleted"):
                yield f"{kind} {each[field]}{_called(each)}"


def _of_the_vpc(each: Raw) -> bool:
    return each.get("GroupName") == DEFAULT or any(found.get("Main") for found in each.get("Associations", ()))


def _called(each: Raw) -> str:
    name: Any = each.get("GroupName") or tags.mapping(each.get("Tags")).get("Name")
    return f" ({name})" if name else ""
