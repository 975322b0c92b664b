# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL instance in RDS with its groups, asked from outside with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotReady
from support.aws_core import TAGS, Account, account

from simulator.corrections.rds import Instances


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield found


def subnets(rds: Account) -> list[str]:
    return sorted(each["SubnetId"] for each in rds.client("ec2").describe_subnets()["Subnets"])


def wanted(rds: Account, **more: Any) -> dict[str, Any]:
    group = rds.client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    prod = {
        "name": "shop-prod",
        "engine_version": "17",
        "instance_class": "db.m7g.large",
        "storage_gib": 100,
        "max_storage_gib": 500,
        "multi_az": True,
        "database": "shop",
        "username": "owner",
        "backup_days": 35,
        "backup_window": "01:00-02:00",
        "maintenance_window": "Sun:03:00-Sun:04:00",
        "performance_insights": True,
        "iam_authentication": True,
        "log_exports": ["postgresql", "upgrade"],
        "parameters": {"log_min_duration_statement": 500, "max_connections": 200, "log_connections": True},
        "subnets": subnets(rds)[:2],
        "security_groups": [group],
        "tags": TAGS,
    }
    return prod | more


def described(rds: Account) -> dict[str, Any]:
    found: dict[str, Any] = rds.client("rds").describe_db_instances(DBInstanceIdentifier="shop-prod")["DBInstances"][0]
    return found


READS = {
    "DescribeDBInstances": 1,
    "DescribeDBSubnetGroups": 1,
    "DescribeDBParameterGroups": 1,
    "DescribeDBParameters": 1,
    "ListTagsForResource": 2,
}


def test_made_and_then_left_alone(rds: Account) -> None:
    with rds.counted() as calls:
        result = rds.run(**wanted(rds))
    assert rds.writes(calls) == ["!CreateDBInstance", "!CreateDBParameterGroup", "!CreateDBSubnetGroup", "!ModifyDBParameterGroup"]
    found = described(rds)
    assert (result.endpoint, result.port) == (found["Endpoint"]["Address"], 5432)
    assert (result.arn, result.secret_arn) == (found["DBInstanceArn"], found["MasterUserSecret"]["SecretArn"])
    assert (result.status, result.engine_version, result.ca_certificate) == ("available", "17.7", "rds-ca-rsa2048-g1")
    assert found["PubliclyAccessible"] is False
    assert found["StorageEncrypted"] is True
    assert found["DeletionProtection"] is True
    assert {each["Key"]: each["Value"] for each in found["TagList"]} == TAGS
    set_by_us = rds.client("rds").describe_db_parameters(DBParameterGroupName="shop-prod-postgres17", Source="user")["Parameters"]
    values = {each["ParameterName"]: (each["ParameterValue"], each["ApplyMethod"]) for each in set_by_us}
    assert values == {
        "rds.force_ssl": ("1", "immediate"),
        "log_connections": ("1", "immediate"),
        "log_min_duration_statement": ("500", "immediate"),
        "max_connections": ("200", "pending-reboot"),
    }
    assert any(line.startswith("instance shop-prod: creating") for line in rds.lines)
    with rds.counted() as second:
        again = rds.run(**wanted(rds))
    assert not again.changed
    assert (again.actions, again.endpoint, again.pending, again.notes) == ((), result.endpoint, {}, [])
    assert second == READS | {"DescribeSecurityGroups": 1, "DescribeSubnets": 1}  # the last two are the test's own


def test_check_mode_foresees_what_is_made(rds: Account) -> None:
    asked = wanted(rds)
    with rds.counted() as calls:
        foreseen = rds.run(check=True, **asked)
    assert rds.writes(calls) == []
    assert (foreseen.endpoint, foreseen.secret_arn, foreseen.port) == (LATER, LATER, 5432)
    made = rds.run(**asked)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)
    with rds.counted() as calls:
        rds.run(check=True, **wanted(rds, name="other", kms_key=LATER, subnets=[LATER, LATER], security_groups=[LATER]))
    assert rds.writes(calls) == []


