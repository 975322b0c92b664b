# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network in EC2, asked from outside with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.converge import Result, converge
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.options import ARGUMENTS, request
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotReady
from support.aws_core import Account, account

from simulator.corrections.network import Networks

A, B, C = (f"eu-central-1{letter}" for letter in "abc")
GROUPS = [
    {"name": "nodes", "ingress": [{"protocol": "all", "sources": ["nodes", "database"]}]},
    {"name": "database", "ingress": [{"ports": ["5432"], "sources": ["nodes", "10.9.0.0/16"], "description": "SQL"}], "egress": []},
]
NETWORK: dict[str, Any] = {
    "name": "shop",
    "environment": "test",
    "cidr": "10.20.0.0/16",
    "zones": [A, B],
    "nat": "one_per_zone",
    "public": {"tags": {"kubernetes.io/role/elb": 1}},
    "private": {"tags": {"kubernetes.io/role/internal-elb": "1"}},
    "interface_endpoints": ["ecr.api"],
    "security_groups": GROUPS,
    "tags": {"team": "platform"},
}
EVERY_READ = {
    "DescribeVpcs": 1,
    "DescribeVpcAttribute": 2,
    "DescribeSubnets": 1,
    "DescribeInternetGateways": 1,
    "DescribeNatGateways": 1,
    "DescribeAddresses": 1,
    "DescribeRouteTables": 1,
    "DescribeSecurityGroups": 1,
    "DescribeVpcEndpoints": 1,
}


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, ARGUMENTS, request, converge) as found:
        yield found


def have(ec2: Account, check: bool = False, **more: Any) -> Result:
    result: Result = ec2.run(check, **{**NETWORK, **more})
    return result


def unchanged(ec2: Account, **more: Any) -> Result:
    with ec2.counted() as calls:
        result = have(ec2, **more)
    assert (result.changed, result.actions, ec2.writes(calls)) == (False, (), [])
    return result


def route_of(ec2: Account, table: str) -> dict[str, Any]:
    found = ec2.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]
    return next((route for route in found["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"), {})


def tags_of(found: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in found.get("Tags", ())}


def permissions(ec2: Account, group: str, key: str = "IpPermissions") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ec2.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0][key]
    return found


def test_made_and_then_left_alone(ec2: Account) -> None:
    made = have(ec2, zones=[A, B, C])
    assert made.changed
    client = ec2.client("ec2")
    subnets = {each["SubnetId"]: each for each in client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [made.vpc_id]}])["Subnets"]}
    assert len(subnets) == 6
    private = subnets[made.private_subnets[B]]
    assert (private["CidrBlock"], private["AvailabilityZone"]) == ("10.20.32.0/19", B)
    assert tags_of(private) == {
        "Name": f"shop-private-{B}",
        "kubernetes.io/role/internal-elb": "1",
        "slipway:environment": "test",
        "slipway:name": f"shop/private-{B}",
        "team": "platform",
    }
    assert tags_of(subnets[made.public_subnets[B]])["kubernetes.io/role/elb"] == "1"
    assert client.describe_vpc_attribute(VpcId=made.vpc_id, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]
    for zone in (A, B, C):
        assert route_of(ec2, made.route_tables[f"private-{zone}"])["NatGatewayId"] == made.nat_gateways[zone]
        gateway = client.describe_nat_gateways(NatGatewayIds=[made.nat_gateways[zone]])["NatGateways"][0]
        assert (gateway["State"], gateway["SubnetId"]) == ("available", made.public_subnets[zone])
        assert gateway["NatGatewayAddresses"][0]["PublicIp"] == made.nat_addresses[zone]
    assert route_of(ec2, made.route_tables["public"])["GatewayId"] == made.internet_gateway
    database = permissions(ec2, made.security_groups["database"])
    assert [pair["GroupId"] for each in database for pair in each["UserIdGroupPairs"]] == [made.security_groups["nodes"]]
    assert permissions(ec2, made.security_groups["database"], "IpPermissionsEgress") == []
    endpoint = client.describe_vpc_endpoints(VpcEndpointIds=[made.endpoints["ecr.api"]])["VpcEndpoints"][0]
    assert (set(endpoint["SubnetIds"]), endpoint["PrivateDnsEnabled"]) == (set(made.private_subnets.values()), True)
    with ec2.counted() as second:
        again = have(ec2, zones=[A, B, C])
    assert (again.changed, second) == (False, EVERY_READ)
    ids = ("vpc_id", "public_subnets", "private_subnets", "security_groups", "route_tables", "nat_gateways", "nat_addresses", "endpoints", "internet_gateway")
    assert [getattr(again, name) for name in ids] == [getattr(made, name) for name in ids]


