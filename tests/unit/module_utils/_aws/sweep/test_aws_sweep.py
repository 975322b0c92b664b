# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of an environment, and of one beside it that must stay as it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep.options import OPTIONS
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep.sweep import query, sweep
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput, NotReady
from support.aws_core import Account, account

OURS = {"slipway:environment": "test"}
LABELS = [{"Key": "slipway:environment", "Value": "test"}]
CLUSTER = {"Key": "kubernetes.io/cluster/shop-test", "Value": "owned"}
ALL: dict[str, Any] = {"tags": OURS, "clusters": ["shop-test"], "log_groups": ["/aws/eks/shop-test/"]}


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, query, sweep) as found:
        yield found


def tagged(kind: str, *labels: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": list(labels)}]


def network(left: Account, *labels: dict[str, str]) -> dict[str, str]:
    ec2 = left.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", *labels))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=tagged("subnet", *labels))["Subnet"]["SubnetId"]
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-central-1b", TagSpecifications=tagged("subnet", *labels))
    gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", *labels))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table", *labels))["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", *labels))["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, TagSpecifications=tagged("natgateway", *labels))
    return {"vpc": vpc, "subnet": subnet, "other": other["Subnet"]["SubnetId"]}


def controllers(left: Account, at: dict[str, str], label: dict[str, str], name: str) -> None:
    """What load balancer controller, VPC CNI and EBS driver leave, with groups that name each other."""
    ec2, elb = left.client("ec2"), left.client("elbv2")
    given = {"VpcId": at["vpc"], "TagSpecifications": tagged("security-group", label)}
    groups = [ec2.create_security_group(GroupName=f"k8s-{name}-{part}", Description=part, **given)["GroupId"] for part in ("a", "b")]
    for one, two in (groups, groups[::-1]):
        ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": two}]}])
    ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1, TagSpecifications=tagged("volume", label))
    ec2.create_network_interface(SubnetId=at["subnet"], Groups=groups[:1], TagSpecifications=tagged("network-interface", label))
    balancer = elb.create_load_balancer(Name=f"k8s-{name}", Subnets=[at["subnet"], at["other"]], Tags=[label])["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name=f"k8s-{name}", Protocol="HTTP", Port=80, VpcId=at["vpc"], Tags=[label])["TargetGroups"][0]["TargetGroupArn"]
    elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])


def kinds(found: list[dict[str, str]]) -> list[str]:
    return sorted(each["kind"] for each in found)


def test_nothing_is_left_and_nothing_of_others_is_touched(left: Account) -> None:
    mine, others = network(left, *LABELS), network(left, {"Key": "slipway:environment", "Value": "prod"})
    controllers(left, mine, CLUSTER, "shop-test")
    controllers(left, others, {"Key": "kubernetes.io/cluster/shop-prod", "Value": "owned"}, "shop-prod")
    left.client("ec2").create_tags(Resources=[others["subnet"]], Tags=[{**CLUSTER, "Value": "shared"}])
    logs = left.client("logs")
    for name in ("/aws/eks/shop-test/cluster", "/aws/eks/shop-prod/cluster"):
        logs.create_log_group(logGroupName=name)
    logs.create_log_group(logGroupName="/shop/flows", tags=OURS)
    with left.counted() as calls:
        foreseen = left.run(check=True, **ALL)
    assert left.writes(calls) == []
    expected = ["NAT gateway", "VPC", "address", "internet gateway", "load balancer", "log group", "log group", "network interface", "route table"]
    assert kinds(foreseen.left) == [*expected, "security group", "security group", "subnet", "subnet", "target group", "volume"]
    swept = left.run(**ALL)
    assert (swept.changed, swept.left, swept.after, swept.actions) == (True, [], foreseen.after, foreseen.actions)
    assert any("deleting load balancer" in line for line in left.lines)
    with left.counted() as calls:
        again = left.run(**ALL)
    assert (again.changed, again.found, left.writes(calls)) == (False, [], [])
    ec2, elb = left.client("ec2"), left.client("elbv2")
    assert [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"] if not each["IsDefault"]] == [others["vpc"]]
    assert [each["LoadBalancerName"] for each in elb.describe_load_balancers()["LoadBalancers"]] == ["k8s-shop-prod"]
    assert len(ec2.describe_addresses()["Addresses"]) == len(ec2.describe_volumes()["Volumes"]) == 1
    assert [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]] == ["/aws/eks/shop-prod/cluster"]


