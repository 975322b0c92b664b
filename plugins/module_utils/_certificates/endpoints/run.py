# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All endpoints of a request: every address of each is a row, and what two ask for is probed once. See decision 017."""

from __future__ import annotations

import resource
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.beside import Beside, beside, possible
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.loop import Loop
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.openssl import Contexts
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.probe import Limits, Seen, Target, Via, probe
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.resolve import Resolve, Resolver, addresses
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wanted import Endpoint, split
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_OTHER_FILES = 128  # that this process may have open beside connections
_MANY = 200  # endpoints, for which a second process is worth what it costs
Hit = tuple[int, str, Seen]  # number of an endpoint, its address ("" where there is none), what was seen there


def collect(parts: Sequence[Endpoint], request: Request, context: Context) -> Iterator[Found]:
    """The source ``endpoint`` of plan.py."""
    return probe_all(parts, Limits(request.connect_timeout, request.timeout), request.concurrency, context.clock)


def probe_all(
    endpoints: Sequence[Endpoint],
    limits: Limits,
    concurrency: int,
    clock: Callable[[], float],
    resolve: Resolve = addresses,
    contexts: Contexts | None = None,
    shared: bool | None = None,
) -> Iterator[Found]:
    """What each endpoint shows at each of its addresses, as it comes. ``concurrency``: probes that are young at the same time (loop.py).

    ``shared``: whether a second process does half of it. Where that can be, it is so with many, unless told.
    """
    if shared is None:
        shared = len(endpoints) >= _MANY and possible()
    work = _Work(endpoints, limits, max(concurrency // 2, 1) if shared else concurrency, clock, resolve, contexts or Contexts())
    for batch in work.in_two() if shared else work.over(range(len(endpoints))):
        for number, address, seen in batch:
            yield found(endpoints[number], address, seen)


@dataclass(frozen=True)
class _Work:
    """Endpoints have numbers, which are quick to send from one process to another."""

    endpoints: Sequence[Endpoint]
    limits: Limits
    places: int
    clock: Callable[[], float]
    resolve: Resolve
    contexts: Contexts

    def in_two(self) -> Iterator[list[Hit]]:
        """By two processes. If the other one comes to a bad end, what it has not told is done here."""
        halves: tuple[list[int], list[int]] = ([], [])
        for number, endpoint in enumerate(self.endpoints):
            halves[_half(endpoint)].append(number)
        told: set[tuple[int, str]] = set()
        with beside(lambda: self.over(halves[1])) as other:
            for batch in self.over(halves[0], other):
                told.update((number, address) for number, address, _ in batch)
                yield batch
        if not other.done:
            for batch in self.over(halves[1]):
                yield [hit for hit in batch if hit[:2] not in told]

    def over(self, numbers: Iterable[int], other: Beside[Hit] | None = None) -> Iterator[list[Hit]]:
        """By this process, with what the other one finds meanwhile."""
        resolver = Resolver(self.resolve, self.clock, self.limits.total)
        try:
            with Loop[tuple[Target, Seen]](self.clock, self.places, _files()) as loop:
                loop.wake_by(resolver.signal)
                if other:
                    loop.wake_by(other.signal)
                run = _Run(self, loop, resolver)
                yield run.begin(numbers)
                while run or (other and other.under_way):
                    yield run.turn()
                    if other and other.under_way:
                        yield other.come()
                        if not other.under_way:
                            loop.sleep_through(other.signal)
        finally:
            resolver.close()


def _half(endpoint: Endpoint) -> int:
    """0 or 1; the same for those that may turn out to mean one target (its address is not known yet), so that it is still probed once."""
    name = endpoint.server_name or (endpoint.host if _is_address(endpoint.host) else "")
    return zlib.crc32(f"{name} {endpoint.port} {endpoint.starttls}".encode()) & 1


class _Run:
    def __init__(self, work: _Work, loop: Loop[tuple[Target, Seen]], resolver: Resolver) -> None:
        self._work, self._loop, self._resolver = work, loop, resolver
        self._unresolved: dict[str, list[int]] = {}
        self._ready: deque[Target] = deque()
        self._waiting: dict[Target, list[int]] = {}
        self._seen: dict[Target, Seen] = {}

    def __bool__(self) -> bool:
        """Whether something is left to do."""
        return bool(self._ready or self._loop or self._resolver)

    def begin(self, numbers: Iterable[int]) -> list[Hit]:
        return [hit for number in numbers for hit in self._plan(number)]

    def turn(self) -> list[Hit]:
        """Wait for what comes next."""
        while self._ready and self._loop.room():
            self._loop.start(self._probe(self._ready.popleft()))
        hits: list[Hit] = []
        for target, seen in self._loop.turn(self._resolver.due()):
            if self._resolver:  # an endpoint that is not resolved yet may turn out to mean the same
                self._seen[target] = seen
            hits += [(number, target.address, seen) for number in self._waiting.pop(target)]
        for host, answer in self._resolver.answers():
            hits += self._resolved(host, answer)
        return hits

    def _plan(self, number: int) -> Iterator[Hit]:
        """Have it probed, or its name resolved: that of the proxy, which resolves the rest itself, or its own."""
        endpoint = self._work.endpoints[number]
        name = split(endpoint.proxy, "proxy")[0] if endpoint.proxy else endpoint.host
        if _is_address(name):
            yield from self._add(number, (name,))
        elif endpoint.addresses and not endpoint.proxy:
            yield from self._add(number, ())
        else:
            self._unresolved.setdefault(name, []).append(number)
            self._resolver.ask(name)

    def _resolved(self, name: str, answer: tuple[str, ...] | Problem) -> Iterator[Hit]:
        for number in self._unresolved.pop(name):
            if isinstance(answer, Problem):
                yield number, "", Seen(problems=(answer,))
            else:
                yield from self._add(number, answer)

    def _add(self, number: int, resolved: tuple[str, ...]) -> Iterator[Hit]:
        """``resolved``: the addresses of what was asked for by ``_plan``."""
        endpoint = self._work.endpoints[number]
        via = Via(resolved, split(endpoint.proxy, "proxy")[1] or 0, endpoint.proxy_authorization) if endpoint.proxy else None
        for address in endpoint.addresses or ((endpoint.host,) if via else resolved):
            target = Target(address, endpoint.port, endpoint.server_name, endpoint.starttls, via, endpoint.client_certificate, endpoint.client_key)
            if self._seen and target in self._seen:
                yield number, address, self._seen[target]
                continue
            waiting = self._waiting.setdefault(target, [])
            if not waiting:
                self._ready.append(target)
            waiting.append(number)

    def _probe(self, target: Target) -> Steps[tuple[Target, Seen]]:
        seen = yield from probe(target, self._work.limits, self._work.contexts, self._work.clock)
        return target, seen


def found(endpoint: Endpoint, address: str, seen: Seen) -> Found:
    """The row for an endpoint at one of its addresses ("" where there is none)."""
    chain, problems = _read(seen)
    labels = {"host": endpoint.host, "port": str(endpoint.port), "address": address, "server_name": endpoint.server_name, "starttls": endpoint.starttls}
    return Found(
        source="endpoint",
        name=endpoint.name,
        labels={key: value for key, value in labels.items() if value},
        chain=chain,
        problems=problems,
        peer=endpoint.peer,
        thresholds=endpoint.thresholds,
        facts={"protocol": seen.protocol, "cipher": seen.cipher} if seen.protocol else {},
    )


def _read(seen: Seen) -> tuple[tuple[Certificate, ...], tuple[Problem, ...]]:
    chain, problems = [], list(seen.problems)
    for place, der in enumerate(seen.certificates):
        try:
            chain.append(read.certificate(der))
        except InvalidInput as error:
            problems.append(Problem("damaged", f"certificate {place + 1} of those that were sent: {error.message}"))
    return tuple(chain), tuple(problems)


def _is_address(host: str) -> bool:
    """Of a host that wanted.py has let through."""
    return ":" in host or host.replace(".", "").isdigit()


def _files() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 65536 if soft == resource.RLIM_INFINITY else max(soft - _OTHER_FILES, 8)