NOW = {"apply_immediately": True}
CHANGES: list[tuple[dict[str, Any], list[str], dict[str, Any]]] = [
    ({"instance_class": "db.m7g.xlarge"}, ["!ModifyDBInstance"], {"DBInstanceClass": "db.m7g.xlarge"}),
    ({"storage_gib": 200}, ["!ModifyDBInstance"], {"AllocatedStorage": 200}),
    ({"max_storage_gib": 0}, ["!ModifyDBInstance"], {}),
    ({"multi_az": False, "backup_days": 7}, ["!ModifyDBInstance"], {"MultiAZ": False, "BackupRetentionPeriod": 7}),
    ({"log_exports": ["iam-db-auth-error", "postgresql"]}, ["!ModifyDBInstance"], {"EnabledCloudwatchLogsExports": ["iam-db-auth-error", "postgresql"]}),
    ({"ca_certificate": "rds-ca-ecc384-g1"}, ["!ModifyDBInstance"], {"CACertificateIdentifier": "rds-ca-ecc384-g1"}),
    ({"deletion_protection": False}, ["!ModifyDBInstance"], {"DeletionProtection": False}),
    ({"iam_authentication": False, "performance_insights": False}, ["!ModifyDBInstance"], {"IAMDatabaseAuthenticationEnabled": False}),
    ({"port": 5433}, ["!ModifyDBInstance"], {"DbInstancePort": 5433}),
    ({"maintenance_window": "mon:03:00-mon:04:00"}, ["!ModifyDBInstance"], {"PreferredMaintenanceWindow": "mon:03:00-mon:04:00"}),
    ({"engine_version": "17.8"}, ["!ModifyDBInstance"], {"EngineVersion": "17.8"}),
    ({"tags": {"slipway:environment": "test"}}, ["!RemoveTagsFromResource"], {}),
]


@pytest.mark.parametrize(("change", "writes", "shows"), CHANGES)
def test_changes_at_once(rds: Account, change: dict[str, Any], writes: list[str], shows: dict[str, Any]) -> None:
    rds.run(**wanted(rds))
    foreseen = rds.run(check=True, **wanted(rds, **NOW, **change))
    with rds.counted() as calls:
        done = rds.run(**wanted(rds, **NOW, **change))
    assert done.changed
    assert rds.writes(calls) == writes
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    found = described(rds)
    assert {key: found[key] for key in shows} == shows
    assert done.pending == {}
    assert not rds.run(**wanted(rds, **NOW, **change)).changed


def test_what_waits_for_the_window_is_told_and_not_asked_for_again(rds: Account) -> None:
    rds.run(**wanted(rds))
    done = rds.run(**wanted(rds, instance_class="db.m7g.xlarge", storage_gib=200))
    assert done.changed
    assert done.pending == {"instance_class": "db.m7g.xlarge", "storage_gib": 200}
    assert described(rds)["DBInstanceClass"] == "db.m7g.large"
    with rds.counted() as calls:
        again = rds.run(**wanted(rds, instance_class="db.m7g.xlarge", storage_gib=200))
    assert (again.changed, rds.writes(calls)) == (False, [])
    assert again.pending == done.pending
    flushed = rds.run(**wanted(rds, instance_class="db.m7g.xlarge", storage_gib=200, **NOW))
    assert flushed.changed
    assert (flushed.pending, described(rds)["DBInstanceClass"]) == ({}, "db.m7g.xlarge")


def test_parameters(rds: Account) -> None:
    rds.run(**wanted(rds))
    asked = wanted(rds, parameters={"max_connections": 300, "work_mem": 8192})
    foreseen = rds.run(check=True, **asked)
    done = rds.run(**asked)
    assert (foreseen.before, foreseen.after, foreseen.actions, foreseen.notes) == (done.before, done.after, done.actions, done.notes)
    assert done.notes == ["max_connections: in effect after a reboot of shop-prod"]
    assert done.pending_reboot
    assert done.after["parameter group shop-prod-postgres17"]["parameters"] == {"max_connections": "300", "rds.force_ssl": "1", "work_mem": "8192"}
    again = rds.run(**asked)
    assert (again.changed, again.pending_reboot) == (False, True)
    rds.client("rds").reboot_db_instance(DBInstanceIdentifier="shop-prod")
    assert not rds.run(**asked).pending_reboot


