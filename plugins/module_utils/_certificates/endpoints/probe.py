# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server at one address: what it shows, in as few handshakes as it takes. One, for whoever speaks as today's clients do."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints import proxy, starttls
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.hello import Beyond
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.openssl import Contexts, OpenSSL
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.quick import Quick
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.tls import Engine, Handshake, Session
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps, Stop, T, Wire
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Problem

_CONFIRMED = 1.0  # seconds that a server has to object to our certificate
_UNRECOGNIZED_NAME = 112
# Alerts by which servers refuse a name that they don't know, beside the one that is made for it.
_OF_NAMES = (40, 49, 80, _UNRECOGNIZED_NAME)
_MODERN = ("TLSv1.2", "TLSv1.3")


@dataclass(frozen=True)
class Via:
    """An HTTP proxy. ``addresses``: its own, tried in turn; ``authorization``: the value of Proxy-Authorization, "" for none."""

    addresses: tuple[str, ...]
    port: int
    authorization: str = field(default="", repr=False)


@dataclass(frozen=True)
class Target:
    """What is probed once, whoever asks for it. ``address``: where to connect to; a name only behind a proxy, which then resolves it."""

    address: str
    port: int
    server_name: str = ""
    starttls: str | None = None
    via: Via | None = None
    client_certificate: str | None = None
    client_key: str | None = None


@dataclass(frozen=True)
class Limits:
    """Seconds: until a connection is there, and for everything together."""

    connect: float = 5.0
    total: float = 15.0


@dataclass(frozen=True)
class Seen:
    """``certificates``: DER, leaf first, as sent."""

    certificates: tuple[bytes, ...] = ()
    problems: tuple[Problem, ...] = ()
    protocol: str = ""
    cipher: str = ""


def probe(target: Target, limits: Limits, contexts: Contexts, clock: Callable[[], float]) -> Steps[Seen]:
    """Look at one target; whatever happens is in the result."""
    attempts = _Attempts(target, limits, contexts, clock)
    try:
        return (yield from attempts.run())
    except Stop as stop:
        return Seen(problems=(stop.problem,))
    except Exception as error:  # one mistake of ours must not take thousands of others with it
        text = f"looking at {attempts.peer} ended with {type(error).__name__}, which is a mistake in this collection; please report it"
        return Seen(problems=(Problem("unreadable", text),))


