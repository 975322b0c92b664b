# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._postgres import consumers


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"volumes": [{"secret": {"secretName": "a"}}, {"emptyDir": {}}]}, {"a"}, id="volume"),
        pytest.param({"volumes": [{"projected": {"sources": [{"secret": {"name": "a"}}, {"configMap": {"name": "c"}}]}}]}, {"a"}, id="projected volume"),
        pytest.param({"containers": [{"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "a", "key": "k"}}}]}]}, {"a"}, id="variable"),
        pytest.param({"initContainers": [{"envFrom": [{"secretRef": {"name": "a"}}]}]}, {"a"}, id="variables of an init container"),
        pytest.param({"containers": [{"env": [{"name": "X", "value": "a"}], "envFrom": [{"configMapRef": {"name": "c"}}]}]}, set(), id="no secret"),
    ],
)
def test_the_secrets_of_a_pod(spec: dict[str, Any], expected: set[str]) -> None:
    assert consumers.secret_names(spec) == expected


def deployment(wanted: int, total: int, updated: int, ready: int, generation: int = 1, observed: int = 1) -> dict[str, Any]:
    status = {"observedGeneration": observed, "replicas": total, "updatedReplicas": updated, "readyReplicas": ready}
    return {"kind": "Deployment", "metadata": {"generation": generation}, "spec": {"replicas": wanted}, "status": status}


def daemon_set(wanted: int, updated: int, ready: int) -> dict[str, Any]:
    status = {"observedGeneration": 1, "desiredNumberScheduled": wanted, "updatedNumberScheduled": updated, "numberReady": ready}
    return {"kind": "DaemonSet", "metadata": {"generation": 1}, "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(deployment(2, 2, 2, 2), True, id="complete"),
        pytest.param(deployment(0, 0, 0, 0), True, id="scaled to nothing"),
        pytest.param(deployment(2, 3, 1, 3), False, id="the first new pod is ready"),
        pytest.param(deployment(2, 3, 2, 3), False, id="an old pod is still there"),
        pytest.param(deployment(2, 2, 2, 1), False, id="one is not ready"),
        pytest.param(deployment(2, 2, 2, 2, generation=2), False, id="the change was not seen yet"),
        pytest.param(daemon_set(3, 3, 3), True, id="daemons complete"),
        pytest.param(daemon_set(3, 2, 3), False, id="daemons under way"),
    ],
)
def test_settled(item: dict[str, Any], expected: bool) -> None:
    assert consumers.settled(item) is expected


def test_a_pod_belongs_to_the_workload_that_selects_it() -> None:
    kind = consumers.WORKLOADS[0]
    pod = consumers.Pod("hello", "hello-1", "10.0.0.1", {"app": "hello", "x": "y"}, "", "")
    assert consumers.Workload(kind, "hello", "hello", {"app": "hello"}, True).has(pod)
    assert not consumers.Workload(kind, "hello", "other", {"app": "other"}, True).has(pod)
    assert not consumers.Workload(kind, "elsewhere", "hello", {"app": "hello"}, True).has(pod)
