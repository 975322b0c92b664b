# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal says of itself: real, stand-in, or accepted and not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.adopted import Rehearsed, rehearsed

from simulator.eks.catalogue import ADDONS
from simulator.world.addons import TABLE, Addons
from simulator.world.parts import NOT_RUN, REAL, STAND_IN, Part, Parts, summary


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Rehearsed]:
    with rehearsed(tmp_path) as found:
        yield found


def _workload(world: Rehearsed, kind: str, name: str, image: str, **status: int) -> None:
    spec = {"replicas": 2, "template": {"spec": {"containers": [{"name": name, "image": image}]}}}
    content: dict[str, Any] = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "kube-system"}, "spec": spec, "status": status}
    world.api.put("/api/v1/namespaces/kube-system", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}})
    world.api.put(f"/apis/apps/v1/namespaces/kube-system/{kind.lower()}s/{name}", content)


def _parts(world: Rehearsed) -> dict[str, Part]:
    return {part.name.removeprefix("EKS add-on "): part for part in Addons(world.aws.simulator, world.adopted).parts()}


def test_what_the_cluster_has_is_told_as_it_is(world: Rehearsed) -> None:
    _workload(world, "Deployment", "coredns", "coredns/coredns:v1.14.3", readyReplicas=1)
    _workload(world, "DaemonSet", "kube-proxy", "kube-proxy:v1.35.4", numberReady=3, desiredNumberScheduled=3)
    for name in ("coredns", "kube-proxy", "metrics-server"):
        world.account.eks.create_addon(clusterName="one", addonName=name)
    parts = _parts(world)
    assert parts["coredns"].state == REAL
    told = "the cluster's own Deployment kube-system/coredns, coredns/coredns:v1.14.3, 1 of 2 ready; EKS was asked for v1.13.2-eksbuild.3"
    assert parts["coredns"].reason == told
    assert "kube-proxy:v1.35.4, 3 of 3 ready" in parts["kube-proxy"].reason
    assert (parts["metrics-server"].state, "no role does" in parts["metrics-server"].reason) == (NOT_RUN, True)


def test_configuration_that_is_not_applied_is_told(world: Rehearsed) -> None:
    _workload(world, "Deployment", "coredns", "coredns/coredns:v1.14.3", readyReplicas=2)
    world.account.eks.create_addon(clusterName="one", addonName="coredns", configurationValues='{"replicaCount": 3}')
    assert _parts(world)["coredns"].reason.endswith("and its configuration changes nothing")


def test_what_is_not_in_the_cluster_is_not_run(world: Rehearsed) -> None:
    world.account.eks.create_addon(clusterName="one", addonName="coredns")
    assert _parts(world)["coredns"] == Part("EKS add-on coredns", NOT_RUN, "the cluster has no Deployment kube-system/coredns")


def test_a_metrics_server_that_somebody_installed_is_real(world: Rehearsed) -> None:
    _workload(world, "Deployment", "metrics-server", "metrics-server:v0.9.0", readyReplicas=2)
    world.account.eks.create_addon(clusterName="one", addonName="metrics-server")
    assert _parts(world)["metrics-server"].state == REAL


def test_a_cluster_that_refuses_is_the_reason(world: Rehearsed) -> None:
    world.account.eks.create_addon(clusterName="one", addonName="coredns")
    world.adopted.kubeconfig.unlink()
    part = _parts(world)["coredns"]
    assert part.state == NOT_RUN
    assert "could not be seen" in part.reason


def test_every_add_on_of_the_catalogue_has_its_reason() -> None:
    assert TABLE.keys() == ADDONS.keys()
    assert all(row.workload or row.reason for row in TABLE.values())


def test_a_deleted_add_on_is_not_told_any_more(world: Rehearsed) -> None:
    world.account.eks.create_addon(clusterName="one", addonName="vpc-cni")
    world.account.later()
    assert _parts(world)["vpc-cni"].state == NOT_RUN
    world.account.eks.delete_addon(clusterName="one", addonName="vpc-cni")
    world.account.later()
    world.account.describe()
    assert _parts(world) == {}


def test_the_registry_asks_anew_and_sorts() -> None:
    parts, found = Parts(), [Part("b", NOT_RUN, "no"), Part("c", REAL, "yes"), Part("a", NOT_RUN, "no")]
    parts.add(lambda: found)
    parts.add(lambda: [Part("d", STAND_IN, "like it"), Part("c", REAL, "yes")])
    assert [part.name for part in parts.all()] == ["c", "d", "a", "b"]
    del found[0]
    assert [part.name for part in parts.all()] == ["c", "d", "a"]


def test_the_summary() -> None:
    lines = summary([Part("RDS", REAL, "PostgreSQL"), Part("EKS add-on x", NOT_RUN, "why")])
    assert lines == ["real:", "  RDS           PostgreSQL", "accepted, not run:", "  EKS add-on x  why"]
    assert summary([]) == []


def test_there_are_three_states() -> None:
    with pytest.raises(ValueError, match="'maybe' is none of real, stand-in, accepted, not run"):
        Part("RDS", "maybe", "")
