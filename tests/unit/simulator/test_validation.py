# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What botocore's models don't have is a violation, whoever says it; and what they have is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from support.aws import Aws, running

from simulator.backend import Backend

UNCHECKED = Config(parameter_validation=False)


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running() as aws:
        yield aws


def refused(aws: Aws, client: Any, method: str, **parameters: Any) -> tuple[str, list[str]]:
    """The code, and the violations that it came with."""
    with pytest.raises(ClientError) as caught:
        getattr(client, method)(**parameters)
    said = [f"{violation.member} {violation.problem}" for violation in aws.violations]
    assert {violation.side for violation in aws.violations} == {"request"}
    aws.violations.clear()
    assert all(each.strip() in str(caught.value) for each in said)
    return caught.value.response["Error"]["Code"], said


# --- requests


@pytest.mark.parametrize(
    ("service", "method", "parameters", "code", "problem"),
    [
        ("eks", "create_cluster", {"name": "orders", "roleArn": "arn:x"}, "InvalidParameterException", "resourcesVpcConfig is missing"),
        ("eks", "create_cluster", {"name": "a b", "roleArn": "r", "resourcesVpcConfig": {}}, "InvalidParameterException", "name does not match ^[0-9A-Za-z]"),
        ("eks", "list_clusters", {"maxResults": 101}, "InvalidParameterException", "maxResults is above 100"),
        ("ecr", "create_repository", {}, "InvalidParameterException", "repositoryName is missing"),
        ("ecr", "create_repository", {"repositoryName": "Orders"}, "InvalidParameterException", "repositoryName does not match"),
        ("ecr", "create_repository", {"repositoryName": "ab", "imageTagMutability": "SOMETIMES"}, "InvalidParameterException", "imageTagMutability is none of"),
        ("ecr", "create_repository", {"repositoryName": 7}, "InvalidParameterException", "repositoryName is int, not string"),
        ("ecr", "describe_repositories", {"maxResults": "7"}, "InvalidParameterException", "maxResults is a string, not integer"),
        ("secretsmanager", "create_secret", {"Name": ""}, "InvalidParameterException", "Name has a length below 1"),
        ("iam", "create_role", {"RoleName": "r"}, "InvalidInput", "AssumeRolePolicyDocument is missing"),
        ("iam", "create_role", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"}, "InvalidInput", "RoleName has a length above 64"),
        ("iam", "list_roles", {"MaxItems": "many"}, "ValidationError", "can't be parsed"),
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "shared"}, "InvalidParameterValue", "InstanceTenancy is none of default"),
        ("ec2", "create_subnet", {"CidrBlock": "10.0.0.0/24"}, "InvalidParameterValue", "VpcId is missing"),
        ("route53", "create_hosted_zone", {"Name": "example.test"}, "InvalidInput", "CallerReference is missing"),
    ],
)  # fmt: skip
def test_parameters(aws: Aws, service: str, method: str, parameters: dict[str, Any], code: str, problem: str) -> None:
    answered, said = refused(aws, aws.client(service, config=UNCHECKED), method, **parameters)
    assert answered == code
    assert any(problem in each for each in said)


def misspelt(body: Any) -> Any:
    """A parameter that no model has, in each way of writing bodies."""
    if isinstance(body, dict):
        return {**body, "Imaginary.1.Name": "x"}
    text = body.decode() if isinstance(body, bytes) else body
    return text.replace("{", '{"imaginary": 1, ', 1) if text.startswith("{") else text.replace("</Name>", "</Name><Imaginary>x</Imaginary>")


@pytest.mark.parametrize(
    ("service", "method", "parameters", "problem"),
    [
        ("eks", "create_cluster", {"name": "ab", "roleArn": "r", "resourcesVpcConfig": {}}, "imaginary is not in the model"),
        ("ecr", "create_repository", {"repositoryName": "ab"}, "imaginary is not in the model"),
        ("iam", "create_user", {"UserName": "u"}, "Imaginary.1.Name is not in the model"),
        ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}, "Imaginary.1.Name is not in the model"),
        ("route53", "create_hosted_zone", {"Name": "example.test", "CallerReference": "x"}, "Imaginary is not in the model"),
    ],
)
def test_members_that_are_not_in_the_model(aws: Aws, service: str, method: str, parameters: dict[str, Any], problem: str) -> None:
    client = aws.client(service)
    client.meta.events.register(f"before-call.{service}", lambda params, **_: params.update(body=misspelt(params["body"])))
    assert refused(aws, client, method, **parameters)[1] == [problem]


def test_members_of_the_address_that_are_not_in_the_model(aws: Aws) -> None:
    client = aws.client("eks")
    client.meta.events.register("before-call.eks", lambda params, **_: params.update(url=f"{params['url']}?imaginary=1"))
    assert refused(aws, client, "list_clusters")[1] == ["imaginary is not in the model"]


def test_what_is_wrong_is_said_without_the_value(aws: Aws) -> None:
    with pytest.raises(ClientError) as caught:
        aws.client("secretsmanager", config=UNCHECKED).create_secret(Name="s", SecretString="swordfish" * 10000, ForceOverwriteReplicaSecret="swordfish")
    assert [f"{violation.member} {violation.problem}" for violation in aws.violations] == [
        "SecretString has a length above 65536",
        "ForceOverwriteReplicaSecret is a string, not boolean",
    ]
    assert "swordfish" not in repr([aws.log[0].parameters["SecretString"], aws.violations]) + str(caught.value)
    aws.violations.clear()


