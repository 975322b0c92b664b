# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection whose methods wait for nothing: they are generators that yield the connection itself when it has to be waited for.

Whoever drives them (loop.py, for thousands side by side) waits until ``fileno`` is ready for ``mask``, and resumes; or, once ``deadline`` is
over, throws TimeoutError in. So what is said in a protocol reads from top to bottom, and no thread sits beside a host that does not answer.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Generator
from selectors import EVENT_READ, EVENT_WRITE
from typing import TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Problem

T = TypeVar("T")
Steps = Generator["Wire", None, T]

_CHUNK = 16384
_MOST = 65536  # of plain text; nobody greets with more
_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR)


class Stop(Exception):
    """The conversation can't go on; ``problem`` says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(code, text)


class Wire:
    """One TCP connection. ``deadline`` is on the clock of whoever drives it, and is moved by whoever uses it. ``peer`` names it in problems."""

    __slots__ = ("_buffer", "_heard", "_socket", "deadline", "fileno", "mask", "peer")

    def __init__(self, deadline: float, peer: str = "it") -> None:
        self.deadline = deadline
        self.peer = peer
        self.fileno = -1
        self.mask = EVENT_WRITE
        self._socket: socket.socket | None = None
        self._buffer = b""
        self._heard = 0

    def connect(self, address: str, port: int) -> Steps[None]:
        """Raises OSError as connect(2) does. ``address`` may have a zone (``fe80::1%eth0``, RFC 4007 §11)."""
        host, _, zone = address.partition("%")
        where: tuple[str, int] | tuple[str, int, int, int] = (host, port, 0, _index(zone)) if ":" in host else (host, port)
        self.close()
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self.fileno = self._socket.fileno()
        code = self._socket.connect_ex(where)
        if code in _UNDER_WAY:
            code = self._socket.connect_ex(where)  # nearby it is there by now
            code = 0 if code == errno.EISCONN else code
        if code in _UNDER_WAY:
            self.mask = EVENT_WRITE
            yield self
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    @property
    def local_address(self) -> str:
        return str(self._connected.getsockname()[0])

    def send(self, data: bytes) -> Steps[None]:
        """All of it. Raises OSError as send(2) does."""
        while data:
            try:
                data = data[self._connected.send(data) :]
            except BlockingIOError:
                self.mask = EVENT_WRITE
                yield self

    def receive(self) -> Steps[bytes]:
        """What there is, at least a byte; nothing at the end. Raises OSError as recv(2) does."""
        if self._buffer:
            return self.rest()
        self.mask = EVENT_READ
        while True:
            yield self
            try:
                return self._connected.recv(_CHUNK)
            except BlockingIOError:
                continue

    def rest(self) -> bytes:
        """What was received and not yet read."""
        found, self._buffer = self._buffer, b""
        return found

    def line(self) -> Steps[bytes]:
        """The next line, without its end."""
        found = yield from self.until(_LINE)
        return found.group().rstrip(b"\r\n")

    def exactly(self, size: int) -> Steps[bytes]:
        while len(self._buffer) < size:
            yield from self._more()
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def until(self, pattern: re.Pattern[bytes]) -> Steps[re.Match[bytes]]:
        """Everything up to the end of the pattern, which is looked for in what was not read yet."""
        while not (found := pattern.search(self._buffer)):
            yield from self._more()
        self._buffer = self._buffer[found.end() :]
        return found

    def _more(self) -> Steps[None]:
        if self._heard > _MOST:
            raise Stop("not_tls", f"{self.peer} talks without end in plain text")
        before, self._buffer = self._buffer, b""
        data = yield from self.receive()
        if not data:
            raise Stop("reset", f"{self.peer} closed the connection" + (f" after «{shown(before)}»" if before else " without a word"))
        self._buffer = before + data
        self._heard += len(data)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket, self.fileno, self._buffer = None, -1, b""

    @property
    def _connected(self) -> socket.socket:
        assert self._socket is not None
        return self._socket


_LINE = re.compile(rb"[^\n]*\n")


def shown(data: bytes, width: int = 80) -> str:
    """The first line of what somebody sent, fit for a message: printable, and not long."""
    line = data.lstrip(b"\r\n").partition(b"\n")[0].rstrip(b"\r").decode("latin-1")
    text = "".join(character if character.isprintable() else "." for character in line[: width + 1])
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _index(zone: str) -> int:
    if not zone:
        return 0
    try:
        return int(zone) if zone.isdecimal() else socket.if_nametoindex(zone)
    except OSError:
        raise OSError(errno.ENODEV, f"this machine has no network interface {zone}") from None
