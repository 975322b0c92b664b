# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of a cluster's nodes: what is read, what is renewed, who is restarted, and that nothing old is left."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._kind import certificates, renewal, static_pods
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine
from ansible_collections.slipway.platform.plugins.module_utils._kind.renewal_work import World, converge
from support import nodes, pki
from support.nodes import CONTROLLER, LIFETIME, WORKER

FRESH = pki.NOW - pki.DAY
OLD = pki.NOW - LIFETIME * 2 / 3
ADMIN = "etc/kubernetes/admin.conf"
KEEPING = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]  # what keeps certificates in memory


@pytest.fixture
def cluster(tmp_path: Path) -> nodes.Cluster:
    return nodes.Cluster(tmp_path, FRESH)


def engine_of(cluster: nodes.Cluster) -> Engine:
    return Engine(str(cluster.root / "bin/podman"), {"PYTHONPATH": ":".join(path for path in sys.path if path)})


def run(cluster: nodes.Cluster, renew: str = "due", check_mode: bool = False, progress: Callable[[str], None] = lambda _: None) -> renewal.Result:
    ticks = count()
    world = World(now=lambda: pki.NOW, clock=lambda: float(next(ticks)), sleep=lambda _: None, served=cluster.served)
    request = renewal.Request(nodes.CLUSTER, renew, cluster.kubeconfig, cluster.root if (cluster.root / "record.json").exists() else None, cluster.root, 10)
    return converge(request, progress, check_mode, world, engine_of(cluster))


def restarts(cluster: nodes.Cluster) -> list[str]:
    return [line.removesuffix(" ends") for line in cluster.log if line.endswith(" ends")]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- reading


def test_certificates_are_read_and_no_key_is(cluster: nodes.Cluster) -> None:
    found = certificates.read_all(engine_of(cluster), CONTROLLER)
    assert {held.name for held in found.values()} >= {"kube-apiserver", "etcd", "kubelet", "kubelet to the API", "admin.conf", "authority of the cluster"}
    assert not any(b"KEY" in held.pem for held in found.values())
    assert found[ADMIN].chain[0].subject == "CN=admin.conf"
    assert set(certificates.read_all(engine_of(cluster), WORKER)) == {f"{certificates.PKI}/ca.crt", certificates.KUBELET_SERVING, certificates.KUBELET_CLIENT}


def test_a_certificate_without_its_end_takes_no_key_along(cluster: nodes.Cluster) -> None:
    path = cluster.root / WORKER / "var/lib/kubelet/pki/kubelet-client-first.pem"
    path.write_bytes(path.read_bytes().replace(b"-----END CERTIFICATE-----\n", b""))
    printed = engine_of(cluster).shell(WORKER, "looking", certificates._LOOK, "nothing")
    found = certificates.read_all(engine_of(cluster), WORKER)[certificates.KUBELET_CLIENT]
    assert (found.pem, found.chain) == (b"", ())
    assert len(printed.splitlines()) == 3


def test_what_is_no_certificate_is_a_row_without_dates(cluster: nodes.Cluster) -> None:
    (cluster.root / CONTROLLER / "etc/kubernetes/pki/own.crt").write_text("nothing\n")
    held = certificates.read_all(engine_of(cluster), CONTROLLER)["etc/kubernetes/pki/own.crt"]
    assert (held.name, held.chain) == ("/etc/kubernetes/pki/own.crt", ())
    assert certificates.due(held, pki.NOW, 0.0)


def test_a_node_that_does_not_run_is_an_error_and_nothing_is_touched(cluster: nodes.Cluster) -> None:
    cluster.state(WORKER, "exited")
    with pytest.raises(NotReady, match=f"node {WORKER} does not run"):
        run(cluster, "all")
    assert cluster.log == []


