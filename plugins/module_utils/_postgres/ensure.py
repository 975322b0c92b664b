# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases, roles and bindings exist: the one call behind the module ``postgres_database``.

The store is written first, the server follows: whatever is interrupted, the next run finds a password in the store and sets it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._postgres import catalog as pg_catalog
from ansible_collections.slipway.platform.plugins.module_utils._postgres import model, plan
from ansible_collections.slipway.platform.plugins.module_utils._postgres.catalog import Catalog
from ansible_collections.slipway.platform.plugins.module_utils._postgres.model import Binding, Credential, Policy, Server
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Administrator
from ansible_collections.slipway.platform.plugins.module_utils._secrets import store
from ansible_collections.slipway.platform.plugins.module_utils._secrets.ensure import KNOWN_LATER
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import NAMESPACE, Wanted


@dataclass(frozen=True)
class Request:
    """``superuser``: whether it will be one who makes them, for check mode before there is a server; ``store``: the namespace of the secret store."""

    bindings: tuple[Binding, ...]
    server: Server
    policy: Policy
    superuser: bool = True
    store: str = NAMESPACE


@dataclass(frozen=True)
class Result:
    """``statements`` in words; ``orphans`` are databases without a resource: nothing drops them but a person."""

    bindings: list[dict[str, str]]
    statements: list[str]
    orphans: list[str]
    secrets: dict[str, str]

    @property
    def changed(self) -> bool:
        return bool(self.statements) or any(action != "unchanged" for action in self.secrets.values())

    @property
    def diff(self) -> dict[str, str]:
        lines = [*self.statements, *(f"secret {name} {action}" for name, action in self.secrets.items() if action != "unchanged")]
        return {"before": "", "after": "".join(f"{line}\n" for line in lines)}


def ensure(request: Request, client: Client | None, psql: Administrator | None, dry_run: bool, random: store.Random | None = None) -> Result:
    """Make every binding's database, roles and secret. Without a client or psql there is no server yet: all is new (check mode)."""
    random = random or store.Random()
    model.check(request.bindings)
    state = store.read(client, namespace=request.store) if client else store.State(namespace=request.store)
    secrets = store.plan([_wanted(binding, request.server, state) for binding in request.bindings], (), "", state, random)
    stored = {change.after.name: change.after for change in secrets.secrets if change.after}
    credentials = {binding.secret: model.credential(binding, stored[binding.secret]) for binding in request.bindings}
    catalog = pg_catalog.look(psql, _passwords(request, credentials)) if psql else Catalog(superuser=request.superuser)
    steps = plan.plan(catalog, request.bindings, credentials, request.policy, random.bytes)
    if client and psql and not dry_run:
        store.write(client, secrets.changes)
        if steps.statements:
            psql(steps.script())
    return _result(request, secrets, steps, catalog, dry_run)


def _passwords(request: Request, credentials: Mapping[str, Credential]) -> dict[str, tuple[str, str]]:
    used = [(credentials[binding.secret], binding) for binding in request.bindings]
    return {credential.username: (credential.password, binding.database) for credential, binding in used}


def _wanted(binding: Binding, server: Server, state: store.State) -> Wanted:
    """The binding with the login that is in use; a new one starts with the first."""
    here = state.store.get(binding.secret)
    return model.wanted(binding, server, model.credential(binding, here).username if here else binding.logins[0])


def _result(request: Request, secrets: store.Plan, steps: plan.Plan, catalog: Catalog, dry_run: bool) -> Result:
    by_name: Mapping[str, store.Change] = {change.after.name: change for change in secrets.secrets if change.after}
    return Result(
        bindings=[_binding(binding, by_name[binding.secret], dry_run) for binding in request.bindings],
        statements=[statement.summary for statement in steps.statements],
        orphans=_orphans(catalog, request.bindings),
        secrets={name: change.action for name, change in by_name.items()},
    )


def _binding(binding: Binding, change: store.Change, dry_run: bool) -> dict[str, str]:
    version = KNOWN_LATER if change.after is None or (dry_run and change.action == "created") else change.after.version
    return {
        "service": binding.service,
        "resource": binding.resource,
        "namespace": binding.namespace,
        "secret": binding.secret,
        "database": binding.database,
        "type": model.TYPE,
        "version": version,
    }


_OF_THE_SERVER = {"postgres", "template0", "template1", "rdsadmin"}


def _orphans(catalog: Catalog, bindings: Sequence[Binding]) -> list[str]:
    wanted = {binding.database for binding in bindings} | _OF_THE_SERVER
    return sorted(catalog.databases.keys() - wanted)