def test_an_interrupted_sweep_is_continued(left: Account) -> None:
    mine = network(left, *LABELS)
    controllers(left, mine, CLUSTER, "shop-test")
    left.fault("error", "ec2", "DeleteVolume", code="OperationNotPermitted.Test", status=400)
    with pytest.raises(Exception, match=r"OperationNotPermitted\.Test"):
        left.run(**ALL)
    assert left.run(**ALL).changed
    assert left.run(check=True, **ALL).found == []


def test_what_holds_a_thing_is_told_when_the_time_is_over(left: Account) -> None:
    mine = network(left, *LABELS)
    interface = left.client("ec2").create_network_interface(SubnetId=mine["subnet"], Description="of nobody")["NetworkInterface"]["NetworkInterfaceId"]
    with pytest.raises(NotReady, match=rf"subnet {mine['subnet']} available: .*DependencyViolation"):
        left.run(**ALL, timeout=200)
    left.client("ec2").delete_network_interface(NetworkInterfaceId=interface)
    assert left.run(**ALL).left == []


def test_what_holds_data_is_told_and_kept_if_it_is_named(left: Account) -> None:
    left.client("secretsmanager").create_secret(Name="shop", SecretString="planted-7d1f", Tags=LABELS)
    left.client("sns").create_topic(Name="alerts", Tags=LABELS)
    key = left.client("kms").create_key(Tags=[{"TagKey": "slipway:environment", "TagValue": "test"}])["KeyMetadata"]["KeyId"]
    left.client("ec2").create_volume(AvailabilityZone="eu-central-1a", Size=1, TagSpecifications=tagged("volume", *LABELS))
    with pytest.raises(Conflict) as caught:
        left.run(tags=OURS)
    assert kinds(caught.value.facts["left"]) == ["key", "secret", "sns alerts"]
    assert "a sweep does not delete these" in caught.value.message
    left.client("kms").schedule_key_deletion(KeyId=key)
    kept = left.run(tags=OURS, keep=["secret", "arn:aws:sns:*"])
    assert (kept.changed, kinds(kept.kept), kept.left) == (False, ["secret", "sns alerts"], [])
    assert [(each["kind"], each["ends"]) for each in kept.ending] == [("key", (datetime.now(UTC) + timedelta(days=30)).date().isoformat())]
    assert "planted-7d1f" not in f"{kept} {caught.value.message} {caught.value.facts} {left.lines}"


GONE = (
    "ec2:eu-central-1:123456789012:vpc-flow-log/fl-0123456789abcdef0",
    "ecr:eu-central-1:123456789012:repository/shop/orders",
    "eks:eu-central-1:123456789012:access-entry/shop-test/role/123456789012/admins/0ac1",
    "eks:eu-central-1:123456789012:addon/shop-test/metrics-server/0ac1",
    "eks:eu-central-1:123456789012:cluster/shop-test",
    "eks:eu-central-1:123456789012:identityproviderconfig/shop-test/oidc/company/0ac1",
    "eks:eu-central-1:123456789012:nodegroup/shop-test/workers/0ac1",
    "eks:eu-central-1:123456789012:podidentityassociation/shop-test/a-0123",
    "kms:eu-central-1:123456789012:key/1b0b6c1e-0000-4000-8000-000000000000",
    "rds:eu-central-1:123456789012:db:shop",
    "secretsmanager:eu-central-1:123456789012:secret:shop-abcdef",
)


def test_what_the_tagging_api_goes_on_to_list_is_not_left(left: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [{"ResourceARN": f"arn:aws:{arn}", "Tags": LABELS} for arn in GONE]
    each = left.aws.each

    def stale(service: str, operation: str, key: str, **parameters: Any) -> Any:
        return iter(listed) if operation == "get_resources" else each(service, operation, key, **parameters)

    monkeypatch.setattr(left.aws, "each", stale)
    found = left.run(tags=OURS)
    assert (found.changed, found.found, found.left) == (False, [], [])
    listed.append({"ResourceARN": "arn:aws:sns:eu-central-1:123456789012:alerts", "Tags": LABELS})
    with pytest.raises(Conflict, match="sns alerts"):
        left.run(tags=OURS)


def test_records_of_external_dns(left: Account) -> None:
    dns = left.client("route53")
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]

    def add(name: str, kind: str, value: str) -> None:
        record = {"Name": f"{name}.example.com", "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})

    def says(owner: str) -> str:
        return f'"heritage=external-dns,external-dns/owner={owner},external-dns/resource=gateway/shop/web"'

    for name in ("www", "old", "prod", "mail"):
        add(name, "A", "192.0.2.1")
    add("a-www", "TXT", says("shop-test"))
    add("old", "TXT", says("shop-test"))
    add("a-prod", "TXT", says("shop-prod"))
    add("mail", "TXT", '"v=spf1 -all"')
    wanted = {"records": [{"zone_id": zone, "owner": "shop-test"}]}
    assert len(left.run(check=True, **wanted).found) == 4
    swept = left.run(**wanted)
    assert len(swept.actions) == 4
    names = {(each["Name"], each["Type"]) for each in dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]}
    assert names == {
        *(("example.com.", kind) for kind in ("NS", "SOA")),
        ("prod.example.com.", "A"),
        ("a-prod.example.com.", "TXT"),
        *(("mail.example.com.", kind) for kind in ("A", "TXT")),
    }
    assert not left.run(**wanted).changed
    assert left.run(records=[{"zone_id": "ZGONE", "owner": "shop-test"}]).found == []


