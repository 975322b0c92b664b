# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cluster is ready, from what its API says: pure functions over one list of objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DEPLOYMENTS = ("coredns",)
_KEY = tuple[str, str]


def missing(items: Iterable[Mapping[str, Any]], nodes: Sequence[str], deployments: Sequence[str] = DEPLOYMENTS) -> list[str]:
    """What is not there yet, a line each; empty means ready. ``items``: Node and Deployment objects as the API gives them."""
    found: dict[_KEY, Mapping[str, Any]] = {(item["kind"], item["metadata"]["name"]): item for item in items}
    lines = [node_trouble(name, found.get(("Node", name))) for name in nodes]
    lines += [deployment_trouble(name, found.get(("Deployment", name))) for name in deployments]
    return [line for line in lines if line]


def node_trouble(name: str, node: Mapping[str, Any] | None) -> str:
    """Why a node does not take pods; empty if it does."""
    if node is None:
        return f"node {name} has not joined"
    ready = next((c for c in node.get("status", {}).get("conditions", []) if c["type"] == "Ready"), None)
    if ready is None:
        return f"node {name} has not reported"
    return "" if ready["status"] == "True" else f"node {name} is not ready: {ready.get('message') or ready.get('reason') or 'no reason given'}"


def deployment_trouble(name: str, deployment: Mapping[str, Any] | None) -> str:
    """Why a deployment does not serve; empty if all its replicas of the latest generation are available."""
    if deployment is None:
        return f"deployment {name} does not exist"
    status = deployment.get("status", {})
    wanted = deployment["spec"].get("replicas", 1)
    available = status.get("availableReplicas", 0)
    current = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return "" if current and available >= wanted else f"deployment {name}: {available} of {wanted} available"


def version(items: Iterable[Mapping[str, Any]]) -> str | None:
    """The version that the nodes run (v1.35.4), or None."""
    versions = {item["status"]["nodeInfo"]["kubeletVersion"] for item in items if item["kind"] == "Node"}
    return sorted(versions)[0] if versions else None
