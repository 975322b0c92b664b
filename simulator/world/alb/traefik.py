# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traefik as the load balancer's data plane: one process for each, of the program that the project's own gateway is."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed

_HOST = "127.0.0.1"
_SECONDS = 20.0


@dataclass(frozen=True)
class Listener:
    """``pairs``: certificate and key of each certificate; the first is the one for names that no other has. None of them: plain HTTP."""

    port: int
    pairs: tuple[tuple[Path, Path], ...] = ()


class Traefik:
    """Serves each listener on a free port of 127.0.0.1 (``ports``: by that of the listener), until ``stop``. Raises CommandFailed."""

    def __init__(self, program: Path, folder: Path, listeners: tuple[Listener, ...], idle_seconds: int = 60) -> None:
        self.listeners, self.idle_seconds = listeners, idle_seconds
        self._folder, self._shown = folder, ""
        self.ports = {each.port: _free() for each in listeners}
        self._own = _free()
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "dynamic").mkdir(parents=True)
        (folder / "traefik.yml").write_text(json.dumps(self._static()))  # JSON is YAML
        self._log = (folder / "log").open("wb")
        command = [str(program), f"--configFile={folder / 'traefik.yml'}"]
        try:
            self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)
        except OSError as error:
            self._log.close()
            raise CommandFailed(f"traefik can't be started: {program}: {error.strerror}") from None
        try:
            for port in (*self.ports.values(), self._own):
                self._until(partial(_listens, port), f"serve on {_HOST}:{port}")
        except CommandFailed:
            self.stop()
            raise

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def show(self, wanted: Mapping[str, Any]) -> None:
        """Have it serve this (what rules.configuration gives, for entry points "port-443"), from when this returns."""
        named = [{"certFile": str(certificate), "keyFile": str(key)} for each in self.listeners for certificate, key in each.pairs]
        tls: dict[str, Any] = {"certificates": named, "options": {"default": {"minVersion": "VersionTLS12"}}}
        if named:
            tls["stores"] = {"default": {"defaultCertificate": named[0]}}
        mark = f"/{hashlib.sha256(json.dumps([wanted, tls], sort_keys=True).encode()).hexdigest()}"
        if mark == self._shown:
            return
        routers = {**wanted["routers"], "shown": {"entryPoints": ["own"], "rule": f'Path("{mark}")', "service": "ping@internal"}}
        _files.write(self._folder / "next.yml", json.dumps({"http": {**wanted, "routers": routers}, "tls": tls}).encode(), 0o600)
        (self._folder / "next.yml").replace(self._folder / "dynamic" / "routes.yml")
        self._until(lambda: _answers(self._own, mark), "take its routes")
        self._shown = mark

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _static(self) -> dict[str, Any]:
        times = {"respondingTimeouts": {"readTimeout": "0s", "idleTimeout": f"{self.idle_seconds}s"}, "lifeCycle": {"graceTimeOut": "1s"}}
        return {
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
            "log": {"level": "WARN"},
            "ping": {"manualRouting": True},
            "entryPoints": {
                "own": {"address": f"{_HOST}:{self._own}"},
                **{f"port-{port}": {"address": f"{_HOST}:{own}", "transport": times} for port, own in self.ports.items()},
            },
            "providers": {"providersThrottleDuration": "50ms", "file": {"directory": str(self._folder / "dynamic"), "watch": True}},
            "serversTransport": {"forwardingTimeouts": {"dialTimeout": "5s", "responseHeaderTimeout": f"{self.idle_seconds}s"}},
        }

    def _until(self, done: Callable[[], bool], what: str) -> None:
        ends = time.monotonic() + _SECONDS
        while time.monotonic() < ends and self.alive:
            if done():
                return
            time.sleep(0.02)
        last = (self._folder / "log").read_text(errors="replace").splitlines()[-3:]
        raise CommandFailed(f"traefik does not {what}: {' / '.join(last) or 'it says nothing'}")


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((_HOST, port), 1):
        return True
    return False


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
