# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from support.eks import Account, refused

INVALID = "InvalidParameterException"


def versions(account: Account, **wanted: Any) -> dict[str, dict[str, Any]]:
    found = account.eks.describe_cluster_versions(**wanted)["clusterVersions"]
    return {version["clusterVersion"]: version for version in found}


def test_versions_have_their_days(account: Account) -> None:
    found = versions(account)
    assert list(found) == ["1.36", "1.35", "1.34", "1.33", "1.32", "1.31"]
    assert found["1.35"]["endOfStandardSupportDate"] == datetime(2027, 3, 27, tzinfo=UTC)
    assert found["1.34"]["endOfStandardSupportDate"] == datetime(2026, 12, 2, tzinfo=UTC)
    assert (found["1.34"]["versionStatus"], found["1.34"]["status"]) == ("STANDARD_SUPPORT", "standard-support")
    assert found["1.33"]["versionStatus"] == "EXTENDED_SUPPORT"


def test_support_ends_when_the_clock_says_so(account: Account) -> None:
    account.aws.clock.advance((datetime(2026, 12, 2, tzinfo=UTC) - account.aws.clock.now()).total_seconds())
    found = versions(account)
    assert found["1.34"]["versionStatus"] == "EXTENDED_SUPPORT"
    assert "1.31" not in found
    assert versions(account, includeAll=True)["1.31"]["versionStatus"] == "UNSUPPORTED"
    assert refused(account.create, version="1.31") == (INVALID, "unsupported Kubernetes version")


def test_versions_are_filtered(account: Account) -> None:
    assert list(versions(account, defaultOnly=True)) == ["1.35"]
    assert list(versions(account, clusterVersions=["1.34"])) == ["1.34"]
    assert list(versions(account, versionStatus="STANDARD_SUPPORT")) == ["1.36", "1.35", "1.34"]
    assert account.eks.describe_cluster_versions(maxResults=1)["nextToken"]
    assert refused(account.eks.describe_cluster_versions, clusterVersions=["1.99"])[0] == INVALID


def test_an_upgrade_is_one_minor_version(account: Account) -> None:
    account.cluster(version="1.34")

    def to(version: str) -> tuple[str, str]:
        return refused(account.eks.update_cluster_version, name="one", version=version)

    assert to("1.36") == (INVALID, "Unsupported Kubernetes minor version update from 1.34 to 1.36")
    assert to("1.34") == (INVALID, "Unsupported Kubernetes minor version update from 1.34 to 1.34")
    assert to("1.33") == (INVALID, "Unsupported Kubernetes minor version update from 1.34 to 1.33")
    assert to("1.37") == (INVALID, "unsupported Kubernetes version")
    begun = account.eks.update_cluster_version(name="one", version="1.35")["update"]
    assert begun["type"] == "VersionUpdate"
    assert [param["type"] for param in begun["params"]] == ["Version", "PlatformVersion"]
    account.later()
    assert (account.describe()["version"], account.describe()["platformVersion"]) == ("1.35", "eks.12")


def test_node_groups_come_along_first(account: Account) -> None:
    account.cluster(version="1.34")
    account.eks.create_nodegroup(clusterName="one", nodegroupName="g", subnets=account.subnets, nodeRole=account.node_role)
    account.later()
    account.eks.update_cluster_version(name="one", version="1.35")
    account.later()
    code, said = refused(account.eks.update_cluster_version, name="one", version="1.36")
    assert code == INVALID
    assert "Nodegroups g must be updated to match cluster version 1.35" in said
    account.eks.update_nodegroup_version(clusterName="one", nodegroupName="g")
    account.later()
    account.eks.update_cluster_version(name="one", version="1.36")


def test_extended_support_is_not_left_once_it_has_begun(account: Account) -> None:
    account.cluster(version="1.33")
    assert "Extended support cannot be disabled" in refused(account.update, upgradePolicy={"supportType": "STANDARD"})[1]


def insights(account: Account, **wanted: Any) -> dict[str, dict[str, Any]]:
    return {insight["name"]: insight for insight in account.eks.list_insights(clusterName="one", **wanted)["insights"]}


