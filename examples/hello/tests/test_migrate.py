# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path

import pytest

from hello.migrate import Migration, MigrationError, load, newest, plan

ONE, TWO = Migration(1, "0001_one", "CREATE TABLE one ()"), Migration(2, "0002_two", "CREATE TABLE two ()")
# What the previous version, which is still serving, may not survive. A contracting migration says in which version the last user left.
BREAKING = re.compile(r"\b(DROP|RENAME|TRUNCATE|ALTER\s+COLUMN\s+\w+\s+(SET\s+(DATA|NOT)|TYPE)|NOT\s+NULL(?![^,;]*\bDEFAULT\b))", re.IGNORECASE)
CONTRACT = re.compile(r"^-- contract: unused since \d+\.\d+\.\d+", re.MULTILINE)


@pytest.mark.parametrize(
    ("applied", "pending"),
    [
        ({}, (ONE, TWO)),
        ({1: ONE.checksum}, (TWO,)),
        ({1: ONE.checksum, 2: TWO.checksum}, ()),
        ({1: ONE.checksum, 2: TWO.checksum, 3: "from a newer version"}, ()),
    ],
)
def test_plan(applied: dict[int, str], pending: tuple[Migration, ...]) -> None:
    assert plan((ONE, TWO), applied) == pending


def test_an_edited_migration_is_refused() -> None:
    with pytest.raises(MigrationError, match="0001_one was edited"):
        plan((ONE, TWO), {1: "another checksum"})


@pytest.mark.parametrize(
    ("names", "reason"), [(["0001_a.sql", "0003_b.sql"], "without gaps"), (["0001_a.sql", "0001_b.sql"], "without gaps"), (["1-a.sql"], "called")]
)
def test_names_are_checked(tmp_path: Path, names: list[str], reason: str) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(MigrationError, match=reason):
        load(tmp_path)


def breaks(sql: str) -> bool:
    """Whether a migration could break the version before it. New tables may be as strict as they like."""
    code = re.sub(r"--[^\n]*", "", sql)
    changes = re.sub(r"CREATE\s+TABLE\b[^;]*;", "", code, flags=re.IGNORECASE)
    return bool(BREAKING.search(changes)) and not CONTRACT.search(sql)


@pytest.mark.parametrize("migration", load(), ids=lambda migration: migration.name)
def test_the_previous_version_survives(migration: Migration) -> None:
    assert not breaks(migration.sql), f"{migration.name} may break the version that is still serving; see README.md, Migrations"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE visits ADD COLUMN note text;", False),
        ("ALTER TABLE visits ADD COLUMN note text NOT NULL DEFAULT '';", False),
        ("ALTER TABLE visits ADD COLUMN note text NOT NULL;", True),
        ("ALTER TABLE visits RENAME COLUMN total TO count;", True),
        ("ALTER TABLE visits DROP COLUMN total;", True),
        ("-- contract: unused since 1.4.0\nALTER TABLE visits DROP COLUMN total;", False),
        ("CREATE TABLE t (a text NOT NULL);", False),
    ],
)
def test_breaking_changes_are_recognised(sql: str, expected: bool) -> None:
    assert breaks(sql) is expected


def test_newest_is_the_number_of_the_last() -> None:
    assert newest() == load()[-1].version
