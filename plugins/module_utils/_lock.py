# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time: a lock that belongs to a living process, so that a killed run never blocks the next one."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import Busy, Denied


@dataclass(frozen=True)
class Holder:
    """A process, told apart from a later one with the same id by its start time (clock ticks since boot, proc(5) field 22)."""

    pid: int
    started: int
    command: str


def holder_of(pid: int, proc: Path = Path("/proc")) -> Holder | None:
    """The living process with this id, or None."""
    try:
        stat = (proc / str(pid) / "stat").read_text()
        command = (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in field 2 may hold blanks and parentheses: fields are counted from behind the last one.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else Holder(pid, int(fields[19]), command)


def take(path: Path, pid: int, what: str, proc: Path = Path("/proc")) -> None:
    """Take the lock at ``path`` for process ``pid``; it ends with that process. ``Busy`` names who holds it now, ``Denied`` a file that can't be written."""
    me = holder_of(pid, proc)
    if me is None:
        raise ValueError(f"process {pid} does not exist")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise Denied(f"this user cannot write the lock of {what}, {error.filename} ({error.strerror}): run it as root (sudo -i)") from error
    with os.fdopen(descriptor, "r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        other = _read(handle.read())
        if other is not None and other != me and holder_of(other.pid, proc) == other:
            raise Busy(
                f"{what} is being changed by process {other.pid} ({other.command}); wait until it ends, or stop it with: kill {other.pid}",
                holder_pid=other.pid,
            )
        handle.seek(0)
        handle.truncate()
        json.dump(asdict(me), handle)


def _read(text: str) -> Holder | None:
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):  # empty, or cut short by a crash: nobody holds it
        return None
