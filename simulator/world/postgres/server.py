# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server process of this machine: made, started, asked, stopped, and kept as a folder when it is gone."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.world.postgres import configuration
from simulator.world.postgres.programs import Programs, unprivileged

_MAKE_SECONDS, _START_SECONDS, _STOP_SECONDS, _ASK_SECONDS = 120, 60, 20, 30
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class ServerError(Exception):
    """What a program said when it failed; no secret is ever told to one."""


class Server:
    """``folder``: holds data and log. ``address`` and ``port``: where it listens.

    The data belongs to an unprivileged user who may not be able to reach it: PostgreSQL is given the folder as an open file, and every path that it
    makes of it leads there.
    """

    def __init__(self, programs: Programs, folder: Path, address: str, port: int) -> None:
        self.programs, self.folder, self.address, self.port = programs, folder, address, port
        self.data, self.log = folder / "data", folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets = ""

    def make(self) -> None:
        """An empty server. Raises ServerError."""
        self.folder.mkdir(parents=True, mode=0o700)
        self.data.mkdir(mode=0o700)
        self._give(self.data)
        command = ["initdb", "--username", configuration.ADMIN, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        with self._reached() as (where, handle):
            made = subprocess.run(
                [self.programs.path(command[0]), *command[1:], "--pgdata", where],
                **{**unprivileged(), "pass_fds": [handle], "cwd": "/", "env": _ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_MAKE_SECONDS,
                check=False,
            )
        if made.returncode:
            raise ServerError(f"initdb: {made.stderr.strip()[-500:]}")

    def put(self, name: str, content: bytes) -> None:
        """A file in the data folder."""
        file = self.data / name
        file.touch(mode=0o600)
        file.write_bytes(content)
        self._give(file)

    def start(self, ended: threading.Event) -> None:
        """Raises ServerError with the end of the log if it doesn't come up. ``ended``: nobody waits for it any more."""
        self._give(Path(self.sockets))
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self._reached() as (where, handle), self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.programs.path("postgres"), "-D", where],
                **{**unprivileged(), "pass_fds": [handle], "cwd": "/", "env": _ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        for _ in range(_START_SECONDS * 20):
            if self._process.poll() is not None:
                raise ServerError(self._said(begin))
            if self._ask("SELECT 1;", quiet=True) is not None:
                return
            if ended.wait(0.05):
                break
        self.stop()
        raise ServerError(f"it did not answer within {_START_SECONDS} s: {self._said(begin)}")

    @property
    def sockets(self) -> str:
        """The folder of its own socket, for postgresql.conf; made when first asked for, and gone when the server is."""
        self._sockets = self._sockets or tempfile.mkdtemp(prefix="rds-")
        return self._sockets

    def answers(self) -> bool:
        """Whether it speaks PostgreSQL's protocol, asked as a client asks for TLS."""
        if self._process is None or self._process.poll() is not None:
            return False
        try:
            with socket.create_connection((self.address, self.port), timeout=2) as connection:
                connection.sendall(_SSL_REQUEST)
                return connection.recv(1) in (b"S", b"N")
        except OSError:
            return False

    def run(self, sql: str) -> str:
        """As its administrator. Raises ServerError."""
        found = self._ask(sql)
        assert found is not None
        return found

    def reload(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Connections are broken off; what was committed stays."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(_STOP_SECONDS)
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = ""

    def _ask(self, sql: str, *, quiet: bool = False) -> str | None:
        command = [self.programs.path("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-p", str(self.port)]
        told: subprocess.CompletedProcess[str] = subprocess.run(
            [*command, "-U", configuration.ADMIN, "-d", "postgres"],
            **{**unprivileged(), "cwd": "/", "env": _ENVIRONMENT},
            input=sql,
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=False,
        )
        if told.returncode == 0:
            return told.stdout
        if quiet:
            return None
        raise ServerError("psql: " + "; ".join(line for line in told.stderr.splitlines() if "ERROR" in line)[:500])

    def _said(self, begin: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begin)
            lines = [line for line in log.read().decode(errors="replace").splitlines() if any(each in line for each in ("FATAL", "ERROR", "LOG:"))]
        return "; ".join(line.partition("] ")[2] or line for line in lines[-4:])

    def _give(self, path: Path) -> None:
        user = unprivileged()
        if user:
            os.chown(path, user["user"], user["group"])

    @contextmanager
    def _reached(self) -> Iterator[tuple[str, int]]:
        handle = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{handle}", handle
        finally:
            with contextlib.suppress(OSError):
                os.close(handle)


def kill_left(folder: Path) -> None:
    """A server of this folder that outlived whoever started it."""
    data = folder / "data"
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        handle = os.pidfd_open(pid)
        if Path(f"/proc/{pid}/cwd").samefile(data):
            signal.pidfd_send_signal(handle, signal.SIGQUIT)
            select.select([handle], [], [], _STOP_SECONDS)
        os.close(handle)
    except (OSError, ValueError, IndexError):
        return
