# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a dependency is and how to log in: a Service Binding (https://servicebinding.io/spec/core/1.0.0/), else the environment.

A binding is a folder below ``$SERVICE_BINDING_ROOT`` with one file per entry. It is read again for each new connection,
so a password that was rotated is used without a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .settings import SettingsError

# libpq: give up on a host that doesn't answer, on one that stopped answering, and on a server that became a read-only copy.
RESILIENCE: dict[str, Any] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 10,
    "target_session_attrs": "read-write",
    "options": "-c statement_timeout=3000 -c lock_timeout=3000",
    "application_name": "hello",
}


@dataclass(frozen=True)
class Binding:
    """One folder of entries."""

    folder: Path

    def read(self) -> dict[str, str]:
        """All entries, without the line break that editors add."""
        try:
            return self._read()
        except FileNotFoundError:  # replaced while we were reading: the new one is complete
            return self._read()

    def _read(self) -> dict[str, str]:
        # Kubernetes replaces a mounted Secret by moving the link ..data; following it once keeps name and password of one version together.
        version = (self.folder / "..data").resolve() if (self.folder / "..data").exists() else self.folder
        return {entry.name: entry.read_text().rstrip("\n") for entry in version.iterdir() if entry.is_file()}


def find(root: str, kind: str) -> Binding | None:
    """The binding whose entry ``type`` is kind; None if there is none, SettingsError if it isn't the only one."""
    folders = sorted(Path(root).iterdir()) if root and Path(root).is_dir() else []
    found = [folder for folder in folders if (folder / "type").is_file() and (folder / "type").read_text().strip() == kind]
    if len(found) > 1:
        raise SettingsError(f"SERVICE_BINDING_ROOT={root}: more than one binding of type {kind}: {', '.join(folder.name for folder in found)}")
    return Binding(found[0]) if found else None


@dataclass(frozen=True)
class Database:
    """The PostgreSQL server; call ``parameters()`` for each connection."""

    environment: Mapping[str, str]
    binding: Binding | None

    @classmethod
    def locate(cls, environment: Mapping[str, str]) -> Database:
        """Raises SettingsError when neither a binding nor the environment says where the database is."""
        binding = find(environment.get("SERVICE_BINDING_ROOT", ""), "postgresql")
        missing = [name for name in ("DB_HOST", "DB_DATABASE", "DB_USERNAME", "DB_PASSWORD") if not environment.get(name)]
        if binding is None and missing:
            raise SettingsError(f"no database: no binding of type postgresql below SERVICE_BINDING_ROOT, and not set: {', '.join(missing)}")
        return cls(environment, binding)

    def parameters(self) -> dict[str, Any]:
        """Arguments for ``psycopg.connect``: TLS with the server's name checked, unless DB_SSLMODE says otherwise."""
        entries = self.binding.read() if self.binding else self._from_environment()
        authority = str(self.binding.folder / "ca.crt") if self.binding and "ca.crt" in entries else self.environment.get("DB_CA_FILE")
        return RESILIENCE | {
            "host": entries["host"],
            "port": int(entries.get("port") or 5432),
            "dbname": entries["database"],
            "user": entries["username"],
            "password": entries["password"],
            "sslmode": self.environment.get("DB_SSLMODE") or "verify-full",
            "sslrootcert": authority or "system",
        }

    def _from_environment(self) -> dict[str, str]:
        return {name: self.environment.get(f"DB_{name.upper()}", "") for name in ("host", "port", "database", "username", "password")}


@dataclass(frozen=True)
class CacheServer:
    """The Redis server, or nothing: the cache is optional."""

    environment: Mapping[str, str]
    binding: Binding | None

    @classmethod
    def locate(cls, environment: Mapping[str, str]) -> CacheServer | None:
        """None when no cache is bound."""
        binding = find(environment.get("SERVICE_BINDING_ROOT", ""), "redis")
        return cls(environment, binding) if binding or environment.get("CACHE_HOST") else None

    def entries(self) -> dict[str, str]:
        """host, port, and if the server wants them username and password."""
        if self.binding:
            return self.binding.read()
        return {name: self.environment.get(f"CACHE_{name.upper()}", "") for name in ("host", "port", "username", "password")}
