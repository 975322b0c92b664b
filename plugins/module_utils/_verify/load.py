# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client that never pauses: what users would have noticed while something was done to the service."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._proxies import credentials, proxy_of

REQUEST_SECONDS = 10.0


@dataclass(frozen=True)
class Counts:
    """Requests so far, how many of them failed, and the first few failures in words."""

    requests: int
    errors: int
    examples: tuple[str, ...]


class Load:
    """``threads`` clients that each ask ``url`` again as soon as ``pause`` seconds have passed, on a new connection every time.

    Names below localhost are asked on the loopback address (RFC 6761 §6.3), whatever the resolver thinks of them; others by the machine's proxy, if it has one.
    An answer of 400 or more, or none within 10 s, is a failure.
    """

    def __init__(self, url: str, ca_file: Path | None, threads: int = 4, pause: float = 0.02, sleep: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._path = parts.path or "/"
        self._context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None) if parts.scheme == "https" else None
        self._address = "127.0.0.1" if f".{self._host}".endswith(".localhost") else self._host
        self._proxy = proxy_of(f"{self._host}:{self._port}") if self._context else None
        self._pause, self._sleep = pause, sleep
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._requests = self._errors = 0
        self._examples: list[str] = []
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=REQUEST_SECONDS + 1)

    def counts(self) -> Counts:
        with self._lock:
            return Counts(self._requests, self._errors, tuple(self._examples))

    def _work(self) -> None:
        while not self._stop.is_set():
            failure = self._ask()
            with self._lock:
                self._requests += 1
                if failure:
                    self._errors += 1
                    if len(self._examples) < 5:
                        self._examples.append(failure)
            self._sleep(self._pause)

    def _ask(self) -> str:
        connection = _Connection(self._address, self._port, self._host, self._context)
        if self._proxy:
            connection = _Connection(str(self._proxy.hostname), self._proxy.port or 80, self._host, self._context)
            connection.set_tunnel(self._host, self._port, credentials(self._proxy))
        try:
            connection.request("GET", self._path, headers={"Host": f"{self._host}:{self._port}", "User-Agent": "slipway-verify"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        return f"HTTP {answer.status}" if answer.status >= 400 else ""


class _Connection(http.client.HTTPConnection):
    """HTTP(S) to an address, with the name of the URL in SNI and Host."""

    def __init__(self, address: str, port: int, name: str, context: ssl.SSLContext | None) -> None:
        super().__init__(address, port, timeout=REQUEST_SECONDS)
        self._name, self._tls = name, context

    def connect(self) -> None:
        super().connect()
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)
