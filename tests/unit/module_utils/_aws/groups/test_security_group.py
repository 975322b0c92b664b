# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups in EC2, asked from outside with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.groups.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.groups.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput
from support.aws_core import TAGS, Account, account

NODES = "sg-0123456789abcdef0"


def database(source: str = NODES, **more: Any) -> dict[str, Any]:
    return {"name": "shop-database", "ingress": [{"ports": ["5432"], "sources": [source], "description": "nodes"}], "egress": [], **more}


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield found


@pytest.fixture
def vpc(ec2: Account) -> str:
    return str(ec2.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def nodes(ec2: Account, vpc: str) -> str:
    return str(ec2.client("ec2").create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"])


def about(ec2: Account, name: str = "shop-database") -> dict[str, Any]:
    found: list[dict[str, Any]] = ec2.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])["SecurityGroups"]
    return found[0] if found else {}


def test_only_the_nodes_reach_it_and_it_reaches_nobody(ec2: Account, vpc: str, nodes: str) -> None:
    with ec2.counted() as first:
        made = ec2.run(vpc_id=vpc, security_groups=[database(nodes)], tags=TAGS)
    assert first == {"DescribeSecurityGroups": 1, "!CreateSecurityGroup": 1, "!AuthorizeSecurityGroupIngress": 1, "!RevokeSecurityGroupEgress": 1}
    found = about(ec2)
    [rule] = found["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (5432, 5432, "tcp")
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [nodes]
    assert rule["IpRanges"] == found["IpPermissionsEgress"] == []
    assert made.security_groups == {"shop-database": found["GroupId"]}
    with ec2.counted() as second:
        again = ec2.run(vpc_id=vpc, security_groups=[database(nodes)], tags=TAGS)
    assert (again.changed, again.actions, again.security_groups) == (False, (), made.security_groups)
    assert second == {"DescribeSecurityGroups": 1}


def test_check_mode_may_come_before_the_vpc_and_says_what_comes(ec2: Account, vpc: str, nodes: str) -> None:
    with ec2.counted() as calls:
        foreseen = ec2.run(check=True, vpc_id=LATER, security_groups=[database(LATER)])
    assert calls == {}
    assert foreseen.security_groups == {"shop-database": LATER}
    told = ec2.run(check=True, vpc_id=vpc, security_groups=[database(nodes)], tags=TAGS)
    assert not about(ec2)
    assert told.after == ec2.run(vpc_id=vpc, security_groups=[database(nodes)], tags=TAGS).after
    with ec2.counted() as calls:
        other = ec2.run(check=True, vpc_id=vpc, security_groups=[database("10.20.0.0/16")], tags=TAGS)
    assert other.changed
    assert ec2.writes(calls) == []


def test_a_rule_that_somebody_added_goes_and_foreign_tags_stay(ec2: Account, vpc: str, nodes: str) -> None:
    made = ec2.run(vpc_id=vpc, security_groups=[database(nodes)], tags=TAGS)
    client, identifier = ec2.client("ec2"), made.security_groups["shop-database"]
    client.create_tags(Resources=[identifier], Tags=[{"Key": "team", "Value": "platform"}])
    anybody = [{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    client.authorize_security_group_ingress(GroupId=identifier, IpPermissions=anybody)
    with ec2.counted() as calls:
        assert ec2.run(vpc_id=vpc, security_groups=[database(nodes)], tags={**TAGS, "cost": "7"}).changed
    assert ec2.writes(calls) == ["!CreateTags", "!RevokeSecurityGroupIngress"]
    found = about(ec2)
    assert found["IpPermissions"][0]["IpRanges"] == []
    assert {each["Key"] for each in found["Tags"]} == {"team", "cost", *TAGS}


def test_groups_that_name_each_other_come_and_go(ec2: Account, vpc: str) -> None:
    both = [database("shop-client"), {"name": "shop-client", "egress": [{"ports": ["5432"], "sources": ["shop-database"]}]}]
    ec2.run(vpc_id=vpc, security_groups=both)
    assert not ec2.run(vpc_id=vpc, security_groups=both).changed
    gone = ec2.run(vpc_id=vpc, security_groups=both, state="absent")
    assert gone.actions == ("delete security group shop-database", "delete security group shop-client")
    assert not about(ec2)
    assert not ec2.run(vpc_id=vpc, security_groups=both, state="absent").changed


def test_a_group_that_is_held_is_waited_for(ec2: Account, vpc: str, nodes: str) -> None:
    ec2.run(vpc_id=vpc, security_groups=[database(nodes)])
    ec2.fault("error", "ec2", "DeleteSecurityGroup", code="DependencyViolation", times=3)
    ec2.run(vpc_id=vpc, security_groups=[database(nodes)], state="absent")
    assert not about(ec2)


def test_where_the_vpc_is_not_known_ours_go_and_others_stay(ec2: Account, vpc: str) -> None:
    other = str(ec2.client("ec2").create_vpc(CidrBlock="10.21.0.0/16")["Vpc"]["VpcId"])
    foreign = ec2.client("ec2").create_security_group(GroupName="shop-database", Description="of others", VpcId=other)["GroupId"]
    ec2.run(vpc_id=vpc, security_groups=[{"name": "shop-database"}], tags=TAGS)
    gone = ec2.run(security_groups=[{"name": "shop-database"}], tags=TAGS, state="absent")
    assert gone.changed
    assert about(ec2)["GroupId"] == foreign
    assert not ec2.run(security_groups=[{"name": "shop-database"}], tags=TAGS, state="absent").changed
    with pytest.raises(InvalidInput, match="vpc_id: without it groups are known by their names and by tags"):
        ec2.run(security_groups=[{"name": "shop-database"}], state="absent")


def test_being_refused_is_no_absence(ec2: Account, vpc: str) -> None:
    ec2.fault("error", "ec2", "DescribeSecurityGroups", code="UnauthorizedOperation", status=403)
    with pytest.raises(Denied):
        ec2.run(vpc_id=vpc, security_groups=[database()])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"vpc_id": "main", "security_groups": []}, "'main' is no id of a VPC"),
        ({"vpc_id": "vpc-1", "security_groups": [database("everybody")]}, "'everybody' is neither a range"),
        ({"vpc_id": "vpc-1", "security_groups": [{"name": "a", "ingress": [{"sources": ["10.0.0.0/8"]}]}]}, "tcp needs ports"),
        ({"vpc_id": "vpc-1", "security_groups": [{"name": "a"}, {"name": "a"}]}, "there twice"),
    ],
)
def test_bad_input_is_told_before_anything_is_asked(ec2: Account, arguments: dict[str, Any], told: str) -> None:
    with ec2.counted() as calls, pytest.raises(InvalidInput, match=told):
        ec2.run(**arguments)
    assert calls == {}


def test_a_description_that_aws_cannot_change_is_refused(ec2: Account, vpc: str, nodes: str) -> None:
    ec2.run(vpc_id=vpc, security_groups=[database(nodes)])
    with ec2.counted() as calls, pytest.raises(InvalidInput, match="AWS can't change it"):
        ec2.run(vpc_id=vpc, security_groups=[database("10.0.0.0/8", description="another")])
    assert ec2.writes(calls) == []
