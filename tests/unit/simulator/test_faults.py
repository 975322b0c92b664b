# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on demand, as a client sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError
from support.aws import Aws, running

from simulator.faults import Fault, read

# A service for each protocol, and a call that it can refuse.
CALLS = {
    "rest-json": ("eks", "list_clusters"),
    "json": ("ecr", "describe_repositories"),
    "query": ("iam", "list_users"),
    "ec2": ("ec2", "describe_vpcs"),
    "rest-xml": ("route53", "list_hosted_zones"),
    "s3": ("s3", "list_buckets"),
}


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running() as aws:
        yield aws


def refused(client: Any, method: str, **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (
            "throttled",
            {
                "rest-json": ("ThrottlingException", 400),
                "json": ("ThrottlingException", 400),
                "query": ("Throttling", 400),
                "ec2": ("RequestLimitExceeded", 503),
                "rest-xml": ("Throttling", 400),
                "s3": ("SlowDown", 503),
            },
        ),
        (
            "failed",
            {
                "rest-json": ("InternalFailure", 500),
                "json": ("InternalFailure", 500),
                "query": ("InternalFailure", 500),
                "ec2": ("InternalError", 500),
                "rest-xml": ("InternalFailure", 500),
                "s3": ("InternalError", 500),
            },
        ),
        (
            "expired",
            {
                "rest-json": ("ExpiredTokenException", 403),
                "json": ("ExpiredTokenException", 400),
                "query": ("ExpiredToken", 403),
                "ec2": ("RequestExpired", 400),
                "rest-xml": ("ExpiredToken", 403),
                "s3": ("ExpiredToken", 403),
            },
        ),
        (
            "unrecognized",
            {
                "rest-json": ("UnrecognizedClientException", 403),
                "json": ("UnrecognizedClientException", 400),
                "query": ("InvalidClientTokenId", 403),
                "ec2": ("AuthFailure", 401),
                "rest-xml": ("InvalidClientTokenId", 403),
                "s3": ("InvalidAccessKeyId", 403),
            },
        ),
    ],
)
def test_each_protocol_says_it_in_its_own_words(aws: Aws, kind: str, codes: dict[str, tuple[str, int]]) -> None:
    for protocol, (service, method) in CALLS.items():
        aws.faults.append(Fault(kind, service))
        assert refused(aws.client(service), method) == codes[protocol]
        getattr(aws.client(service), method)()
    assert {(call.source, call.status < 300) for call in aws.log} == {("fault", False), ("moto", True), ("own", True)}


@pytest.mark.parametrize(
    ("key", "codes"),
    [("AKIAEXPIRED000000001", ["ExpiredTokenException", "ExpiredToken"]), ("AKIAUNKNOWN000000001", ["UnrecognizedClientException", "InvalidClientTokenId"])],
)
def test_keys_that_say_what_is_wrong_with_them(aws: Aws, key: str, codes: list[str]) -> None:
    assert [refused(aws.client(service, aws_access_key_id=key), method)[0] for service, method in (CALLS["json"], CALLS["query"])] == codes


def test_boto3_tries_again(aws: Aws) -> None:
    patient = aws.client("ecr", config=Config(retries={"total_max_attempts": 4, "mode": "standard"}))
    aws.faults.append(Fault("throttled", "ecr", times=2))
    patient.describe_repositories()
    assert [call.error for call in aws.log] == ["ThrottlingException", "ThrottlingException", ""]


def test_always(aws: Aws) -> None:
    aws.faults.append(Fault("error", "iam", "List*", times=None, code="AccessDenied", status=403, message="You shall not"))
    assert [refused(aws.client("iam"), "list_users") for _ in range(3)] == [("AccessDenied", 403)] * 3
    aws.client("iam").get_account_summary()


def test_a_service_unavailable(aws: Aws) -> None:
    aws.faults.append(Fault("failed", "eks", status=503))
    assert refused(aws.client("eks"), "list_clusters") == ("ServiceUnavailable", 503)


def test_what_was_made_is_not_seen_yet(aws: Aws) -> None:
    aws.faults.append(Fault("absent", "ecr", "DescribeRepositories", times=2, after="CreateRepository", where={"repositoryNames": ["orders"]}))
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="basket")
    ecr.describe_repositories(repositoryNames=["basket"])
    ecr.create_repository(repositoryName="orders")
    assert [refused(ecr, "describe_repositories", repositoryNames=["orders"])[0] for _ in range(2)] == ["RepositoryNotFoundException"] * 2
    assert ecr.describe_repositories(repositoryNames=["orders"])["repositories"][0]["repositoryName"] == "orders"


def test_a_fault_that_waits_for_an_operation(aws: Aws) -> None:
    aws.faults.append(Fault("throttled", "ecr", "Describe*", after="CreateRepository"))
    ecr = aws.client("ecr")
    ecr.describe_repositories()
    ecr.create_repository(repositoryName="orders")
    assert refused(ecr, "describe_repositories") == ("ThrottlingException", 400)
    ecr.describe_repositories()


def test_ec2_needs_a_code_for_what_is_absent(aws: Aws) -> None:
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    aws.faults.append(Fault("absent", "ec2", "DescribeVpcs", code="InvalidVpcID.NotFound"))
    assert refused(aws.client("ec2"), "describe_vpcs", VpcIds=[vpc]) == ("InvalidVpcID.NotFound", 400)


@pytest.mark.parametrize(("kind", "made"), [("dropped", []), ("lost", ["orders"])])
def test_a_connection_that_ends(aws: Aws, kind: str, made: list[str]) -> None:
    aws.faults.append(Fault(kind, "ecr", "CreateRepository"))
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        aws.client("ecr").create_repository(repositoryName="orders")
    assert [each["repositoryName"] for each in aws.client("ecr").describe_repositories()["repositories"]] == made
    assert aws.log[0].status == 0


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ({"kind": "failed"}, "a list of objects"),
        ([{"kind": "failed"}, {"kind": "late"}], "a fault's kind is one of throttled"),
        ([{"kind": "failed", "operatoin": "X"}], "fault 1: it has kind, operatoin"),
        ([{"operation": "X"}], "fault 1: it has operation; kind is needed"),
        ([{"kind": "error"}], "a fault of kind error needs a code"),
        ([{"kind": "fails_later", "service": "rds", "operation": "CreateDBInstance", "code": "X"}], "a fault of kind fails_later needs service eks"),
        ([{"kind": "fails_later", "service": "eks", "operation": "Update*", "code": "X"}], "one operation of AssociateIdentityProviderConfig, CreateAddon"),
    ],
)
def test_faults_that_cannot_be_read(documents: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(documents)
