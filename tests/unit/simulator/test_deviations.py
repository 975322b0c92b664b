# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each row of the table is still needed: the call goes against the model, and is let through for it alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.aws import Aws, running
from support.aws_lists import Lists

from simulator import application
from simulator.deviations import DEVIATIONS, Deviation


def vpc(aws: Aws) -> str:
    made: str = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return made


def an_endpoint(aws: Aws) -> None:
    aws.client("ec2").create_vpc_endpoint(VpcId=vpc(aws), ServiceName="com.amazonaws.eu-central-1.s3", VpcEndpointType="Gateway")


def endpoints(aws: Aws) -> None:
    an_endpoint(aws)
    aws.client("ec2").describe_vpc_endpoints()


def gateways(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc(aws))
    ec2.describe_internet_gateways()


def grants(aws: Aws) -> None:
    aws.client("kms").list_grants(KeyId=aws.client("kms").create_key()["KeyMetadata"]["KeyId"])


def a_health_check(aws: Aws) -> None:
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "shop.example.test"}
    aws.client("route53").create_health_check(CallerReference="1", HealthCheckConfig=config)


def a_private_zone(aws: Aws) -> None:
    network = {"VPCRegion": "eu-central-1", "VPCId": vpc(aws)}
    aws.client("route53").create_hosted_zone(Name="test", CallerReference="1", VPC=network, HostedZoneConfig={"PrivateZone": True})


def a_secret(aws: Aws) -> Any:
    aws.client("secretsmanager").create_secret(Name="orders", SecretString="x")
    return aws.client("secretsmanager")


def a_certificate(aws: Aws) -> None:
    lists = Lists()
    lists.of["ListCertificates"] = [{"KeyAlgorithm": "RSA-2048"}]
    aws.simulator.backends["acm"] = lists.backend("acm", "ListCertificates")
    aws.client("acm").list_certificates()


CALLS: dict[tuple[str, str], Callable[[Aws], Any]] = {
    ("acm", "ListCertificates"): a_certificate,
    ("ec2", "CreateVpcEndpoint"): an_endpoint,
    ("ec2", "DescribeInternetGateways"): gateways,
    ("ec2", "DescribeVpcEndpoints"): endpoints,
    ("kms", "ListGrants"): grants,
    ("route53", "CreateHealthCheck"): a_health_check,
    ("route53", "CreateHostedZone"): a_private_zone,
    ("route53", "ListHealthChecks"): lambda aws: aws.client("route53").list_health_checks(),
    ("route53", "ListHostedZones"): lambda aws: aws.client("route53").list_hosted_zones(),
    ("route53", "ListHostedZonesByName"): lambda aws: aws.client("route53").list_hosted_zones_by_name(),
    ("secretsmanager", "DescribeSecret"): lambda aws: a_secret(aws).describe_secret(SecretId="orders"),
    ("secretsmanager", "ListSecrets"): lambda aws: a_secret(aws).list_secrets(),
}


@pytest.mark.parametrize("row", DEVIATIONS, ids=lambda row: f"{row.service} {row.operation} {row.member}")
def test_a_deviation(row: Deviation) -> None:
    with running() as aws:
        CALLS[row.service, row.operation](aws)
        assert row in aws.tolerated


def test_what_is_not_in_the_table_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "known", lambda *_: None)
    with running() as aws:
        with pytest.raises(aws.client("kms").exceptions.ClientError, match="GrantCount is not in the model"):
            grants(aws)
        assert [str(violation) for violation in aws.violations] == ["answer: kms ListGrants GrantCount is not in the model"]
        aws.violations.clear()
