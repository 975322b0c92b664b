# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names to addresses, beside everything else: getaddrinfo(3) blocks, so threads call it, as many at a time as is good for a resolver."""

from __future__ import annotations

import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Problem

Resolve = Callable[[str], tuple[str, ...]]
Answer = tuple[str, "tuple[str, ...] | Problem"]

_AT_ONCE = 32
_MOST = 512  # threads; those that a dead resolver holds are replaced until then


def addresses(host: str) -> tuple[str, ...]:
    """All addresses of a host that this machine has a protocol for, in the system's order. Raises OSError as getaddrinfo does.

    AI_ADDRCONFIG (RFC 3493 §6.1): without any IPv6 of its own a machine can't know how a host's IPv6 is.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


class Resolver:
    """``ask`` for names, and get ``answers`` when ``signal`` (a file descriptor) can be read. ``patience``: seconds for one name."""

    def __init__(self, resolve: Resolve, clock: Callable[[], float], patience: float) -> None:
        self._resolve, self._clock, self._patience = resolve, clock, patience
        self._asked: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._answered: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._waiting: set[str] = set()
        self._begun: dict[str, float] = {}
        self._threads = 0
        self.signal, self._ring = os.pipe()
        os.set_blocking(self.signal, False)
        os.set_blocking(self._ring, False)
        self._open = threading.Lock()  # guards the pipe, whose numbers are another's once it is closed
        self._closed = False

    def close(self) -> None:
        """Threads that hang in the system's resolver are left to it: they are daemons and hold nothing."""
        for _ in range(self._threads):
            self._asked.put(None)
        with self._open:
            self._closed = True
            os.close(self.signal)
            os.close(self._ring)

    def __bool__(self) -> bool:
        """Whether an answer is due."""
        return bool(self._waiting)

    def ask(self, host: str) -> None:
        if host not in self._waiting:
            self._waiting.add(host)
            self._asked.put(host)
            if self._threads < _AT_ONCE:
                self._hire()

    def due(self) -> float | None:
        """When the next name has had its time."""
        return min(list(self._begun.values()), default=None) if self._begun else None

    def answers(self) -> Iterator[Answer]:
        """What is known since the last time."""
        self._hush()
        while True:
            try:
                host, found = self._answered.get_nowait()
            except queue.Empty:
                break
            self._begun.pop(host, None)
            if host in self._waiting:
                self._waiting.remove(host)
                yield host, found
        now = self._clock()
        for host, ends in list(self._begun.items()):
            if ends <= now and host in self._waiting:
                self._waiting.remove(host)
                self._begun.pop(host, None)
                if self._threads < _MOST:
                    self._hire()
                yield host, Problem("unresolved", f"no resolver answered for {host} within {self._patience:g} s")

    def _hire(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, daemon=True, name="resolve").start()

    def _work(self) -> None:
        while (host := self._asked.get()) is not None:
            self._begun[host] = self._clock() + self._patience
            self._answered.put((host, self._answer(host)))
            with self._open:
                if not self._closed:
                    self._signal()

    def _answer(self, host: str) -> tuple[str, ...] | Problem:
        try:
            return self._resolve(host) or Problem("unresolved", f"{host} has no address")
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                return Problem("unresolved", f"no resolver answered for {host} (a name that does not exist would have been said to)")
            return Problem("unresolved", f"{host} does not resolve to an address: {error.strerror}")
        except (OSError, UnicodeError) as error:
            return Problem("unresolved", f"{host} does not resolve to an address: {getattr(error, 'strerror', None) or type(error).__name__}")

    def _signal(self) -> None:
        try:
            os.write(self._ring, b"!")
        except BlockingIOError:
            return  # it has been rung often enough

    def _hush(self) -> None:
        try:
            while os.read(self.signal, 4096):
                pass
        except BlockingIOError:
            return
