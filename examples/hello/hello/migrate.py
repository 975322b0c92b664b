# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the database to the schema that this version needs: ``python -m hello migrate``, before the new version starts."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from .binding import Database
from .settings import Settings
from .telemetry import configure_logging

logger = logging.getLogger("hello.migrate")

FOLDER = Path(__file__).parent / "migrations"
FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
# Any number, as long as nobody else in this database uses it: two migrations at once take turns.
LOCK = 4_741_500_123
WAIT_SECONDS = 60.0

LEDGER = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


class MigrationError(Exception):
    """The database can't be brought to this version's schema; the message says why."""


@dataclass(frozen=True)
class Migration:
    """One file. Once applied anywhere it is never edited: the next change is the next file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """All migrations in order; numbers count up from 1 without gaps."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        if not (match := FILE_NAME.fullmatch(path.name)):
            raise MigrationError(f"{path.name}: a migration is called 0001_what_it_does.sql")
        found.append(Migration(int(match[1]), path.stem, path.read_text(encoding="utf-8")))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"{folder.name}: numbers must count up from 0001 without gaps: {', '.join(m.name for m in found)}")
    return tuple(found)


def newest(folder: Path = FOLDER) -> int:
    """The schema that this version of the code needs."""
    return len(load(folder))


def plan(migrations: Sequence[Migration], applied: dict[int, str]) -> tuple[Migration, ...]:
    """Those that are still to be applied, given the checksums of those that were.

    A database that is ahead of the code is fine: the code was rolled back. An applied file that has changed is not.
    """
    for migration in migrations:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise MigrationError(f"{migration.name} was edited after it was applied; undo that and add a new migration instead")
    return tuple(migration for migration in migrations if migration.version not in applied)


def apply(connection: psycopg.Connection[Any], migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """Apply what is missing, all of it or nothing; returns what was applied."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        # Waiting for the other migration may take long. Waiting for a table may not: the queries of all visitors would queue behind us.
        connection.execute("SET LOCAL lock_timeout = '5s'")
        connection.execute(LEDGER)
        rows = connection.execute("SELECT version, checksum FROM schema_migrations").fetchall()
        pending = plan(migrations, dict(rows))
        for migration in pending:
            connection.execute(migration.sql.encode())
            connection.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)", [migration.version, migration.name, migration.checksum]
            )
    return pending


def connect(parameters: Callable[[], dict[str, Any]], seconds: float = WAIT_SECONDS, sleep: Callable[[float], None] = time.sleep) -> psycopg.Connection[Any]:
    """A connection as soon as the database gives one: at the first deployment it may still be starting."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return psycopg.connect(**parameters() | {"options": "-c statement_timeout=300000", "autocommit": True})
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise MigrationError(f"no connection within {seconds:g} s: {' '.join(str(error).split())}") from error
            sleep(1.0)


def migrate() -> None:
    """The command. Raises SettingsError or MigrationError."""
    configure_logging(Settings.from_environment(os.environ).log_level)
    migrations = load()
    try:
        with connect(Database.locate(os.environ).parameters) as connection:
            applied = apply(connection, migrations)
    except psycopg.Error as error:
        raise MigrationError(f"nothing was changed: {' '.join(str(error).split())}") from error
    logger.info("migrated", extra={"fields": {"applied": [migration.name for migration in applied], "schema": len(migrations)}})
