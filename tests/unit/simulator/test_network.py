# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where moto's networks and log groups are mended: what holds another is not deleted, and what takes AWS minutes takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.aws import Aws, running

from simulator.corrections.network import Networks


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running() as found:
        yield found


@pytest.fixture
def ec2(aws: Aws) -> Any:
    return aws.client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    found: str = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return found


@pytest.fixture
def gateway(ec2: Any, vpc: str) -> str:
    found: str = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=found, VpcId=vpc)
    return found


def nat(ec2: Any, vpc: str) -> tuple[str, str, str]:
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    return ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"], subnet, address


def state(ec2: Any, name: str) -> str:
    found: str = ec2.describe_nat_gateways(NatGatewayIds=[name])["NatGateways"][0]["State"]
    return found


def refused(call: Any, code: str, **parameters: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code


def test_a_nat_gateway_takes_its_time_and_holds_what_it_uses(aws: Aws, ec2: Any, vpc: str, gateway: str) -> None:
    name, subnet, address = nat(ec2, vpc)
    assert state(ec2, name) == "pending"
    aws.clock.advance(120)
    assert state(ec2, name) == "available"
    ec2.delete_nat_gateway(NatGatewayId=name)
    assert state(ec2, name) == "deleting"
    refused(ec2.release_address, "InvalidIPAddress.InUse", AllocationId=address)
    refused(ec2.detach_internet_gateway, "DependencyViolation", InternetGatewayId=gateway, VpcId=vpc)
    refused(ec2.delete_subnet, "DependencyViolation", SubnetId=subnet)
    aws.clock.advance(120)
    assert state(ec2, name) == "deleted"
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    refused(ec2.delete_nat_gateway, "NatGatewayNotFound", NatGatewayId=name)
    refused(ec2.delete_vpc, "DependencyViolation", VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)


def test_a_nat_gateway_fails_without_internet_and_on_demand(aws: Aws, ec2: Any, vpc: str) -> None:
    def failed(name: str) -> tuple[str, str]:
        aws.clock.advance(120)
        found = ec2.describe_nat_gateways(NatGatewayIds=[name])["NatGateways"][0]
        return found["State"], found["FailureMessage"]

    without, subnet, address = nat(ec2, vpc)
    assert failed(without) == ("failed", f"Network {vpc} has no Internet gateway attached")
    assert ec2.describe_addresses()["Addresses"][0].get("AssociationId") is None
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    aws.world.state(Networks, aws.account_id, aws.region).failures.append("no address")
    on_demand = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert failed(on_demand) == ("failed", "no address")
    refused(ec2.describe_nat_gateways, "NatGatewayNotFound", NatGatewayIds=["nat-1"])


def test_an_endpoint_that_leaves_a_subnet_sets_it_free(ec2: Any, vpc: str) -> None:
    one, two = (ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{each}.0/24")["Subnet"]["SubnetId"] for each in (1, 2))
    given = {"VpcId": vpc, "VpcEndpointType": "Interface", "ServiceName": "com.amazonaws.eu-central-1.sts", "SubnetIds": [one, two]}
    made = ec2.create_vpc_endpoint(**given)["VpcEndpoint"]["VpcEndpointId"]
    refused(ec2.delete_subnet, "DependencyViolation", SubnetId=two)
    ec2.modify_vpc_endpoint(VpcEndpointId=made, RemoveSubnetIds=[two])
    ec2.delete_subnet(SubnetId=two)
    refused(ec2.delete_subnet, "DependencyViolation", SubnetId=one)


def test_groups_that_name_each_other_stay(ec2: Any, vpc: str) -> None:
    own = [{"Name": "vpc-id", "Values": [vpc]}]
    default = ec2.describe_security_groups(Filters=own)["SecurityGroups"][0]
    assert [pair["GroupId"] for each in default["IpPermissions"] for pair in each["UserIdGroupPairs"]] == [default["GroupId"]]
    one, two = (ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("one", "two"))
    rule = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": two, "Description": "why"}]}]
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=rule)
    refused(ec2.delete_security_group, "DependencyViolation", GroupId=two)
    rule[0]["UserIdGroupPairs"][0]["Description"] = "therefore"  # type: ignore[index]
    ec2.update_security_group_rule_descriptions_ingress(GroupId=one, IpPermissions=rule)
    pair = ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"][0]["IpPermissions"][0]["UserIdGroupPairs"][0]
    assert pair["Description"] == "therefore"
    refused(ec2.delete_vpc, "DependencyViolation", VpcId=vpc)
    ec2.delete_security_group(GroupId=one)
    ec2.delete_security_group(GroupId=two)


def test_log_groups_have_classes_and_keys(aws: Aws) -> None:
    logs, key = aws.client("logs"), "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    logs.create_log_group(logGroupName="/shop/flows", logGroupClass="INFREQUENT_ACCESS")
    logs.associate_kms_key(logGroupName="/shop/flows", kmsKeyId=key)
    found = logs.describe_log_groups()["logGroups"][0]
    assert (found["logGroupClass"], found["kmsKeyId"]) == ("INFREQUENT_ACCESS", key)
    logs.disassociate_kms_key(logGroupName="/shop/flows")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]
    refused(logs.associate_kms_key, "ResourceNotFoundException", logGroupName="/shop/none", kmsKeyId=key)


def test_states_that_the_models_do_not_have_are_awss(ec2: Any, vpc: str, gateway: str) -> None:
    assert ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"][0]["State"] == "available"
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.eu-central-1.s3")["VpcEndpoint"]
    assert made["State"] == ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]["State"] == "available"
