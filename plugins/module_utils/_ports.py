# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on a TCP port of this machine, read from /proc (proc(5), Documentation/networking/proc_net_tcp.rst)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"


@dataclass(frozen=True)
class Listener:
    """A process that listens: its id, its name and its command line. ``pid`` 0 means it could not be found out."""

    pid: int
    name: str
    command: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid}: {self.command})" if self.pid else "a process that this user may not see"


def listener_of(port: int, proc: Path = Path("/proc")) -> Listener | None:
    """The process that listens on this port on any local address, or None if nobody does."""
    inodes = {inode for table in ("tcp", "tcp6") for inode in _listening_inodes(proc / "net" / table, port)}
    if not inodes:
        return None
    for process in proc.iterdir():
        if process.name.isdigit() and _holds_socket(process, inodes):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return Listener(int(process.name), (process / "comm").read_text().strip(), command)
    return Listener(0, "", "")


def _listening_inodes(table: Path, port: int) -> set[str]:
    wanted = f"{port:04X}"
    try:
        rows = table.read_text().splitlines()[1:]
    except FileNotFoundError:  # a kernel without IPv6 has no tcp6
        return set()
    fields = (row.split() for row in rows)
    return {row[9] for row in fields if row[3] == _LISTEN and row[1].rpartition(":")[2] == wanted}


def _holds_socket(process: Path, inodes: set[str]) -> bool:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    try:
        return any(str(handle.readlink()) in wanted for handle in (process / "fd").iterdir())
    except OSError:  # the process ended meanwhile, or belongs to another user
        return False
