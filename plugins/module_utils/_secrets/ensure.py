# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets exist and are delivered: the one call behind the module ``secret_store``. Names and versions come out, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._secrets import store
from ansible_collections.slipway.platform.plugins.module_utils._secrets.content import ALPHABET, LENGTH, Generator
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import NAMESPACE, Delivery, Stored, Wanted

KNOWN_LATER = "known-after-apply"
"""The version of a secret that check mode would make: its salt is random, so there is none yet."""


@dataclass(frozen=True)
class Request:
    """``store``: the namespace of the store."""

    secrets: tuple[Wanted, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    set_name: str = ""
    store: str = NAMESPACE


@dataclass(frozen=True)
class Result:
    """``secrets`` and ``deliveries`` list what was asked for, ``pruned`` the copies that are no longer wanted."""

    secrets: list[dict[str, str]]
    deliveries: list[dict[str, str]]
    pruned: list[dict[str, str]]
    before: dict[str, str]
    after: dict[str, str]
    requests: int

    @property
    def changed(self) -> bool:
        return self.before != self.after or any(item["action"] != "unchanged" for item in (*self.secrets, *self.deliveries))

    @property
    def diff(self) -> dict[str, str]:
        return {"before": _lines(self.before), "after": _lines(self.after)}


def wanted(item: Mapping[str, Any]) -> Wanted:
    """A secret as the module's argument spec has it; one that says nothing about its content gets the one entry ``value``."""
    silent = not (item.get("values") or item.get("generate") or item.get("compose"))
    return Wanted(
        name=item["name"],
        values={key: str(value) for key, value in (item.get("values") or {}).items()},
        generate={key: generator(spec) for key, spec in ({"value": {}} if silent else item.get("generate") or {}).items()},
        compose=item.get("compose") or {},
        type=item.get("type") or "Opaque",
        labels=item.get("labels") or {},
    )


def generator(spec: Mapping[str, Any] | None) -> Generator:
    options = spec or {}
    return Generator(int(options.get("length") or LENGTH), str(options.get("alphabet") or ALPHABET))


def delivery(item: Mapping[str, Any]) -> Delivery:
    return Delivery(**{key: value for key, value in item.items() if value})


def ensure(request: Request, client: Client | None, dry_run: bool, random: store.Random | None = None) -> Result:
    """Make the secrets and their copies as requested. Without a client there is no cluster yet: everything is new (check mode)."""
    state = store.read(client, request.set_name, request.store) if client else store.State(namespace=request.store)
    plan = store.plan(request.secrets, request.deliveries, request.set_name, state, random, foresee=dry_run)
    if client and not dry_run:
        store.write(client, plan.changes)
    return _result(plan, client.requests if client else 0, dry_run)


def _result(plan: store.Plan, requests: int, dry_run: bool) -> Result:
    def version(change: store.Change) -> str:
        if change.after is None:
            return ""
        return KNOWN_LATER if dry_run and change.action == "created" else change.after.version

    named = [(change, change.after) for change in plan.secrets if change.after]
    sent = zip(plan.deliveries, plan.copies, strict=False)
    every = (*plan.secrets, *plan.copies)
    return Result(
        secrets=[{"name": after.name, "version": version(change), "action": change.action} for change, after in named],
        deliveries=[
            {
                "name": item.name,
                "service": item.service,
                "resource": item.resource,
                "namespace": item.namespace,
                "secret": item.secret,
                "version": version(change),
                "action": change.action,
            }
            for item, change in sent
        ],
        pruned=[{"namespace": change.before.namespace, "secret": change.before.name} for change in every if change.before and not change.after],
        before={_name(change.before): _line(change.before) for change in every if change.before},
        after={_name(change.after): _line(change.after, version(change)) for change in every if change.after},
        requests=requests,
    )


def _name(secret: Stored) -> str:
    return f"{secret.namespace}/{secret.name}"


def _line(secret: Stored, version: str | None = None) -> str:
    return f"{secret.type} version {version or secret.version} ({', '.join(sorted(secret.data))})"


def _lines(secrets: Mapping[str, str]) -> str:
    return "".join(f"{name}: {line}\n" for name, line in sorted(secrets.items()))
