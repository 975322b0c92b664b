# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cluster is ready, from what its API says: pure functions over one list of objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

DEPLOYMENTS = ("coredns",)
_KEY = tuple[str, str]


def missing(
    items: Iterable[Mapping[str, Any]], nodes: Sequence[str], deployments: Sequence[str] = DEPLOYMENTS, restarted: Mapping[str, datetime] | None = None
) -> list[str]:
    """What is not there yet, a line each; empty means ready. ``items``: Node, Deployment and Pod objects as the API gives them.

    ``restarted`` says since when (UTC) a node runs: what the API remembers of the time before does not count.
    """
    since = restarted or {}
    items = list(items)
    found: dict[_KEY, Mapping[str, Any]] = {(item["kind"], item["metadata"]["name"]): item for item in items}
    lines = [node_trouble(name, found.get(("Node", name)), since.get(name)) for name in nodes]
    lines += [deployment_trouble(name, found.get(("Deployment", name))) for name in deployments]
    lines += [pod_trouble(item, since[item["spec"]["nodeName"]]) for item in items if item["kind"] == "Pod" and item["spec"].get("nodeName") in since]
    return [line for line in lines if line]


def node_trouble(name: str, node: Mapping[str, Any] | None, since: datetime | None = None) -> str:
    """Why a node does not take pods; empty if it does."""
    if node is None:
        return f"node {name} has not joined"
    ready = next((c for c in node.get("status", {}).get("conditions", []) if c["type"] == "Ready"), None)
    if ready is None:
        return f"node {name} has not reported"
    if since is not None and _time(ready["lastHeartbeatTime"]) < since.replace(microsecond=0):
        return f"node {name} has not reported since it was started"
    return "" if ready["status"] == "True" else f"node {name} is not ready: {ready.get('message') or ready.get('reason') or 'no reason given'}"


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def deployment_trouble(name: str, deployment: Mapping[str, Any] | None) -> str:
    """Why a deployment does not serve; empty if all its replicas of the latest generation are available."""
    if deployment is None:
        return f"deployment {name} does not exist"
    status = deployment.get("status", {})
    wanted = deployment["spec"].get("replicas", 1)
    available = status.get("availableReplicas", 0)
    current = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return "" if current and available >= wanted else f"deployment {name}: {available} of {wanted} available"


def pod_trouble(pod: Mapping[str, Any], since: datetime) -> str:
    """Why a pod on a restarted node does not run again; empty if all its containers were started after ``since`` and are ready."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    again = [status for status in statuses if status["ready"] and _time(status["state"]["running"]["startedAt"]) >= since.replace(microsecond=0)]
    return "" if statuses and len(again) == len(statuses) else f"pod {pod['metadata']['name']} does not run again yet"


def version(items: Iterable[Mapping[str, Any]]) -> str | None:
    """The version that the nodes run (v1.35.4), or None."""
    versions = {item["status"]["nodeInfo"]["kubeletVersion"] for item in items if item["kind"] == "Node"}
    return sorted(versions)[0] if versions else None
