# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons: resolved, checked by their schema, written, waited for, and what is said of those that are ill."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import catalogue
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, NotReady
from support.eks_core import TAGS, Rig

from simulator.faults import Fault

METRICS, NEWEST, DEFAULT = "metrics-server", "v0.8.1-eksbuild.2", "v0.8.0-eksbuild.6"
CNI, CNI_OLD, CNI_DEFAULT, CNI_NEWEST = "vpc-cni", "v1.20.5-eksbuild.1", "v1.21.2-eksbuild.1", "v1.22.1-eksbuild.1"


def run(rig: Rig, *addons: dict[str, Any], check: bool = False, **more: Any) -> Any:
    return rig.run("addons", check, **({"cluster": "one", "addons": list(addons), "tags": TAGS} | more))


def found(rig: Rig, name: str = METRICS) -> dict[str, Any]:
    described: dict[str, Any] = rig.eks.describe_addon(clusterName="one", addonName=name)["addon"]
    return described


def auto(rig: Rig) -> None:
    """A cluster that has nodes."""
    rig.cluster(**rig.auto(version="1.34"))


def full(rig: Rig, name: str = "dns") -> dict[str, Any]:
    return {
        "name": "external-dns",
        "version": "default",
        "configuration": {"policy": "sync", "domainFilters": ["example.org"]},
        "conflicts": "overwrite",
        "pod_identity": [{"service_account": "external-dns", "role_arn": rig.make_role(name, "pods.eks.amazonaws.com")}],
        "namespace": "dns",
    }


def test_add_ons_with_everything_and_a_second_run(rig: Rig) -> None:
    auto(rig)
    wanted = [full(rig), {"name": METRICS, "version": "newest", "configuration": {"replicas": 2}}, {"name": CNI, "version": CNI_OLD}]
    with rig.nothing_written():
        planned = run(rig, *wanted, check=True)
    made = run(rig, *wanted)
    assert (planned.before, planned.after, planned.actions) == (made.before, made.after, made.actions)
    assert [(each["name"], each["version"], each["status"]) for each in made.addons] == [
        ("external-dns", "v0.19.0-eksbuild.2", "ACTIVE"),
        (METRICS, NEWEST, "ACTIVE"),
        (CNI, CNI_OLD, "ACTIVE"),
    ]
    dns = found(rig, "external-dns")
    assert json.loads(dns["configurationValues"]) == wanted[0]["configuration"]
    assert (dns["namespaceConfig"], dns["tags"], len(dns["podIdentityAssociations"])) == ({"namespace": "dns"}, TAGS, 1)
    with rig.calls() as calls:
        assert not run(rig, *wanted).changed
    assert calls == {
        "ListAddons": 1,
        "DescribeAddon": 3,
        "DescribeCluster": 1,
        "DescribeAddonVersions": 2,
        "DescribePodIdentityAssociation": 1,
    }


def test_check_mode_where_there_is_no_cluster_yet(rig: Rig) -> None:
    wanted = full(rig)
    with rig.nothing_written():
        planned = run(rig, wanted, {"name": CNI, "version": CNI_OLD}, check=True)
    assert planned.after["external-dns"]["version"] == LATER
    assert planned.after[CNI]["version"] == CNI_OLD


def test_without_a_cluster_it_says_so(rig: Rig) -> None:
    with pytest.raises(NotFound, match="there is no cluster one in eu-central-1; make it first, with eks_cluster"):
        run(rig, {"name": METRICS})


@pytest.mark.parametrize(
    ("wanted", "now", "chosen"),
    [
        ("default", "", "v1.2.0-eksbuild.1"),
        ("newest", "", "v1.10.0-eksbuild.1"),
        ("default", "v1.1.0-eksbuild.1", "v1.2.0-eksbuild.1"),
        ("default", "v1.10.0-eksbuild.1", "v1.10.0-eksbuild.1"),
        ("newest", "v1.2.0-eksbuild.1", "v1.10.0-eksbuild.1"),
        ("default", "v9.9.9-eksbuild.1", "v1.2.0-eksbuild.1"),
        ("v1.1.0-eksbuild.1", "v1.10.0-eksbuild.1", "v1.1.0-eksbuild.1"),
    ],
)
def test_versions_are_resolved_and_do_not_go_back_by_themselves(wanted: str, now: str, chosen: str) -> None:
    offered = catalogue.Versions("x", "1.35", ("v1.10.0-eksbuild.1", "v1.2.0-eksbuild.1", "v1.1.0-eksbuild.1"), "v1.2.0-eksbuild.1")
    assert offered.resolved(wanted, now) == chosen


def test_a_version_that_is_left_out_is_left_alone(rig: Rig) -> None:
    auto(rig)
    run(rig, {"name": CNI, "version": CNI_OLD})
    assert not run(rig, {"name": CNI}).changed


