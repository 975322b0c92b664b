# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The handshake, in memory: bytes come from a Wire and go to it, so that what a server says can be looked at whatever becomes of it.

Nothing is verified here (verify.py does, offline), because a chain that does not verify is the one that has to be seen.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints import chain
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps, Stop, Wire, shown
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Problem

# What is old, but still has a certificate that expires: every protocol and cipher that OpenSSL has, except those without a certificate.
_LEGACY_CIPHERS = "DEFAULT:@SECLEVEL=0"
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: servers without RFC 5746
_TLS = (0x15, 0x16)  # what a server's first byte can be: an alert, or a handshake
_MOST_KEPT = 1 << 17
# How the servers of plain protocols greet; only those that STARTTLS is known for.
_GREETINGS = {b"220": "smtp or ftp", b"+OK": "pop3", b"* OK": "imap"}


class Contexts:
    """The contexts of one run: a few for thousands of handshakes, because making one takes as long as many of those."""

    def __init__(self) -> None:
        self._made: dict[tuple[bool, str | None, str | None], tuple[ssl.SSLContext, Problem | None]] = {}

    def get(self, legacy: bool, certificate: str | None = None, key: str | None = None) -> tuple[ssl.SSLContext, Problem | None]:
        """A context, and why it does not have the client certificate that it should have."""
        wanted = (legacy, certificate, key)
        if wanted not in self._made:
            context = _context(legacy)
            self._made[wanted] = (context, _load(context, certificate, key) if certificate else None)
        return self._made[wanted]


def _context(legacy: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED if legacy else ssl.TLSVersion.TLSv1_2
    if legacy:
        context.set_ciphers(_LEGACY_CIPHERS)
        context.options |= _LEGACY_SERVER_CONNECT
    return context


def _load(context: ssl.SSLContext, certificate: str, key: str | None) -> Problem | None:
    try:
        # With a password that is wrong: OpenSSL would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except OSError as error:  # SSLError is one; its text names no content of the file
        why = error.strerror if not isinstance(error, ssl.SSLError) and error.strerror else "they are no PEM files of one pair, or the key has a password"
        return Problem("unreadable", f"client_certificate {certificate}{f' and client_key {key}' if key else ''} can't be used: {why}")
    return None


@dataclass
class Handshake:
    """How it went. ``failure``: None if it ended well. ``seen``: what was said in the clear, looked at only if it did not. ``closed``: without a word."""

    certificates: tuple[bytes, ...] = ()
    protocol: str = ""
    cipher: str = ""
    failure: Problem | None = None
    seen: chain.Flight = field(default_factory=chain.Flight)
    closed: bool = False
    injected: bool = False


class Session:
    """One handshake on a wire; ``after_plain``: behind STARTTLS."""

    def __init__(self, wire: Wire, context: ssl.SSLContext, server_name: str, after_plain: bool = False) -> None:
        self._wire = wire
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name or None)
        self._after_plain = after_plain
        self._received = b""
        self._done = Handshake()

    def run(self, confirm: Callable[[], float] | None = None) -> Steps[Handshake]:
        """Shake hands and hang up; whatever happens is in the result. ``confirm``: until when to wait for what the server thinks of our certificate."""
        done, tls = self._done, self._tls
        try:
            yield from self._shake()
            done.protocol, done.cipher = tls.version() or "", (tls.cipher() or ("",))[0]
            if confirm and done.protocol == "TLSv1.3":
                yield from self._confirmed(confirm())
        except Stop as stop:
            done.failure = stop.problem
        except OSError as error:  # ssl.SSLError and TimeoutError are, too
            done.seen = chain.flight(self._received)
            done.closed = not self._received and not isinstance(error, TimeoutError)
            done.failure = self._failure(error)
        done.certificates = chain.sent(tls) or done.seen.certificates
        yield from self._hang_up()
        return done

    def _shake(self) -> Steps[None]:
        wire, tls, incoming, outgoing = self._wire, self._tls, self._incoming, self._outgoing
        while True:
            try:
                return tls.do_handshake()
            except ssl.SSLWantReadError:
                yield from wire.send(outgoing.read())
            data = yield from wire.receive()
            if not data:
                raise ConnectionResetError
            if not self._received and data[0] not in _TLS:
                data = yield from self._behind_plain(data)
            if len(self._received) < _MOST_KEPT:
                self._received += data
            incoming.write(data)

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
        yield from wire.send(self._outgoing.read())
        try:
            self._incoming.write((yield from wire.receive()))
            self._tls.read(1)
        except (TimeoutError, ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            return  # it waits for us to speak, or has said nothing against us

    def _hang_up(self) -> Steps[None]:
        """With a word, so that no server has to log that somebody was cut off; nobody waits for the answer."""
        try:
            if self._done.protocol:
                self._tls.unwrap()
        except OSError:
            pass  # it always is: the peer's own goodbye is not there
        try:
            yield from self._wire.send(self._outgoing.read())
        except OSError:
            return

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