def test_the_own_group_of_the_vpc_lets_nobody_in(ec2: Account) -> None:
    made = have(ec2)
    own = [{"Name": "vpc-id", "Values": [made.vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.client("ec2").describe_security_groups(Filters=own)["SecurityGroups"][0]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_the_own_group_can_be_left_as_it_is(ec2: Account) -> None:
    have(ec2, empty_default_security_group=False)
    unchanged(ec2, empty_default_security_group=False)
    emptied = have(ec2)
    assert emptied.actions == ("update rules of security group default",)
    unchanged(ec2)


def test_check_mode_foresees_it_in_an_empty_account(ec2: Account) -> None:
    with ec2.counted() as calls:
        foreseen = have(ec2, check=True)
    assert ec2.writes(calls) == []
    assert (foreseen.vpc_id, foreseen.private_subnets[A], foreseen.nat_addresses[B]) == (LATER, LATER, LATER)
    made = have(ec2)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)
    assert set(map(str, made.before.values())) == {"{}"}


CHANGES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"dns_hostnames": False}, ("update vpc shop",)),
    ({"tags": {"team": "shop"}, "zones": [A], "nat": "single", "interface_endpoints": [], "security_groups": []}, ()),
    (
        {"nat": "single"},
        (
            *(f"delete address nat-{zone}" for zone in (B,)),
            *(f"delete NAT gateway nat-{zone}" for zone in (B,)),
            *(f"update default route private-{zone}" for zone in (B,)),
        ),
    ),
    (
        {"nat": "none"},
        (
            *(f"delete address nat-{zone}" for zone in (A, B)),
            *(f"delete NAT gateway nat-{zone}" for zone in (A, B)),
            *(f"update default route private-{zone}" for zone in (A, B)),
        ),
    ),
    (
        {"interface_endpoints": []},
        ("delete security group endpoints", "delete rules of security group endpoints", "delete endpoint ecr.api"),
    ),
    ({"gateway_endpoints": ["s3", "dynamodb"]}, ("create endpoint dynamodb",)),
    ({"security_groups": GROUPS[:0]}, ()),
    ({"security_groups": [GROUPS[0], {**GROUPS[1], "egress": [{"protocol": "all", "sources": ["0.0.0.0/0"]}]}]}, ("update rules of security group database",)),
    (
        {"security_groups": [GROUPS[0], {**GROUPS[1], "ingress": [{"ports": ["5432", "6432-6433"], "sources": ["nodes"], "description": "pooled"}]}]},
        ("update rules of security group database",),
    ),
    ({"private": {"tags": {"kubernetes.io/role/internal-elb": "0"}}}, tuple(f"update subnet private-{zone}" for zone in (A, B))),
]


@pytest.mark.parametrize(("more", "actions"), CHANGES, ids=[",".join(more) for more, _actions in CHANGES])
def test_what_differs_is_changed(ec2: Account, more: dict[str, Any], actions: tuple[str, ...]) -> None:
    have(ec2)
    with ec2.counted() as calls:
        foreseen = have(ec2, check=True, **more)
    assert ec2.writes(calls) == []
    changed = have(ec2, **more)
    assert changed.changed
    assert (foreseen.after, foreseen.actions) == (changed.after, changed.actions)
    assert not actions or changed.actions == actions
    unchanged(ec2, **more)
    have(ec2)
    unchanged(ec2)


def test_a_zone_more_at_the_end(ec2: Account) -> None:
    have(ec2)
    grown = have(ec2, zones=[A, B, C])
    assert not [action for action in grown.actions if action.startswith("delete")]
    assert f"create subnet private-{C}" in grown.actions
    unchanged(ec2, zones=[A, B, C])


