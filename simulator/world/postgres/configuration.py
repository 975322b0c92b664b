# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a PostgreSQL server that stands for an RDS instance.

RDS User Guide: "Working with parameters on your RDS for PostgreSQL DB instance", "Requiring an SSL connection to a PostgreSQL DB instance",
"Understanding the rds_superuser role".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ADMIN = "rdsadmin"
_FORCE_SSL = "rds.force_ssl"
_SSL_BY_DEFAULT = 15  # the first major version whose parameter group has it on
# Sized for the instance's class, not for this machine.
_OF_THE_CLASS = ("shared_buffers", "effective_cache_size", "huge_pages")
_ON = ("1", "on", "true", "yes")


@dataclass(frozen=True)
class Applied:
    """``values``: for postgresql.conf. ``left_out``: parameters that mean nothing here, each with the reason."""

    values: Mapping[str, str]
    force_ssl: bool
    left_out: Mapping[str, str] = field(default_factory=dict)


def applied(parameters: Mapping[str, str], major: int, known: frozenset[str], libraries: Callable[[list[str]], list[str]]) -> Applied:
    """``parameters``: what a parameter group says. ``libraries``: which of those there are."""
    values, left_out = dict[str, str](), dict[str, str]()
    for name, value in sorted(parameters.items()):
        if name == _FORCE_SSL:
            continue
        if name == "shared_preload_libraries":
            names = [each.strip() for each in value.split(",") if each.strip()]
            values[name] = ",".join(libraries(names))
            missing = [each for each in names if each not in libraries(names)]
            if missing:
                left_out[name] = f"this machine has no {', '.join(missing)}"
        elif name.startswith("rds."):
            left_out[name] = "only RDS knows it"
        elif name in _OF_THE_CLASS or "{" in value:
            left_out[name] = "it is sized for the instance's class"
        elif "." not in name and name not in known:
            left_out[name] = "this PostgreSQL doesn't know it"
        else:
            values[name] = value
    forced = parameters.get(_FORCE_SSL)
    return Applied(values, forced in _ON if forced else major >= _SSL_BY_DEFAULT, left_out)


def server(found: Applied, address: str, port: int, sockets: str) -> str:
    """postgresql.conf: last what is ours, for the last one wins."""
    own = {
        "listen_addresses": address,
        "port": str(port),
        "unix_socket_directories": sockets,
        "unix_socket_permissions": "0700",
        "ssl": "on",
        "ssl_cert_file": "server.crt",
        "ssl_key_file": "server.key",
        "logging_collector": "off",
        "log_destination": "stderr",
    }
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in {"password_encryption": "scram-sha-256", **found.values, **own}.items())


def access(force_ssl: bool) -> str:
    """pg_hba.conf: the administrator by our own socket only, which nobody else can open."""
    every = "hostssl" if force_ssl else "host"
    return f"local all {ADMIN} trust\nhost all {ADMIN} all reject\n{every} all all all scram-sha-256\n"


def roles(major: int, master: str, verifier: str, database: str) -> str:
    """SQL for a new server: the master user and what it is a member of; it is no superuser."""
    member = ["pg_monitor", "pg_signal_backend", *(["pg_checkpoint"] if major >= 15 else []), *(["pg_maintain"] if major >= 17 else [])]
    lines = [
        "CREATE ROLE rds_superuser NOLOGIN",
        "CREATE ROLE rds_replication NOLOGIN",
        "CREATE ROLE rds_password NOLOGIN",
        "CREATE ROLE rds_iam NOLOGIN",
        f"GRANT {', '.join(member)}, rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION",
        f"CREATE ROLE {_name(master)} LOGIN CREATEROLE CREATEDB PASSWORD {_literal(verifier)} VALID UNTIL 'infinity'",
        f"GRANT rds_superuser TO {_name(master)} WITH ADMIN OPTION",
        f"ALTER DATABASE postgres OWNER TO {_name(master)}",
        f"ALTER DATABASE template1 OWNER TO {_name(master)}",
        *([f"CREATE DATABASE {_name(database)} OWNER {_name(master)}"] if database else []),
    ]
    return ";\n".join(lines) + ";\n"


def password(master: str, verifier: str) -> str:
    return f"ALTER ROLE {_name(master)} PASSWORD {_literal(verifier)};\n"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
