# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster, from nothing to nothing: made, left alone, changed one thing at a time, upgraded, and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotReady
from support.eks_core import TAGS, Rig

from simulator.faults import Fault

CIDR = "203.0.113.0/24"


def full(rig: Rig) -> dict[str, Any]:
    """Every option that a cluster can be made with."""
    return {
        "upgrade_policy": "STANDARD",
        "access_mode": "API",
        "endpoint": {"public": True, "private": True, "public_cidrs": [CIDR]},
        "logs": ["api", "audit"],
        "auto_mode": {"enabled": True, "node_pools": ["system", "general-purpose"], "node_role_arn": rig.node_role},
        "zonal_shift": True,
        "deletion_protection": True,
        "ip_family": "ipv4",
        "service_cidr": "172.20.0.0/16",
        "tags": TAGS,
    }


def test_somebody_elses_cluster_is_neither_taken_over_nor_deleted(rig: Rig) -> None:
    rig.cluster(tags={"team": "blue"})
    says = "there is a cluster one in eu-central-1 that has none of the tags slipway:environment=test, slipway:name=shop: it is somebody else's; choose another"
    with rig.nothing_written():
        for more in ({}, {"state": "absent"}):
            with pytest.raises(Conflict, match=says):
                rig.ensure(tags=TAGS, **more)
    rig.eks.tag_resource(resourceArn=rig.describe()["arn"], tags={"slipway:environment": "dev"})
    with rig.nothing_written(), pytest.raises(Conflict, match="the cluster one in eu-central-1 is of the environment dev, and not of test; choose another"):
        rig.ensure(tags=TAGS)


def test_where_pods_ask_for_names(rig: Rig) -> None:
    assert rig.ensure(check=True).dns_address == LATER
    assert rig.ensure(check=True, service_cidr="10.100.0.0/16").dns_address == "10.100.0.10"
    assert rig.ensure().dns_address == "172.20.0.10"


def test_a_new_cluster_is_what_was_wanted_and_safer_than_awss_defaults(rig: Rig) -> None:
    result = rig.ensure()
    assert (result.changed, result.status, result.version, result.actions) == (True, "ACTIVE", "1.34", ("create",))
    found = rig.describe()
    assert found["accessConfig"]["authenticationMode"] == "API"
    assert found["upgradePolicy"] == {"supportType": "STANDARD"}
    assert rig.eks.list_access_entries(clusterName="one")["accessEntries"] == [
        f"arn:aws:iam::{rig.aws.account_id}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
    ]
    assert (result.endpoint, result.arn, result.vpc_id) == (found["endpoint"], found["arn"], rig.vpc)
    assert result.certificate_authority == found["certificateAuthority"]["data"]
    assert result.oidc_issuer == found["identity"]["oidc"]["issuer"]
    assert result.security_group.startswith("sg-")


def test_how_long_the_version_has_support_is_in_the_result(rig: Rig) -> None:
    support = rig.ensure().support
    assert (support.status, support.end_of_standard_support, support.standard_days_left) == ("STANDARD_SUPPORT", "2026-12-02", 10)


def test_waiting_shows_a_line(rig: Rig) -> None:
    rig.ensure()
    assert rig.lines[0] == "cluster one: CREATING, 0 s"
    assert len(rig.lines) > 2


def test_everything_at_once_and_a_second_run_that_does_nothing(rig: Rig) -> None:
    wanted = full(rig)
    first = rig.ensure(**wanted)
    with rig.calls() as calls:
        second = rig.ensure(**wanted)
    assert (second.changed, second.actions, second.before) == (False, (), first.after)
    assert calls == {"DescribeCluster": 1, "DescribeClusterVersions": 1}


