# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks at what: the one table of sources. A source is a function; to add one, write it, give it a line here and its option in options.py.

    collect(parts, request, context) -> Iterator[Found]

It yields as it finds (memory stays the same for ten thousand), gives every call a deadline, and what it can't read is a ``Found`` with a
problem of the verdict unknown, after which it goes on with the rest.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request

_HERE = __name__.rpartition(".")[0]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """What a source needs of the world: the environment's variables, a clock for deadlines (seconds, monotonic), a way to wait, and the time.

    ``now`` is the real time, by which answers of others are fresh or stale; that by which certificates are judged may be another one.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = utc_now


Collect = Callable[[Sequence[Any], Request, Context], Iterator[Found]]
Enrich = Callable[[Iterable[Found], Request, Context], Iterator[Found]]


@dataclass(frozen=True)
class Source:
    """``name`` is that of ``Found.source``; ``option`` that of the request's parts; ``collect`` is found at ``module``, imported when asked for."""

    name: str
    option: str
    module: str

    def parts(self, request: Request) -> tuple[Any, ...]:
        found: tuple[Any, ...] = getattr(request, self.option)
        return found

    def collect(self, request: Request, context: Context) -> Iterator[Found]:
        collect: Collect = importlib.import_module(f"{_HERE}.{self.module}").collect
        return collect(self.parts(request), request, context)


@dataclass(frozen=True)
class Addition:
    """What can be found out about a certificate from elsewhere, if the request's ``option`` is true: ``enrich`` at ``module``, on the stream."""

    option: str
    module: str

    def enrich(self, found: Iterable[Found], request: Request, context: Context) -> Iterator[Found]:
        enrich: Enrich = importlib.import_module(f"{_HERE}.{self.module}").enrich
        return enrich(found, request, context)


SOURCES = (
    Source("endpoint", "endpoints", "endpoints.run"),
    Source("file", "files", "sources.files"),
    Source("kubernetes", "kubernetes", "sources.kubernetes"),
    Source("cluster", "cluster", "sources.cluster"),
    Source("aws", "aws", "sources.aws"),
    Source("own", "own", "sources.own"),
)
ADDITIONS = (
    Addition("renewal_information", "ari"),
    Addition("revocation", "revocation"),
)