def test_a_script_that_fails_says_where_and_what_and_not_the_script(cluster: nodes.Cluster) -> None:
    with pytest.raises(CommandFailed) as caught:
        engine_of(cluster).shell(WORKER, "looking", "echo cause >&2; exit 3")
    assert caught.value.message == f"node {WORKER}: looking ended with status 3\ncause"
    with pytest.raises(CommandFailed) as caught:
        engine_of(cluster).shell(WORKER, "looking", "echo secret; exit 3", private=True)
    assert "secret" not in caught.value.message + json.dumps(caught.value.facts)


@pytest.mark.parametrize(
    ("probe", "url"),
    [
        ({"readinessProbe": {"httpGet": {"host": "192.0.2.1", "path": "/readyz", "port": "p", "scheme": "HTTPS"}}}, "https://192.0.2.1:6443/readyz"),
        ({"livenessProbe": {"httpGet": {"path": "/healthz", "port": 10259}}}, "http://127.0.0.1:10259/healthz"),
        ({"livenessProbe": {"exec": {}}}, ""),
        ({}, ""),
    ],
)
def test_health_is_asked_as_the_kubelet_asks(probe: dict[str, Any], url: str) -> None:
    container = {"command": ["x"], "ports": [{"name": "p", "containerPort": 6443}], **probe}
    assert static_pods.describe("x", {"spec": {"containers": [container]}}).health == url


# --- deciding


@pytest.mark.parametrize(
    ("left", "is_due"),
    [(timedelta(days=120, seconds=1), False), (timedelta(days=120), True), (timedelta(0), True), (-timedelta(days=1), True), (timedelta(days=360), False)],
)
def test_a_third_of_the_lifetime_is_the_boundary(left: timedelta, is_due: bool) -> None:
    made = pki.issue("x", None, begins=pki.NOW + left - LIFETIME, ends=pki.NOW + left)
    assert certificates.due(certificates.Held("x", made.pem, (made.facts,), 0), pki.NOW, renewal.LEFT) is is_due


def test_nothing_is_due(cluster: nodes.Cluster) -> None:
    before = files(cluster.root / CONTROLLER)
    result = run(cluster)
    assert (result.changed, result.renewed, result.restarted) == (False, [], [])
    assert (cluster.log, files(cluster.root / CONTROLLER)) == ([], before)
    assert not run(cluster, check_mode=True).changed


def test_only_what_is_due_is_renewed_and_only_who_holds_it_is_restarted(cluster: nodes.Cluster) -> None:
    cluster.begin(OLD)
    nodes.issue(cluster.root, CONTROLLER, "scheduler.conf")
    cluster.start("kube-scheduler")
    cluster.begin(FRESH)
    result = run(cluster)
    assert result.renewed == [f"kube-scheduler on {CONTROLLER}"]
    assert cluster.log == ["kubeadm renews scheduler.conf", f"kubelet of {CONTROLLER} restarts", "kube-scheduler ends"]
    assert not run(cluster).changed


# --- renewing


def test_all_is_renewed_one_after_another_and_served(cluster: nodes.Cluster) -> None:
    before = run(cluster, "none")
    result = run(cluster, "all")
    assert cluster.log[0:3] == ["kubeadm renews all", f"kubelet of {CONTROLLER} restarts", f"kubelet of {WORKER} restarts"]
    assert restarts(cluster) == KEEPING
    assert len(result.renewed) == len(nodes.KUBEADM) + 2
    serials = {row["before"]["serial"] for row in before.certificates if row["renewed"] is False and "authority" not in row["name"]}
    kept = {row["after"]["serial"] for row in result.certificates if "to the API" not in row["name"] and "authority" not in row["name"]}
    assert not serials & kept
    assert result.changed
    assert result.after["with_old_certificates"] == []
    assert not run(cluster).changed


