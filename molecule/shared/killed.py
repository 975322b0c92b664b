# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command and kills it, with all that it has started, as soon as it prints some words: ``killed.py <words> <program> <argument>...``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

words, *argv = sys.argv[1:]
with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
    assert run.stdout is not None
    for line in run.stdout:
        print(line, end="")
        if words in line:
            os.killpg(run.pid, signal.SIGKILL)
            sys.exit(0)
sys.exit(f"it ended by itself, and never printed {words!r}")
