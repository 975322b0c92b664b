# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, Request
from ansible_collections.slipway.platform.plugins.module_utils._verify.load import Load
from support.tls_zoo import Cage, proxy


@contextmanager
def server(folder: Path, statuses: list[int], name: str = "hello.localhost") -> Iterator[int]:
    """An HTTPS server for that name that answers with these statuses in turn, the last one for ever; gives its port."""
    ensure(Request(folder, (Leaf("web", dns=(name,)),)))
    left = list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "web.crt", folder / "web.key")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as service:
        service.socket = context.wrap_socket(service.socket, server_side=True)
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service.server_address[1]
        finally:
            service.shutdown()
            thread.join()


def ask(url: str, ca_file: Path, enough: int) -> Load:
    """A load that ran until it had asked often enough."""
    reached = threading.Event()

    def paused(_: float) -> None:
        if load.counts().requests >= enough:
            reached.set()

    load = Load(url, ca_file, threads=2, sleep=paused)
    with load:
        assert reached.wait(20)
    return load


def test_every_request_is_counted(tmp_path: Path) -> None:
    with server(tmp_path, [200]) as port:
        counts = ask(f"https://hello.localhost:{port}/", tmp_path / "ca.crt", 20).counts()
    assert counts.requests >= 20
    assert (counts.errors, counts.examples) == (0, ())


def test_an_error_status_is_a_failure(tmp_path: Path) -> None:
    with server(tmp_path, [200, 503, 200]) as port:
        counts = ask(f"https://hello.localhost:{port}/", tmp_path / "ca.crt", 10).counts()
    assert (counts.errors, counts.examples) == (1, ("HTTP 503",))


@pytest.mark.parametrize(("name", "words"), [("other.localhost", "CERTIFICATE_VERIFY_FAILED"), ("hello.localhost", "ConnectionRefusedError")])
def test_no_answer_is_a_failure_in_words(tmp_path: Path, name: str, words: str) -> None:
    with server(tmp_path, [200]) as port:
        target = port if name == "other.localhost" else 1
        counts = ask(f"https://{name}:{target}/", tmp_path / "ca.crt", 3).counts()
    assert counts.errors == counts.requests
    assert words in counts.examples[0]
    assert len(counts.examples) <= 5


def test_a_name_that_only_the_proxy_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    cage = Cage()
    cage.add("proxy", proxy(heard=heard))
    with server(tmp_path, [200], "shop.example.test") as port, cage.open():
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{cage.ports['proxy']}")
        counts = ask(f"https://shop.example.test:{port}/", tmp_path / "ca.crt", 4).counts()
    assert (counts.errors, counts.examples) == (0, ())
    assert heard[0].startswith(f"CONNECT shop.example.test:{port} HTTP/1.".encode())
