# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that a simulated AWS is: started so that it outlives whoever started it, found again, and ended.

python -m simulator.rehearsal.process start <folder> <podman network> <account> <region>    settings.json, but for the address, on stdin
python -m simulator.rehearsal.process stop <folder>                                         it is gone, and its folder too
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _podman

from simulator.world.postgres.server import kill_left

CHECKOUT = Path(__file__).resolve().parents[2]
SPEED = 60  # as many minutes of AWS are one here
_PATIENCE = 120.0  # seconds
_LOOK = 0.1
_STARTED: list[subprocess.Popen[bytes]] = []  # nobody waits for them; they stay when this process ends


class ProcessError(Exception):
    """Why there is no simulated AWS, and what it said."""


def state(folder: Path) -> dict[str, Any]:
    """What state.json says; {} if it can't be read."""
    try:
        found: dict[str, Any] = json.loads((folder / "state.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def running(folder: Path, proc: Path = Path("/proc")) -> list[int]:
    """Process ids of simulators of this folder: one, or none; whether they are ready or not."""
    return sorted(pid for pid, words in _commands(proc) if "--world" in words and str(folder) in words)


def ready(folder: Path) -> bool:
    """Whether it answers: its state says so, and the process is the one of the state."""
    found = state(folder)
    return bool(found.get("ready")) and found.get("pid") in running(folder)


def start(folder: Path, settings: dict[str, Any], account: str, region: str) -> bool:
    """Whether it was not there before. It is ready when this returns. Raises ProcessError."""
    if ready(folder):
        return False
    stop(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "settings.json").write_text(json.dumps(settings, indent=1))
    argv = [sys.executable, "-m", "simulator", "--world", str(folder), "--speed", str(SPEED), "--log", str(folder / "calls.jsonl")]
    argv += [*(["--account", account] if account else []), *(["--region", region] if region else [])]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    _STARTED.append(process)
    ends = time.monotonic() + _PATIENCE
    while not state(folder).get("ready"):
        if process.poll() is not None or time.monotonic() > ends:
            stop(folder)
            raise ProcessError(f"the simulated AWS is not ready: {(folder / 'log').read_text(errors='replace').strip()[-2000:] or 'it says nothing'}")
        time.sleep(_LOOK)
    return True


def stop(folder: Path) -> None:
    """Whatever of it runs, ends: it itself, and what it started if it could not see to that. Raises ProcessError."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        left = running(folder)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        ends = time.monotonic() + _PATIENCE
        while running(folder) and time.monotonic() < ends:
            time.sleep(_LOOK)
    _STARTED[:] = [each for each in _STARTED if each.poll() is None]
    if running(folder):
        raise ProcessError(f"the simulated AWS does not end: {running(folder)}")
    for pid in _balancers(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for instance in (folder / "databases" / "instances").glob("*"):
        kill_left(instance)
    (folder / "state.json").unlink(missing_ok=True)


def gateway(network: str) -> str:
    """The address of this machine on a network of podman's."""
    env = os.environ | _podman.environment(_artifacts.cache_dir())
    told = subprocess.run(["podman", "network", "inspect", network], check=True, capture_output=True, text=True, timeout=60, env=env).stdout
    return str(json.loads(told)[0]["subnets"][0]["gateway"])


def _balancers(folder: Path, proc: Path = Path("/proc")) -> list[int]:
    return [pid for pid, words in _commands(proc) if any(word.startswith(f"--configFile={folder}/") for word in words)]


def _commands(proc: Path) -> Iterator[tuple[int, list[str]]]:
    """Process ids, and the words with which they were started."""
    for each in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield int(each.name), (each / "cmdline").read_bytes().decode(errors="replace").split("\0")


def main(given: list[str]) -> int:
    what, folder = given[0], Path(given[1])
    try:
        if what == "stop":
            stop(folder)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            network, account, region = given[2:]
            settings = {**json.load(sys.stdin), "address": gateway(network)}
            sys.stdout.write("started\n" if start(folder, settings, account, region) else "")
    except ProcessError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
