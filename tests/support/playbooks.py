# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks, run as a person runs them: in a process of their own, with nothing of AWS or Ansible but what the test gives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.tree import CHECKOUT

HERE = ("-i", "localhost,", "-c", "local")  # for playbooks that need no inventory
_LOOKS = 0.1  # seconds between two calls of what goes on meanwhile


def ansible_playbook(
    *arguments: str | Path,
    extra: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    meanwhile: Callable[[], bool | None] | None = None,
    seconds: int = 300,
) -> subprocess.CompletedProcess[str]:
    """Run it with these arguments and variables; all that it showed is in ``stdout``.

    ``meanwhile`` is called again and again until the run ends; says it True, the run is killed, as a machine that fails would.
    """
    given = {"ansible_python_interpreter": sys.executable, **(extra or {})}
    command = [str(Path(sys.prefix) / "bin/ansible-playbook"), *map(str, arguments), "-e", json.dumps(given)]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    own = {"ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0"}
    started = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=kept | own | dict(environ or {}),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with _going_on(meanwhile, started.pid):
        try:
            shown, _ = started.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, started.returncode, shown, "")


@contextmanager
def _going_on(work: Callable[[], bool | None] | None, group: int) -> Iterator[None]:
    ended = threading.Event()

    def again() -> None:
        while work and not ended.wait(_LOOKS):
            if work():
                os.killpg(group, signal.SIGKILL)
                return

    thread = threading.Thread(target=again, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