def test_a_new_version_keeps_what_was_configured(rig: Rig) -> None:
    auto(rig)
    role = rig.make_role("irsa", "eks.amazonaws.com")
    rig.eks.create_addon(
        clusterName="one", addonName=CNI, addonVersion=CNI_OLD, configurationValues='{"enableNetworkPolicy":"true"}', serviceAccountRoleArn=role, tags=TAGS
    )
    rig.later()
    begin = len(rig.aws.log)
    assert run(rig, {"name": CNI, "version": "newest", "conflicts": "preserve"}).actions == (f"change {CNI}",)
    (call,) = [call for call in rig.aws.log[begin:] if call.write]
    assert call.parameters["configurationValues"] == '{"enableNetworkPolicy":"true"}'
    assert (call.parameters["serviceAccountRoleArn"], call.parameters["resolveConflicts"]) == (role, "PRESERVE")
    assert found(rig, CNI)["addonVersion"] == CNI_NEWEST


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ('{"replicas": 2}', {"replicas": 2}, True),
        ("replicas: 2\n", {"replicas": 2}, True),
        ('{"replicas": 3}', {"replicas": 2}, False),
        ('{"replicas": 3}', {}, False),
    ],
)
def test_a_configuration_is_compared_by_what_it_means(rig: Rig, before: str, after: dict[str, Any], same: bool) -> None:
    auto(rig)
    rig.eks.create_addon(clusterName="one", addonName=METRICS, configurationValues=before, tags=TAGS)
    rig.later()
    assert run(rig, {"name": METRICS, "configuration": after}).changed is not same
    assert not run(rig, {"name": METRICS, "configuration": after}).changed


def test_roles_are_changed_and_taken(rig: Rig) -> None:
    auto(rig)
    wanted = full(rig)
    run(rig, wanted)
    other = rig.make_role("other", "pods.eks.amazonaws.com")
    wanted["pod_identity"] = [{"service_account": "external-dns", "role_arn": other}]
    assert run(rig, wanted).changed
    ids = rig.eks.list_pod_identity_associations(clusterName="one")["associations"]
    assert [rig.eks.describe_pod_identity_association(clusterName="one", associationId=each["associationId"])["association"]["roleArn"] for each in ids] == [
        other
    ]
    wanted["pod_identity"] = []
    assert run(rig, wanted).changed
    assert not run(rig, wanted).changed
    assert rig.eks.list_pod_identity_associations(clusterName="one")["associations"] == []


# --- what fails


def test_one_without_nodes_is_waited_for_and_the_line_says_why(rig: Rig) -> None:
    rig.cluster(version="1.34")
    with pytest.raises(NotReady, match=r"add-on metrics-server in eu-central-1 is still DEGRADED \(InsufficientNumberOfReplicas: .*look for nodes"):
        run(rig, {"name": METRICS}, timeout=300)
    assert any("DEGRADED (InsufficientNumberOfReplicas" in line for line in rig.lines)
    result = run(rig, {"name": METRICS}, wait=False)
    assert (result.changed, result.addons[0]["status"]) == (False, "DEGRADED")
    assert "add-on metrics-server is DEGRADED: InsufficientNumberOfReplicas" in result.warnings[0]
    rig.eks.create_nodegroup(clusterName="one", nodegroupName="workers", subnets=rig.subnets, nodeRole=rig.node_role)
    assert run(rig, {"name": METRICS}).addons[0]["status"] == "ACTIVE"


def test_a_cause_that_does_not_go_by_itself_fails_at_once(rig: Rig) -> None:
    auto(rig)
    rig.state.faults.degrade_addon("one", METRICS, "AccessDenied", "the role may not do it")
    begin = rig.aws.clock.monotonic()
    with pytest.raises(NotReady, match="add-on metrics-server in eu-central-1: DEGRADED: AccessDenied: the role may not do it; look at the policies"):
        run(rig, {"name": METRICS})
    assert rig.aws.clock.monotonic() - begin < 60
    rig.aws.log.clear()
    checked = run(rig, {"name": METRICS}, check=True)
    assert (checked.changed, rig.aws.writes) == (True, {})
    # Whoever repeats it has seen to the cause: EKS is asked to try again.
    result = run(rig, {"name": METRICS})
    assert (result.actions, result.addons[0]["status"]) == (checked.actions, "ACTIVE")
    assert [call.operation for call in rig.aws.log if call.write] == ["UpdateAddon"]
    assert not run(rig, {"name": METRICS}).changed


def test_a_conflict_is_told_and_one_that_was_never_made_is_made_anew(rig: Rig) -> None:
    auto(rig)
    rig.state.faults.conflict("one", CNI, "DaemonSet.apps aws-node - .spec.template")
    with pytest.raises(NotReady, match=r"CREATE_FAILED: ConfigurationConflict: .*aws-node.* set conflicts to overwrite or preserve"):
        run(rig, {"name": CNI})
    assert run(rig, {"name": CNI, "conflicts": "overwrite"}, check=True).changed
    result = run(rig, {"name": CNI, "conflicts": "overwrite"})
    assert (result.actions, found(rig, CNI)["status"]) == (("create vpc-cni",), "ACTIVE")


