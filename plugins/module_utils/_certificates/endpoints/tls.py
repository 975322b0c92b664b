# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The handshake, in memory: bytes come from a Wire and go to it, so that what a server says can be looked at whatever becomes of it.

Nothing is verified here (verify.py does, offline), because a chain that does not verify is the one that has to be seen.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints import chain
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.hello import Beyond
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps, Stop, Wire, shown
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Problem

_TLS = (0x15, 0x16)  # what a server's first byte can be: an alert, or a handshake
_MOST_KEPT = 1 << 17
_CHANGED_OUR_MIND = b"\x15\x03\x03\x00\x02\x01\x5a" + b"\x15\x03\x03\x00\x02\x01\x00"  # user_canceled, close_notify (RFC 8446 §6.1)
# How the servers of plain protocols greet; only those that STARTTLS is known for.
_GREETINGS = {b"220": "smtp or ftp", b"+OK": "pop3", b"* OK": "imap"}


@dataclass
class Handshake:
    """How it went. ``failure``: None if it ended well. ``seen``: what was said in the clear, looked at only if it did not. ``closed``: without a word."""

    certificates: tuple[bytes, ...] = ()
    protocol: str = ""
    cipher: str = ""
    failure: Problem | None = None
    seen: chain.Flight = chain.NOTHING
    closed: bool = False
    injected: bool = False


class Engine(Protocol):
    """Who speaks TLS, in memory. ``step`` takes what came, says whether the handshake is done, and raises OSError if it failed."""

    protocol: str
    cipher: str

    def step(self, data: bytes) -> bool: ...
    def outgoing(self) -> bytes: ...
    def certificates(self) -> tuple[bytes, ...]: ...
    def objected(self, data: bytes) -> None: ...
    def end(self) -> None: ...


class Session:
    """One handshake on a wire; ``after_plain``: behind STARTTLS."""

    def __init__(self, wire: Wire, engine: Engine, after_plain: bool = False) -> None:
        self._wire, self._engine = wire, engine
        self._after_plain = after_plain
        self._received = b""
        self._done = Handshake()

    def run(self, confirm: Callable[[], float] | None = None) -> Steps[Handshake]:
        """Shake hands and hang up; whatever happens is in the result, but for ``Beyond``, which is raised.

        ``confirm``: until when to wait for what the server thinks of our certificate.
        """
        done, engine = self._done, self._engine
        try:
            yield from self._shake()
            done.protocol, done.cipher = engine.protocol, engine.cipher
            if confirm and done.protocol == "TLSv1.3":
                yield from self._confirmed(confirm())
        except Stop as stop:
            done.failure = stop.problem
        except Beyond:
            with suppress(OSError):
                yield from self._wire.send(_CHANGED_OUR_MIND)
            raise
        except OSError as error:  # ssl.SSLError and TimeoutError are, too
            done.seen = chain.flight(self._received)
            done.closed = not self._received and not isinstance(error, TimeoutError)
            done.failure = self._failure(error)
        done.certificates = engine.certificates() or done.seen.certificates
        engine.end()
        with suppress(OSError):  # nobody waits for the answer to a goodbye
            yield from self._wire.send(engine.outgoing())
        return done

    def _shake(self) -> Steps[None]:
        wire, engine, data = self._wire, self._engine, b""
        while not engine.step(data):
            yield from wire.send(engine.outgoing())
            data = yield from wire.receive()
            if not data:
                raise ConnectionResetError
            if not self._received and data[0] not in _TLS:
                data = yield from self._behind_plain(data)
            if len(self._received) < _MOST_KEPT:
                self._received += data

    def _behind_plain(self, data: bytes) -> Steps[bytes]:
        """What comes behind lines of plain text, which are an injection behind STARTTLS, and the end of it elsewhere."""
        heard = 0
        while data[0] not in _TLS:
            if not self._after_plain or heard > _MOST_KEPT:
                raise Stop("not_tls", f"{self._wire.peer} does not speak TLS: it answered «{shown(data)}»{_hint(data)}")
            line, ended, rest = data.partition(b"\n")
            heard += len(line) + 1
            if not rest:
                more = yield from self._wire.receive()
                if not more:
                    raise Stop("not_tls", f"{self._wire.peer} went on in plain text after STARTTLS: «{shown(data)}»")
                rest = more if ended else data + more
            data = rest
        self._done.injected = True
        return data

    def _confirmed(self, until: float) -> Steps[None]:
        """TLS 1.3 has the client done before the server looked at its certificate: the first word behind is a ticket, or an alert."""
        wire = self._wire
        wire.deadline = min(wire.deadline, until)
        yield from wire.send(self._engine.outgoing())
        try:
            self._engine.objected((yield from wire.receive()))
        except (TimeoutError, ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            return  # it waits for us to speak, or has said nothing against us

    def _failure(self, error: OSError) -> Problem:
        peer = self._wire.peer
        if isinstance(error, TimeoutError):
            return Problem("timeout", f"{peer} accepted the connection, and did not {'go on with' if self._received else 'answer'} the TLS handshake in time")
        if not isinstance(error, ssl.SSLError):
            return Problem("reset", f"{peer} closed the connection {'during' if self._received else 'at the beginning of'} the TLS handshake")
        alert = self._done.seen.alert
        if alert is not None:
            return Problem("handshake_failed", f"{peer} refused the TLS handshake: {chain.ALERTS.get(alert, 'alert')} ({alert})")
        return Problem("handshake_failed", f"the TLS handshake with {peer} failed: {(error.reason or 'unknown error').replace('_', ' ').lower()}")


def _hint(data: bytes) -> str:
    protocol = next((name for greeting, name in _GREETINGS.items() if data.startswith(greeting)), None)
    return f"; if that is {protocol}, say so with starttls" if protocol else ""
