# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a cluster counts as ready."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._kind import readiness

SINCE = datetime(2026, 11, 21, 12, 0, 0, 700000, tzinfo=UTC)


def node(name: str, status: str = "True", heartbeat: str = "2026-11-21T12:00:05Z") -> dict[str, Any]:
    condition = {"type": "Ready", "status": status, "message": "no network", "lastHeartbeatTime": heartbeat}
    return {"kind": "Node", "metadata": {"name": name}, "status": {"conditions": [condition], "nodeInfo": {"kubeletVersion": "v1.35.4"}}}


def coredns(available: int, observed: int = 2) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "coredns", "generation": 2},
        "spec": {"replicas": 2},
        "status": {"availableReplicas": available, "observedGeneration": observed},
    }


def pod(started: str | None, ready: bool = True, where: str = "a") -> dict[str, Any]:
    statuses = [{"ready": ready, "state": {"running": {"startedAt": started}}}] if started else []
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": where}, "status": {"containerStatuses": statuses}}


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ([node("a"), coredns(2)], []),
        ([coredns(2)], ["node a has not joined"]),
        ([{"kind": "Node", "metadata": {"name": "a"}}, coredns(2)], ["node a has not reported"]),
        ([node("a", "False"), coredns(2)], ["node a is not ready: no network"]),
        ([node("a", "Unknown"), coredns(2)], ["node a is not ready: no network"]),
        ([node("a"), coredns(1)], ["deployment coredns: 1 of 2 available"]),
        ([node("a"), coredns(2, observed=1)], ["deployment coredns: 2 of 2 available"]),
        ([node("a")], ["deployment coredns does not exist"]),
        ([node("a"), coredns(2), pod(None)], []),
    ],
)
def test_what_is_missing(items: list[dict[str, Any]], lines: list[str]) -> None:
    assert readiness.missing(items, ["a"]) == lines


@pytest.mark.parametrize(
    ("items", "lines"),
    [
        ([node("a"), pod("2026-11-21T12:00:00Z")], []),
        ([node("a", heartbeat="2026-11-21T11:59:59Z")], ["node a has not reported since it was started"]),
        ([node("a"), pod("2026-11-21T11:59:00Z")], ["pod p does not run again yet"]),
        ([node("a"), pod("2026-11-21T12:00:07Z", ready=False)], ["pod p does not run again yet"]),
        ([node("a"), pod(None)], ["pod p does not run again yet"]),
        ([node("a"), pod("2026-11-21T11:59:00Z", where="b")], []),
    ],
)
def test_what_was_before_a_restart_does_not_count(items: list[dict[str, Any]], lines: list[str]) -> None:
    assert readiness.missing(items, ["a"], deployments=(), restarted={"a": SINCE}) == lines


def test_the_version_is_that_of_the_nodes() -> None:
    assert readiness.version([node("a"), coredns(2)]) == "v1.35.4"
    assert readiness.version([]) is None