def test_an_update_that_fails_says_why_and_the_next_run_does_it(rig: Rig) -> None:
    auto(rig)
    run(rig, {"name": CNI, "version": CNI_OLD})
    rig.state.faults.fail_update("one", "AddonUpdate", "AdmissionRequestDenied", "a webhook said no")
    with pytest.raises(NotReady, match="add-on vpc-cni in eu-central-1: Failed: AdmissionRequestDenied: a webhook said no"):
        run(rig, {"name": CNI, "version": CNI_DEFAULT})
    assert run(rig, {"name": CNI, "version": CNI_DEFAULT}).changed
    assert found(rig, CNI)["addonVersion"] == CNI_DEFAULT


def test_one_in_the_making_is_waited_for(rig: Rig) -> None:
    auto(rig)
    rig.eks.create_addon(clusterName="one", addonName=METRICS, tags=TAGS)
    assert not run(rig, {"name": METRICS}).changed


def test_throttling_and_a_role_that_is_not_known_yet_are_nothing(rig: Rig) -> None:
    auto(rig)
    rig.aws.faults.append(Fault("throttled", "eks", "CreateAddon"))
    message = "Role provided in the request does not exist."
    rig.aws.faults.append(Fault("error", "eks", "CreateAddon", code="InvalidParameterException", message=message))
    assert run(rig, full(rig)).changed


# --- gone


def test_absent_ones_go_and_go_again(rig: Rig) -> None:
    auto(rig)
    run(rig, {"name": METRICS}, {"name": CNI})
    result = run(rig, {"name": METRICS}, {"name": CNI}, {"name": "coredns"}, state="absent")
    assert sorted(result.actions) == ["delete metrics-server", "delete vpc-cni"]
    assert rig.eks.list_addons(clusterName="one")["addons"] == []
    assert not run(rig, {"name": METRICS}, state="absent").changed


def test_what_it_runs_can_stay(rig: Rig) -> None:
    auto(rig)
    run(rig, {"name": METRICS})
    run(rig, {"name": METRICS, "preserve": True}, state="absent")
    assert [call.parameters["preserve"] for call in rig.aws.log if call.operation == "DeleteAddon"] in ([True], ["true"])


# --- wrong input


@pytest.mark.parametrize(
    ("addon", "says"),
    [
        ({"name": "metric-server"}, "EKS has no add-on 'metric-server' for Kubernetes 1.34"),
        ({"name": METRICS, "version": "v0.8.0-eksbuild.7"}, "metrics-server v0.8.0-eksbuild.7 does not fit Kubernetes 1.34; did you mean .v0.8.0-eksbuild.6.?"),
        ({"name": METRICS, "configuration": {"replica": 2}}, "it has replica, which is unknown; did you mean .replicas.?"),
        ({"name": METRICS, "configuration": {"replicas": "planted-value"}}, 'replicas is not of type "integer"'),
        ({"name": METRICS, "configuration": {"replicas": 0}}, "replicas is not of minimum 1"),
        ({"name": METRICS, "pod_identity": [{"service_account": "a", "role_arn": "x"}, {"service_account": "a", "role_arn": "y"}]}, "service account twice"),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_touched(rig: Rig, addon: dict[str, Any], says: str) -> None:
    auto(rig)
    with rig.nothing_written(), pytest.raises(InvalidInput, match=says) as caught:
        run(rig, {"name": CNI}, addon)
    assert "planted-value" not in str(caught.value)


def test_another_namespace_is_refused(rig: Rig) -> None:
    auto(rig)
    wanted = full(rig)
    run(rig, wanted)
    with rig.nothing_written(), pytest.raises(Conflict, match="external-dns is in the namespace dns, and other is wanted, which EKS can't change"):
        run(rig, wanted | {"namespace": "other"})


def test_tags_of_others_stay(rig: Rig) -> None:
    auto(rig)
    run(rig, {"name": METRICS})
    rig.eks.tag_resource(resourceArn=found(rig)["addonArn"], tags={"team": "blue", "slipway:old": "x"})
    assert run(rig, {"name": METRICS}).changed
    assert found(rig)["tags"] == TAGS | {"team": "blue"}


def test_a_plan_knows_versions_by_that_which_the_cluster_will_have(rig: Rig) -> None:
    wanted = {"name": "kube-proxy", "version": "default"}
    with rig.nothing_written():
        assert run(rig, wanted, check=True, cluster_version="1.35").after["kube-proxy"]["version"].startswith("v1.35.")
    auto(rig)
    run(rig, wanted)
    with rig.nothing_written():
        planned = run(rig, wanted, check=True, cluster_version="1.35")
    assert planned.actions == ("change kube-proxy",)
    rig.ensure(version="1.35", role_arn=rig.role, subnets=rig.subnets)
    done = run(rig, wanted, cluster_version="1.35")
    assert (planned.before, planned.after) == (done.before, done.after)