def test_isolated_subnets_have_no_way_out(ec2: Account) -> None:
    have(ec2)
    sets = [{"name": "dev"}, {"name": "stage", "cidrs": ["10.20.250.0/24", "10.20.251.0/24"]}]
    foreseen, made = have(ec2, True, isolated=sets), have(ec2, isolated=sets)
    assert foreseen.after == made.after
    assert foreseen.isolated_subnets["dev"]["ids"] == {A: LATER, B: LATER}
    dev, stage = made.isolated_subnets["dev"], made.isolated_subnets["stage"]
    assert (dev["cidrs"], stage["cidrs"]) == (["10.20.224.0/24", "10.20.225.0/24"], ["10.20.250.0/24", "10.20.251.0/24"])
    assert set(made.private_subnets) == {A, B}
    tables = ec2.client("ec2").describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [made.vpc_id]}])["RouteTables"]
    led = {each.get("SubnetId") for table in tables for each in table["Associations"]}
    assert not led & {*dev["ids"].values(), *stage["ids"].values()}, "they are in the VPC's main table"
    [main] = [table for table in tables if any(each["Main"] for each in table["Associations"])]
    assert {route["DestinationCidrBlock"] for route in main["Routes"]} == {"10.20.0.0/16"}
    unchanged(ec2, isolated=sets)
    assert have(ec2, isolated=sets[:1]).actions == (f"delete subnet isolated-stage-{A}", f"delete subnet isolated-stage-{B}")


def test_what_is_left_out_stays(ec2: Account) -> None:
    made = have(ec2)
    kept = unchanged(ec2, interface_endpoints=None, security_groups=None)
    assert (kept.endpoints, kept.security_groups) == (made.endpoints, made.security_groups)


def test_endpoints_that_are_left_out_follow_the_zones(ec2: Account) -> None:
    have(ec2)
    fewer = have(ec2, zones=[A], interface_endpoints=None)
    assert "update endpoint ecr.api" in fewer.actions
    unchanged(ec2, zones=[A], interface_endpoints=None)


def test_tags_of_others_stay(ec2: Account) -> None:
    made = have(ec2)
    subnet, client = made.private_subnets[A], ec2.client("ec2")
    client.create_tags(Resources=[subnet], Tags=[{"Key": "kubernetes.io/cluster/one", "Value": "shared"}, {"Key": "slipway:old", "Value": "1"}])
    assert have(ec2).actions == (f"update subnet private-{A}",)
    now = tags_of(client.describe_subnets(SubnetIds=[subnet])["Subnets"][0])
    assert now["kubernetes.io/cluster/one"] == "shared"
    assert "slipway:old" not in now
    have(ec2, purge_tags=True)
    assert "kubernetes.io/cluster/one" not in tags_of(client.describe_subnets(SubnetIds=[subnet])["Subnets"][0])


def test_routes_of_others_stay(ec2: Account) -> None:
    made = have(ec2, nat="none")
    client, table = ec2.client("ec2"), made.route_tables[f"private-{A}"]
    client.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=client.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"])
    unchanged(ec2, nat="none")
    assert have(ec2, nat="single").actions[-1] == f"update default route private-{B}"
    assert route_of(ec2, table)["NatGatewayId"]


def test_a_route_that_is_lost_comes_back(ec2: Account) -> None:
    made = have(ec2)
    ec2.client("ec2").delete_route(RouteTableId=made.route_tables["public"], DestinationCidrBlock="0.0.0.0/0")
    assert have(ec2).actions == ("update default route public",)
    assert route_of(ec2, made.route_tables["public"])["GatewayId"] == made.internet_gateway


def test_a_gateway_that_failed_is_told_and_replaced(ec2: Account) -> None:
    ec2.state(Networks).failures.append("Elastic IP address could not be associated")
    with pytest.raises(NotReady, match="failed: Elastic IP address could not be associated"):
        have(ec2)
    repaired = have(ec2)
    made = [action for action in repaired.actions if action.startswith("create NAT gateway")]
    assert len(made) == 1
    assert "is failed: Elastic IP address could not be associated" in made[0]
    unchanged(ec2)
    assert len(ec2.client("ec2").describe_addresses()["Addresses"]) == 2


@pytest.mark.parametrize(
    "operation",
    ["ModifyVpcAttribute", "CreateSubnet", "AttachInternetGateway", "AllocateAddress", "AuthorizeSecurityGroupIngress", "CreateNatGateway", "CreateRoute"],
)
def test_an_interrupted_run_is_continued(ec2: Account, operation: str) -> None:
    ec2.fault("error", "ec2", operation, times=1, code="InternalError.Test", status=400)
    with pytest.raises(Exception, match=r"InternalError\.Test"):
        have(ec2)
    have(ec2)
    unchanged(ec2)
    client = ec2.client("ec2")
    assert len(client.describe_addresses()["Addresses"]) == 2
    assert len([each for each in client.describe_nat_gateways()["NatGateways"] if each["State"] == "available"]) == 2
    assert len(client.describe_internet_gateways()["InternetGateways"]) == 1