@pytest.mark.parametrize(
    ("there", "change", "says"),
    [
        ({}, {"engine_version": "18"}, "a major upgrade .*write upgrades: major"),
        ({}, {"engine_version": "17.8", "upgrades": "none"}, "a minor upgrade .*write upgrades: minor"),
        ({}, {"engine_version": "16"}, "is at PostgreSQL 17.7 and 16 is wanted; RDS can't go back"),
        ({}, {"encrypted": False}, "encrypted is True and none is wanted"),
        ({}, {"kms_key": "arn:aws:kms:eu-central-1:123456789012:key/other"}, "kms_key is arn:.* and arn:.*other is wanted"),
        ({}, {"username": "root"}, "username is owner and root is wanted"),
        ({}, {"database": "orders"}, "database is shop and orders is wanted"),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_touched(rds: Account, there: dict[str, Any], change: dict[str, Any], says: str) -> None:
    rds.run(**wanted(rds, **there))
    for check in (True, False):
        with rds.counted() as calls, pytest.raises(Conflict, match=says):
            rds.run(check=check, **wanted(rds, **change, multi_az=False, parameters={"work_mem": 1}))
        assert rds.writes(calls) == []


def test_a_major_upgrade_brings_its_parameter_group(rds: Account) -> None:
    rds.run(**wanted(rds))
    done = rds.run(**wanted(rds, engine_version="18", upgrades="major", **NOW))
    assert (done.engine_version, described(rds)["DBParameterGroups"][0]["DBParameterGroupName"]) == ("18.1", "shop-prod-postgres18")
    assert not rds.run(**wanted(rds, engine_version="18", upgrades="major", **NOW)).changed


def test_a_major_upgrade_in_the_window(rds: Account) -> None:
    rds.run(**wanted(rds))
    asked = wanted(rds, engine_version="18", upgrades="major")
    done = rds.run(**asked)
    assert (done.changed, done.engine_version, done.pending["engine_version"]) == (True, "17.7", "18.1")
    assert not rds.run(**asked).changed


def test_storage_never_shrinks_and_versions_never_go_back(rds: Account) -> None:
    rds.run(**wanted(rds))
    result = rds.run(**wanted(rds, storage_gib=50, engine_version="17.4"))
    assert not result.changed
    assert sorted(result.notes) == [
        "PostgreSQL is 17.7, newer than engine_version 17.4; RDS can't go back",
        "storage is 100 GiB, more than storage_gib 50; RDS never shrinks it",
    ]


def test_subnets_and_tags_of_others(rds: Account) -> None:
    rds.run(**wanted(rds))
    group = rds.client("rds").describe_db_subnet_groups(DBSubnetGroupName="shop-prod")["DBSubnetGroups"][0]
    rds.client("rds").add_tags_to_resource(ResourceName=group["DBSubnetGroupArn"], Tags=[{"Key": "cost", "Value": "7"}])
    with rds.counted() as calls:
        done = rds.run(**wanted(rds, subnets=subnets(rds)[:3]))
    assert rds.writes(calls) == ["!ModifyDBSubnetGroup"]
    assert done.after["subnet group shop-prod"] == {"subnets": subnets(rds)[:3], "tags": TAGS | {"cost": "7"}}
    assert not rds.run(**wanted(rds, subnets=subnets(rds)[:3])).changed


def test_an_interrupted_run_goes_on(rds: Account) -> None:
    with pytest.raises(NotReady, match=r"instance shop-prod in eu-central-1 is still creating after 60 s"):
        rds.run(**wanted(rds, timeout=60))
    with rds.counted() as calls:
        result = rds.run(**wanted(rds))
    assert (rds.writes(calls), result.changed, result.status) == ([], False, "available")


def test_one_that_cant_be_made_says_why(rds: Account) -> None:
    rds.state(Instances).failures["shop-prod"] = ("incompatible-network", "The subnet has no free address.")
    with pytest.raises(NotReady, match=r"incompatible-network: its subnets have no free address, or are gone; RDS says: The subnet has no free address\."):
        rds.run(**wanted(rds))
    with pytest.raises(NotReady, match="RDS says: The subnet has no free address"):
        rds.run(**wanted(rds))
    gone = wanted(rds, state="absent", lift_deletion_protection=True)
    with pytest.raises(Conflict, match="is incompatible-network: RDS can make no last snapshot; write final_snapshot: false"):
        rds.run(**gone)


def test_absent(rds: Account) -> None:
    rds.run(**wanted(rds))
    with rds.counted() as calls, pytest.raises(Conflict, match=r"is protected from deletion; write lift_deletion_protection: true"):
        rds.run(name="shop-prod", state="absent")
    assert rds.writes(calls) == []
    gone: dict[str, Any] = {"name": "shop-prod", "state": "absent", "lift_deletion_protection": True}
    foreseen = rds.run(check=True, **gone)
    done = rds.run(**gone)
    assert done.changed
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert done.final_snapshot == foreseen.final_snapshot == "shop-prod-final"
    api = rds.client("rds")
    assert api.describe_db_instances()["DBInstances"] == []
    assert api.describe_db_subnet_groups()["DBSubnetGroups"] == []
    assert [each["DBParameterGroupName"] for each in api.describe_db_parameter_groups()["DBParameterGroups"]] == []
    assert [each["DBSnapshotIdentifier"] for each in api.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]] == ["shop-prod-final"]
    with rds.counted() as second:
        assert not rds.run(**gone).changed
    assert rds.writes(second) == []
    rds.run(**wanted(rds))
    assert rds.run(**gone).final_snapshot == "shop-prod-final-2"


def test_absent_of_one_that_is_being_made_and_without_a_snapshot(rds: Account) -> None:
    with pytest.raises(NotReady):
        rds.run(**wanted(rds, timeout=10, deletion_protection=False))
    assert rds.run(name="shop-prod", state="absent", final_snapshot=False).final_snapshot == ""
    assert rds.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"] == []


def test_check_mode_takes_one_that_is_going_for_gone(rds: Account) -> None:
    asked = wanted(rds, deletion_protection=False)
    rds.run(**asked)
    rds.client("rds").delete_db_instance(DBInstanceIdentifier="shop-prod", SkipFinalSnapshot=True)
    assert described(rds)["DBInstanceStatus"] == "deleting"
    foreseen = rds.run(check=True, **asked)
    made = rds.run(**asked)
    assert made.changed
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)


