# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the CA sees that a name is ours (RFC 8555 §8): what it looks for is shown while it looks, and taken away afterwards."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._acme import jws
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import DNS, HTTP
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_PATH = "/.well-known/acme-challenge/"


@dataclass(frozen=True)
class Proof:
    """One name: ``answer`` is what the CA looks for (the key authorization, §8.1), ``challenge`` and ``authorization`` are where it is told and asked."""

    name: str
    token: str
    answer: str
    challenge: str
    authorization: str

    @property
    def path(self) -> str:
        return f"{_PATH}{self.token}"

    @property
    def record(self) -> str:
        """The name of the TXT record (§8.4)."""
        return f"_acme-challenge.{self.name.removeprefix('*.')}"

    @property
    def value(self) -> str:
        """What the TXT record holds."""
        return jws.encoded(hashlib.sha256(self.answer.encode()).digest())


class Solver(Protocol):
    @property
    def type(self) -> str: ...
    def where(self, proof: Proof) -> str:
        """Where the CA looks, for people."""
        ...

    def shown(self, proofs: Sequence[Proof]) -> Any:
        """A context in which the CA finds them."""
        ...


class Elsewhere:
    """http-01 where something else answers each token with ``<token>.<thumbprint of the account>``, which needs to know no order."""

    type = HTTP

    def where(self, proof: Proof) -> str:
        return f"http://{proof.name}{proof.path}"

    @contextmanager
    def shown(self, proofs: Sequence[Proof]) -> Iterator[None]:  # noqa: ARG002  as every solver
        yield


class Listening(Elsewhere):
    """http-01, answered on a port of this machine."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address

    @contextmanager
    def shown(self, proofs: Sequence[Proof]) -> Iterator[None]:
        answers = {proof.path: proof.answer.encode() for proof in proofs}

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                found = answers.get(self.path)
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        with _bound(self._address, Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


def _bound(address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET if "." in address[0] else socket.AF_INET6

        def server_bind(self) -> None:
            if not address[0]:  # every address, of both families
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            super().server_bind()

    try:
        return Server(address, handler)
    except OSError as error:
        raise InvalidInput(f"challenge: this machine can't listen on {address[0] or 'any address'} port {address[1]}: {error.strerror or error}") from None


class Webroot(Elsewhere):
    """http-01, answered by a web server that serves a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def shown(self, proofs: Sequence[Proof]) -> Iterator[None]:
        files = {self._folder / proof.path.lstrip("/"): proof.answer for proof in proofs}
        try:
            for path, answer in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                _files.write(path, answer, 0o644)
            yield
        finally:
            for path in files:
                path.unlink(missing_ok=True)


class Records:
    """dns-01: ``change`` writes and removes the values of a name, ``settle`` are the seconds until every name server has them."""

    type = DNS

    def __init__(self, change: Callable[[str, str, Sequence[str]], None], settle: float, sleep: Callable[[float], None]) -> None:
        self._change, self._settle, self._sleep = change, settle, sleep

    def where(self, proof: Proof) -> str:
        return f"TXT {proof.record}"

    @contextmanager
    def shown(self, proofs: Sequence[Proof]) -> Iterator[None]:
        values: dict[str, list[str]] = {}
        for proof in proofs:  # a wildcard and its domain have one name and two values
            values.setdefault(proof.record, []).append(proof.value)
        begun: list[str] = []
        try:
            for name, wanted in values.items():
                begun.append(name)
                self._change("present", name, wanted)
            if self._settle:
                self._sleep(self._settle)
            yield
        finally:
            for name in begun:
                self._change("withdraw", name, values[name])
