# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A renewal from end to end: the gateway's own program serves, and is asked all the time; the CA looks through it, too."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Challenge
from cryptography import x509
from support.acme import free_ports
from support.serving import serving

from .conftest import WEB, Scene

NAME = WEB.dns[0]
CLIENTS = 4


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Gateway:
    """Traefik as the role ingress runs it, with files in the place of Kubernetes' objects."""

    def __init__(self, folder: Path, http: int, responder: int, backend: str) -> None:
        (self.https,) = free_ports(1)
        self._folder = folder
        services = {"responder": f"http://127.0.0.1:{responder}", "hello": backend}
        self._dynamic: dict[str, Any] = {
            "http": {
                "routers": {
                    "challenge": {"entryPoints": ["http"], "rule": "PathPrefix(`/.well-known/acme-challenge`)", "service": "responder"},
                    "hello": {"entryPoints": ["https"], "rule": f"Host(`{NAME}`)", "service": "hello", "tls": {}},
                },
                "services": {name: {"loadBalancer": {"servers": [{"url": url}]}} for name, url in services.items()},
            },
        }
        self._static = {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "entryPoints": {"http": {"address": f"127.0.0.1:{http}"}, "https": {"address": f"127.0.0.1:{self.https}"}},
            "providers": {"providersThrottleDuration": "50ms", "file": {"directory": str(folder / "dynamic"), "watch": True}},
        }
        (folder / "dynamic").mkdir(parents=True)

    def take(self, pair: tuple[bytes, bytes]) -> None:
        certificates = [{"certFile": pair[0].decode(), "keyFile": pair[1].decode()}]
        fresh = self._folder / "fresh"
        fresh.write_text(json.dumps(self._dynamic | ({"tls": {"certificates": certificates}} if pair[0] else {})))
        fresh.rename(self._folder / "dynamic/gateway.yml")

    @contextmanager
    def running(self) -> Iterator[None]:
        (self._folder / "static.yml").write_text(json.dumps(self._static))
        program = Path(sys.executable).with_name("traefik")
        with (self._folder / "log").open("wb") as log:
            process = subprocess.Popen([program, f"--configFile={self._folder / 'static.yml'}"], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait()

    def serial(self, context: ssl.SSLContext) -> int:
        """That of the certificate which a new connection sees."""
        with socket.create_connection(("127.0.0.1", self.https), 10) as raw, context.wrap_socket(raw, server_hostname=NAME) as tls:
            return x509.load_der_x509_certificate(tls.getpeercert(True) or b"").serial_number

    def until_led(self, port: int) -> None:
        """Wait until the route of the challenges is loaded: nobody answers behind it yet (502), but it is no 404."""
        ends = time.monotonic() + 20
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", "/.well-known/acme-challenge/x")
                if connection.getresponse().status == 502:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            assert time.monotonic() < ends, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.02)

    def until_served(self, context: ssl.SSLContext, serial: int) -> None:
        ends = time.monotonic() + 20
        while True:
            try:
                seen = self.serial(context)
            except OSError:
                seen = 0
            if seen == serial:
                return
            assert time.monotonic() < ends, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.02)


class Connection(http.client.HTTPSConnection):
    """To the gateway, whatever the name resolves to."""

    def connect(self) -> None:
        self.sock = self._context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 10), server_hostname=NAME)  # type: ignore[attr-defined]


class Load:
    """Clients that verify what they see; half of them keep their connection, half make one for each request."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port, self._context = port, context
        self.answered, self.failed, self._over = 0, [], threading.Event()  # type: ignore[var-annotated]
        self._count = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(CLIENTS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, keep: bool) -> None:
        connection = Connection(NAME, self._port, context=self._context)
        while not self._over.wait(0.005):
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                good = (answer.status, answer.read()) == (200, b"hello")
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                continue
            finally:
                if not keep:
                    connection.close()
            with self._count:
                self.answered += 1
            if not good:
                self.failed.append(f"status {answer.status}")
        connection.close()


def test_the_gateway_serves_the_new_one_and_no_request_failed(scene: Scene, tmp_path: Path) -> None:
    (responder,) = free_ports(1)
    challenge = Challenge(listen=("127.0.0.1", responder))
    with serving(Hello) as backend:
        gateway = Gateway(tmp_path / "gateway", scene.pebble.http_port, responder, backend)
        gateway.take((b"", b""))
        with gateway.running():
            gateway.until_led(scene.pebble.http_port)
            first = scene.ensure(challenge=challenge).certificates[0]
            context = ssl.create_default_context(cadata=scene.pebble.root().decode())
            gateway.take(scene.pair())
            gateway.until_served(context, int(first.serial, 16))
            with Load(gateway.https, context) as load:
                scene.window(timedelta(days=-2), timedelta(days=-1))
                second = scene.ensure(challenge=challenge).certificates[0]
                assert (second.action, second.reason) == ("renewed", "its issuer wants it renewed")
                gateway.take(scene.pair())
                gateway.until_served(context, int(second.serial, 16))
                before = load.answered
                while load.answered < before + 100:
                    time.sleep(0.01)
            assert load.failed == []
            assert load.answered > 100
            assert {gateway.serial(context) for _ in range(20)} == {int(second.serial, 16)}, "the old one is gone"