def test_the_kubeconfig_has_the_new_certificate_and_the_old_address(cluster: nodes.Cluster) -> None:
    (cluster.root / "record.json").write_text("{}")
    result = run(cluster, "all")
    written = yaml.safe_load(cluster.kubeconfig.read_text())
    assert written["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:16443"
    assert written["users"] == yaml.safe_load((cluster.root / CONTROLLER / ADMIN).read_text())["users"]
    assert cluster.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert "kubeconfig_sha256" in json.loads((cluster.root / "record.json").read_text())
    assert written["users"][0]["user"]["client-key-data"] not in json.dumps(result.diff) + repr(result)


def test_what_check_mode_says_is_what_is_done(cluster: nodes.Cluster) -> None:
    before = [files(cluster.root / node) for node in nodes.ADDRESSES], cluster.kubeconfig.read_bytes()
    foreseen = run(cluster, "all", check_mode=True)
    assert ([files(cluster.root / node) for node in nodes.ADDRESSES], cluster.kubeconfig.read_bytes()) == before
    done = run(cluster, "all")
    assert (foreseen.changed, foreseen.renewed) == (True, done.renewed)
    assert [(row["name"], row["node"]) for row in foreseen.restarted] == [(row["name"], row["node"]) for row in done.restarted]
    assert foreseen.before == done.before


def test_none_only_looks(cluster: nodes.Cluster) -> None:
    cluster.issue_all()
    result = run(cluster, "none")
    assert not result.changed
    assert f"kube-apiserver on {CONTROLLER}" in result.before["with_old_certificates"]
    assert cluster.log == []


def test_no_private_key_is_in_a_result_a_line_or_an_argument(cluster: nodes.Cluster) -> None:
    said: list[str] = []
    result = run(cluster, "all", progress=said.append)
    keys = [path.read_text() for path in cluster.root.rglob("*.key")]
    keys += [yaml.safe_load(path.read_text())["users"][0]["user"]["client-key-data"] for path in cluster.root.rglob("admin.conf")]
    shown = repr(result) + json.dumps(result.diff) + "".join(said) + (cluster.root / "arguments").read_text()
    secrets = [line for key in keys for line in key.splitlines() if len(line) > 40]
    assert len(secrets) > len(nodes.KUBEADM)
    assert not [line for line in secrets if line in shown]


# --- interrupted runs


def test_what_was_renewed_and_not_restarted_is_restarted(cluster: nodes.Cluster) -> None:
    cluster.issue_all()
    result = run(cluster)
    assert restarts(cluster) == KEEPING
    assert not any("kubeadm" in line for line in cluster.log)
    assert result.changed
    assert not run(cluster).changed


def test_what_serves_another_certificate_than_its_file_is_restarted(cluster: nodes.Cluster) -> None:
    cluster.broken(etcd="keeps what it has read")
    nodes.issue(cluster.root, CONTROLLER, "etcd-peer")
    assert run(cluster, check_mode=True).before["with_old_certificates"] == [f"etcd on {CONTROLLER}"]
    run(cluster)
    assert restarts(cluster) == ["etcd"]
    assert not run(cluster).changed


def test_etcd_that_reads_its_files_for_each_client_goes_on(cluster: nodes.Cluster) -> None:
    nodes.issue(cluster.root, CONTROLLER, "etcd-peer")
    assert not run(cluster).changed


def test_a_kubelet_that_serves_an_older_certificate_is_restarted(cluster: nodes.Cluster) -> None:
    (cluster.root / WORKER / nodes.PORTS[10250]).write_bytes(nodes.issued(cluster.root, "newer").pem)
    assert [(row["name"], row["node"]) for row in run(cluster).restarted] == [("kubelet", WORKER)]
    assert cluster.log == [f"kubelet of {WORKER} restarts"]
    assert not run(cluster).changed


@pytest.mark.parametrize("at", ["apiserver", "etcd-peer"])
def test_a_kubeadm_that_was_killed_between_key_and_certificate_is_taken_back(cluster: nodes.Cluster, at: str) -> None:
    pairs = files(cluster.root / CONTROLLER / "etc/kubernetes/pki")
    cluster.begin(pki.NOW)
    cluster.broken(kubeadm=f"killed at {at}")
    with pytest.raises(CommandFailed, match="kubeadm certs renew ended with status 137"):
        run(cluster, "all")
    assert files(cluster.root / CONTROLLER / "etc/kubernetes/pki") != pairs
    cluster.broken()
    assert run(cluster, check_mode=True).changed
    assert run(cluster).renewed == []
    assert files(cluster.root / CONTROLLER / "etc/kubernetes/pki") == pairs
    assert not (cluster.root / CONTROLLER / certificates.UNFINISHED).exists()
    assert not run(cluster).changed


def test_a_kubeconfig_that_was_not_written_is_written(cluster: nodes.Cluster) -> None:
    kept = cluster.kubeconfig.read_bytes()
    run(cluster, "all")
    cluster.kubeconfig.write_bytes(kept)
    cluster.forget()
    assert run(cluster).changed
    assert cluster.log == []
    assert cluster.kubeconfig.read_bytes() != kept


# --- kubelets that could not rotate


def test_kubelets_whose_certificates_have_ended_get_new_ones(tmp_path: Path) -> None:
    cluster = nodes.Cluster(tmp_path, pki.NOW - LIFETIME)
    cluster.begin(FRESH)
    result = run(cluster)
    assert {f"kubelet to the API on {CONTROLLER}", f"kubelet to the API on {WORKER}"} <= set(result.renewed)
    assert len(result.renewed) == len(nodes.KUBEADM) + 4
    assert "kubeadm makes a client certificate" in cluster.log
    assert not (cluster.root / WORKER / "etc/kubernetes/bootstrap-kubelet.conf").exists()
    assert "abcdef.0123456789abcdef" not in repr(result) + (cluster.root / "arguments").read_text()
    current = cluster.root / CONTROLLER / nodes.CLIENT
    assert current.is_symlink()
    assert not run(cluster).changed


# --- failures


def test_a_component_that_does_not_come_back_is_named_with_its_last_lines(cluster: nodes.Cluster) -> None:
    cluster.broken(kubelet="starts nothing")
    logs = cluster.root / CONTROLLER / "var/log/containers"
    logs.mkdir(parents=True)
    (logs / f"kube-apiserver-{CONTROLLER}_kube-system_kube-apiserver-1.log").write_text("the cause\n")
    with pytest.raises(NotReady, match=f"kube-apiserver on {CONTROLLER} is not as it should be after 10 s") as caught:
        run(cluster, "all")
    assert "the cause" in caught.value.message
    assert restarts(cluster) == KEEPING[:1]
    cluster.broken()
    cluster.start("kube-apiserver")
    assert run(cluster).changed
    assert restarts(cluster) == KEEPING
    assert not run(cluster).changed


def test_what_is_not_well_is_said(cluster: nodes.Cluster) -> None:
    cluster.broken(health=":1014/")  # kube-apiserver
    with pytest.raises(NotReady, match=r"https://127.0.0.1:1014/readyz answers 500"):
        run(cluster, "all")


def test_a_kubeadm_that_renews_nothing_is_an_error(cluster: nodes.Cluster) -> None:
    cluster.broken(kubeadm="renews nothing")
    with pytest.raises(NotReady, match="was not renewed: is the key of its authority"):
        run(cluster, "all")


def test_the_kubeconfig_of_another_cluster_is_refused_before_anything(cluster: nodes.Cluster) -> None:
    found = yaml.safe_load(cluster.kubeconfig.read_text())
    key = found["users"][0]["user"]["client-key-data"]
    found["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(pki.authority("other").pem).decode()
    cluster.kubeconfig.write_text(yaml.safe_dump(found))
    with pytest.raises(InvalidInput, match="trusts another authority"):
        run(cluster, "all")
    for text in ("", "{}", f"key: [{key}", key):
        cluster.kubeconfig.write_text(text)
        with pytest.raises(InvalidInput, match="is not one of a cluster of kubeadm") as caught:
            run(cluster, "all")
        assert key not in caught.value.message
    cluster.kubeconfig.unlink()
    with pytest.raises(InvalidInput, match="can't be read"):
        run(cluster, "all")
    assert cluster.log == []
