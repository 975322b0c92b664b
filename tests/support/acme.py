# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CA that speaks ACME: pebble, the one that Let's Encrypt has for clients' tests, with a name server that a test fills."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _command, _files
from ansible_collections.slipway.platform.plugins.module_utils._kind import go
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, Request

_SOURCE = Path(__file__).parent / "pebble"
_MODULE = "github.com/letsencrypt/pebble/v2/cmd/"
_LIFETIME = 90 * 86400  # seconds, of a certificate without a profile


def program(name: str) -> Path:
    """pebble or pebble-challtestsrv, compiled once and kept in the project's cache."""
    folder = _artifacts.cache_dir() / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    found = folder / f"{name}-{go.source_digest(_SOURCE)[:16]}"
    with _files.locked(folder / f".{name}.lock"):
        if not found.exists():
            go.build(go.find(_artifacts.cache_dir()), _SOURCE, _MODULE + name, found.with_suffix(".new"), log=folder / f"{name}.log")
            found.with_suffix(".new").rename(found)
    return found


@dataclass
class Pebble:
    """It chooses any profile where none is asked for.

    ``ca_file``: what its own TLS is trusted by. ``http_port``: where it looks for answers to http-01, on 127.0.0.1 whatever the name. ``records``: the
    URL at which records are set, for a hook.
    """

    directory: str
    ca_file: Path
    http_port: int
    records: str
    _management: str

    def root(self) -> bytes:
        """What clients of its certificates trust, PEM."""
        return self._ask(f"{self._management}/roots/0")

    def renewal(self, certificate: str, start: str, end: str) -> None:
        """What its renewal information says of a certificate (PEM) from now on."""
        told = json.dumps({"suggestedWindow": {"start": start, "end": end}})
        self._ask(f"{self._management}/set-renewal-info/", {"certificate": certificate, "ariResponse": told})

    def text(self, verb: str, name: str, value: str = "") -> None:
        """Set or clear a TXT record."""
        self._ask(f"{self.records}/{verb}-txt", {"host": f"{name}.", "value": value})

    def _ask(self, url: str, body: dict[str, Any] | None = None) -> bytes:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        request = urllib.request.Request(url, json.dumps(body).encode() if body else None)
        with urllib.request.urlopen(request, timeout=10, context=context if url.startswith("https") else None) as answer:
            content: bytes = answer.read()
        return content


@contextmanager
def running(folder: Path, environ: dict[str, str] | None = None, **settings: Any) -> Iterator[Pebble]:
    """On free ports of 127.0.0.1. ``settings``: of pebble's configuration file; ``environ``: its PEBBLE_ variables."""
    folder.mkdir(exist_ok=True)
    made = ensure(Request(folder, (Leaf("pebble", ("localhost",), ("127.0.0.1",), 2),)))
    acme, management, http, dns, records = free_ports(5)
    content = {
        "listenAddress": f"127.0.0.1:{acme}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": made.certificates[0].certificate_file,
        "privateKey": made.certificates[0].key_file,
        "httpPort": http,
        "tlsPort": 1,
        "keyAlgorithm": "ecdsa",
        "retryAfter": {"authz": 0, "order": 0},
        "profiles": {"default": {"description": "", "validityPeriod": _LIFETIME}, "shortlived": {"description": "", "validityPeriod": 518400}},
        **settings,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": content}))
    listen = ["-dnsserver", f"127.0.0.1:{dns}", "-management", f"127.0.0.1:{records}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""]
    with ExitStack() as stack:
        stack.enter_context(_process([program("pebble-challtestsrv"), *listen, "-defaultIPv6", ""], folder / "records.log", records))
        argv = [program("pebble"), "-config", folder / "pebble.json", "-dnsserver", f"127.0.0.1:{dns}", "-strict"]
        environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0", **(environ or {})}
        stack.enter_context(_process(argv, folder / "pebble.log", acme, environment))
        _wait(management, folder / "pebble.log")
        yield Pebble(f"https://localhost:{acme}/dir", Path(made.ca_file), http, f"http://127.0.0.1:{records}", f"https://localhost:{management}")


@contextmanager
def _process(argv: list[Any], log: Path, port: int, environ: dict[str, str] | None = None) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(_command.tethered([str(each) for each in argv]), stdout=output, stderr=output, env={**os.environ, **(environ or {})})
    try:
        _wait(port, log, process)
        yield
    finally:
        process.kill()
        process.wait()


def _wait(port: int, log: Path, process: subprocess.Popen[bytes] | None = None) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            over = time.monotonic() > ends or (process is not None and process.poll() is not None)
            assert not over, log.read_text()[-2000:]
            time.sleep(0.01)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody has now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
