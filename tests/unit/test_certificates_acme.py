# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""certificates.yml where a CA that speaks ACME signs for the gateway: a renewal goes through the role to the CA, and ends when the new one is served.

The gateway here is a Secret of a small API server and what serves the pair in it: what a role builds and runs in a cluster is left out of the role's copy.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from support import acme, kube_api
from support.actions import run
from support.kube_api import KubeApi
from support.playbooks import HERE, ansible_playbook
from support.tls_zoo import Cage, context
from support.tree import CHECKOUT, load_yaml

HOST = "shop.localhost"  # which is this machine, for everybody
SECRET = "/api/v1/namespaces/ingress/secrets/gateway-tls"
NEEDS_A_MACHINE = ("ansible.builtin.command", "slipway.platform.debian_image", "slipway.platform.k8s_apply")


def collection(folder: Path) -> Path:
    """The collection as it is, but for the role ingress, of which what needs a machine and a cluster is left out. Where Ansible finds it."""
    own = folder / "ansible_collections/slipway/platform"
    tasks = own / "roles/ingress/tasks"
    tasks.mkdir(parents=True)
    for path in [path for path in CHECKOUT.iterdir() if path.name in ("plugins", "playbooks", "meta", "galaxy.yml")]:
        (own / path.name).symlink_to(path)
    for path in (CHECKOUT / "roles").iterdir():
        if path.name != "ingress":
            (own / "roles" / path.name).symlink_to(path)
    for path in (CHECKOUT / "roles/ingress").iterdir():
        if path.name != "tasks":
            (tasks.parent / path.name).symlink_to(path)
    for path in (CHECKOUT / "roles/ingress/tasks").iterdir():
        content = load_yaml(path)
        if path.name == "local.yml":
            content = [task for task in content if not any(module in task for module in NEEDS_A_MACHINE)]
        if path.name == "gateway.yml":
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingress"}}
            content[0]["slipway.platform.k8s_apply"] |= {"src": [], "definitions": [namespace]}
        (tasks / path.name).write_text(yaml.safe_dump(content))
    return folder


class Environment:
    """A gateway that serves what a CA gave, on a cluster that was there before."""

    def __init__(self, pebble: acme.Pebble, kube: KubeApi, folder: Path) -> None:
        self.pebble, self.kube, self.cage, self.folder, self.state = pebble, kube, Cage(), folder, folder / "prod"
        self.state.mkdir()
        self.collections = collection(folder / "collections")
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(pebble.root())
        self.cage.add("gateway", self._serve)
        self.acme = {
            "directory": pebble.directory,
            "ca_file": str(pebble.ca_file),
            "terms_agreed": True,
            "profile": "default",
            "challenge": {"listen": f"127.0.0.1:{pebble.http_port}"},
        }

    def _serve(self, connection: socket.socket) -> None:
        """What is in the Secret now."""
        data = self.kube.objects[SECRET]["data"]
        pem = self.folder / "served.pem"
        pem.write_bytes(b"".join(base64.b64decode(data[key]) for key in ("tls.key", "tls.crt")))
        with context(pem).wrap_socket(connection, server_side=True, suppress_ragged_eofs=True) as secured:
            while secured.recv(4096):
                pass

    @property
    def served(self) -> str:
        return self._serial(base64.b64decode(self.kube.objects[SECRET]["data"]["tls.crt"]))

    @property
    def held(self) -> str:
        return self._serial((self.state / "tls/gateway.crt").read_bytes())

    def _serial(self, pem: bytes) -> str:
        return f"{x509.load_pem_x509_certificate(pem).serial_number:X}"

    def order(self) -> None:
        """The certificate of before."""
        ordered = run("acme_certificate", path=str(self.state / "tls"), certificates=[{"name": "gateway", "dns": [HOST]}], **self.acme)
        assert not ordered.get("failed"), ordered
        data = {f"tls.{kind}": base64.b64encode((self.state / f"tls/gateway.{kind}").read_bytes()).decode() for kind in ("crt", "key")}
        metadata = {"name": "gateway-tls", "namespace": "ingress"}
        self.kube.put("/api/v1/namespaces/ingress", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingress"}})
        self.kube.put(SECRET, {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": data}, manager="slipway")

    def run(self, *arguments: str, **more: Any) -> tuple[int, str]:
        port = self.cage.ports["gateway"]
        endpoint = {"host": HOST, "port": port, "addresses": ["127.0.0.1"]}
        gateway = {"issuer": "acme", "ca_file": "/roots.pem", "hostnames": [HOST], "https_port": port, "namespace": "ingress"}
        play = load_yaml(CHECKOUT / "playbooks/certificates.yml")
        play[0]["pre_tasks"] = play[0]["pre_tasks"][1:]
        play[0]["vars_files"] = [str(CHECKOUT / "playbooks" / name) for name in play[0]["vars_files"]]
        # As an earlier run left it; the role's own comes after it.
        play[0]["vars"]["ingress_result"] = gateway | {"certificates": {"endpoints": [endpoint]}}
        play[0]["vars"]["__ingress_image"] = {"images": {"gateway": {"reference": "-"}}}
        (self.folder / "play.yml").write_text(yaml.safe_dump(play).replace("tasks/renew.yml", str(CHECKOUT / "playbooks/tasks/renew.yml")))
        known = {
            "slipway_environment": "prod",
            "slipway_namespace": "shop",
            "slipway_state_dir": str(self.state),
            "cluster_provider": "existing",
            "cluster_kubeconfig": str(self.kube.kubeconfig(self.folder)),
            "registry_provider": "existing",
            "registry_result": {"host": "registry.example.com", "ca_file": "", "auth_file": "", "pull_secret_file": "", "certificates": {}},
            "postgres_provider": "existing",
            "ingress_provider": "local",
            "secrets_provider": "local",
            "ingress_issuer": "acme",
            "ingress_acme": self.acme,
            "ingress_https_port": port,
            "certificates_ca_file": str(self.roots),
            "__slipway_score": {"hosts": [HOST]},
        }
        environ = {"ANSIBLE_COLLECTIONS_PATH": str(self.collections)}
        done = ansible_playbook(*HERE, self.folder / "play.yml", *arguments, extra=known | more, environ=environ)
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[acme.Pebble]:
    with acme.running(tmp_path_factory.mktemp("pebble")) as running:
        yield running


@pytest.fixture
def environment(pebble: acme.Pebble, tmp_path: Path) -> Iterator[Environment]:
    with kube_api.running() as kube:
        made = Environment(pebble, kube, tmp_path)
        made.order()
        with made.cage.open():
            yield made


def test_a_renewal_is_named_ordered_taken_and_proven(environment: Environment) -> None:
    before = environment.served
    status, shown = environment.run("--check", renew="all")
    assert status == 0, shown
    assert f"gateway: an order with {environment.pebble.directory} (ACME)" in " ".join(shown.split())
    assert (environment.held, environment.served) == (before, before), "--check orders nothing"
    status, shown = environment.run(renew="all")
    assert status == 0, shown
    assert environment.held != before
    assert environment.served == environment.held
    assert f"{before} before, {environment.held} until" in " ".join(shown.split())
