# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all images of one call share: connections, credentials, tokens, workers, and what was learned about the registries."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, NotFound, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access, Registries
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request, Response, Sink, Stream, Transport
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust

_MOST_TAGS = 20_000  # more are not listed: asking for the few that matter is cheaper
_A = TypeVar("_A")
_B = TypeVar("_B")


@dataclass
class Tally:
    requests: int = 0


_tally: contextvars.ContextVar[Tally | None] = contextvars.ContextVar("tally", default=None)


@contextmanager
def counted() -> Iterator[Tally]:
    """Count the requests that are made for what happens in this block, also by workers."""
    tally = Tally()
    token = _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(token)


class _Counting:
    """A transport that counts."""

    def __init__(self, transport: Transport) -> None:
        self._transport, self._lock, self.total = transport, threading.Lock(), 0

    def _count(self) -> None:
        tally = _tally.get()
        with self._lock:
            self.total += 1
            if tally is not None:
                tally.requests += 1

    def send(self, request: Request, sink: Sink | None = None) -> Response:
        self._count()
        return self._transport.send(request, sink)

    def open(self, request: Request) -> Stream:
        self._count()
        return self._transport.open(request)

    def close(self) -> None:
        self._transport.close()


@dataclass
class Place:
    """What is known of one repository: blobs that are there, whether there is hope that blobs are there which we did not put there (``empty``:
    there is none), whether the registry says that it does not exist, and tags that we set beside images."""

    blobs: set[Digest] = field(default_factory=set)
    empty: bool = False
    new: bool = False
    tags: set[str] = field(default_factory=set)


class Session:
    """Registries by host; ``with`` closes the connections and ends the workers."""

    def __init__(
        self, access: Access, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep, transport: Transport | None = None
    ) -> None:
        self._transport = _Counting(transport or Pool(lambda: trust(access.ca_file)))
        self.registry = Registries(access, clock, sleep, self._transport)
        self._places: dict[tuple[str, str], Place] = {}
        self._tags: dict[tuple[str, str, int], Future[frozenset[str] | None]] = {}
        self._first: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(access.concurrency, "registry")
        self._beside = ThreadPoolExecutor(access.concurrency, "beside")
        # By host: whether it refuses manifests whose blobs it does not have; and (host, from, to) between which it takes no blobs over.
        self.validates: dict[str, bool] = {}
        self.no_mounts: set[tuple[str, str, str]] = set()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.shutdown(wait=True, cancel_futures=True)
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._transport.close()

    @property
    def requests(self) -> int:
        return self._transport.total

    def place(self, host: str, repository: str) -> Place:
        with self._lock:
            return self._places.setdefault((host, repository), Place())

    def each(self, work: Callable[[_A], _B], items: Sequence[_A]) -> list[_B]:
        """Do the work for all items at the same time, in the workers. Not to be called by a worker."""
        if len(items) == 1:
            return [work(items[0])]
        futures = [self._workers.submit(contextvars.copy_context().run, work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    def start(self, work: Callable[[], _A]) -> Future[_A]:
        """Begin something whose answer is needed later, in a worker."""
        return self._workers.submit(contextvars.copy_context().run, work)

    def beside(self, work: Callable[[], _A]) -> Future[_A]:
        """Begin something that needs workers itself (``each``), in none of them. It must not begin more of its kind."""
        return self._beside.submit(contextvars.copy_context().run, work)

    def first(self, host: str) -> threading.Lock:
        """For finding out something about a registry once, though all want to know it at the same time."""
        with self._lock:
            return self._first.setdefault(host, threading.Lock())

    def tags(self, host: str, repository: str, most: int = _MOST_TAGS) -> frozenset[str] | None:
        """The tags of a repository, asked for once; None if the registry does not list them for us, or if they are more."""
        key = (host, repository, most)
        with self._lock:
            mine = key not in self._tags
            future = self._tags.setdefault(key, Future())
        if mine:
            try:
                future.set_result(self._list(host, repository, most))
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def _list(self, host: str, repository: str, most: int) -> frozenset[str] | None:
        try:
            return frozenset(self.registry(host).tags(repository, most))
        except NotFound as error:
            # Some say of a repository without tags that it is unknown. Where we have just found it empty that is no surprise.
            is_empty = "NAME_UNKNOWN" in error.facts.get("codes", []) and self.place(host, repository).empty
            return frozenset() if is_empty else None
        except (Denied, Conflict):
            return None
        except SlipwayError as error:
            if error.facts.get("status") in (400, 405, 501):
                return None
            raise


def groups(pairs: Iterable[tuple[str, str]]) -> list[tuple[set[str], set[str]]]:
    """(read, written) repositories that belong together, from pairs of a source and a destination in one registry."""
    found: list[tuple[set[str], set[str]]] = []
    for source, destination in pairs:
        touching = [one for one in found if {source, destination} & (one[0] | one[1])]
        found = [one for one in found if one not in touching]
        found.append(({source}.union(*(one[0] for one in touching)), {destination}.union(*(one[1] for one in touching))))
    return found
