# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting programs: every call has a deadline, and a failure shows the last lines of what the program said."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Missing

TAIL_LINES = 40


@dataclass(frozen=True)
class Completed:
    """What a program printed on standard output, and how long it took in seconds."""

    stdout: str
    seconds: float


def find(program: str, package: str) -> str:
    """The absolute path of a program; ``Missing`` names the Debian package that brings it."""
    path = shutil.which(program)
    if path is None:
        raise Missing(f"the program {program} is not on this machine; install it with: apt-get install {package}", program=program)
    return path


def run(
    argv: Sequence[str],
    *,
    deadline: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    log: Path | None = None,
) -> Completed:
    """Run a program to its end within ``deadline`` seconds.

    Secrets go through ``stdin`` or ``env``, never through ``argv``: errors quote ``argv``.
    ``on_line`` is called with each line of standard error as it comes; ``log`` receives both streams.
    Raises ``CommandFailed`` with the exit status and the last lines.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if env is None else {**os.environ, **env},
        cwd=cwd,
        start_new_session=True,
    )
    timed_out = threading.Event()

    def expire() -> None:
        timed_out.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(deadline, expire)
    timer.start()
    output: list[str] = []
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    sink = log.open("a", encoding="utf-8") if log else None

    def read_errors() -> None:
        assert process.stderr is not None
        for raw in process.stderr:
            line = raw.decode(errors="replace").rstrip()
            tail.append(line)
            if sink:
                sink.write(line + "\n")
                sink.flush()
            if on_line:
                on_line(line)

    reader = threading.Thread(target=read_errors)
    reader.start()
    try:
        if stdin is not None and process.stdin is not None:
            try:
                process.stdin.write(stdin)
                process.stdin.close()
            except BrokenPipeError:
                pass  # the program ended before it read everything; its status says why
        assert process.stdout is not None
        for raw in process.stdout:
            line = raw.decode(errors="replace")
            output.append(line)
            if sink:
                sink.write(line)
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    finally:
        timer.cancel()
        reader.join(timeout=5)
        if sink:
            sink.close()
    seconds = time.monotonic() - started
    if status != 0:
        last = list(tail) or [line.rstrip() for line in output[-TAIL_LINES:]]
        how = f"did not end within {deadline:.0f} s" if timed_out.is_set() else f"ended with status {status}"
        raise CommandFailed(
            f"{Path(argv[0]).name} {how}: {' '.join(argv)}\n" + "\n".join(last),
            program=Path(argv[0]).name,
            status=status,
            last_lines=last,
            log=str(log) if log else None,
        )
    return Completed("".join(output), seconds)
