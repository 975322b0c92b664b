# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that may be a few seconds old, kept in Redis. Without Redis the service is slower, never broken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import RedisError

from .binding import CacheServer

TIMEOUT_SECONDS = 0.2
# After a failure the cache is left alone for so long: a dead Redis must not cost every visitor the timeout.
PAUSE_SECONDS = 2.0


class Cache(Protocol):
    """What the service asks of its cache. No method raises when the cache is down."""

    @property
    def state(self) -> str:
        """ok, degraded or off."""

    async def get(self, key: str, /) -> int | None:
        """None when it isn't known, or too old, or the cache is down."""

    async def put(self, key: str, value: int, seconds: int, /) -> None:
        """Keep the value for so long."""


class NoCache:
    """No cache is bound."""

    state = "off"

    async def get(self, _key: str, /) -> int | None:
        return None

    async def put(self, _key: str, _value: int, _seconds: int, /) -> None:
        return None


class _Credentials(CredentialProvider):
    """Asked for each new connection, so that a rotated password needs no restart."""

    def __init__(self, server: CacheServer) -> None:
        self._server = server

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        entries = self._server.entries()
        password = entries.get("password", "")
        return (entries["username"], password) if entries.get("username") else (password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        return self.get_credentials()


@dataclass
class RedisCache:
    """Redis behind short timeouts and a pause after a failure."""

    server: CacheServer
    on_error: Callable[[str], None] = lambda _operation: None
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        entries = self.server.entries()
        self._paused_until = float("-inf")
        self._redis = Redis(
            host=entries["host"],
            port=int(entries.get("port") or 6379),
            credential_provider=_Credentials(self.server) if entries.get("password") else None,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),  # once: the connection may have been closed while it was idle
            decode_responses=True,
        )

    @property
    def state(self) -> str:
        return "degraded" if self.clock() < self._paused_until else "ok"

    async def get(self, key: str, /) -> int | None:
        if self.state == "degraded":
            return None
        try:
            value = await self._redis.get(f"hello:{key}")
            return int(value) if value is not None else None
        except (RedisError, OSError, ValueError):
            self._pause("get")
            return None

    async def put(self, key: str, value: int, seconds: int, /) -> None:
        if self.state == "degraded":
            return
        try:
            await self._redis.set(f"hello:{key}", value, ex=seconds)
        except (RedisError, OSError):
            self._pause("put")

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    def _pause(self, operation: str) -> None:
        self._paused_until = self.clock() + PAUSE_SECONDS
        self.on_error(operation)
