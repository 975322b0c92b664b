# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against a real PostgreSQL and a real Redis, where SERVICE_BINDING_ROOT names them; the database must be one that may be emptied."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from hello.binding import CacheServer, Database
from hello.cache import RedisCache
from hello.migrate import Migration, MigrationError, apply, connect, load
from hello.store import PostgresStore

pytestmark = pytest.mark.skipif("SERVICE_BINDING_ROOT" not in os.environ, reason="SERVICE_BINDING_ROOT names no database")


@pytest.fixture
def connection() -> Iterator[psycopg.Connection[Any]]:
    with connect(Database.locate(os.environ).parameters, seconds=5) as opened:
        opened.execute("DROP TABLE IF EXISTS visits, schema_migrations")
        yield opened
        opened.execute("DROP TABLE IF EXISTS visits, schema_migrations")
        apply(opened, load())


def test_migrations(connection: psycopg.Connection[Any]) -> None:
    migrations = load()
    assert apply(connection, migrations) == migrations
    assert apply(connection, migrations) == ()
    assert apply(connection, migrations[:1]) == ()  # the code was rolled back
    with pytest.raises(MigrationError, match="edited"):
        apply(connection, (Migration(1, "0001_visits", "SELECT 1"),))


def test_migrations_are_all_or_nothing(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        apply(connection, (*load(), Migration(3, "0003_wrong", "ALTER TABLE nowhere ADD COLUMN a text")))
    assert connection.execute("SELECT to_regclass('visits')").fetchone() == (None,)


def test_store_counts_and_outlives_lost_connections(connection: psycopg.Connection[Any]) -> None:
    apply(connection, load())
    retries: list[None] = []

    async def use() -> list[int]:
        async with PostgresStore(Database.locate(os.environ).parameters, on_retry=lambda: retries.append(None), size=2) as store:
            counted = [await store.record_visit()]
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'hello' AND datname = current_database() AND pid <> pg_backend_pid()"
            )
            counted += [await store.record_visit(), await store.total_visits(), await store.schema_version()]
            return counted

    assert asyncio.run(use()) == [1, 2, 2, len(load())]
    assert len(retries) == 1


def test_cache() -> None:
    server = CacheServer.locate(os.environ)
    assert server is not None

    async def use() -> tuple[int | None, int | None, str]:
        cache = RedisCache(server)
        await cache.put("test", 7, 5)
        found = await cache.get("test"), await cache.get("missing"), cache.state
        await cache.close()
        return found

    assert asyncio.run(use()) == (7, None, "ok")
