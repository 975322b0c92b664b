# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where moto does otherwise than AWS, and a client would mind. RDS, Route 53 and networks have tests of their own."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config
from support import pki
from support.aws import Aws, running
from support.eks import Account


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running() as aws:
        yield aws


@pytest.mark.parametrize(("kind", "make"), [("natgateway", "nat"), ("elastic-ip", "address")])
def test_tags_are_found_by_the_types_that_aws_has(aws: Aws, kind: str, make: str) -> None:
    ec2 = aws.client("ec2")
    tags = [{"ResourceType": kind, "Tags": [{"Key": "a", "Value": "b"}]}]
    if make == "nat":
        subnet = ec2.create_subnet(VpcId=ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"], CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", TagSpecifications=tags)
    else:
        ec2.allocate_address(Domain="vpc", TagSpecifications=tags)
    for filters in ([], [{"Name": "resource-type", "Values": [kind]}]):
        assert [(tag["ResourceType"], tag["Value"]) for tag in ec2.describe_tags(Filters=filters)["Tags"]] == [(kind, "b")]
    assert ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["vpc"]}])["Tags"] == []


def test_one_of_several_values_of_a_filter_is_enough(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    for values, expected in ((["a", "other"], [vpc]), (["c", "a", "other"], [vpc]), (["other", "another"], [])):
        assert [each["VpcId"] for each in ec2.describe_vpcs(Filters=[{"Name": "tag-key", "Values": values}])["Vpcs"]] == expected


def test_repositories_and_clusters_are_found_by_their_tags(aws: Aws) -> None:
    account = Account(aws)
    account.cluster("one", tags={"team": "a"})
    aws.client("ecr").create_repository(repositoryName="shop/web", tags=[{"Key": "team", "Value": "a"}])
    aws.client("ecr").create_repository(repositoryName="shop/other", tags=[{"Key": "team", "Value": "b"}])

    def found(**more: Any) -> list[str]:
        listed = aws.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "team", "Values": ["a"]}], **more)["ResourceTagMappingList"]
        return sorted(each["ResourceARN"].partition("/")[2] for each in listed)

    assert found() == ["one", "shop/web"]
    assert found(ResourceTypeFilters=["ecr"]) == ["shop/web"]


def test_a_key_is_deleted_by_its_arn(aws: Aws) -> None:
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    answer = kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert (answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]) == (arn, "PendingDeletion", 7)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert kms.cancel_key_deletion(KeyId=arn)["KeyId"] == arn
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_key_by_its_arn(aws: Aws) -> None:
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    for method in ("describe_key", "enable_key_rotation", "get_key_rotation_status", "disable_key_rotation", "list_resource_tags", "disable_key", "enable_key"):
        getattr(kms, method)(KeyId=arn)
    kms.get_key_policy(KeyId=arn, PolicyName="default")


def test_a_certificate_is_answered_as_it_was_imported(aws: Aws) -> None:
    acm, root = aws.client("acm"), pki.authority()
    leaf = pki.issue("shop", root, names=["shop.example.test"], ends=pki.NOW + 3000 * pki.DAY)
    arn = acm.import_certificate(Certificate=leaf.pem, PrivateKey=leaf.key_pem, CertificateChain=root.pem)["CertificateArn"]
    assert acm.get_certificate(CertificateArn=arn)["CertificateChain"].strip() == root.pem.decode().strip()
    alone = acm.import_certificate(Certificate=leaf.pem, PrivateKey=leaf.key_pem)["CertificateArn"]
    answer = acm.get_certificate(CertificateArn=alone)
    assert answer["CertificateChain"] == answer["Certificate"]


def test_a_certificate_is_issued_when_its_record_is_there(aws: Aws) -> None:
    acm, route53 = aws.client("acm"), aws.client("route53")
    arn = acm.request_certificate(DomainName="example.test", SubjectAlternativeNames=["*.example.test"], ValidationMethod="DNS")["CertificateArn"]

    def certificate() -> dict[str, Any]:
        return dict(acm.describe_certificate(CertificateArn=arn)["Certificate"])

    def change(action: str) -> None:
        record = certificate()["DomainValidationOptions"][0]["ResourceRecord"]
        wanted = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": wanted}]})

    zone = route53.create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]["Id"]
    aws.clock.advance(3600)
    assert (certificate()["Status"], "NotAfter" in certificate()) == ("PENDING_VALIDATION", False)
    change("CREATE")
    assert certificate()["Status"] == "PENDING_VALIDATION"
    aws.clock.advance(60)
    assert (certificate()["Status"], "NotAfter" in certificate()) == ("ISSUED", True)
    change("DELETE")
    assert [each["Status"] for each in acm.list_certificates()["CertificateSummaryList"]] == ["ISSUED"]


def test_the_region_is_that_of_the_signature(aws: Aws) -> None:
    """Whatever stands in an address or in an agent's name."""
    secrets = aws.client("secretsmanager", config=Config(user_agent_extra="about/us-east-1 region/us-east-1"))
    assert ":eu-central-1:" in secrets.create_secret(Name="orders", SecretString="x")["ARN"]
    kms = aws.client("kms", config=Config(user_agent_extra="region/us-east-1"))
    assert ":eu-central-1:" in kms.create_key()["KeyMetadata"]["Arn"]


def test_a_token_of_a_registry_is_valid(aws: Aws) -> None:
    (data,) = aws.client("ecr").get_authorization_token()["authorizationData"]
    assert data["expiresAt"] == aws.clock.now() + timedelta(hours=12)
    assert data["proxyEndpoint"] == "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com"
    assert b64decode(data["authorizationToken"]).startswith(b"AWS:")


def test_who_somebody_is(aws: Aws) -> None:
    assert aws.client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/simulated"
    aws.client("iam").create_user(UserName="deployer")
    made = aws.client("iam").create_access_key(UserName="deployer")["AccessKey"]
    theirs = aws.client("sts", aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"])
    assert theirs.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/deployer"