# --- answers


def answering(service: str, method: str, answer: Any) -> type[Backend]:
    def init(self: Backend) -> None:
        Backend.__init__(self, service_name=service)

    return type("Answering", (Backend,), {"__init__": init, method: lambda self: answer})


JSON = {"Content-Type": "application/json"}
LOST = {**JSON, "status": 404}
CERTIFICATE = {"CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"}
CLUSTER = {"name": "ab", "status": "ACTIVE"}


@pytest.mark.parametrize(
    ("service", "method", "parameters", "answer", "problem"),
    [
        ("eks", "describe_cluster", {"name": "ab"}, (200, JSON, json.dumps({"cluster": {**CLUSTER, "colour": 1}})), "cluster.colour is not in the model"),
        ("eks", "describe_cluster", {"name": "ab"}, (200, JSON, json.dumps({"cluster": {**CLUSTER, "version": 1}})), "cluster.version is int, not string"),
        ("eks", "describe_cluster", {"name": "ab"}, ActionResult({"cluster": {**CLUSTER, "status": "ACTVE"}}), "cluster.status is none of CREATING"),
        ("eks", "describe_cluster", {"name": "ab"}, (200, JSON, "<html>"), "is null, not structure"),
        ("eks", "describe_cluster", {"name": "ab"}, (404, LOST, '{"__type": "Missing", "message": "x"}'), "Error.Code is no error of this service"),
        ("eks", "describe_cluster", {"name": "ab"}, (404, {"status": 404}, "not found"), "Error.Code is no error of this service"),
        ("acm", "list_tags_for_certificate", CERTIFICATE, (200, JSON, '{"Tags": [{"Value": "v"}]}'), "Tags[].Key is missing"),
        ("acm", "list_tags_for_certificate", CERTIFICATE, (200, JSON, '{"Tags": {"Key": "v"}}'), "Tags is an object, not list"),
        ("iam", "get_user", {"UserName": "u"}, ActionResult({"User": {"UserName": "u"}}), "User.Arn is missing"),
        ("iam", "get_user", {"UserName": "u"}, (200, {}, "<R><GetUserResult><User><Nick>x</Nick></User></GetUserResult></R>"), "User.Nick is not in the model"),
        ("ec2", "describe_vpcs", {}, (200, {}, "<R><vpcSet><item><state>floating</state></item></vpcSet></R>"), "Vpcs[].State is none of pending"),
        ("ec2", "describe_vpcs", {}, (200, {}, "<R><vpcSet><item><status>x</status></item></vpcSet></R>"), "vpcSet[].status is not in the model"),
        ("ec2", "describe_vpcs", {}, (200, {}, "<R><vpcSet>"), "can't be parsed"),
        ("route53", "get_change", {"Id": "C1"}, (200, {}, "<R><ChangeInfo><Id>/change/C1</Id></ChangeInfo></R>"), "ChangeInfo.Status is missing"),
    ],
)  # fmt: skip
def test_answers(service: str, method: str, parameters: dict[str, Any], answer: Any, problem: str) -> None:
    with running(backends={service: answering(service, method, answer)}) as aws:
        with pytest.raises(ClientError) as caught:
            getattr(aws.client(service), method)(**parameters)
        assert caught.value.response["Error"]["Code"] == "SimulatorViolation"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
        assert [violation.side for violation in aws.violations] == ["answer"] * len(aws.violations)
        assert any(problem in str(violation) for violation in aws.violations)
        aws.violations.clear()


def test_a_backend_that_raises() -> None:
    def fails(self: Backend) -> None:
        raise KeyError("swordfish")

    with running(backends={"eks": type("Failing", (answering("eks", "x", None),), {"list_clusters": fails})}) as aws:
        with pytest.raises(ClientError, match=r"raised KeyError \(unit/simulator/test_validation.py:\d+\)"):
            aws.client("eks").list_clusters()
        assert "swordfish" not in str(aws.violations.pop())


def test_a_test_does_not_end_well_with_violations() -> None:
    def careless() -> None:
        with running() as aws, pytest.raises(ClientError):
            aws.client("ecr", config=UNCHECKED).create_repository()

    with pytest.raises(AssertionError, match="request: ecr CreateRepository repositoryName is missing"):
        careless()


def test_answers_that_are_as_the_model_has_them() -> None:
    """Also without what is optional, with null where nothing is, and as an error that the service has."""
    cluster = (200, JSON, json.dumps({"cluster": {**CLUSTER, "createdAt": 1.5, "tags": {"a": "b"}, "version": None}}))
    absent = (404, LOST, '{"__type": "ResourceNotFoundException", "message": "x"}')
    for answer, ask in ((cluster, lambda eks: eks.describe_cluster(name="ab")), (absent, unfound)):  # type: tuple[Any, Callable[[Any], Any]]
        with running(backends={"eks": answering("eks", "describe_cluster", answer)}) as aws:
            ask(aws.client("eks"))


def unfound(eks: Any) -> None:
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_cluster(name="ab")
