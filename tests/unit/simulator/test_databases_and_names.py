# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS, Route 53 and ACM of the simulator, where moto's would let pass what AWS does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec
from moto.acm.models import acm_backends
from support import aws as support
from support import pki


@pytest.fixture
def aws() -> Iterator[support.Aws]:
    with support.running() as found:
        yield found


@pytest.fixture
def rds(aws: support.Aws) -> Any:
    """With one instance that is being made."""
    api = aws.client("rds")
    api.create_db_parameter_group(DBParameterGroupName="shop", DBParameterGroupFamily="postgres17", Description="-")
    api.create_db_instance(**NEW)
    return api


NEW: dict[str, Any] = {
    "DBInstanceIdentifier": "shop",
    "Engine": "postgres",
    "EngineVersion": "17",
    "DBInstanceClass": "db.t4g.small",
    "AllocatedStorage": 20,
    "MasterUsername": "owner",
    "ManageMasterUserPassword": True,
    "DBParameterGroupName": "shop",
}


def shop(rds: Any) -> dict[str, Any]:
    found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier="shop")["DBInstances"][0]
    return found


def refused(call: Any, code: str, **parameters: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == code


def test_the_authorities_of_rds(rds: Any) -> None:
    found = {each["CertificateIdentifier"]: each["ValidTill"].year for each in rds.describe_certificates()["Certificates"]}
    assert found == {"rds-ca-rsa2048-g1": 2061, "rds-ca-rsa4096-g1": 2121, "rds-ca-ecc384-g1": 2121}
    (one,) = rds.describe_certificates(CertificateIdentifier="rds-ca-ecc384-g1")["Certificates"]
    assert one["CertificateArn"] == "arn:aws:rds:eu-central-1::cert:rds-ca-ecc384-g1"
    refused(rds.describe_certificates, "CertificateNotFound", CertificateIdentifier="none")


def test_an_instance_takes_its_time(aws: support.Aws, rds: Any) -> None:
    assert (shop(rds)["DBInstanceStatus"], "Endpoint" in shop(rds)) == ("creating", False)
    refused(rds.modify_db_instance, "InvalidDBInstanceState", DBInstanceIdentifier="shop", MultiAZ=True)
    aws.clock.advance(600)
    assert (shop(rds)["DBInstanceStatus"], shop(rds)["Endpoint"]["Port"], shop(rds)["EngineVersion"]) == ("available", 5432, "17.7")
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    assert shop(rds)["DBInstanceStatus"] == "deleting"
    refused(rds.delete_db_parameter_group, "InvalidDBParameterGroupState", DBParameterGroupName="shop")
    aws.clock.advance(600)
    refused(rds.describe_db_instances, "DBInstanceNotFound", DBInstanceIdentifier="shop")


@pytest.mark.parametrize("now", [True, False])
def test_a_change_is_not_seen_at_once_and_some_wait_for_the_window(aws: support.Aws, rds: Any, now: bool) -> None:
    aws.clock.advance(600)
    shop(rds)
    rds.modify_db_instance(DBInstanceIdentifier="shop", MultiAZ=True, DeletionProtection=True, ApplyImmediately=now)
    assert (shop(rds)["DBInstanceStatus"], shop(rds)["MultiAZ"], shop(rds)["DeletionProtection"]) == ("available", False, False)
    aws.clock.advance(10)
    assert (shop(rds)["DBInstanceStatus"], shop(rds)["PendingModifiedValues"]) == ("modifying", {"MultiAZ": True})
    aws.clock.advance(300)
    assert (shop(rds)["DBInstanceStatus"], shop(rds)["MultiAZ"], shop(rds)["DeletionProtection"]) == ("available", now, True)
    assert shop(rds).get("PendingModifiedValues", {}) == ({} if now else {"MultiAZ": True})
    refused(rds.delete_db_instance, "InvalidParameterCombination", DBInstanceIdentifier="shop", SkipFinalSnapshot=True)


@pytest.mark.parametrize(
    "change", [{"AllocatedStorage": 10}, {"EngineVersion": "18"}, {"EngineVersion": "99"}, {"EngineVersion": "18", "AllowMajorVersionUpgrade": True}]
)
def test_what_rds_does_not_do(aws: support.Aws, rds: Any, change: dict[str, Any]) -> None:
    """The last for its parameter group, which is of another family."""
    aws.clock.advance(600)
    shop(rds)
    refused(rds.modify_db_instance, "InvalidParameterCombination", DBInstanceIdentifier="shop", **change)


def test_parameters(rds: Any) -> None:
    def change(name: str, method: str) -> dict[str, Any]:
        return {"DBParameterGroupName": "shop", "Parameters": [{"ParameterName": name, "ParameterValue": "1", "ApplyMethod": method}]}

    refused(rds.modify_db_parameter_group, "InvalidParameterValue", **change("none_such", "immediate"))
    refused(rds.modify_db_parameter_group, "InvalidParameterValue", **change("hba_file", "pending-reboot"))
    refused(rds.modify_db_parameter_group, "InvalidParameterCombination", **change("max_connections", "immediate"))
    rds.modify_db_parameter_group(**change("rds.force_ssl", "immediate"))
    assert shop(rds)["DBParameterGroups"] == [{"DBParameterGroupName": "shop", "ParameterApplyStatus": "in-sync"}]
    rds.modify_db_parameter_group(**change("max_connections", "pending-reboot"))
    assert shop(rds)["DBParameterGroups"][0]["ParameterApplyStatus"] == "pending-reboot"
    by_user = rds.describe_db_parameters(DBParameterGroupName="shop", Source="user")["Parameters"]
    assert {each["ParameterName"] for each in by_user} == {"rds.force_ssl", "max_connections"}
    rds.reset_db_parameter_group(DBParameterGroupName="shop", ResetAllParameters=True)
    assert rds.describe_db_parameters(DBParameterGroupName="shop", Source="user")["Parameters"] == []
    refused(rds.describe_db_parameters, "DBParameterGroupNotFound", DBParameterGroupName="none")


def test_a_subnet_group_can_be_changed_twice(aws: support.Aws) -> None:
    api, subnets = aws.client("rds"), [each["SubnetId"] for each in aws.client("ec2").describe_subnets()["Subnets"]]
    api.create_db_subnet_group(DBSubnetGroupName="shop", DBSubnetGroupDescription="-", SubnetIds=subnets[:2])
    for count in (3, 2):
        api.modify_db_subnet_group(DBSubnetGroupName="shop", SubnetIds=subnets[:count])
        assert len(api.describe_db_subnet_groups(DBSubnetGroupName="shop")["DBSubnetGroups"][0]["Subnets"]) == count


def test_a_change_of_records_is_pending_first(aws: support.Aws) -> None:
    api = aws.client("route53")
    zone = api.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    record = {"Name": "www.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    made = api.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]})["ChangeInfo"]
    assert made["Status"] == "PENDING"
    aws.clock.advance(60)
    assert api.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    refused(api.get_change, "NoSuchChange", Id="C999")


def test_a_request_for_a_certificate(aws: support.Aws) -> None:
    api = aws.client("acm")
    arn = api.request_certificate(DomainName="a.example.com", SubjectAlternativeNames=["b.example.com"], KeyAlgorithm="EC_secp384r1")["CertificateArn"]

    def shown() -> dict[str, Any]:
        found: dict[str, Any] = api.describe_certificate(CertificateArn=arn)["Certificate"]
        return found

    assert not any("ResourceRecord" in each for each in shown()["DomainValidationOptions"])
    aws.clock.advance(10)
    assert all("ResourceRecord" in each for each in shown()["DomainValidationOptions"])
    [listed] = api.list_certificates(Includes={"keyTypes": ["RSA_2048", "EC_secp384r1"]})["CertificateSummaryList"]
    assert (listed["KeyAlgorithm"], listed["SubjectAlternativeNameSummaries"]) == ("EC_secp384r1", ["a.example.com", "b.example.com"])
    assert (shown()["KeyAlgorithm"], shown()["Status"]) == ("EC_secp384r1", "PENDING_VALIDATION")


def test_a_certificate_in_use_stays(aws: support.Aws) -> None:
    api = aws.client("acm")
    arn = api.request_certificate(DomainName="a.example.com")["CertificateArn"]

    def eligible() -> list[str]:
        [listed] = api.list_certificates()["CertificateSummaryList"]
        return [listed["RenewalEligibility"], api.describe_certificate(CertificateArn=arn)["Certificate"]["RenewalEligibility"]]

    assert eligible() == ["INELIGIBLE", "INELIGIBLE"]
    acm_backends[aws.account_id][aws.region].set_certificate_in_use_by(arn, "a load balancer")
    assert eligible() == ["ELIGIBLE", "ELIGIBLE"]
    refused(api.delete_certificate, "ResourceInUseException", CertificateArn=arn)


def test_an_import_under_the_same_arn(aws: support.Aws) -> None:
    """ACM User Guide, "Reimport a certificate"."""
    api = aws.client("acm")
    first, second = (pki.issue("shop", names=["shop.example.test"], ends=pki.NOW + 3000 * pki.DAY) for _ in range(2))
    tags = [{"Key": "Name", "Value": "shop"}]
    arn = api.import_certificate(Certificate=first.pem, PrivateKey=first.key_pem, Tags=tags)["CertificateArn"]
    acm_backends[aws.account_id][aws.region].set_certificate_in_use_by(arn, "a load balancer")
    api.import_certificate(CertificateArn=arn, Certificate=second.pem, PrivateKey=second.key_pem)
    assert api.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags
    assert api.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == ["a load balancer"]
    refused(api.import_certificate, "ValidationException", CertificateArn=arn, Certificate=first.pem, PrivateKey=first.key_pem, Tags=tags)
    other = pki.issue("shop", key=ec.generate_private_key(ec.SECP384R1()), ends=pki.NOW + 3000 * pki.DAY)
    refused(api.import_certificate, "ValidationException", CertificateArn=arn, Certificate=other.pem, PrivateKey=other.key_pem)
