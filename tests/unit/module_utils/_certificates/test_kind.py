# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates on a cluster's nodes as rows of the inventory."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import judge
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import DEFAULT, Thresholds, Verdict
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import ClusterPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import kind
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources.cluster import collect
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine
from support import nodes, pki
from support.nodes import CONTROLLER, WORKER


@pytest.fixture
def cluster(tmp_path: Path) -> nodes.Cluster:
    return nodes.Cluster(tmp_path, pki.NOW - pki.DAY)


def rows(cluster: nodes.Cluster, thresholds: Thresholds | None = None) -> dict[str, kind.Found]:
    return {each.name: each for each in kind.found(nodes.CLUSTER, Engine(str(cluster.root / "bin/podman"), {}), thresholds)}


def test_every_certificate_of_every_node_is_a_row(cluster: nodes.Cluster) -> None:
    found = rows(cluster)
    assert len(found) == len(nodes.KUBEADM) + 3 + 3
    assert found[f"kube-apiserver on {CONTROLLER}"].chain[0].subject == "CN=apiserver"
    expected = {"kind": "node", "cluster": nodes.CLUSTER, "node": WORKER, "path": "/var/lib/kubelet/pki/kubelet.crt"}
    assert found[f"kubelet on {WORKER}"].labels == expected
    assert {judge.judge(each, DEFAULT, pki.NOW, None).verdict for each in found.values()} == {Verdict.OK}


def test_what_a_kubelet_rotates_is_late_only_when_it_did_not(cluster: nodes.Cluster) -> None:
    found = rows(cluster)[f"kubelet to the API on {WORKER}"]
    ends = found.chain[0].not_after
    assert judge.judge(found, DEFAULT, ends - 31 * pki.DAY, None).verdict == Verdict.OK
    assert judge.judge(found, DEFAULT, ends - 29 * pki.DAY, None).verdict == Verdict.WARNING
    assert rows(cluster, DEFAULT)[f"kubelet to the API on {WORKER}"].thresholds == DEFAULT


def test_a_node_that_does_not_run_is_unknown_and_the_others_are_read(cluster: nodes.Cluster) -> None:
    cluster.state(CONTROLLER, "exited")
    found = rows(cluster)
    assert [problem.verdict for problem in found[f"all on {CONTROLLER}"].problems] == [Verdict.UNKNOWN]
    assert f"kubelet on {WORKER}" in found


def test_a_file_without_a_certificate_is_unknown(cluster: nodes.Cluster) -> None:
    (cluster.root / WORKER / nodes.PORTS[10250]).write_text("nothing\n")
    assert judge.judge(rows(cluster)[f"kubelet on {WORKER}"], DEFAULT, pki.NOW, None).verdict == Verdict.UNKNOWN


def test_a_cluster_that_is_not_there_is_unknown(cluster: nodes.Cluster) -> None:
    (cluster.root / "ps.json").write_text("[]")
    found = rows(cluster)
    assert [problem.code for problem in found["nodes of c"].problems] == ["missing"]
    assert judge.judge(found["nodes of c"], DEFAULT, pki.NOW, None).verdict == Verdict.UNKNOWN


def test_a_cluster_that_is_ours_is_looked_into(cluster: nodes.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "engine", lambda: Engine(str(cluster.root / "bin/podman"), {}))
    part = ClusterPart(str(cluster.root / "none"), kind=nodes.CLUSTER)
    found = {each.name: each for each in collect([part], Request(), Context())}
    assert f"kube-apiserver to etcd on {CONTROLLER}" in found
    assert [problem.verdict for problem in found[part.kubeconfig].problems] == [Verdict.UNKNOWN]  # which does not hide the nodes
