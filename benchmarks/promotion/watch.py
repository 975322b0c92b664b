# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest resident set of programs while they run.

What wait4(2) reports of a child begins with the size of the Python that started it, 30 MiB and more: too much to tell these tools apart. The
kernel's own high-water mark (VmHWM, proc_pid_status(5)) begins anew with the program, so that one is read until the program is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.02  # seconds


@dataclass
class Largest:
    """Bytes, of the process that needed most."""

    memory: int = 0


@contextmanager
def largest(folder: Path) -> Iterator[Largest]:
    """Watch all processes whose working directory is ``folder`` until the end of the block."""
    found, over, here = Largest(), threading.Event(), folder.resolve()

    def watch() -> None:
        while not over.wait(_EVERY):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if (process / "cwd").readlink() == here:
                        found.memory = max(found.memory, high_water((process / "status").read_text()))
                except OSError:
                    continue  # it is gone, or not ours

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()


def high_water(status: str) -> int:
    """Bytes from the text of /proc/<pid>/status; 0 for a process that is ending."""
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0