def test_what_is_throttled_or_not_seen_yet_is_tried_again(ec2: Account) -> None:
    ec2.fault("throttled", "ec2", "CreateSubnet", times=1)
    ec2.fault("absent", "ec2", "AttachInternetGateway", times=3, code="InvalidVpcID.NotFound")
    ec2.fault("absent", "ec2", "DescribeNatGateways", times=3, after="CreateNatGateway", code="NatGatewayNotFound")
    have(ec2)
    unchanged(ec2)


def test_removed_with_all_that_is_in_it(ec2: Account) -> None:
    have(ec2)
    with ec2.counted() as calls:
        foreseen = have(ec2, check=True, state="absent")
    assert ec2.writes(calls) == []
    gone = have(ec2, state="absent")
    assert (gone.changed, gone.actions, gone.vpc_id) == (True, foreseen.actions, "")
    client = ec2.client("ec2")
    assert [each for each in client.describe_vpcs()["Vpcs"] if not each["IsDefault"]] == []
    assert (client.describe_addresses()["Addresses"], client.describe_internet_gateways()["InternetGateways"]) == ([], [])
    assert client.describe_network_interfaces()["NetworkInterfaces"] == []
    with ec2.counted() as second:
        assert not have(ec2, state="absent").changed
    assert second == {"DescribeVpcs": 1, "DescribeInternetGateways": 1, "DescribeAddresses": 1}


@pytest.mark.parametrize("operation", ["DeleteNatGateway", "ReleaseAddress", "DetachInternetGateway", "DeleteSubnet", "DeleteVpc"])
def test_an_interrupted_removal_is_continued(ec2: Account, operation: str) -> None:
    have(ec2)
    ec2.fault("error", "ec2", operation, times=1, code="InternalError.Test", status=400)
    with pytest.raises(Exception, match=r"InternalError\.Test"):
        have(ec2, state="absent")
    have(ec2, state="absent")
    assert ec2.client("ec2").describe_addresses()["Addresses"] == []
    assert not have(ec2, state="absent").changed


def test_what_still_holds_for_a_while_is_waited_for(ec2: Account) -> None:
    have(ec2)
    ec2.fault("error", "ec2", "DeleteSubnet", times=3, code="DependencyViolation", status=400)
    ec2.fault("error", "ec2", "DetachInternetGateway", times=2, code="DependencyViolation", status=400)
    have(ec2, state="absent")
    assert not have(ec2, state="absent").changed


def test_what_holds_it_is_named_before_anything_is_touched(ec2: Account) -> None:
    made = have(ec2)
    client = ec2.client("ec2")
    group = client.create_security_group(GroupName="k8s-traffic-one", Description="of a controller", VpcId=made.vpc_id)["GroupId"]
    interface = client.create_network_interface(SubnetId=made.public_subnets[A], Description="ELB app/k8s-shop/1", Groups=[group])
    with ec2.counted() as calls, pytest.raises(Conflict) as caught:
        have(ec2, state="absent")
    assert ec2.writes(calls) == []
    assert f"held by network interface {interface['NetworkInterface']['NetworkInterfaceId']} (ELB app/k8s-shop/1)" in caught.value.message
    assert f"security group {group} (k8s-traffic-one)" in caught.value.message
    with pytest.raises(Conflict, match=rf"subnet public-{A}.* can't be removed: held by network interface"):
        have(ec2, zones=[B], public={"cidrs": ["10.20.196.0/22"]}, private={"cidrs": ["10.20.32.0/19"]})
    client.delete_network_interface(NetworkInterfaceId=interface["NetworkInterface"]["NetworkInterfaceId"])
    client.delete_security_group(GroupId=group)
    have(ec2, state="absent")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"cidr": "10.21.0.0/16"}, r"vpc shop: its cidr is 10\.20\.0\.0/16 and can't become 10\.21\.0\.0/16; keep it, or make a VPC of another name and move"),
        ({"zones": [B, A]}, rf"subnet private-{A}: its cidr is 10\.20\.0\.0/19 and can't become 10\.20\.32\.0/19; keep the order of zones"),
        (
            {"security_groups": [GROUPS[0], {**GROUPS[1], "description": "other"}]},
            "security group database: its description is database and can't",
        ),
        ({"zones": [A, B, "eu-central-1z"]}, r"zones: this account has no eu-central-1z in eu-central-1; it has eu-central-1a, "),
        ({"interface_endpoints": ["ecr.apo"]}, r"endpoints: eu-central-1 has no service 'ecr\.apo'; .*ecr\.api"),
    ],
)
def test_what_aws_cannot_change_is_refused(ec2: Account, more: dict[str, Any], told: str) -> None:
    have(ec2)
    with ec2.counted() as calls, pytest.raises(InvalidInput, match=told):
        have(ec2, **more)
    assert ec2.writes(calls) == []


