# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL server holds, from one catalog query (manual, chapter 53: system catalogs).

Verifiers of passwords can be read by a superuser alone, and a managed server has none to give away. There the passwords of the store are tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._postgres import scram
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Administrator

QUERY = """\
SELECT CASE WHEN rolsuper THEN 'pg_authid' ELSE 'pg_roles' END AS roles FROM pg_roles WHERE rolname = current_user \\gset
SELECT json_build_object(
  'superuser', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
  'databases', (SELECT json_object_agg(datname, json_build_object(
      'owner', pg_get_userbyid(datdba), 'ours', pg_has_role(current_user, datdba, 'USAGE'),
      'open', has_database_privilege('public', oid, 'CONNECT') OR has_database_privilege('public', oid, 'TEMPORARY'),
      'granted', (SELECT coalesce(json_agg(DISTINCT r.rolname), '[]') FROM aclexplode(datacl) a JOIN pg_roles r ON r.oid = a.grantee)))
    FROM pg_database WHERE datallowconn),
  'roles', (SELECT json_object_agg(r.rolname, json_build_object(
      'login', rolcanlogin, 'verifier', nullif(rolpassword, '********'), 'limit', rolconnlimit, 'ours', pg_has_role(current_user, r.oid, 'USAGE'),
      'rights', array_remove(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
        CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN NOT rolinherit THEN 'NOINHERIT' END], NULL),
      'member_of', (SELECT coalesce(json_agg(g.rolname), '[]') FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid),
      'settings', (SELECT coalesce(json_agg(c), '[]') FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setrole = r.oid AND s.setdatabase = 0)))
    FROM :roles r WHERE r.rolname !~ '^pg_'),
  'sessions', (SELECT coalesce(json_agg(json_build_object('role', usename, 'address', coalesce(host(client_addr), ''))), '[]')
    FROM pg_stat_activity WHERE usename IS NOT NULL AND backend_type = 'client backend'));
"""

RIGHTS = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")


@dataclass(frozen=True)
class Role:
    """A role: ``rights`` are the special attributes it has, NOINHERIT among them; ``limit`` -1 means no connection limit; ``ours``: we may act as it."""

    login: bool = False
    verifier: str | None = field(default=None, repr=False)
    limit: int = -1
    rights: frozenset[str] = frozenset()
    member_of: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True


@dataclass(frozen=True)
class Database:
    """A database: ``open`` if every role may connect or make temporary tables, ``granted`` the roles that were given a right on it, ``ours``: we may
    act as its owner."""

    owner: str
    open: bool = True
    granted: frozenset[str] = frozenset()
    ours: bool = True


@dataclass(frozen=True)
class Session:
    """A client's connection: the role it logged in as, and the address it comes from (empty for the unix socket)."""

    role: str
    address: str


@dataclass(frozen=True)
class Catalog:
    """``superuser``: whether it was one who looked. ``tried``: by login, whether the server took the password of the store."""

    databases: Mapping[str, Database] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()
    superuser: bool = True
    tried: Mapping[str, bool] = field(default_factory=dict)

    def accepts(self, username: str, password: str) -> bool:
        """Whether this is the password of a role."""
        role = self.roles.get(username)
        return role is not None and (self.tried[username] if username in self.tried else scram.matches(password, role.verifier))


def look(psql: Administrator, passwords: Mapping[str, tuple[str, str]]) -> Catalog:
    """``passwords``: by login, the one that the store has for it, and its database."""
    found = parse(psql(QUERY))
    if found.superuser:
        return found
    able = [username for username in passwords if username in found.roles and found.roles[username].login]
    return replace(found, tried={username: psql.accepts(username, *passwords[username]) for username in able})


def parse(text: str) -> Catalog:
    """The answer to ``QUERY``."""
    answer: dict[str, Any] = json.loads(text)
    return Catalog(
        databases={name: Database(item["owner"], item["open"], frozenset(item["granted"]), item["ours"]) for name, item in answer["databases"].items()},
        roles={name: _role(item) for name, item in answer["roles"].items()},
        sessions=tuple(Session(item["role"], item["address"]) for item in answer["sessions"]),
        superuser=answer["superuser"],
    )


def _role(item: Mapping[str, Any]) -> Role:
    return Role(
        login=item["login"],
        verifier=item["verifier"],
        limit=item["limit"],
        rights=frozenset(item["rights"]),
        member_of=frozenset(item["member_of"]),
        settings=dict(setting.split("=", 1) for setting in item["settings"]),
        ours=item["ours"],
    )