class _Attempts:
    def __init__(self, target: Target, limits: Limits, contexts: Contexts, clock: Callable[[], float]) -> None:
        self._target, self._limits, self._contexts, self._clock = target, limits, contexts, clock
        self._ends = clock() + limits.total
        self.peer = f"[{target.address}]:{target.port}" if ":" in target.address else f"{target.address}:{target.port}"

    def run(self) -> Steps[Seen]:
        target = self._target
        first = yield from self._attempt(target.server_name, legacy=False)
        if first.failure is None:
            return self._seen(first)
        for server_name, legacy in self._others(first):
            try:
                other = yield from self._attempt(server_name, legacy)
            except Stop:
                continue
            if (other.certificates and other.failure is None) or other.seen.asked_for_certificate:
                return self._seen(other, self._remark(first, other, legacy))
        return self._seen(first)

    def _others(self, first: Handshake) -> Iterator[tuple[str, bool]]:
        """What else to try, after what went wrong: an old protocol, and no name."""
        target, alert = self._target, first.seen.alert
        if first.failure is None or first.failure.code not in ("handshake_failed", "reset") or first.seen.asked_for_certificate:
            return
        if alert != _UNRECOGNIZED_NAME and (first.failure.code == "handshake_failed" or first.closed):
            yield target.server_name, True
        if target.server_name and (alert in _OF_NAMES or first.closed):
            yield "", False

    def _remark(self, first: Handshake, other: Handshake, legacy: bool) -> tuple[Problem, ...]:
        assert first.failure is not None
        if not legacy:
            text = f"the certificates are those that {self.peer} shows to whoever does not say which name is asked for"
            return (Problem(first.failure.code, f"{first.failure.text}, asked for {self._target.server_name}"), Problem("no_server_name", text))
        if other.protocol in _MODERN:
            how = f"what is switched off by default today ({other.protocol}, {other.cipher})"
        else:
            how = f"{other.protocol or 'a protocol'} at most, which today's clients don't speak"
        return (Problem("legacy_protocol", f"{self.peer} speaks {how}"),)

    def _seen(self, done: Handshake, remarks: tuple[Problem, ...] = ()) -> Seen:
        problems = list(remarks)
        if done.injected:
            text = f"{self.peer} went on in plain text after it agreed to begin TLS: somebody in between, or the server itself, injects"
            problems.append(Problem("starttls_injected", text))
        _, unusable = self._contexts.get(False, self._target.client_certificate, self._target.client_key)
        problems += [unusable] if unusable else []
        if done.failure and done.seen.asked_for_certificate and done.certificates and not self._target.client_certificate:
            # Up to TLS 1.2 a client without a certificate is refused at once, but the server has shown its own by then.
            problems.append(Problem("client_certificate_wanted", f"{self.peer} wants a client certificate; its own was read all the same"))
        elif done.failure:
            problems.append(done.failure)
        return Seen(done.certificates, tuple(problems), done.protocol, done.cipher)

    def _attempt(self, server_name: str, legacy: bool) -> Steps[Handshake]:
        """Raises Stop if it does not come to a handshake."""
        target, contexts = self._target, self._contexts
        offer = None if legacy or target.starttls or target.via or target.client_certificate else contexts.offer()
        if offer and (target.address, target.port) not in contexts.beyond:
            try:
                return (yield from self._over(Quick(offer, server_name)))
            except Beyond:
                contexts.beyond.add((target.address, target.port))
        context, _ = contexts.get(legacy, target.client_certificate, target.client_key)
        return (yield from self._over(OpenSSL(context, server_name)))

    def _over(self, engine: Engine) -> Steps[Handshake]:
        target, wire = self._target, Wire(self._ends, self.peer)
        try:
            yield from self._connect(wire)
            wire.deadline = self._ends
            injected = False
            if target.starttls:
                injected = yield from self._in_plain(wire, starttls.begin(target.starttls, wire, target.server_name or target.address), target.starttls)
            done = yield from Session(wire, engine, bool(target.starttls)).run(self._confirmed if target.client_certificate else None)
            done.injected = done.injected or injected
            return done
        finally:
            wire.close()

    def _confirmed(self) -> float:
        return self._clock() + _CONFIRMED

    def _connect(self, wire: Wire) -> Steps[None]:
        target = self._target
        if target.via is None:
            yield from self._reach(wire, target.address, target.port)
            return
        via = target.via
        for place, address in enumerate(via.addresses):
            try:
                wire.peer = f"the proxy {address} port {via.port}"
                yield from self._reach(wire, address, via.port)
                break
            except Stop:
                if place == len(via.addresses) - 1:
                    raise
        wire.deadline = self._ends
        yield from self._in_plain(wire, proxy.tunnel(wire, target.address, target.port, via.authorization), "CONNECT")
        wire.peer = self.peer

    def _reach(self, wire: Wire, address: str, port: int) -> Steps[None]:
        wire.deadline = min(self._clock() + self._limits.connect, self._ends)
        try:
            yield from wire.connect(address, port)
        except TimeoutError as error:
            # The kernel gives up by itself, too, after minutes (ETIMEDOUT).
            how_long = "" if error.errno else f" within {self._limits.connect:g} s"
            raise Stop("timeout", f"{wire.peer} did not accept a connection{how_long}") from None
        except ConnectionRefusedError:
            raise Stop("refused", f"{wire.peer} refused the connection: nothing listens there, or a firewall says so") from None
        except ConnectionResetError:
            raise Stop("reset", f"{wire.peer} closed the connection at once") from None
        except OSError as error:
            raise Stop("unreachable", f"{wire.peer} can't be reached: {error.strerror or errno.errorcode.get(error.errno or 0, 'unknown error')}") from None

    def _in_plain(self, wire: Wire, steps: Steps[T], what: str) -> Steps[T]:
        try:
            return (yield from steps)
        except TimeoutError:
            raise Stop("timeout", f"{wire.peer} accepted the connection, and did not answer in time ({what})") from None
        except OSError:
            raise Stop("reset", f"{wire.peer} closed the connection ({what})") from None
