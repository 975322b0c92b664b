# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is noted of calls: enough to count and to show, and nothing secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.aws import Aws, running

from simulator.application import Simulator
from simulator.record import is_write, masked

PLANTED = "correct-horse-battery-staple"


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running() as aws:
        yield aws


def ask_with_secrets(aws: Aws) -> None:
    aws.client("secretsmanager").create_secret(Name="orders/database", SecretString=PLANTED, Tags=[{"Key": "team", "Value": "shop"}])
    aws.client("secretsmanager").put_secret_value(SecretId="orders/database", SecretBinary=PLANTED.encode())
    aws.client("iam").create_user(UserName="someone")
    aws.client("iam").create_login_profile(UserName="someone", Password=PLANTED)
    aws.client("ssm").put_parameter(Name="p", Value=PLANTED, Type="SecureString")
    aws.client("kms").encrypt(KeyId=aws.client("kms").create_key()["KeyMetadata"]["KeyId"], Plaintext=PLANTED.encode())


def test_secrets_are_masked(aws: Aws, tmp_path: Path) -> None:
    aws.simulator.record.path = tmp_path / "calls.jsonl"
    try:
        ask_with_secrets(aws)
    finally:
        aws.simulator.record.path = None
    written = (tmp_path / "calls.jsonl").read_text()
    assert len(written.splitlines()) == len(aws.log) == 7
    assert PLANTED not in written + repr(aws.log)
    secret = aws.log[0]
    assert secret.parameters["Name"] == "orders/database"
    assert (secret.parameters["SecretString"], secret.parameters["Tags"]) == ("***", [{"Key": "team", "Value": "shop"}])


@pytest.mark.parametrize("name", ["DB_PASSWORD", "SecretKey", "sessionToken", "private_key", "UserData"])
def test_what_is_named_like_a_secret_is_masked_wherever_it_stands(name: str) -> None:
    assert masked({"Environment": [{name: PLANTED}, {name: [PLANTED]}]}, None) == {"Environment": [{name: "***"}, {name: ["***"]}]}


def test_what_is_not_secret_is_shown() -> None:
    shown = {"NextToken": "at-1000", "ClientRequestToken": "once", "PasswordLength": 20, "ManageMasterUserPassword": True, "TokenValidityUnits": "days"}
    assert masked(shown, None) == shown


def test_a_line_of_the_log(aws: Aws, tmp_path: Path) -> None:
    aws.simulator.record.path = tmp_path / "calls.jsonl"
    try:
        aws.client("eks").list_clusters(maxResults=5)
    finally:
        aws.simulator.record.path = None
    line = json.loads((tmp_path / "calls.jsonl").read_text())
    assert line.pop("milliseconds") >= 0
    assert "Boto3/" in line.pop("agent")
    assert line == {
        "at": "2026-11-21T12:00:00+00:00",
        "service": "eks",
        "region": "eu-central-1",
        "account": "123456789012",
        "operation": "ListClusters",
        "write": False,
        "resource": "Clusters",
        "status": 200,
        "error": "",
        "source": "own",
        "parameters": {"maxResults": 5},
    }


def test_counts_and_writes(aws: Aws) -> None:
    ecr, ec2 = aws.client("ecr"), aws.client("ec2")
    ecr.create_repository(repositoryName="orders")
    ecr.put_image_tag_mutability(repositoryName="orders", imageTagMutability="IMMUTABLE")
    ecr.describe_repositories()
    ecr.describe_repositories(repositoryNames=["orders"])
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert aws.counts == {
        "ecr CreateRepository": 1,
        "ecr PutImageTagMutability": 1,
        "ecr DescribeRepositories": 2,
        "ec2 CreateVpc": 1,
        "ec2 ModifyVpcAttribute": 1,
    }
    assert aws.writes == {
        "ecr Repository orders": ["CreateRepository"],
        "ecr ImageTagMutability orders": ["PutImageTagMutability"],
        "ec2 Vpc": ["CreateVpc"],
        f"ec2 VpcAttribute {vpc}": ["ModifyVpcAttribute"],
    }


@pytest.mark.parametrize(
    ("operation", "write"),
    [
        ("DescribeVpcs", False),
        ("ListClusters", False),
        ("GetAuthorizationToken", False),
        ("HeadBucket", False),
        ("BatchGetImage", False),
        ("AssumeRoleWithWebIdentity", False),
        ("SimulatePrincipalPolicy", False),
        ("GenerateDataKey", False),
        ("TagResource", True),
        ("BatchDeleteImage", True),
        ("DeleteCluster", True),
        ("RebootDBInstance", True),
        ("TestDrive", False),
        ("SignalResource", True),
    ],
)
def test_writes_are_told_from_reads(operation: str, write: bool) -> None:
    assert is_write(operation, {}) is write
    assert is_write(operation, {"DryRun": True}) is False


def test_reset_forgets_everything(aws: Aws) -> None:
    ask_with_secrets(aws)
    simulator: Simulator = aws.simulator
    simulator.reset()
    empty: list[Any] = [simulator.record.calls, simulator.faults, simulator.violations, simulator.tolerated]
    assert not any(empty)
    assert aws.client("secretsmanager").list_secrets()["SecretList"] == []
    assert aws.client("iam").list_users()["Users"] == []
