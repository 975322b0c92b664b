# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from hello.binding import CacheServer, Database, find
from hello.settings import SettingsError

ENTRIES = {"type": "postgresql", "host": "db", "port": "5432", "database": "hello", "username": "hello_a", "password": "old", "ca.crt": "PEM"}


def bind(folder: Path, entries: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, value in entries.items():
        (folder / name).write_text(value)
    return folder


def test_binding_wins_over_the_environment(tmp_path: Path) -> None:
    folder = bind(tmp_path / "db", ENTRIES)
    parameters = Database.locate({"SERVICE_BINDING_ROOT": str(tmp_path), "DB_HOST": "elsewhere"}).parameters()
    assert (parameters["host"], parameters["user"], parameters["password"], parameters["port"]) == ("db", "hello_a", "old", 5432)
    assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", str(folder / "ca.crt"))


def test_environment_when_nothing_is_bound() -> None:
    environment = {"DB_HOST": "db", "DB_DATABASE": "hello", "DB_USERNAME": "me", "DB_PASSWORD": "secret"}
    parameters = Database.locate(environment).parameters()
    assert (parameters["host"], parameters["port"], parameters["sslmode"], parameters["sslrootcert"]) == ("db", 5432, "verify-full", "system")


def test_missing_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DB_DATABASE, DB_USERNAME, DB_PASSWORD"):
        Database.locate({"SERVICE_BINDING_ROOT": str(tmp_path), "DB_HOST": "db"})


def test_two_of_a_kind_are_refused(tmp_path: Path) -> None:
    bind(tmp_path / "a", ENTRIES)
    bind(tmp_path / "b", ENTRIES)
    with pytest.raises(SettingsError, match="more than one binding of type postgresql: a, b"):
        find(str(tmp_path), "postgresql")


def test_rotation_is_seen_and_never_mixes_two_versions(tmp_path: Path) -> None:
    """As Kubernetes does it: entries are links through ..data, which is replaced in one step."""
    folder = tmp_path / "db"
    bind(folder / "..v1", ENTRIES)
    (folder / "..data").symlink_to("..v1")
    for name in ENTRIES:
        (folder / name).symlink_to(f"..data/{name}")
    database = Database.locate({"SERVICE_BINDING_ROOT": str(tmp_path)})
    assert database.parameters()["password"] == "old"
    bind(folder / "..v2", ENTRIES | {"username": "hello_b", "password": "new"})
    (folder / "..next").symlink_to("..v2")
    (folder / "..next").replace(folder / "..data")
    parameters = database.parameters()
    assert (parameters["user"], parameters["password"]) == ("hello_b", "new")


def test_cache_is_optional(tmp_path: Path) -> None:
    assert CacheServer.locate({"SERVICE_BINDING_ROOT": str(tmp_path)}) is None
    bind(tmp_path / "cache", {"type": "redis", "host": "redis", "port": "6379", "password": "secret\n"})
    server = CacheServer.locate({"SERVICE_BINDING_ROOT": str(tmp_path)})
    assert server is not None
    assert server.entries()["password"] == "secret"