def test_no_password_is_ever_ours(rds: Account) -> None:
    """Secrets Manager makes it; neither a request nor a result has one."""
    result = rds.run(**wanted(rds))
    secret = rds.client("secretsmanager").get_secret_value(SecretId=result.secret_arn)["SecretString"]
    assert "password" in secret
    assert not any("MasterUserPassword" in call.parameters for call in rds.simulated.log)
    assert secret not in repr(result)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "Shop"}, "name: 'Shop': write up to"),
        ({"engine_version": "latest"}, "engine_version: 'latest': write a version"),
        ({"instance_class": ""}, "instance_class: '': write one such as"),
        ({"subnets": ["subnet-1"]}, "subnets: write at least two"),
        ({"max_storage_gib": 100}, "max_storage_gib: 100 must be more than storage_gib"),
        ({"encrypted": False, "kms_key": "k"}, "kms_key: what is not encrypted has no key"),
        ({"parameters": {"max_connection": 1}}, "parameters: postgres17 has no parameter max_connection"),
        ({"parameters": {"hba_file": "x"}}, "parameters: hba_file can't be set in RDS"),
    ],
)
def test_wrong_input(rds: Account, wrong: dict[str, Any], says: str) -> None:
    for check in (True, False):
        with rds.counted() as calls, pytest.raises(InvalidInput, match=says):
            rds.run(check=check, **wanted(rds, **wrong))
        assert rds.writes(calls) == []