def test_peers_have_ranges_of_their_own(ec2: Account) -> None:
    client = ec2.client("ec2")
    peer = client.create_vpc(CidrBlock="10.20.128.0/20")["Vpc"]["VpcId"]
    client.create_tags(Resources=[peer], Tags=[{"Key": "Name", "Value": "office"}])
    for name in (peer, "office"):
        with pytest.raises(InvalidInput, match=rf"cidr: 10\.20\.0\.0/16 overlaps 10\.20\.128\.0/20 of VPC {name}, so they can't be peers"):
            have(ec2, peers=[name])
    with pytest.raises(InvalidInput, match="peers: there is no VPC branch in eu-central-1"):
        have(ec2, peers=["branch"])
    have(ec2, cidr="10.30.0.0/16", peers=["office"])


def test_a_subnet_of_others_in_the_way_is_named(ec2: Account) -> None:
    made = have(ec2)
    other = ec2.client("ec2").create_subnet(VpcId=made.vpc_id, CidrBlock="10.20.64.0/24")["Subnet"]["SubnetId"]
    with pytest.raises(InvalidInput, match=rf"subnet private-{C}: 10\.20\.64\.0/19 overlaps {other} \(10\.20\.64\.0/24\) of VPC shop"):
        have(ec2, zones=[A, B, C])


def test_the_flow_log(ec2: Account) -> None:
    role = "arn:aws:iam::123456789012:role/flows"
    ec2.client("logs").create_log_group(logGroupName="/shop/flows")
    ec2.client("iam").create_role(RoleName="flows", AssumeRolePolicyDocument="{}")
    log = {"log_group": "/shop/flows", "role_arn": role, "traffic": "REJECT"}
    have(ec2, flow_log=log)
    assert not have(ec2, flow_log=log).changed
    assert have(ec2, flow_log={**log, "traffic": "ALL"}).actions == ("update flow log vpc",)
    flows = ec2.client("ec2").describe_flow_logs()["FlowLogs"]
    assert [each["TrafficType"] for each in flows] == ["ALL"]
    unchanged(ec2)
    have(ec2, state="absent")
    assert ec2.client("ec2").describe_flow_logs()["FlowLogs"] == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"name": "Shop!"}, "name: 'Shop!' can't be a name"),
        ({"zones": []}, "zones: write at least one, such as eu-central-1a"),
        ({"zones": ["eu-west-1a"]}, "zones: 'eu-west-1a' is no zone of eu-central-1"),
        (
            {"apart_from": {"home": "192.168.0.0/16", "office": "10.20.64.0/20"}},
            r"cidr: 10.20.0.0/16 overlaps 10.20.64.0/20 \(office\), which it has to be apart from",
        ),
        ({"apart_from": {"office": "here"}}, "apart_from.office: 'here' is no range of addresses"),
        ({"zones": [A, A]}, f"zones: {A} is there twice"),
        ({"security_groups": [{"name": "default"}]}, "security_groups: 'default' is taken"),
        ({"security_groups": [{"name": "x", "ingress": [{"ports": ["443"], "sources": ["y"]}]}]}, r"security_groups: x\.ingress: 'y' is neither a range"),
        ({"security_groups": [{"name": "x", "ingress": [{"ports": ["99999"], "sources": ["x"]}]}]}, r"x\.ingress: '99999' is no port"),
        ({"security_groups": [{"name": "x", "ingress": [{"sources": ["x"]}]}]}, r"x\.ingress: tcp needs ports"),
        ({"security_groups": [{"name": "x", "egress": [{"protocol": "all", "ports": ["1"], "sources": ["x"]}]}]}, r"x\.egress: all has no ports"),
    ],
)
def test_bad_input_never_reaches_aws(ec2: Account, more: dict[str, Any], told: str) -> None:
    with ec2.counted() as calls, pytest.raises(InvalidInput, match=told):
        have(ec2, **more)
    assert not calls
