# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other people's programs as witnesses: what they write, we must be able to read."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., None]


def runner(program: str, folder: Path) -> Run:
    """The program, run in a folder; a test that needs it is skipped where it is not installed."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not on this machine")

    def run(*arguments: str) -> None:
        done = subprocess.run([path, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stderr or done.stdout}"

    return run
