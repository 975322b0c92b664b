# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is probed: one server with a certificate for each of many names, and a port where nobody ever answers. Both on 127.0.0.1."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from machine import ending_with_us


@dataclass(frozen=True)
class Target:
    port: int
    name: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Servers:
    """``root``: whom clients trust (PEM)."""

    port: int
    dead: int
    root: Path
    process: subprocess.Popen[str]

    def targets(self, count: int, dead_of: int = 0) -> list[Target]:
        """That many, each with a name of its own; with ``dead_of`` each so-manieth is dead."""
        ports = [self.dead if dead_of and number % dead_of == dead_of - 1 else self.port for number in range(count)]
        return [Target(port, f"h{number}.bench.test") for number, port in enumerate(ports)]

    def counted(self) -> dict[str, int]:
        """Connections and completed handshakes since the last time."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, int] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def running(folder: Path, binary: Path, names: int) -> Iterator[Servers]:
    root = folder / "root.pem"
    argv = ending_with_us([str(binary), "serve", "-names", str(names), "-root", str(root)])
    with ExitStack() as stack:
        dead = stack.enter_context(_dead())
        process = stack.enter_context(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        stack.callback(process.kill)
        assert process.stdout is not None
        yield Servers(json.loads(process.stdout.readline())["port"], dead, root, process)


@contextmanager
def _dead() -> Iterator[int]:
    """A port whose queue of connections is full: the kernel drops who else wants to connect, as a firewall does."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