def test_names_that_lead_to_a_load_balancer_go_before_it_and_others_stay(left: Account) -> None:
    mine = network(left, *LABELS)
    controllers(left, mine, CLUSTER, "shop-test")
    [address] = left.run(check=True, **ALL).addresses
    dns = left.client("route53")
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]
    for name, target in (("web", address), ("api", f"dualstack.{address}"), ("old", "gone.elb.amazonaws.com"), ("moved", "others.elb.amazonaws.com")):
        alias = {"HostedZoneId": "Z215JYRZR1TBD5", "DNSName": target, "EvaluateTargetHealth": False}
        change = {"Action": "CREATE", "ResourceRecordSet": {"Name": f"{name}.example.com", "Type": "A", "AliasTarget": alias}}
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    names = [f"{name}.example.com" for name in ("web", "api", "old", "moved", "never")]
    wanted: dict[str, Any] = {"aliases": [{"zone": "example.com", "names": names, "targets": ["gone.elb.amazonaws.com"]}], "keep": ["record elsewhere"]}
    swept = left.run(**ALL | wanted)
    assert [(each["id"], each["because"]) for each in swept.kept] == [("moved.example.com A", "leads to others.elb.amazonaws.com")]
    assert [each["Name"] for each in dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]][2:] == ["moved.example.com."]
    order = [call.operation for call in left.simulated.log]
    assert order.count("ChangeResourceRecordSets") == 4 + 3
    assert max(at for at, name in enumerate(order) if name == "ChangeResourceRecordSets") < order.index("DeleteLoadBalancer")
    assert not left.run(**ALL | wanted).changed
    assert left.run(aliases=[{"zone": "nobody.example", "names": ["web.nobody.example"]}]).found == [], "a zone that is gone has no records"


def test_a_load_balancer_that_goes_meanwhile_is_no_error(left: Account) -> None:
    at = network(left, *LABELS)
    controllers(left, at, CLUSTER, "shop-test")
    left.client("elbv2").create_load_balancer(Name="others", Subnets=[at["subnet"], at["other"]])
    for times in (1, 2):  # the batch, and one of the two in it
        left.fault("error", "elbv2", "DescribeTags", times=times, code="LoadBalancerNotFound", status=400)
        assert "volume" in kinds(left.run(check=True, **ALL).left)


def test_roles_are_told(left: Account) -> None:
    iam = left.client("iam")
    iam.create_role(RoleName="shop", AssumeRolePolicyDocument="{}", Tags=LABELS)
    iam.create_role(RoleName="other", AssumeRolePolicyDocument="{}")
    with pytest.raises(Conflict, match="role shop"):
        left.run(tags=OURS)


def test_being_refused_is_nothing_left_of_nobody(left: Account) -> None:
    left.fault("error", "ec2", "DescribeVolumes", code="UnauthorizedOperation", status=403)
    with pytest.raises(Denied, match="allow ec2:DescribeVolumes"):
        left.run(**ALL)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "tags, clusters, log_groups, records and aliases are empty: that would be everything"),
        ({"aliases": [{"names": ["web.example.com"]}]}, "aliases: one has neither zone nor zone_id"),
        ({"log_groups": ["/aws/eks/"]}, "log_groups: '/aws/eks/' would be others' too"),
        ({"log_groups": ["/"]}, "log_groups: '/' would be others' too"),
    ],
)
def test_a_sweep_of_everything_or_of_nowhere_is_refused(left: Account, args: dict[str, Any], told: str) -> None:
    with left.counted() as calls, pytest.raises(InvalidInput, match=told):
        left.run(**args)
    assert not calls