def test_auto_mode_is_switched_as_one(rig: Rig) -> None:
    rig.ensure(**full(rig))
    found = rig.describe()
    assert found["computeConfig"] == {"enabled": True, "nodePools": ["general-purpose", "system"], "nodeRoleArn": rig.node_role}
    assert found["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert found["kubernetesNetworkConfig"]["elasticLoadBalancing"]["enabled"] is True


def test_check_mode_on_nothing_predicts_what_is_made(rig: Rig) -> None:
    with rig.nothing_written():
        planned = rig.ensure(True, **full(rig))
    made = rig.ensure(**full(rig))
    assert (planned.changed, planned.before, planned.after, planned.actions) == (True, made.before, made.after, made.actions)
    assert (planned.endpoint, planned.arn, planned.status) == (LATER, LATER, "absent")


def test_check_mode_takes_what_is_only_known_later(rig: Rig) -> None:
    planned = rig.ensure(True, role_arn=LATER, subnets=[LATER, LATER], kms_key=LATER, service_cidr=LATER)
    assert planned.after["one"]["role_arn"] == LATER


def test_check_mode_on_a_cluster_that_stands_predicts_each_update(rig: Rig) -> None:
    rig.ensure(tags={"slipway:environment": "test"})
    wanted = {key: value for key, value in full(rig).items() if key not in ("ip_family", "service_cidr")}
    with rig.nothing_written():
        planned = rig.ensure(True, **wanted)
    made = rig.ensure(**wanted)
    assert (planned.before, planned.after, planned.actions) == (made.before, made.after, made.actions)
    assert not rig.ensure(**wanted).changed


KEYS = pytest.mark.parametrize(
    ("option", "value", "update", "shown"),
    [
        ("logs", ["audit"], "LoggingUpdate", lambda found: [s["types"] for s in found["logging"]["clusterLogging"] if s["enabled"]] == [["audit"]]),
        ("endpoint", {"private": True}, "EndpointAccessUpdate", lambda found: found["resourcesVpcConfig"]["endpointPrivateAccess"]),
        ("endpoint", {"public_cidrs": [CIDR]}, "EndpointAccessUpdate", lambda found: found["resourcesVpcConfig"]["publicAccessCidrs"] == [CIDR]),
        ("zonal_shift", True, "ZonalShiftConfigUpdate", lambda found: found["zonalShiftConfig"]["enabled"]),
        ("deletion_protection", True, "DeletionProtectionUpdate", lambda found: found["deletionProtection"]),
        ("upgrade_policy", "EXTENDED", "UpgradePolicyUpdate", lambda found: found["upgradePolicy"]["supportType"] == "EXTENDED"),
    ],
)


@KEYS
def test_one_option_is_one_update_of_its_kind(rig: Rig, option: str, value: Any, update: str, shown: Any) -> None:
    rig.ensure()
    with rig.calls() as calls:
        result = rig.ensure(**{option: value})
    assert result.changed
    assert calls["UpdateClusterConfig"] == 1
    assert [found.shown["type"] for found in rig.inside().updates.values()] == [update]
    assert shown(rig.describe())
    assert not rig.ensure(**{option: value}).changed


def test_each_kind_of_change_goes_in_a_request_of_its_own_in_a_safe_order(rig: Rig) -> None:
    rig.ensure(access_mode="CONFIG_MAP", tags={"slipway:environment": "test"})
    wanted = {key: value for key, value in full(rig).items() if key not in ("ip_family", "service_cidr")} | {"version": "1.35"}
    result = rig.ensure(**wanted)
    kinds = [found.shown["type"] for found in rig.inside().updates.values()]
    assert kinds == [
        "DeletionProtectionUpdate",
        "LoggingUpdate",
        "AccessConfigUpdate",
        "AccessConfigUpdate",
        "EndpointAccessUpdate",
        "ZonalShiftConfigUpdate",
        "AutoModeUpdate",
        "VersionUpdate",
    ]
    assert result.actions[0] == "tags"
    assert not rig.ensure(**wanted).changed


def test_options_that_are_left_out_are_left_alone(rig: Rig) -> None:
    rig.ensure(logs=["api"], zonal_shift=True, endpoint={"private": True, "public": False})
    with rig.nothing_written():
        result = rig.run("cluster", name="one")
    assert not result.changed


def test_no_logs_are_no_logs(rig: Rig) -> None:
    rig.ensure(logs=["api", "audit"])
    rig.ensure(logs=[])
    assert [setup["enabled"] for setup in rig.describe()["logging"]["clusterLogging"]] == [False]


def test_a_public_endpoint_goes_private_with_its_cidrs(rig: Rig) -> None:
    rig.ensure(endpoint={"public": True, "public_cidrs": [CIDR]})
    rig.ensure(endpoint={"public": False, "private": True})
    assert rig.describe()["resourcesVpcConfig"]["publicAccessCidrs"] == []


def test_tags_of_others_stay(rig: Rig) -> None:
    rig.ensure(tags=TAGS)
    rig.eks.tag_resource(resourceArn=rig.describe()["arn"], tags={"team": "blue", "slipway:old": "x"})
    result = rig.ensure(tags=TAGS)
    assert rig.describe()["tags"] == TAGS | {"team": "blue"}
    assert result.actions == ("tags",)
    rig.ensure(tags=TAGS, purge_tags=True)
    assert rig.describe()["tags"] == TAGS


def test_auto_mode_that_goes_off_says_what_ends(rig: Rig) -> None:
    rig.ensure(**full(rig))
    planned = rig.ensure(True, auto_mode={"enabled": False})
    assert "EKS ends all of its nodes" in planned.warnings[0]
    rig.ensure(auto_mode={"enabled": False})
    assert any("EKS ends all of its nodes" in line for line in rig.lines)
    assert rig.describe()["computeConfig"]["enabled"] is False


# --- encryption


def key(rig: Rig) -> str:
    return str(rig.aws.client("kms").create_key()["KeyMetadata"]["Arn"])


def test_encryption_says_that_it_is_for_ever_before_it_is_done(rig: Rig) -> None:
    rig.ensure()
    arn = key(rig)
    result = rig.ensure(kms_key=arn)
    assert "can't be undone" in result.warnings[0]
    said = next(number for number, line in enumerate(rig.lines) if "can't be undone" in line)
    assert any("secrets encryption: InProgress" in line for line in rig.lines[said:])
    assert rig.describe()["encryptionConfig"][0]["provider"]["keyArn"] == arn
    assert not rig.ensure(kms_key=arn).changed


def test_an_alias_of_the_key_is_the_key(rig: Rig) -> None:
    arn = key(rig)
    rig.ensure(kms_key=arn)
    rig.aws.client("kms").create_alias(AliasName="alias/shop", TargetKeyId=arn)
    assert not rig.ensure(kms_key="alias/shop").changed


def test_another_key_is_refused(rig: Rig) -> None:
    rig.ensure(kms_key=key(rig))
    other = key(rig)
    with rig.nothing_written(), pytest.raises(Conflict, match=r"kms_key: the cluster has .* which EKS can't change; have KMS rotate that key"):
        rig.ensure(kms_key=other, logs=["api"])


# --- versions


def test_an_upgrade_is_one_minor_version_with_fresh_insights(rig: Rig) -> None:
    rig.ensure()
    with rig.calls() as calls:
        result = rig.ensure(version="1.35")
    assert (result.version, result.actions) == ("1.35", ("version 1.35",))
    assert (calls["StartInsightsRefresh"], calls["ListInsights"], calls["UpdateClusterVersion"]) == (1, 1, 1)
    assert result.support.version == "1.35"


@pytest.mark.parametrize(
    ("now", "wanted", "says"),
    [
        ("1.33", "1.35", r"go 1.33 -> 1.34 -> 1.35, one run for each, .* write 1.34 now"),
        ("1.34", "1.33", r"a cluster does not go back by itself: write 1.34"),
    ],
)
def test_a_step_too_far_or_back_is_refused(rig: Rig, now: str, wanted: str, says: str) -> None:
    rig.ensure(version=now, upgrade_policy="EXTENDED")
    with rig.nothing_written(), pytest.raises(Conflict, match=says):
        rig.ensure(version=wanted, logs=["api"])


def test_a_version_that_is_not_offered_is_refused_with_those_that_are(rig: Rig) -> None:
    with rig.nothing_written(), pytest.raises(InvalidInput, match=r"EKS does not offer Kubernetes '1.99' in eu-central-1; write one of 1.36, 1.35, 1.34"):
        rig.ensure(version="1.99")


@pytest.mark.parametrize("status", ["ERROR", "UNKNOWN"])
def test_insights_stand_in_the_way_before_anything_is_written(rig: Rig, status: str) -> None:
    rig.ensure()
    rig.state.faults.find("one", "Kubelet version skew", status, "nodes are old")
    for check in (True, False):
        with rig.calls() as calls, pytest.raises(Conflict, match=f"not ready for 1.35: Kubelet version skew: {status}: nodes are old; mend that"):
            rig.ensure(check, version="1.35", logs=["api"])
        assert calls["UpdateClusterConfig"] == calls["UpdateClusterVersion"] == 0


def test_a_look_that_somebody_else_began_is_waited_for(rig: Rig) -> None:
    rig.ensure()
    message = "An insights refresh is already in progress for cluster one"
    rig.eks.start_insights_refresh(clusterName="one")
    rig.aws.faults.append(Fault("error", "eks", "StartInsightsRefresh", code="InvalidRequestException", message=message))
    assert rig.ensure(version="1.35").version == "1.35"


def test_insights_can_be_overruled(rig: Rig) -> None:
    rig.ensure()
    rig.state.faults.find("one", "Kubelet version skew", "ERROR", "nodes are old")
    assert rig.ensure(version="1.35", ignore_insights=True).version == "1.35"


def test_a_warning_is_shown_and_stops_nothing(rig: Rig) -> None:
    rig.ensure()
    rig.state.faults.find("one", "Kubelet version skew", "WARNING", "soon too old")
    result = rig.ensure(version="1.35")
    assert "Kubelet version skew: soon too old" in result.warnings
    assert result.version == "1.35"


def test_node_groups_that_are_behind_are_named(rig: Rig) -> None:
    rig.ensure()
    rig.eks.create_nodegroup(clusterName="one", nodegroupName="workers", subnets=rig.subnets, nodeRole=rig.node_role)
    rig.later()
    rig.ensure(version="1.35")
    with (
        rig.nothing_written(),
        pytest.raises(Conflict, match=r"the cluster has 1.35, and these node groups another: workers \(1.34\); .* bring them to 1.35 first"),
    ):
        rig.ensure(version="1.36")


def test_extended_support_is_left_by_an_upgrade_and_not_before(rig: Rig) -> None:
    rig.ensure(version="1.33", upgrade_policy="EXTENDED")
    with rig.nothing_written(), pytest.raises(Conflict, match=r"1.33 is in extended support since 2026-07-29, where STANDARD can't be; go to 1.36, 1.35, 1.34"):
        rig.ensure(version="1.33", upgrade_policy="STANDARD")
    result = rig.ensure(version="1.34", upgrade_policy="STANDARD")
    assert result.actions == ("version 1.34", "upgrade policy")


def test_a_new_cluster_in_extended_support_has_to_be_asked_for(rig: Rig) -> None:
    with pytest.raises(Conflict, match="or write EXTENDED, which costs six times as much"):
        rig.ensure(version="1.33")


# --- what can't be changed


@pytest.mark.parametrize(
    ("option", "value"),
    [("role_arn", "arn:aws:iam::123456789012:role/other"), ("ip_family", "ipv6"), ("service_cidr", "192.168.0.0/16"), ("access_mode", "CONFIG_MAP")],
)
def test_what_a_cluster_keeps_for_ever_is_refused_before_anything_is_written(rig: Rig, option: str, value: str) -> None:
    rig.ensure()
    with rig.nothing_written(), pytest.raises(Conflict, match=f"{option}: the cluster has .*{value}.* EKS can't change; "):
        rig.ensure(**{option: value, "logs": ["api"]})


def test_another_role_for_auto_modes_nodes_is_refused(rig: Rig) -> None:
    rig.ensure(**full(rig))
    other = rig.make_role("other", "ec2.amazonaws.com")
    with rig.nothing_written(), pytest.raises(Conflict, match=r"auto_mode.node_role_arn: the cluster has"):
        rig.ensure(auto_mode={"enabled": True, "node_pools": ["system"], "node_role_arn": other})


def test_subnets_of_another_vpc_are_refused(rig: Rig) -> None:
    rig.ensure()
    vpc = rig.aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    foreign = [rig.subnet(zone, number, vpc) for number, zone in enumerate("ab")]
    with rig.nothing_written(), pytest.raises(Conflict, match=f"are not in {rig.vpc}, the VPC of the cluster, which it can't leave"):
        rig.ensure(subnets=foreign)


def test_subnets_and_security_groups_are_changed_one_after_the_other(rig: Rig) -> None:
    rig.ensure()
    group = rig.aws.client("ec2").create_security_group(GroupName="more", Description="more", VpcId=rig.vpc)["GroupId"]
    result = rig.ensure(subnets=rig.subnets[:2], security_groups=[group])
    assert result.actions == ("subnets", "security groups")
    assert not rig.ensure(subnets=list(reversed(rig.subnets[:2])), security_groups=[group]).changed


# --- what fails, and what was interrupted


def test_a_cluster_that_fails_says_why_and_what_to_do(rig: Rig) -> None:
    rig.state.faults.fail_cluster("one", "InsufficientFreeAddresses", "no addresses left", "subnet-1")
    with pytest.raises(NotReady, match=r"cluster one in eu-central-1 is FAILED: InsufficientFreeAddresses: no addresses left \(subnet-1\); free addresses"):
        rig.ensure()
    for check in (True, False):
        with pytest.raises(NotReady, match=r"is FAILED and stays so: InsufficientFreeAddresses: .*delete it \(state: absent\), and run again"):
            rig.ensure(check)
    assert rig.run("cluster", name="one", state="absent").changed
    assert rig.ensure().status == "ACTIVE"


def test_an_update_that_fails_says_why_and_the_next_run_does_it(rig: Rig) -> None:
    rig.ensure()
    rig.state.faults.fail_update("one", "LoggingUpdate", "OperationNotPermitted", "the service role lacks logs:CreateLogGroup")
    with pytest.raises(NotReady, match="cluster one, logs in eu-central-1: Failed: OperationNotPermitted: the service role lacks logs:CreateLogGroup"):
        rig.ensure(logs=["api"])
    assert rig.ensure(logs=["api"]).actions == ("logs",)


def test_a_cluster_in_the_making_is_waited_for(rig: Rig) -> None:
    rig.create(version="1.34", upgradePolicy={"supportType": "STANDARD"})
    result = rig.ensure(upgrade_policy="STANDARD")
    assert (result.changed, result.status) == (False, "ACTIVE")
    assert any("CREATING" in line for line in rig.lines)


def test_an_update_that_an_interrupted_run_began_is_waited_for(rig: Rig) -> None:
    rig.ensure()
    rig.update(logging={"clusterLogging": [{"types": ["api"], "enabled": True}]})
    assert not rig.ensure(logs=["api"]).changed


def test_a_cluster_on_its_way_out_is_made_anew(rig: Rig) -> None:
    rig.ensure()
    rig.eks.delete_cluster(name="one")
    assert rig.ensure(True).actions == ("create",)
    assert rig.ensure().actions == ("create",)


def test_throttling_and_reads_that_lag_are_nothing(rig: Rig) -> None:
    rig.aws.faults.append(Fault("throttled", "eks", "CreateCluster"))
    rig.aws.faults.append(Fault("throttled", "eks", "DescribeCluster", after="CreateCluster"))
    assert rig.ensure().status == "ACTIVE"


def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(rig: Rig) -> None:
    message = f"Role with arn: {rig.role}, could not be assumed because it does not exist or the trusted entity is not correct"
    rig.aws.faults.append(Fault("error", "eks", "CreateCluster", times=2, code="InvalidParameterException", message=message))
    assert rig.ensure().status == "ACTIVE"


def test_a_timeout_says_what_was_seen_last(rig: Rig) -> None:
    rig.state.faults.hold("one")
    with pytest.raises(NotReady, match="cluster one in eu-central-1 is still CREATING after 30 s; it goes on there"):
        rig.ensure(timeout=30)


# --- deleting


def test_gone_and_gone_again(rig: Rig) -> None:
    rig.ensure()
    with rig.nothing_written():
        planned = rig.run("cluster", True, name="one", state="absent")
    result = rig.run("cluster", name="one", state="absent")
    assert (planned.before, planned.after, planned.actions) == (result.before, result.after, result.actions)
    assert (result.changed, result.after, result.actions) == (True, {}, ("delete",))
    assert rig.eks.list_clusters()["clusters"] == []
    with rig.calls() as calls:
        assert not rig.run("cluster", name="one", state="absent").changed
    assert calls == {"DescribeCluster": 1}


def test_protection_holds_until_it_is_taken_off_in_words(rig: Rig) -> None:
    rig.ensure(deletion_protection=True)
    for check in (True, False):
        with rig.nothing_written(), pytest.raises(Conflict, match="is protected against deletion; set unprotect if it shall go"):
            rig.run("cluster", check, name="one", state="absent")
    assert rig.run("cluster", name="one", state="absent", unprotect=True).actions == ("deletion protection off", "delete")
    assert rig.eks.list_clusters()["clusters"] == []


def test_node_groups_stand_in_the_way_and_check_mode_warns_of_them(rig: Rig) -> None:
    rig.ensure()
    rig.eks.create_nodegroup(clusterName="one", nodegroupName="workers", subnets=rig.subnets, nodeRole=rig.node_role)
    with rig.nothing_written(), pytest.raises(Conflict, match="still has node groups workers; delete them first"):
        rig.run("cluster", name="one", state="absent")
    assert "node groups workers" in rig.run("cluster", True, name="one", state="absent").warnings[0]


def test_a_cluster_that_is_still_made_is_deleted_once_it_is_there(rig: Rig) -> None:
    rig.create()
    assert rig.run("cluster", name="one", state="absent").changed
    assert rig.eks.list_clusters()["clusters"] == []


# --- wrong input


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"name": "-no"}, "name: '-no' can be no cluster's"),
        ({"version": "1.34.2"}, "version: '1.34.2' is no version of Kubernetes"),
        ({"subnets": ["subnet-1"]}, "subnets: EKS wants two or more"),
        ({"security_groups": list("abcdef")}, "security_groups: EKS takes five at most"),
        ({"endpoint": {"public": False, "private": False}}, "nobody reaches the cluster"),
        ({"endpoint": {"public": False, "private": True, "public_cidrs": [CIDR]}}, "the endpoint is not public"),
        ({"endpoint": {"public_cidrs": []}}, "an empty list means everybody to EKS"),
        ({"endpoint": {"public_cidrs": ["203.0.113.7/24"]}}, r"write 203.0.113.0/24, or 203.0.113.7/32"),
        ({"endpoint": {"public_cidrs": ["office"]}}, "'office' is no range of addresses"),
        ({"auto_mode": {"enabled": False, "node_pools": ["system"]}}, "auto_mode: node_pools mean nothing while it is off"),
        ({"auto_mode": {"enabled": True, "node_pools": ["system"]}}, "node_pools and node_role_arn go together"),
        ({"auto_mode": {"enabled": True}, "access_mode": "CONFIG_MAP"}, "auto_mode: it needs access_mode API"),
        ({"auto_mode": {"enabled": True}, "default_addons": True}, "no default_addons"),
        ({"service_cidr": "8.8.8.0/24"}, "service_cidr: 8.8.8.0/24 can't be"),
        ({"service_cidr": "10.1.0.0/16", "ip_family": "ipv6"}, "EKS chooses it for ipv6"),
        ({"role_arn": None}, "role_arn: there is no cluster one in eu-central-1; give what it is made with"),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_touched(rig: Rig, args: dict[str, Any], says: str) -> None:
    with rig.nothing_written(), pytest.raises(InvalidInput, match=says):
        rig.ensure(**args)
