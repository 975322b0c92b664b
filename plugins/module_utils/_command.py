# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting programs: every call has a deadline, none outlives who started it, and a failure shows the last lines of what the program said."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

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


class _Sink(Protocol):
    def write(self, line: str, /) -> object: ...


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
    errors: deque[str] = deque(maxlen=TAIL_LINES)
    output: list[str] = []
    with log.open("a", encoding="utf-8", buffering=1) if log else nullcontext() as sink:

        def hear(line: str) -> None:
            errors.append(line.rstrip())
            if sink:
                sink.write(line)
            if on_line:
                on_line(line.rstrip())

        with _started(argv, stdin, env, cwd) as process, _killed_after(process, deadline) as expired:
            listener = threading.Thread(target=_each_line, args=(process.stderr, hear))
            listener.start()
            _each_line(process.stdout, output.append, sink)
            status = process.wait()
            listener.join(timeout=5)
    if status != 0:
        how = f"did not end within {deadline:.0f} s" if expired.is_set() else f"ended with status {status}"
        raise _failed(argv, how, status, list(errors) or [line.rstrip() for line in output[-TAIL_LINES:]], log)
    return Completed("".join(output), time.monotonic() - started)


@contextmanager
def _started(argv: Sequence[str], stdin: bytes | None, env: Mapping[str, str] | None, cwd: Path | None) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a process group of its own, which ends with this block however the block ends."""
    process = subprocess.Popen(
        tethered(argv),
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if env is None else {**os.environ, **env},
        cwd=cwd,
        start_new_session=True,
    )
    # Beside the reading: a program that answers before it has read everything would otherwise wait for us, and we for it.
    threading.Thread(target=_feed, args=(process.stdin, stdin or b""), daemon=True).start()
    process.stdin = None
    with process:
        try:
            yield process
        except BaseException:
            _signal(process, signal.SIGTERM)
            raise


def tethered(argv: Sequence[str], which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """The same command, asked to end when the thread that started it is gone (prctl(2), PR_SET_PDEATHSIG), where the machine has setpriv(1).

    Whoever is killed with SIGKILL can't end what it started, and the next run would meet a build that goes on.
    podman may finish: it is done in a moment, and ended between two steps it leaves a network namespace that nothing names any more.
    """
    setpriv = None if Path(argv[0]).name == "podman" else which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--", *argv] if setpriv else list(argv)


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], deadline: float) -> Iterator[threading.Event]:
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _signal(process, signal.SIGKILL)

    timer = threading.Timer(deadline, expire)
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it ended by itself meanwhile
        os.killpg(process.pid, number)


def _feed(stream: IO[bytes] | None, content: bytes) -> None:
    if stream is not None:
        with suppress(BrokenPipeError), stream:  # it ended before it read everything; its status says why
            stream.write(content)


def _each_line(stream: IO[bytes] | None, take: Callable[[str], object], sink: _Sink | None = None) -> None:
    for raw in stream or ():
        line = raw.decode(errors="replace")
        take(line)
        if sink:
            sink.write(line)


def _failed(argv: Sequence[str], how: str, status: int, last: list[str], log: Path | None) -> CommandFailed:
    program = Path(argv[0]).name
    message = "\n".join([f"{program} {how}: {' '.join(argv)}", *last])
    return CommandFailed(message, program=program, status=status, last_lines=last, log=str(log) if log else None)
