# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a server holds and what is wanted to the statements in between. Pure; nothing is ever dropped.

For each binding: a database, an owner that cannot log in, and two logins that act as the owner (``role`` is a session default), so
that whatever a migration creates belongs to the owner and outlives the login that created it. Rights come from the owner alone.

A managed server has no superuser for us. Whoever makes roles and databases there (CREATEROLE, CREATEDB) may give a database to an owner as
whom it can act, so it becomes a member of each owner; and it may not even mention rights that it does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._postgres import scram
from ansible_collections.slipway.platform.plugins.module_utils._postgres.catalog import RIGHTS, Catalog, Database, Role
from ansible_collections.slipway.platform.plugins.module_utils._postgres.model import Binding, Credential, Policy
from ansible_collections.slipway.platform.plugins.module_utils._postgres.sql import identifier as name
from ansible_collections.slipway.platform.plugins.module_utils._postgres.sql import literal

Salt = Callable[[int], bytes]
SHARED = ("postgres", "template1")
MONITOR_LIMIT = 5


@dataclass(frozen=True)
class Statement:
    """One SQL statement and what it does in words; only the words are ever shown."""

    sql: str = field(repr=False)
    summary: str


@dataclass(frozen=True)
class Plan:
    """``roles`` run in one transaction, ``databases`` outside of one (CREATE DATABASE allows none), ``rights`` in another."""

    roles: tuple[Statement, ...] = ()
    databases: tuple[Statement, ...] = ()
    rights: tuple[Statement, ...] = ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        return (*self.roles, *self.databases, *self.rights)

    def script(self) -> str:
        """The SQL for ``psql`` with ON_ERROR_STOP; running it again after an interruption completes it."""
        parts = [_transaction(self.roles), "".join(f"{statement.sql};\n" for statement in self.databases), _transaction(self.rights)]
        return "".join(parts)


def _transaction(statements: Sequence[Statement]) -> str:
    if not statements:
        return ""
    return f"BEGIN;\n{_QUIET};\n" + "".join(f"{statement.sql};\n" for statement in statements) + "COMMIT;\n"


# Not even a verifier belongs into the log, whatever log_statement is set to; whoever may not say so does without.
_QUIET = """\
DO $$ BEGIN PERFORM set_config('log_statement', 'none', true); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"""


def plan(catalog: Catalog, bindings: Sequence[Binding], credentials: Mapping[str, Credential], policy: Policy, salt: Salt) -> Plan:
    """The statements that give every binding what it needs. ``credentials`` are by the name of the binding's secret."""
    roles: list[Statement] = []
    databases: list[Statement] = []
    rights = [_close(name) for name in SHARED if (here := catalog.databases.get(name)) and here.open and here.ours]
    if policy.monitor:
        wanted = Role(login=True, limit=MONITOR_LIMIT, member_of=frozenset({"pg_monitor"}))
        roles += role(policy.monitor, catalog.roles.get(policy.monitor), wanted)
        if policy.monitor not in catalog.databases.get("postgres", Database("postgres")).granted:
            rights.append(Statement(f"GRANT CONNECT ON DATABASE postgres TO {name(policy.monitor)}", f"let {policy.monitor} connect to postgres"))
    for binding in bindings:
        roles += role(binding.owner, catalog.roles.get(binding.owner), Role())
        roles += _act_as(catalog, binding.owner)
        roles += logins(catalog, binding, credentials[binding.secret], policy, salt)
        here = catalog.databases.get(binding.database)
        if here is None:
            databases.append(Statement(f"CREATE DATABASE {name(binding.database)} OWNER {name(binding.owner)}", f"create database {binding.database}"))
        elif here.owner != binding.owner:
            rights.append(Statement(f"ALTER DATABASE {name(binding.database)} OWNER TO {name(binding.owner)}", f"give {binding.database} to {binding.owner}"))
        if here is None or here.open:
            rights.append(_close(binding.database))
    return Plan(tuple(roles), tuple(databases), tuple(rights))


def _act_as(catalog: Catalog, owner: str) -> list[Statement]:
    here = catalog.roles.get(owner)
    if catalog.superuser or (here is not None and here.ours):
        return []
    return [Statement(f"GRANT {name(owner)} TO CURRENT_USER", f"be able to act as {owner}")]


def _close(database: str) -> Statement:
    return Statement(f"REVOKE ALL ON DATABASE {name(database)} FROM PUBLIC", f"close {database} to everyone not named")


def logins(catalog: Catalog, binding: Binding, credential: Credential, policy: Policy, salt: Salt) -> list[Statement]:
    """Both logins. The one in use can log in with its password; the other keeps what it has: a rotation may be under way."""
    statements: list[Statement] = []
    for login in binding.logins:
        here = catalog.roles.get(login)
        used = login == credential.username
        wanted = Role(
            login=used or (here is not None and here.login),
            limit=policy.connection_limit,
            member_of=frozenset({binding.owner}),
            settings={"role": binding.owner, **policy.settings},
        )
        statements += role(login, here, wanted)
        if used and not catalog.accepts(login, credential.password):
            made = scram.verifier(credential.password, salt(scram.SALT_BYTES))
            statements.append(Statement(f"ALTER ROLE {name(login)} PASSWORD {literal(made)}", f"set the password of {login}"))
    return statements


def role(title: str, here: Role | None, wanted: Role) -> list[Statement]:
    """A role with exactly these attributes and settings, and a member of at least these roles."""
    quoted = name(title)
    statements: list[Statement] = []
    refused = [right for right in RIGHTS if here is None or right in here.rights]
    options = " ".join(["LOGIN" if wanted.login else "NOLOGIN", f"INHERIT CONNECTION LIMIT {wanted.limit}", *(f"NO{right}" for right in refused)])
    if here is None:
        statements.append(Statement(f"CREATE ROLE {quoted} {options}", f"create role {title} ({'login' if wanted.login else 'no login'})"))
    elif (here.login, here.limit, here.rights) != (wanted.login, wanted.limit, wanted.rights):
        statements.append(Statement(f"ALTER ROLE {quoted} {options}", f"correct role {title} ({'login' if wanted.login else 'no login'})"))
    current = here or Role()
    statements += [Statement(f"GRANT {name(group)} TO {quoted}", f"make {title} a member of {group}") for group in sorted(wanted.member_of - current.member_of)]
    for key in sorted(current.settings.keys() - wanted.settings.keys()):
        statements.append(Statement(f"ALTER ROLE {quoted} RESET {name(key)}", f"reset {key} of {title}"))
    for key, value in sorted(wanted.settings.items()):
        if current.settings.get(key) != value:
            statements.append(Statement(f"ALTER ROLE {quoted} SET {name(key)} = {literal(value)}", f"set {key} = {value} for {title}"))
    return statements


def enable(credential: Credential, salt: Salt) -> Plan:
    """Let a login in with this password."""
    made = scram.verifier(credential.password, salt(scram.SALT_BYTES))
    statement = f"ALTER ROLE {name(credential.username)} LOGIN PASSWORD {literal(made)}"
    return Plan(roles=(Statement(statement, f"let {credential.username} log in with a new password"),))


def retire(login: str) -> Plan:
    """Take a login out of use: no password, no login, its connections ended."""
    return Plan(
        roles=(Statement(f"ALTER ROLE {name(login)} NOLOGIN PASSWORD NULL", f"take {login} out of use"),),
        rights=(Statement(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = {literal(login)}", f"end connections of {login}"),),
    )
