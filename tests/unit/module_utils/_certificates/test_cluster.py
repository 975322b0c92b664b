# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster as it is seen from outside: its API server over TLS, nodes with kubelets and etcd, and a node's files."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import inventory
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Row, Verdict
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import ClusterPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import cluster
from cryptography.x509.oid import ExtendedKeyUsageOID
from support import kube_api, pki
from support.kube_api import KubeApi
from support.pki import DAY, Issued
from support.tls_zoo import Cage, context, tls

TODAY = datetime.now(UTC).replace(microsecond=0)
ROOT = pki.authority("kubernetes")
CONTEXT = Context(environ={}, sleep=lambda seconds: None)


def made(subject: str, *names: str, days: int = 80, issuer: Issued | None = ROOT, **options: Any) -> Issued:
    return pki.issue(subject, issuer, names=names, begins=TODAY - 10 * DAY, ends=TODAY + days * DAY, **options)


CLIENT = made("kubernetes-admin", purposes=[ExtendedKeyUsageOID.CLIENT_AUTH])


@dataclass
class Cluster:
    api: KubeApi
    cage: Cage
    folder: Path

    def pem(self, issued: Issued) -> Path:
        path = self.folder / f"{issued.x509.serial_number:x}.pem"
        path.write_bytes(issued.key_pem + issued.pem)
        return path

    def serves(self, name: str, issued: Issued) -> None:
        self.cage.add(name, tls(context(self.pem(issued))))

    def fronts(self, name: str, issued: Issued) -> None:
        """The API server itself, over TLS."""
        outer, port = context(self.pem(issued)), int(self.api.url.rpartition(":")[2])

        def handle(connection: socket.socket) -> None:
            with outer.wrap_socket(connection, server_side=True) as outside, socket.create_connection(("127.0.0.1", port)) as inside:
                back = threading.Thread(target=_relay, args=(inside, outside), daemon=True)
                back.start()
                _relay(outside, inside)

        self.cage.add(name, handle)

    def kubeconfig(self, port: int, host: str = "127.0.0.1", root: Issued = ROOT, **cluster: Any) -> Path:
        content = {
            "kind": "Config",
            "clusters": [{"name": "k", "cluster": {"server": f"https://{host}:{port}", "certificate-authority-data": encoded(root.pem), **cluster}}],
            "users": [{"name": "admin", "user": {"client-certificate-data": encoded(CLIENT.pem), "client-key-data": encoded(CLIENT.key_pem)}}],
            "contexts": [{"name": "admin@k", "context": {"cluster": "k", "user": "admin"}}],
            "current-context": "admin@k",
        }
        path = self.folder / "kubeconfig"
        path.write_text(json.dumps(content))
        return path

    def node(self, name: str, address: str, kubelet: int, control_plane: bool = False) -> None:
        labels = {"node-role.kubernetes.io/control-plane": ""} if control_plane else {}
        status = {"addresses": [{"type": "Hostname", "address": name}, {"type": "InternalIP", "address": address}]}
        status |= {"daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet}}}  # type: ignore[dict-item]
        self.put("/api/v1/nodes", "Node", {"name": name, "labels": labels}, status=status)

    def put(self, path: str, kind: str, metadata: dict[str, Any], **content: Any) -> None:
        self.api.put(f"{path}/{metadata['name']}", {"apiVersion": path.split("/")[2], "kind": kind, "metadata": metadata, **content})


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError, ssl.SSLError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Cluster]:
    with kube_api.running() as api:
        yield Cluster(api, Cage(), tmp_path)


def look(path: Path, **options: Any) -> list[Found]:
    return list(cluster.collect([ClusterPart(str(path), **options)], Request(connect_timeout=1, timeout=3), CONTEXT))


def judged(path: Path, **options: Any) -> dict[str, Row]:
    request = Request(cluster=(ClusterPart(str(path), **options),), connect_timeout=1, timeout=3)
    return {row.name: row for row in inventory.take(request, CONTEXT)}


def codes(row: Row) -> list[str]:
    return [problem.code for problem in row.problems]


