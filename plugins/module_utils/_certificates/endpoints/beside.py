# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second process that does a part of the work and sends what it finds: what is left of a probe is Python, and Python has one processor. See decision 017."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")
_LENGTH = 4  # bytes before each batch
_CHUNK = 1 << 20


def possible() -> bool:
    """Whether another processor is there, and no thread whose locks a forked process would hold for ever."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors > 1 and threading.active_count() == 1


class Beside(Generic[T]):
    """The other process. ``signal``: a file descriptor that can be read when something has come."""

    def __init__(self, pid: int, reading: int) -> None:
        self.pid = pid
        self.signal = reading
        self.under_way = True
        self.done = False
        self._raw = b""

    def come(self) -> list[T]:
        """What is there by now, without waiting. Afterwards ``under_way`` says whether there will be more, and ``done`` whether that was all."""
        try:
            data = os.read(self.signal, _CHUNK)
        except BlockingIOError:
            return []
        self.under_way = bool(data)
        raw, at, found = self._raw + data, 0, list[T]()
        while len(raw) >= at + _LENGTH:
            begins = at + _LENGTH
            ends = begins + int.from_bytes(raw[at:begins], "big")
            if ends > len(raw):
                break
            batch = pickle.loads(raw[begins:ends])
            self.done = not batch
            found += batch
            at = ends
        self._raw = raw[at:]
        return found


@contextmanager
def beside(work: Callable[[], Iterable[list[T]]]) -> Iterator[Beside[T]]:
    """``work`` gives batches in a process of its own, which is gone at the end, however it comes."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        # Nothing of the process that this is a copy of may happen twice: neither its handlers, nor what it does at its end.
        with contextlib.suppress(BaseException):
            os.close(reading)
            _send(work(), writing)
        os._exit(0)
    os.close(writing)
    os.set_blocking(reading, False)
    try:
        yield Beside(pid, reading)
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _send(batches: Iterable[list[T]], writing: int) -> None:
    """An empty batch is the end; without it something went wrong."""
    for batch in batches:
        if batch:
            _write(pickle.dumps(batch), writing)
    _write(pickle.dumps([]), writing)


def _write(content: bytes, writing: int) -> None:
    data = len(content).to_bytes(_LENGTH, "big") + content
    while data:
        data = data[os.write(writing, data) :]
