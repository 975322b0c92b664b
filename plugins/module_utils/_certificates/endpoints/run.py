# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All endpoints of a request: every address of each is a row, and what two ask for is probed once. See decision 017."""

from __future__ import annotations

import resource
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.loop import Loop
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.openssl import Contexts
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.probe import Limits, Seen, Target, probe
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.resolve import Resolve, Resolver, addresses
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wanted import Endpoint, split
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_OTHER_FILES = 128  # that this process may have open beside connections


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
) -> Iterator[Found]:
    """What each endpoint shows at each of its addresses, as it comes. ``concurrency``: probes that are young at the same time (loop.py)."""
    resolver = Resolver(resolve, clock, limits.total)
    try:
        with Loop[tuple[Target, Seen]](clock, concurrency, _files()) as loop:
            loop.wake_by(resolver.signal)
            yield from _Run(loop, resolver, limits, clock, contexts or Contexts()).over(endpoints)
    finally:
        resolver.close()


class _Run:
    def __init__(self, loop: Loop[tuple[Target, Seen]], resolver: Resolver, limits: Limits, clock: Callable[[], float], contexts: Contexts) -> None:
        self._loop, self._resolver, self._limits, self._clock, self._contexts = loop, resolver, limits, clock, contexts
        self._unresolved: dict[str, list[Endpoint]] = {}
        self._ready: deque[Target] = deque()
        self._waiting: dict[Target, list[Endpoint]] = {}
        self._seen: dict[Target, Seen] = {}

    def over(self, endpoints: Sequence[Endpoint]) -> Iterator[Found]:
        for endpoint in endpoints:
            yield from self._plan(endpoint)
        while self._ready or self._loop or self._resolver:
            while self._ready and self._loop.room():
                self._loop.start(self._probe(self._ready.popleft()))
            for target, seen in self._loop.turn(self._resolver.due()):
                if self._resolver:  # an endpoint that is not resolved yet may turn out to mean the same
                    self._seen[target] = seen
                for endpoint in self._waiting.pop(target):
                    yield found(endpoint, target.address, seen)
            for host, answer in self._resolver.answers():
                yield from self._resolved(host, answer)

    def _plan(self, endpoint: Endpoint) -> Iterator[Found]:
        """Have it probed, or its name resolved: that of the proxy, which resolves the rest itself, or its own."""
        name = split(endpoint.proxy, "proxy")[0] if endpoint.proxy else endpoint.host
        if _is_address(name):
            yield from self._add(endpoint, (name,))
        elif endpoint.addresses and not endpoint.proxy:
            yield from self._add(endpoint, ())
        else:
            self._unresolved.setdefault(name, []).append(endpoint)
            self._resolver.ask(name)

    def _resolved(self, name: str, answer: tuple[str, ...] | Problem) -> Iterator[Found]:
        for endpoint in self._unresolved.pop(name):
            if isinstance(answer, Problem):
                yield found(endpoint, "", Seen(problems=(answer,)))
            else:
                yield from self._add(endpoint, answer)

    def _add(self, endpoint: Endpoint, resolved: tuple[str, ...]) -> Iterator[Found]:
        """``resolved``: the addresses of what was asked for by ``_plan``."""
        via = (resolved, split(endpoint.proxy, "proxy")[1] or 0) if endpoint.proxy else None
        for address in endpoint.addresses or ((endpoint.host,) if via else resolved):
            target = Target(address, endpoint.port, endpoint.server_name, endpoint.starttls, via, endpoint.client_certificate, endpoint.client_key)
            if self._seen and target in self._seen:
                yield found(endpoint, address, self._seen[target])
                continue
            waiting = self._waiting.setdefault(target, [])
            if not waiting:
                self._ready.append(target)
            waiting.append(endpoint)

    def _probe(self, target: Target) -> Steps[tuple[Target, Seen]]:
        seen = yield from probe(target, self._limits, self._contexts, self._clock)
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