def test_a_cluster(world: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    world.fronts("api", made("kube-apiserver", "127.0.0.1", "kubernetes.default.svc"))
    world.serves("kubelet", made("system:node:cp", days=1))
    world.serves("etcd", made("etcd"))
    world.cage.add_refused("nobody")
    monkeypatch.setattr(cluster, "_ETCD", world.cage.ports["etcd"])
    monkeypatch.setattr(cluster, "_ETCD_PEER", world.cage.ports["nobody"])
    world.node("cp", "127.0.0.1", world.cage.ports["kubelet"], control_plane=True)
    world.put("/api/v1/namespaces", "Namespace", {"name": "kube-system"})
    data = {"client-ca-file": ROOT.pem.decode(), "requestheader-client-ca-file": pki.authority("front-proxy-ca").pem.decode()}
    world.put("/api/v1/namespaces/kube-system/configmaps", "ConfigMap", {"name": "extension-apiserver-authentication", "namespace": "kube-system"}, data=data)
    metadata = {"name": "kubernetes", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}}
    slices = {"ports": [{"port": world.cage.ports["api"]}], "endpoints": [{"addresses": ["127.0.0.1"]}]}
    world.put("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "EndpointSlice", metadata, **slices)
    path = world.kubeconfig(world.cage.ports["api"])
    with world.cage.open():
        rows = judged(path)
    assert {name: (str(row.verdict), codes(row)) for name, row in rows.items()} == {
        "admin@k kubeconfig cluster k": ("ok", []),
        "admin@k kubeconfig user admin": ("ok", []),
        f"admin@k API server 127.0.0.1:{world.cage.ports['api']}": ("ok", []),
        "admin@k API server of cp": ("ok", []),
        "admin@k kubelet of cp": ("critical", ["expires_soon"]),
        "admin@k etcd of cp": ("ok", []),
        "admin@k authority of clients": ("ok", []),
        "admin@k authority of the front proxy": ("ok", []),
    }
    assert {row.source for row in rows.values()} == {"cluster"}
    server = rows[f"admin@k API server 127.0.0.1:{world.cage.ports['api']}"]
    assert server.labels == {"cluster": "admin@k", "kind": "api-server", "host": "127.0.0.1", "port": str(world.cage.ports["api"]), "address": "127.0.0.1"}
    assert server.path_not_after
    assert CLIENT.key_pem.decode().splitlines()[1] not in repr(rows)


def test_an_api_server_is_verified_as_kubectl_does(world: Cluster) -> None:
    world.fronts("other-name", made("kube-apiserver", "10.0.0.1"))
    world.fronts("other-root", made("kube-apiserver", "127.0.0.1", issuer=pki.authority("another cluster")))
    world.fronts("by-name", made("kube-apiserver", "kubernetes"))

    def verdict(name: str, **options: Any) -> tuple[str, list[str]]:
        row = next(row for row in judged(world.kubeconfig(world.cage.ports[name], **options)).values() if row.labels["kind"] == "api-server")
        return str(row.verdict), codes(row)

    with world.cage.open():
        assert verdict("other-name") == ("critical", ["wrong_name"])
        assert verdict("other-root")[0] == "critical"
        assert verdict("by-name") == ("critical", ["wrong_name"])
        assert verdict("by-name", **{"tls-server-name": "kubernetes"}) == ("ok", [])


def test_nodes_that_cannot_be_reached_are_unknown(world: Cluster) -> None:
    world.fronts("api", made("kube-apiserver", "127.0.0.1"))
    world.cage.add_refused("kubelet")
    world.node("worker", "127.0.0.1", world.cage.ports["kubelet"])
    with world.cage.open():
        rows = judged(world.kubeconfig(world.cage.ports["api"]))
    row = rows["admin@k kubelet of worker"]
    assert (row.verdict, codes(row)) == (Verdict.UNKNOWN, ["refused"])
    assert "admin@k etcd of worker" not in rows
    assert "admin@k API server of worker" not in rows


def test_nodes_in_private_subnets_are_not_asked(world: Cluster) -> None:
    world.fronts("api", made("kube-apiserver", "127.0.0.1"))
    world.cage.add_refused("kubelet")
    world.node("worker", "127.0.0.1", world.cage.ports["kubelet"])
    with world.cage.open():
        rows = judged(world.kubeconfig(world.cage.ports["api"]), nodes=False)
    assert {(name, row.verdict) for name, row in rows.items()} == {
        ("admin@k kubeconfig cluster k", Verdict.OK),
        ("admin@k kubeconfig user admin", Verdict.OK),
        (f"admin@k API server 127.0.0.1:{world.cage.ports['api']}", Verdict.OK),
    }
    assert not [line for line in world.api.log if "nodes" in line]


def test_who_may_not_see_nodes_sees_the_rest(world: Cluster) -> None:
    world.fronts("api", made("kube-apiserver", "127.0.0.1"))
    world.api.forbidden.add(("nodes", ""))
    with world.cage.open():
        rows = judged(world.kubeconfig(world.cage.ports["api"]))
    assert codes(rows["admin@k nodes"]) == ["forbidden"]
    assert {name for name, row in rows.items() if row.verdict is Verdict.OK} == {
        "admin@k kubeconfig cluster k",
        "admin@k kubeconfig user admin",
        f"admin@k API server 127.0.0.1:{world.cage.ports['api']}",
    }


def test_a_cluster_that_is_gone(world: Cluster) -> None:
    world.cage.add_refused("api")
    with world.cage.open():
        rows = judged(world.kubeconfig(world.cage.ports["api"]))
    assert codes(rows["admin@k nodes"]) == ["unavailable"]
    assert codes(rows[f"admin@k API server 127.0.0.1:{world.cage.ports['api']}"]) == ["refused"]
    assert rows["admin@k kubeconfig user admin"].verdict is Verdict.OK


def test_kubeconfigs_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(json.dumps({"kind": "Config", "clusters": []}))
    (tmp_path / "broken").write_text("kind: Config\nclusters: [")
    rows = [look(tmp_path / name)[0] for name in ("none", "empty", "broken")]
    assert [[problem.code for problem in found.problems] for found in rows] == [["missing"], ["unreadable"], ["damaged"]]


# --- files of nodes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A node's file system, as kubeadm and a kubelet leave it."""
    root = tmp_path / "node"
    (root / "etc/kubernetes/pki/etcd").mkdir(parents=True)
    (root / "var/lib/kubelet/pki").mkdir(parents=True)
    pki_folder, kubelet = root / "etc/kubernetes/pki", root / "var/lib/kubelet/pki"
    for name, issued in {"ca": ROOT, "apiserver": made("kube-apiserver"), "front-proxy-client": made("front", days=1)}.items():
        (pki_folder / f"{name}.crt").write_bytes(issued.pem)
        (pki_folder / f"{name}.key").write_bytes(issued.key_pem)
    (pki_folder / "etcd/server.crt").write_bytes(made("etcd").pem)
    user = {"client-certificate-data": encoded(made("admin").pem), "client-key-data": encoded(CLIENT.key_pem)}
    authority = [{"name": "k", "cluster": {"certificate-authority-data": encoded(ROOT.pem)}}]
    for name, each in (("admin", user), ("kubelet", {"client-certificate": "/var/lib/kubelet/pki/kubelet-client-current.pem"})):
        (root / f"etc/kubernetes/{name}.conf").write_text(json.dumps({"kind": "Config", "clusters": authority, "users": [{"name": name, "user": each}]}))
    (kubelet / "kubelet-client-2026.pem").write_bytes(made("kubelet").pem + CLIENT.key_pem)
    (kubelet / "kubelet-client-current.pem").symlink_to("/var/lib/kubelet/pki/kubelet-client-2026.pem")
    (kubelet / "kubelet.crt").write_bytes(made("serving", issuer=None).pem)
    return root


def test_the_files_of_a_node(world: Cluster, root: Path) -> None:
    world.cage.add_refused("api")
    with world.cage.open():
        path = world.kubeconfig(world.cage.ports["api"])
        rows = judged(path, node_roots=(str(root),))
    found = {name.removeprefix(f"admin@k {root}/"): row for name, row in rows.items() if row.labels["kind"] in ("node", "user") and str(root) in name}
    assert set(found) == {
        "etc/kubernetes/pki/front-proxy-client.crt",
        "etc/kubernetes/admin.conf user admin",
        "etc/kubernetes/pki/apiserver.crt",
        "etc/kubernetes/pki/ca.crt",
        "etc/kubernetes/pki/etcd/server.crt",
        "var/lib/kubelet/pki/kubelet.crt",
        "var/lib/kubelet/pki/kubelet-client-current.pem",
    }
    assert {name: codes(row) for name, row in found.items() if row.problems} == {"etc/kubernetes/pki/front-proxy-client.crt": ["expires_soon"]}
    assert not any(line in repr(rows) for line in CLIENT.key_pem.decode().splitlines()[1:-1])


def test_a_node_of_another_cluster(world: Cluster, root: Path) -> None:
    world.cage.add_refused("api")
    with world.cage.open():
        rows = look(world.kubeconfig(world.cage.ports["api"], root=pki.authority("kubernetes")), node_roots=(str(root), "/", str(world.folder / "none")))
    problems = {found.name: found.problems[0].text for found in rows if found.problems and found.labels["kind"] == "node"}
    assert problems == {
        f"admin@k node files {root}": "its etc/kubernetes/pki/ca.crt is not the authority of this cluster, so it is a node of another one",
        f"admin@k node files {world.folder}/none": "there is no etc/kubernetes/pki/ca.crt, so it is no node of a cluster that kubeadm made",
    }
