# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the comparisons share: the machine they ran on, and the programs that they start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

_STARTED = 20.0  # seconds that a server may take to answer


def described() -> str:
    """The line without which no figure says anything."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    loads = " ".join(f"{load:.2f}" for load in os.getloadavg())
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, load averages {loads}"


def ending_with_us(argv: Sequence[str]) -> list[str]:
    """The same command; the kernel ends it when we end, however that happens."""
    return [str(shutil.which("setpriv") or sys.exit("setpriv (util-linux) is not on this machine")), "--pdeathsig", "KILL", "--", *argv]


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until this server answers; ends with its last words if it does not."""
    ends = time.monotonic() + _STARTED
    while process.poll() is None and time.monotonic() < ends:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing answers at {url}: {log.read_text()[-2000:]}")
