# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured against: two registries, and in front of them the proxy that counts and delays. All of it ends with this process."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import ending_with_us, wait_for
from promotion.store import Store

_PACKAGES = "apt-get install --no-install-recommends docker-registry skopeo"


@dataclass(frozen=True)
class Servers:
    """Two registries as clients see them, through the proxy (``dev``, ``prod``: host:port), and as they are (``stores``)."""

    dev: str
    prod: str
    stores: dict[str, Store]
    control: str

    def begin(self, delay_ms: int) -> None:
        """Forget what was counted; from now on every request waits."""
        urllib.request.urlopen(urllib.request.Request(f"{self.control}/begin?delay={delay_ms}ms", method="POST"), timeout=10).close()

    def log(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.control}/log", timeout=60) as answer:
            entries: list[dict[str, Any]] = json.load(answer)
            return entries


def program(name: str) -> str:
    """Where a Debian package put a program; ends with what to type if it is not there."""
    path = shutil.which(name)
    if path is None:
        sys.exit(
            f"{name} is not on this machine, and the benchmark compares with it and nothing else needs it. Type: {_PACKAGES}\n"
            "(the service that the package sets up is not needed: systemctl disable --now docker-registry)"
        )
    return path


@contextmanager
def running(folder: Path, proxy: Path) -> Iterator[Servers]:
    with ExitStack() as stack:
        backends = {name: stack.enter_context(_registry(folder / name)) for name in ("dev", "prod")}
        argv = ending_with_us([str(proxy), "serve", *(f"{name}={address}" for name, address in backends.items())])
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                ports = json.loads(process.stdout.readline())
                stores = {name: Store(address) for name, address in backends.items()}
                # localhost, not 127.0.0.1: that is the name for which every tool speaks plain HTTP by itself.
                yield Servers(f"localhost:{ports['dev']}", f"localhost:{ports['prod']}", stores, f"http://127.0.0.1:{ports['control']}")
            finally:
                process.kill()


@contextmanager
def _registry(folder: Path) -> Iterator[str]:
    folder.mkdir()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    settings = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data"), "maxthreads": 100}, "cache": {"blobdescriptor": "inmemory"}},
        # Behind the proxy it does not know its own name.
        "http": {"addr": address, "relativeurls": True, "secret": "of this benchmark"},
    }
    (folder / "config.yml").write_text(json.dumps(settings))  # JSON is YAML
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(ending_with_us([program("docker-registry"), "serve", str(folder / "config.yml")]), stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(f"http://{address}/v2/", process, folder / "log")
            yield f"http://{address}"
        finally:
            process.kill()
