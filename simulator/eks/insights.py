# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Insights: what EKS found that hinders the next upgrade, when it last looked; a fault says at once what is found.

Which checks there are, and their texts, follow the user guide, "View cluster insights". EKS looks once a day, or when it is told to: what has been mended
since then is still found.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from simulator.eks import catalogue
from simulator.eks.errors import not_found
from simulator.eks.pages import page
from simulator.eks.state import Cluster, Json, Scene
from simulator.eks.versions import VERSIONS, following

_SKEW = 3
_EVERY = timedelta(days=1)


@dataclass
class Check:
    name: str
    description: str
    recommendation: str
    status: str = "PASSING"
    reason: str = "No issues were found."
    resources: list[Json] = field(default_factory=list)
    summary: Json = field(default_factory=dict)


def refreshed(cluster: Cluster, when: datetime) -> None:
    """Looks, at this time."""
    target = following(cluster.version)
    checks = [_kubelets(cluster, target), _addons(cluster, target), _health(cluster), _deprecated(target)] if target in VERSIONS else []
    cluster.findings = (target, checks)
    cluster.refreshes = {"status": "COMPLETED", "message": "Insights refresh completed successfully", "startedAt": when, "endedAt": when}


def _checks(scene: Scene, cluster: Cluster) -> Iterator[Check]:
    old = cluster.refreshes["status"] == "COMPLETED" and scene.now - cluster.refreshes["endedAt"] >= _EVERY
    if old or cluster.findings[0] != following(cluster.version):
        refreshed(cluster, scene.now)
    for check in cluster.findings[1]:
        finding = scene.state.faults.findings.get((cluster.name, check.name))
        yield replace(check, status=finding.status, reason=finding.reason) if finding else check


def _kubelets(cluster: Cluster, target: str) -> Check:
    check = Check(
        "Kubelet version skew",
        "Checks for kubelet versions of worker nodes in the cluster to see if upgrade would cause noncompliance with supported Kubernetes kubelet "
        "version skew policy.",
        "Upgrade your worker nodes to match the Kubernetes version of your cluster control plane.",
    )
    for group in cluster.nodegroups.values():
        skew = VERSIONS[target].minor - int(group["version"].partition(".")[2])
        if skew >= _SKEW:
            status = "ERROR" if skew > _SKEW else "WARNING"
            check.status = "ERROR" if "ERROR" in (status, check.status) else status
            check.reason = "Nodes are too far behind the Kubernetes version of the control plane."
            check.resources.append({"insightStatus": {"status": status, "reason": f"kubelet {group['version']}"}, "arn": group["nodegroupArn"]})
    return check


def _addons(cluster: Cluster, target: str) -> Check:
    check = Check(
        "EKS add-on version compatibility",
        "Checks version of installed EKS add-ons to ensure they are compatible with the next version of Kubernetes.",
        "Upgrade your EKS add-ons to a version that is compatible with the next version of Kubernetes.",
    )
    details = []
    for name, addon in cluster.addons.items():
        versions = [version.name for version in catalogue.ADDONS[name].versions if version.fits(target)]
        if addon["addonVersion"] not in versions:
            reason = f"{name} {addon['addonVersion']} is not compatible with Kubernetes {target}."
            check.status, check.reason = "ERROR", "Installed add-ons are not compatible with the next version of Kubernetes."
            check.resources.append({"insightStatus": {"status": "ERROR", "reason": reason}, "arn": addon["addonArn"]})
            details.append({"name": name, "compatibleVersions": versions})
    check.summary = {"addonCompatibilityDetails": details} if details else {}
    return check


def _health(cluster: Cluster) -> Check:
    check = Check("Cluster health issues", "Checks for any cluster health issues that prevent successful upgrade.", "Resolve the health issues of the cluster.")
    if cluster.shown["health"]["issues"]:
        check.status, check.reason = "ERROR", "The cluster has health issues."
        check.resources.append({"insightStatus": {"status": "ERROR", "reason": check.reason}, "arn": cluster.shown["arn"]})
    return check


def _deprecated(target: str) -> Check:
    return Check(
        f"Deprecated APIs removed in Kubernetes v{target}",
        f"Checks for usage of deprecated APIs that are scheduled for removal in Kubernetes v{target}.",
        f"Update manifests and API clients to use newer Kubernetes APIs if applicable before upgrading to Kubernetes v{target}.",
        reason="No deprecated API usage detected within the last 30 days.",
        summary={"deprecationDetails": []},
    )


def blocking(scene: Scene, cluster: Cluster) -> bool:
    return any(check.status == "ERROR" for check in _checks(scene, cluster))


def _shown(cluster: Cluster, check: Check) -> dict[str, Any]:
    target = following(cluster.version)
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster.shown['arn']}/{target}/{check.name}")),
        "name": check.name,
        "category": "UPGRADE_READINESS",
        "kubernetesVersion": target,
        "lastRefreshTime": cluster.refreshes["endedAt"],
        "lastTransitionTime": cluster.refreshes["endedAt"],
        "description": check.description,
        "insightStatus": {"status": check.status, "reason": check.reason},
    }


def list_insights(scene: Scene, parameters: Json) -> Json:
    cluster, wanted = scene.standing(parameters["clusterName"]), parameters.get("filter") or {}
    found = [_shown(cluster, check) for check in _checks(scene, cluster)]
    for member, of in (("categories", "category"), ("kubernetesVersions", "kubernetesVersion")):
        found = [insight for insight in found if not wanted.get(member) or insight[of] in wanted[member]]
    statuses = wanted.get("statuses")
    return page("insights", [insight for insight in found if not statuses or insight["insightStatus"]["status"] in statuses], parameters)


def describe_insight(scene: Scene, parameters: Json) -> Json:
    cluster = scene.standing(parameters["clusterName"])
    for check in _checks(scene, cluster):
        shown = _shown(cluster, check)
        if shown["id"] == parameters["id"]:
            more = {"recommendation": check.recommendation, "additionalInfo": {}, "resources": check.resources, "categorySpecificSummary": check.summary}
            return {"insight": shown | more}
    raise not_found(f"No insight found for id: {parameters['id']}", clusterName=cluster.name)


def start_insights_refresh(scene: Scene, parameters: Json) -> Json:
    cluster = scene.standing(parameters["clusterName"])
    begun = scene.now
    # What was found last stays known while EKS looks again.
    cluster.refreshes |= {"status": "IN_PROGRESS", "message": "Insights refresh is in progress", "startedAt": begun}

    def finish(when: datetime) -> None:
        refreshed(cluster, when)
        cluster.refreshes["startedAt"] = begun

    scene.later(scene.state.timing.refresh, finish)
    return {"message": cluster.refreshes["message"], "status": "IN_PROGRESS"}


def describe_insights_refresh(scene: Scene, parameters: Json) -> Json:
    shown = dict(scene.standing(parameters["clusterName"]).refreshes)
    if shown["status"] == "IN_PROGRESS":
        del shown["endedAt"]
    return shown


OPERATIONS = {
    "ListInsights": list_insights,
    "DescribeInsight": describe_insight,
    "StartInsightsRefresh": start_insights_refresh,
    "DescribeInsightsRefresh": describe_insights_refresh,
}
