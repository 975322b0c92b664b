# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service with a store and a cache in memory: the tests need no database and no network."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from prometheus_client import generate_latest

from hello.app import create_app
from hello.health import Health
from hello.settings import Settings
from hello.store import StoreUnavailableError
from hello.telemetry import Metrics


@dataclass
class MemoryStore:
    """Counts in memory; ``broken`` makes every call fail, ``slow`` makes it late (seconds)."""

    visits: int = 0
    totals_asked: int = 0
    schema: int = 2
    broken: bool = False
    bug: bool = False
    slow: float = 0.0

    async def record_visit(self) -> int:
        await self.ping()
        self.visits += 1
        return self.visits

    async def total_visits(self) -> int:
        self.totals_asked += 1
        return self.visits + 1000

    async def schema_version(self) -> int:
        await self.ping()
        return self.schema

    async def ping(self) -> None:
        await asyncio.sleep(self.slow)
        if self.bug:
            raise ZeroDivisionError("a mistake in the code")
        if self.broken:
            raise StoreUnavailableError("database: connection to 10.1.2.3 refused")


@dataclass
class MemoryCache:
    """Remembers for ever; ``down`` makes it forget, as a cache without its server does."""

    values: dict[str, int] = field(default_factory=dict)
    down: bool = False

    @property
    def state(self) -> str:
        return "degraded" if self.down else "ok"

    async def get(self, key: str, /) -> int | None:
        return None if self.down else self.values.get(key)

    async def put(self, key: str, value: int, _seconds: int, /) -> None:
        self.values |= {} if self.down else {key: value}


class Service:
    """The application as a client sees it."""

    def __init__(self, marker: Path) -> None:
        self.store, self.cache = MemoryStore(), MemoryCache()
        self.metrics = Metrics("1.2.3", "")
        self.health = Health(self.store, self.cache, required_schema=2, marker=marker, deadline=0.05)
        settings = Settings.from_environment({"APP_VERSION": "1.2.3", "POD_NAME": "hello-<1>", "IMAGE_DIGEST": "sha256:" + "a" * 64})
        self._app = create_app(settings, self.store, self.cache, self.health, self.metrics)

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://hello") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(send())

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.request("GET", path, headers)

    def figures(self) -> str:
        return generate_latest(self.metrics.registry).decode()
