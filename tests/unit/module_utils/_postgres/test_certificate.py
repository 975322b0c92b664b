# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in a pod, in the smallest form that can go wrong: a file that comes late, or never, and a reload that is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._postgres import certificate
from ansible_collections.slipway.platform.plugins.module_utils._postgres.certificate import Request, Result, use
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Pod
from support.kube_api import KubeApi, running

OLD, NEW = (hashlib.sha256(text).hexdigest() for text in (b"old", b"new"))
PATH = "/api/v1/namespaces/postgres/pods/postgres-0"


@dataclass
class Server:
    """``psql`` of a server whose file becomes the new one ``comes`` looks after the pod was touched (None: never)."""

    api: KubeApi
    file: str = OLD
    loaded: bool = True
    comes: int | None = 2
    reads: bool = True
    said: list[str] = field(default_factory=list)

    def __call__(self, script: str) -> str:
        self.said.append(script)
        if "pg_reload_conf" in script:
            self.loaded = self.reads
            return "t\n"
        if self.touched and self.file != NEW and self.comes is not None:
            self.comes -= 1
            if self.comes < 0:
                self.file, self.loaded = NEW, False
        return f"{self.file}|{'t' if self.loaded else 'f'}\n"

    @property
    def touched(self) -> bool:
        return certificate.ANNOTATION in (self.api.objects[PATH]["metadata"].get("annotations") or {})


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with running() as api:
        api.put("/api/v1/namespaces/postgres", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "postgres"}})
        api.put(PATH, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "postgres-0", "namespace": "postgres"}})
        api.log.clear()
        yield api


def run(server: Server, folder: Path, wanted: bytes = b"new", check_mode: bool = False) -> Result:
    kubeconfig = server.api.kubeconfig(folder)
    (folder / "tls.crt").write_bytes(wanted)
    request = Request.of(Pod(kubeconfig, "postgres", "postgres-0"), folder / "tls.crt", 10, check_mode)
    seconds = iter(range(1000))
    return use(request, Client(connect(kubeconfig)), server, lambda: next(seconds), lambda _: None, lambda _: None, check_mode)


def reloads(server: Server) -> int:
    return sum("pg_reload_conf" in script for script in server.said)


def test_a_new_certificate_is_brought_and_read(api: KubeApi, tmp_path: Path) -> None:
    server = Server(api)
    first = run(server, tmp_path)
    assert (first.changed, first.before, first.after, reloads(server)) == (True, OLD, NEW, 1)
    again = run(server, tmp_path)
    assert (again.changed, reloads(server), len(api.writes())) == (False, 1, 1)


def test_one_that_was_brought_and_not_read_is_read(api: KubeApi, tmp_path: Path) -> None:
    server = Server(api, file=NEW, loaded=False)
    assert run(server, tmp_path).changed
    assert (reloads(server), api.writes()) == (1, [])


def test_check_mode_says_so_and_does_nothing(api: KubeApi, tmp_path: Path) -> None:
    server = Server(api)
    assert run(server, tmp_path, check_mode=True).changed
    assert not run(server, tmp_path, b"old", check_mode=True).changed
    assert (reloads(server), api.writes()) == (0, [])


def test_before_there_is_a_server_it_would_be_new(tmp_path: Path) -> None:
    request = Request.of(Pod(tmp_path / "none", "postgres", "postgres-0"), tmp_path / "none.crt", 10, check_mode=True)
    assert use(request, None, None, lambda: 0, lambda _: None, lambda _: None, check_mode=True).before == ""


@pytest.mark.parametrize(
    ("server", "words"),
    [({"comes": None}, "is it in the Secret that the pod mounts"), ({"reads": False}, "does not read its files again")],
    ids=["the file never comes", "the server does not read"],
)
def test_what_does_not_happen_in_time_is_said(api: KubeApi, tmp_path: Path, server: dict[str, bool | None], words: str) -> None:
    with pytest.raises(NotReady, match=words):
        run(Server(api, **server), tmp_path)  # type: ignore[arg-type]


def test_a_certificate_that_the_server_refuses_is_said(api: KubeApi, tmp_path: Path) -> None:
    api.logs[f"{PATH}/log"] = "LOG:  received SIGHUP\nLOG:  SSL configuration was not reloaded\n"
    with pytest.raises(NotReady, match="goes on with the certificate that it had"):
        run(Server(api), tmp_path)


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.crt cannot be read: No such file"):
        Request.of(Pod(tmp_path, "postgres", "postgres-0"), tmp_path / "nowhere.crt", 10, check_mode=False)
