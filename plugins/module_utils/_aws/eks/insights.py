# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS says of a cluster's readiness for an upgrade (ListInsights); an upgrade waits for what it says, and for what it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.versions import minor
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, SlipwayError

_BLOCKING = ("ERROR", "UNKNOWN")


@dataclass(frozen=True)
class Insight:
    """``status``: PASSING, WARNING, ERROR or UNKNOWN; ``version``: the Kubernetes version that it is about; ``refreshed``: ISO 8601, "" if never."""

    name: str
    category: str
    version: str
    status: str
    reason: str
    refreshed: str


def listed(aws: Aws, cluster: str) -> list[Insight]:
    return [_insight(each) for each in aws.listed("eks", "list_insights", "insights", clusterName=cluster)]


def of_upgrade(aws: Aws, cluster: str, version: str) -> list[Insight]:
    """Those about an upgrade to this version: what is about a later one can wait, and what names none counts."""
    wanted = {"categories": ["UPGRADE_READINESS"]}
    found = [_insight(each) for each in aws.listed("eks", "list_insights", "insights", clusterName=cluster, filter=wanted)]
    return [each for each in found if not each.version or minor(each.version) <= minor(version)]


def refresh(aws: Aws, cluster: str, timeout: float) -> None:
    """Have EKS look again: by itself it does so once a day, and what was mended since would still stand in the way."""
    try:
        aws.call("eks", "start_insights_refresh", clusterName=cluster)
    except SlipwayError as error:
        if "in progress" not in error.message:
            raise

    def look() -> Seen[None]:
        found = aws.call("eks", "describe_insights_refresh", clusterName=cluster)
        failed = found["status"] == "FAILED"
        return Seen(None, str(found["status"]), done=found["status"] == "COMPLETED", failure=str(found.get("message") or "no reason given") if failed else "")

    until_done(aws, f"upgrade insights of cluster {cluster}", look, timeout)


def refuse(cluster: str, version: str, found: list[Insight]) -> list[str]:
    """Warnings, for people. Raises ``Conflict`` if an insight stands in the way of the upgrade, or is not known."""
    blocking = [each for each in found if each.status in _BLOCKING]
    if blocking:
        told = "; ".join(f"{each.name}: {each.status}: {each.reason}" for each in blocking)
        raise Conflict(
            f"version: cluster {cluster} is not ready for {version}: {told}; mend that and run again, or set ignore_insights once you know better",
            insights=[each.name for each in blocking],
        )
    return [f"{each.name}: {each.reason}" for each in found if each.status == "WARNING"]


def _insight(found: Mapping[str, Any]) -> Insight:
    status, refreshed = found.get("insightStatus") or {}, found.get("lastRefreshTime")
    return Insight(
        str(found.get("name", "")),
        str(found.get("category", "")),
        str(found.get("kubernetesVersion", "")),
        str(status.get("status", "UNKNOWN")),
        str(status.get("reason", "")),
        refreshed.isoformat() if refreshed else "",
    )