def test_all_is_well_with_a_new_cluster(account: Account) -> None:
    account.cluster()
    found = insights(account)
    assert {insight["insightStatus"]["status"] for insight in found.values()} == {"PASSING"}
    assert {insight["kubernetesVersion"] for insight in found.values()} == {"1.36"}
    assert {insight["category"] for insight in found.values()} == {"UPGRADE_READINESS"}


def test_an_insight_says_what_it_is_told_to(account: Account) -> None:
    account.cluster()
    for status in ("WARNING", "ERROR", "UNKNOWN", "PASSING"):
        account.state.faults.find("one", "Deprecated APIs removed in Kubernetes v1.36", status, "because")
        found = insights(account, filter={"statuses": [status]})
        assert found["Deprecated APIs removed in Kubernetes v1.36"]["insightStatus"] == {"status": status, "reason": "because"}


def test_an_error_stops_the_upgrade_unless_it_is_forced(account: Account) -> None:
    account.cluster()
    account.state.faults.find("one", "Cluster health issues", "ERROR", "because")
    code, said = refused(account.eks.update_cluster_version, name="one", version="1.36")
    assert code == "InvalidStateException"
    assert said.startswith("Upgrade readiness issues detected. Call the EKS ListInsights API")
    account.eks.update_cluster_version(name="one", version="1.36", force=True)


def test_a_warning_does_not(account: Account) -> None:
    account.cluster()
    account.state.faults.find("one", "Cluster health issues", "WARNING", "because")
    account.eks.update_cluster_version(name="one", version="1.36")


def test_an_old_add_on_is_found_when_eks_looks(account: Account) -> None:
    account.cluster(version="1.34", **account.auto())
    old = account.eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.31")["addons"][0]["addonVersions"][0]["addonVersion"]
    account.eks.create_addon(clusterName="one", addonName="kube-proxy", addonVersion=old)
    account.later()
    assert insights(account)["EKS add-on version compatibility"]["insightStatus"]["status"] == "PASSING"
    look_again(account)
    insight = insights(account)["EKS add-on version compatibility"]
    assert insight["insightStatus"]["status"] == "ERROR"
    shown = account.eks.describe_insight(clusterName="one", id=insight["id"])["insight"]
    details = shown["categorySpecificSummary"]["addonCompatibilityDetails"]
    assert [detail["name"] for detail in details] == ["kube-proxy"]
    assert shown["resources"][0]["arn"] == account.eks.describe_addon(clusterName="one", addonName="kube-proxy")["addon"]["addonArn"]
    fits_both = next(version for version in details[0]["compatibleVersions"] if version.startswith("v1.34"))
    account.eks.update_addon(clusterName="one", addonName="kube-proxy", addonVersion=fits_both)
    account.later()
    assert refused(account.eks.update_cluster_version, name="one", version="1.35")[0] == "InvalidStateException"
    account.aws.clock.advance(24 * 3600)
    assert insights(account)["EKS add-on version compatibility"]["insightStatus"]["status"] == "PASSING"
    account.eks.update_cluster_version(name="one", version="1.35")
    account.later()
    assert {insight["kubernetesVersion"] for insight in insights(account).values()} == {"1.36"}


def look_again(account: Account) -> None:
    account.eks.start_insights_refresh(clusterName="one")
    account.later()


def test_insights_are_refreshed(account: Account) -> None:
    account.cluster()
    before = insights(account)["Kubelet version skew"]["lastRefreshTime"]
    account.aws.clock.advance(500)
    assert account.eks.start_insights_refresh(clusterName="one")["status"] == "IN_PROGRESS"
    assert account.eks.describe_insights_refresh(clusterName="one")["status"] == "IN_PROGRESS"
    account.later()
    assert account.eks.describe_insights_refresh(clusterName="one")["status"] == "COMPLETED"
    assert insights(account)["Kubelet version skew"]["lastRefreshTime"] > before
    assert refused(account.eks.describe_insight, clusterName="one", id="none")[0] == "ResourceNotFoundException"
