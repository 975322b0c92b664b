# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visits, kept in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

# One statement, committed by itself. Repeating it after a connection was lost counts at most one visit twice, which a counter can bear.
RECORD = """
    INSERT INTO visits AS v (day, total, last_at) VALUES (current_date, 1, now())
    ON CONFLICT (day) DO UPDATE SET total = v.total + 1, last_at = now()
    RETURNING total
"""
TOTAL = "SELECT coalesce(sum(total), 0)::bigint FROM visits"
VERSION = "SELECT coalesce(max(version), 0) FROM schema_migrations"

# Each lives a minute, so that a rotated password is in use everywhere a minute later.
CONNECTION_SECONDS = 60.0
# A database that came back is found so soon. The pool's own pauses would double each time.
RECONNECT_SECONDS = 0.5
# How long a request waits for the database in all: longer than a restart of PostgreSQL, shorter than a visitor's patience.
PATIENCE_SECONDS = 5.0


class StoreUnavailableError(Exception):
    """The database didn't answer in time; nobody needs to fix the code."""


class Store(Protocol):
    """What the service asks of its database. Every method raises StoreUnavailableError."""

    async def record_visit(self) -> int:
        """Count one visit; returns how many there were today."""

    async def total_visits(self) -> int:
        """How many there were in all."""

    async def schema_version(self) -> int:
        """The number of the newest migration; 0 for an empty database."""

    async def ping(self) -> None:
        """Returns if the database answers."""


@dataclass
class PostgresStore:
    """A pool that reads the credentials for each connection it opens, and that outlives restarts of the database."""

    parameters: Callable[[], dict[str, Any]]
    on_retry: Callable[[], None] = lambda: None
    size: int = 5

    async def __aenter__(self) -> PostgresStore:
        async def parameters() -> dict[str, Any]:
            return self.parameters() | {"autocommit": True, "prepare_threshold": None}

        self._pool = AsyncConnectionPool(
            kwargs=parameters,
            min_size=1,
            max_size=self.size,
            open=False,
            name="visits",
            timeout=PATIENCE_SECONDS,
            max_waiting=20 * self.size,  # more than that is answered at once with 503 instead of piling up
            max_lifetime=CONNECTION_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            reconnect_failed=self._reconnect,
        )
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def _reconnect(self, pool: AsyncConnectionPool[Any]) -> None:
        await pool.check()  # asks for a new connection if the pool is short of one

    async def record_visit(self) -> int:
        return int(await self._value(RECORD))

    async def total_visits(self) -> int:
        return int(await self._value(TOTAL))

    async def schema_version(self) -> int:
        try:
            return int(await self._value(VERSION))
        except psycopg.errors.UndefinedTable:
            return 0

    async def ping(self) -> None:
        await self._value("SELECT 1")

    async def _value(self, query: str) -> Any:
        """The first column of the first row. A connection that broke while it was idle is replaced, and the query tried once more."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                try:
                    return await self._try(query)
                except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction) as error:
                    if isinstance(error, psycopg.errors.QueryCanceled | PoolTimeout | TooManyRequests):
                        raise
                    self.on_retry()
                    await self._pool.check()
                    return await self._try(query)
        except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction, TimeoutError) as error:
            raise StoreUnavailableError(f"database: {describe(error)}") from error

    async def _try(self, query: str) -> Any:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(query)).fetchone()
            return row[0] if row else None


def describe(error: Exception) -> str:
    """One line without credentials: libpq names host and role, never the password."""
    return " ".join(str(error).split()) or f"no answer within {PATIENCE_SECONDS:g} s"
