# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose request it is, and which operation: from its signature and the models."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from support.aws import Aws, running

from simulator import models
from simulator.backend import Backend


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running() as aws:
        yield aws


def fetch(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("service", "method", "parameters", "asked"),
    [
        ("sts", "get_caller_identity", {}, ("sts", "GetCallerIdentity", False)),
        ("ec2", "describe_vpcs", {}, ("ec2", "DescribeVpcs", False)),
        ("elbv2", "describe_load_balancers", {}, ("elbv2", "DescribeLoadBalancers", False)),
        ("elb", "describe_load_balancers", {}, ("elb", "DescribeLoadBalancers", False)),
        ("cloudwatch", "describe_alarms", {}, ("cloudwatch", "DescribeAlarms", False)),
        ("ecr", "create_repository", {"repositoryName": "a/b"}, ("ecr", "CreateRepository", True)),
        ("resourcegroupstaggingapi", "get_resources", {}, ("resourcegroupstaggingapi", "GetResources", False)),
        ("route53", "list_hosted_zones", {}, ("route53", "ListHostedZones", False)),
        ("s3", "create_bucket", {"Bucket": "a-b", "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}, ("s3", "CreateBucket", True)),
        ("eks", "list_clusters", {"maxResults": 3}, ("eks", "ListClusters", False)),
    ],
)
def test_every_protocol(aws: Aws, service: str, method: str, parameters: dict[str, Any], asked: tuple[str, str, bool]) -> None:
    getattr(aws.client(service), method)(**parameters)
    (call,) = aws.log
    assert (call.service, call.operation, call.write) == asked
    assert (call.region, call.account, call.status, call.parameters) == ("eu-central-1", "123456789012", 200, parameters)
    assert "Boto3/" in call.agent


def test_a_presigned_call(aws: Aws) -> None:
    """As ``aws eks get-token`` makes them: the address is the token."""
    url = aws.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60)
    status, text = fetch(url)
    assert (status, "<Arn>arn:aws:iam::123456789012:user/simulated</Arn>" in text) == (200, True)
    assert [(call.service, call.operation, call.region) for call in aws.log] == [("sts", "GetCallerIdentity", "eu-central-1")]
    assert "X-Amz-Signature" not in repr(aws.log)


def test_a_call_without_signature(aws: Aws) -> None:
    status, text = fetch(aws.url)
    assert (status, "<Code>MissingAuthenticationToken</Code>" in text) == (403, True)


def test_what_may_be_called_without_signature(aws: Aws) -> None:
    role = "arn:aws:iam::123456789012:role/pods"
    answer = aws.client("sts").assume_role_with_web_identity(RoleArn=role, RoleSessionName="pod", WebIdentityToken="header.payload.signature")
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/pods/pod")
    assert aws.log[0].parameters["WebIdentityToken"] == "***"


def test_a_service_that_botocore_does_not_know(aws: Aws) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=AKIASIMULATOR0000001/20261121/eu-central-1/teleportation/aws4_request, SignedHeaders=host, Signature=0"
    status, text = fetch(aws.url, Authorization=scope)
    assert (status, "NotImplemented" in text) == (501, True)
    assert [(v.side, v.service) for v in aws.violations] == [("unimplemented", "teleportation")]
    aws.violations.clear()


def test_an_operation_that_the_service_has_not(aws: Aws) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=AKIASIMULATOR0000001/20261121/eu-central-1/eks/aws4_request, SignedHeaders=host, Signature=0"
    status, text = fetch(f"{aws.url}/clusters/orders/teleports", Authorization=scope)
    assert (status, '"NotImplemented"' in text, "<html" in text) == (501, True, False)
    assert aws.violations.pop().side == "unimplemented"


class Nothing(Backend):
    def __init__(self) -> None:
        super().__init__(service_name="eks")


@pytest.mark.parametrize(("service", "method", "who"), [("eks", "list_clusters", "our backend"), ("ecr-public", "describe_registries", "moto")])
def test_a_call_that_nobody_implements_is_no_absence(service: str, method: str, who: str) -> None:
    with running(backends={"eks": Nothing}) as aws:
        with pytest.raises(ClientError) as caught:
            getattr(aws.client(service), method)()
        assert caught.value.response["Error"]["Code"] == "NotImplemented"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
        assert f"is not implemented by {who}" in str(aws.violations.pop())


def test_names_in_signatures_are_those_of_the_models() -> None:
    session = botocore.session.get_session()
    for name, services in models._SIGNED.items():
        assert {session.get_service_model(service).signing_name for service in services} == {name}


def test_accounts(aws: Aws) -> None:
    """Keys of a role in another account are of that account."""
    role = aws.client("sts").assume_role(RoleArn="arn:aws:iam::210987654321:role/deploy", RoleSessionName="from-here")["Credentials"]
    keys = {"aws_access_key_id": role["AccessKeyId"], "aws_secret_access_key": role["SecretAccessKey"], "aws_session_token": role["SessionToken"]}
    assert aws.client("sts", **keys).get_caller_identity()["Arn"] == "arn:aws:sts::210987654321:assumed-role/deploy/from-here"
    aws.client("ecr", **keys).create_repository(repositoryName="theirs")
    assert aws.client("ecr").describe_repositories()["repositories"] == []
    assert [call.account for call in aws.log if call.service == "ecr"] == ["210987654321", "123456789012"]


def test_regions() -> None:
    with running(regions=["eu-central-1"]) as aws:
        aws.client("eks").list_clusters()
        aws.client("iam", region_name="us-east-1").list_users()
        for service, method, code in (
            ("eks", "list_clusters", "InvalidSignatureException"),
            ("rds", "describe_db_instances", "SignatureDoesNotMatch"),
            ("ec2", "describe_vpcs", "AuthFailure"),
        ):
            with pytest.raises(ClientError) as caught:
                getattr(aws.client(service, region_name="eu-west-9"), method)()
            assert caught.value.response["Error"]["Code"] == code
            assert "eu-west-9 is none" in str(caught.value)
