# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role eks as a playbook runs it: made, left alone, upgraded by a minor version, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import aws
from support.eks import Account
from support.eks_role import Run, Site
from support.eks_role import site as made

from simulator.faults import Fault

TEAM = {"group": "team", "role": "developer", "namespaces": ["web"]}
SSO = {"issuer_url": "https://login.example.com", "client_id": "kubernetes", "access": [TEAM, {"group": "ops", "role": "admin"}]}
BINDINGS = "/apis/rbac.authorization.k8s.io/v1"
MANAGED: dict[str, Any] = {
    "eks_nodes": "managed",
    "eks_nodegroups": [{"name": "workers", "scaling": {"min": 2, "max": 4}}],
    "eks_addons": [{"name": "kube-proxy"}, {"name": "metrics-server"}],
}
# A second run looks at each thing once at most; what is listed or read for the account is read once, too.
MORE_THAN_ONE = {
    "DescribeAccessEntry": 4,  # who runs it, a reader, and two of EKS's own
    "ListAssociatedAccessPolicies": 4,
    "DescribeAddon": 2,
    "DescribeAddonVersions": 2,
    "DescribeVpcAttribute": 2,  # EC2 tells one attribute in a call
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with aws.running() as simulated, made(simulated, tmp_path) as found:
        yield found


def succeeded(run: Run) -> Run:
    assert not run.failed, run.shown
    return run


def subjects(site: Site, path: str) -> list[str]:
    return [each["name"] for each in site.kube.objects[f"{BINDINGS}/{path}"]["subjects"] if "name" in each]


def test_a_cluster_of_auto_mode(site: Site) -> None:
    reader = site.aws.client("iam").create_role(RoleName="readers", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    site.inputs |= {"eks_access": [{"principal_arn": reader, "role": "reader"}], "eks_oidc": SSO}
    empty = succeeded(site.run("--check", "--diff"))
    assert empty.writes == []
    assert empty.result["kubernetes_version"] == "v1.34"

    first = succeeded(site.run())
    assert first.result.keys() == empty.result.keys()
    cluster = site.eks.describe_cluster(name="shop")["cluster"]
    assert (cluster["version"], cluster["computeConfig"]["enabled"], cluster["upgradePolicy"]) == ("1.34", True, {"supportType": "STANDARD"})
    assert first.result["endpoint"] == site.kube.url
    policy = site.aws.client("iam").get_role_policy(RoleName="shop-cluster", PolicyName="tags")["PolicyDocument"]["Statement"]
    own = {"aws:RequestTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}"}
    assert {each["Sid"] for each in policy if each["Condition"]["StringEquals"] == own} == {"Compute", "Storage", "Networking", "LoadBalancer"}
    assert first.result["user_tags"]
    assert first.result["dns"] == empty.result["dns"] == ["172.20.0.10"]
    provider = site.eks.describe_identity_provider_config(clusterName="shop", identityProviderConfig={"type": "oidc", "name": "sso"})
    assert provider["identityProviderConfig"]["oidc"]["groupsPrefix"] == "sso:"
    assert subjects(site, "clusterrolebindings/slipway:readers") == ["slipway:readers", "sso:team"]
    assert subjects(site, "clusterrolebindings/slipway:admins:ops") == ["sso:ops"]
    assert subjects(site, "namespaces/web/rolebindings/slipway:developers") == ["slipway:developers:web", "sso:team"]

    again = succeeded(site.run())
    assert "changed=0" in again.shown
    assert (again.writes, again.result) == ([], first.result)
    assert {name: count for name, count in again.calls.items() if count > MORE_THAN_ONE.get(name, 1)} == {}

    less = succeeded(site.run(eks_access=[], eks_oidc={}))
    assert reader not in site.eks.list_access_entries(clusterName="shop")["accessEntries"]
    assert site.eks.list_identity_provider_configs(clusterName="shop")["identityProviderConfigs"] == []
    assert {each for each in less.writes if each.startswith("eks ")} == {"eks DeleteAccessEntry", "eks DisassociateIdentityProviderConfig"}
    assert subjects(site, "clusterrolebindings/slipway:readers") == ["slipway:readers"]
    assert f"{BINDINGS}/namespaces/web/rolebindings/slipway:developers" not in site.kube.objects


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"eks_version": "1.29"}, "version: EKS does not offer Kubernetes '1.29' in eu-central-1; write one of 1.36, 1.35, 1.34"),
        ({"eks_cidr": "172.20.0.0/16"}, "cidr: 172.20.0.0/16 overlaps 172.20.0.0/16 (eks_service_cidr), which it has to be apart from"),
        ({"eks_addons": [{"name": "metric-server"}]}, "EKS has no add-on 'metric-server' for Kubernetes 1.34 in eu-central-1; did you mean `metrics-server`?"),
        ({"eks_access": [{"principal_arn": "ops", "role": "admin"}]}, "entries[0]: principal_arn: 'ops' is no ARN of an IAM role or user"),
        ({"eks_peers": ["office"]}, "cidr: 10.20.0.0/16 overlaps 10.20.0.0/17 of VPC office, so they can't be peers; choose another range"),
        ({"eks_name": "theirs"}, "there is a cluster theirs in eu-central-1 that has none of the tags slipway:cluster=theirs, slipway:environment=test"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_made(site: Site, inputs: dict[str, Any], says: str) -> None:
    if "eks_name" in inputs:
        Account(site.aws).cluster("theirs")
    vpc = site.aws.client("ec2").create_vpc(CidrBlock="10.20.0.0/17")["Vpc"]["VpcId"]
    site.aws.client("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "office"}])
    run = site.run(**inputs)
    assert says in run.refusal
    assert run.writes == []


def test_an_upgrade_by_a_minor_version(site: Site) -> None:
    site.inputs |= MANAGED
    succeeded(site.run())

    two = site.run(eks_version="1.36")
    assert "EKS upgrades by one minor version at a time: go 1.34 -> 1.35 -> 1.36" in two.refusal
    back = site.run(eks_version="1.33")
    assert "the cluster has 1.34, and 1.33 is wanted; a cluster does not go back" in back.refusal
    site.state.faults.find("shop", "Cluster health issues", "ERROR", "The role is gone")
    ill = site.run(eks_version="1.35")
    assert "cluster shop is not ready for 1.35: Cluster health issues: ERROR: The role is gone; mend that" in ill.refusal
    site.state.faults.findings.clear()
    assert "eks UpdateClusterVersion" not in two.writes + back.writes + ill.writes

    planned = succeeded(site.run("--check", eks_version="1.35"))
    assert planned.writes == []
    assert "changed=3" in planned.shown, "the cluster, an add-on, the node group"
    done = succeeded(site.run(eks_version="1.35"))
    assert [each for each in done.writes if "Update" in each] == ["eks UpdateClusterVersion", "eks UpdateAddon", "eks UpdateNodegroupVersion"]
    assert "changed=3" in done.shown
    assert site.eks.describe_addon(clusterName="shop", addonName="kube-proxy")["addon"]["addonVersion"].startswith("v1.35.")
    again = succeeded(site.run(eks_version="1.35"))
    assert (again.writes, "changed=0" in again.shown) == ([], True)
    assert again.calls["DescribeNodegroup"] == again.calls["DescribeCluster"] == 1

    site.state.clusters["shop"].nodegroups["workers"]["version"] = "1.34"
    skewed = site.run(eks_version="1.36")
    assert "the cluster has 1.35, and these node groups another: workers (1.34)" in skewed.refusal
    assert skewed.writes == []


def test_what_goes_wrong_is_told_and_the_next_run_goes_on(site: Site) -> None:
    site.inputs |= MANAGED
    site.aws.faults.extend([Fault("throttled", "eks", "DescribeCluster"), Fault("throttled", "ec2", "Describe*", times=2), Fault("failed", "iam", "ListRoles")])
    site.state.faults.hold("shop")
    cut = site.run(eks_timeout=2)
    assert "cluster shop in eu-central-1 is still CREATING after 2 s; it goes on there" in cut.refusal
    with site.aws.simulator.lock:
        site.state.faults.release("shop", site.aws.clock.now())
    site.state.faults.degrade_addon("shop", "kube-proxy", "AccessDenied", "The role may not")
    ill = site.run()
    assert "add-on kube-proxy in eu-central-1: DEGRADED: AccessDenied: The role may not; look at the policies of the role" in ill.refusal
    assert "eks CreateCluster" not in ill.writes, "the one that was begun is taken"

    site.eks.delete_addon(clusterName="shop", addonName="kube-proxy")
    site.state.faults.fail_update("shop", "VersionUpdate", "OperationNotPermitted", "A control plane instance did not come")
    failed = site.run(eks_version="1.35")
    assert "cluster shop, version 1.35 in eu-central-1: Failed: OperationNotPermitted: A control plane instance did not come" in failed.refusal
    succeeded(site.run(eks_version="1.35"))
    assert site.eks.describe_cluster(name="shop")["cluster"]["version"] == "1.35"
    assert "changed=0" in succeeded(site.run(eks_version="1.35")).shown
