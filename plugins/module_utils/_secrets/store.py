# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret store of the local provider: Secrets in one namespace, and copies of them where they are used.

``plan`` is pure; ``read`` is two list requests whatever the number of secrets; ``write`` does what the plan says.
Every write of an existing Secret carries the resource version that was read, so that nobody's change is lost.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Object
from ansible_collections.slipway.platform.plugins.module_utils._secrets import content
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import (
    FROM,
    MANAGED_BY,
    NAME,
    NAMESPACE,
    SET,
    STORE,
    VERSION,
    Delivery,
    Stored,
    Wanted,
    from_object,
    to_object,
)

SECRET = BUILT_IN["", "v1", "Secret"]
NAMESPACES = BUILT_IN["", "v1", "Namespace"]
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}


@dataclass(frozen=True)
class Random:
    """The sources of chance: one character of an alphabet, and bytes for salts."""

    choose: Callable[[str], str] = secrets.choice
    bytes: Callable[[int], bytes] = secrets.token_bytes


@dataclass(frozen=True)
class State:
    """What the cluster has: the store by name, and the copies of one set by namespace and name. ``namespace``: where the store is."""

    store: Mapping[str, Stored] = field(default_factory=dict)
    copies: Mapping[tuple[str, str], Stored] = field(default_factory=dict)
    namespace: str = NAMESPACE


@dataclass(frozen=True)
class Change:
    """One Secret before and after; ``None`` means that it does not exist."""

    before: Stored | None
    after: Stored | None

    @property
    def action(self) -> str:
        if self.after is None:
            return "deleted"
        if self.before is None:
            return "created"
        return "unchanged" if self.after.same_as(self.before) else "updated"


@dataclass(frozen=True)
class Plan:
    secrets: tuple[Change, ...]
    copies: tuple[Change, ...]
    deliveries: tuple[Delivery, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for change in (*self.secrets, *self.copies) if change.action != "unchanged")


def plan(wanted: Sequence[Wanted], deliveries: Sequence[Delivery], set_name: str, state: State, random: Random | None = None, foresee: bool = False) -> Plan:
    """What has to be written so that these secrets exist and exactly these copies are delivered by this set.

    With ``foresee`` (check mode) a secret that the store does not have is taken for one that an earlier task would have made.
    """
    _unique([secret.name for secret in wanted], "the store")
    _unique([f"{delivery.namespace}/{delivery.secret}" for delivery in deliveries], "a namespace")
    stored = tuple(_secret(secret, state, random or Random()) for secret in wanted)
    known = dict(state.store) | {change.after.name: change.after for change in stored if change.after}
    if foresee:
        known = {delivery.name: Stored(state.namespace, delivery.name, "Opaque", {}) for delivery in deliveries if not delivery.compose} | known
    copies = [Change(state.copies.get(delivery.key), _copy(delivery, known, {SET: set_name, **_from(state)})) for delivery in deliveries]
    kept = {delivery.key for delivery in deliveries}
    gone = [Change(copy, None) for key, copy in sorted(state.copies.items()) if key not in kept]
    return Plan(stored, (*copies, *gone), tuple(deliveries))


def _secret(wanted: Wanted, state: State, random: Random) -> Change:
    before = state.store.get(wanted.name)
    kept = {key: value for key, value in (before.data.items() if before else ()) if key not in wanted.renew}
    data = content.build(wanted.values, wanted.generate, wanted.compose, kept, random.choose)
    salt = (before.salt if before else b"") or random.bytes(32)
    after = Stored(
        namespace=state.namespace,
        name=wanted.name,
        type=wanted.type,
        data=data,
        salt=salt,
        labels={**wanted.labels, **MANAGED_BY, STORE: "local"},
        annotations={VERSION: content.version(salt, data)},
        resource_version=before.resource_version if before else "",
    )
    return Change(before, after)


def _from(state: State) -> dict[str, str]:
    return {FROM: state.namespace} if state.namespace != NAMESPACE else {}


def _copy(delivery: Delivery, store: Mapping[str, Stored], whence: Mapping[str, str]) -> Stored:
    source = store.get(delivery.name)
    if source is None:
        raise InvalidInput(
            f"the secret {delivery.name} is to be delivered to {delivery.namespace}, but the store does not have it; it has: "
            + (", ".join(sorted(store)) or "none"),
            secret=delivery.name,
        )
    data = content.composed(delivery.compose, source.data) if delivery.compose else dict(source.data)
    whose = {"slipway.platform/service": delivery.service, "slipway.platform/resource": delivery.resource}
    return Stored(
        namespace=delivery.namespace,
        name=delivery.secret,
        type=delivery.type or source.type,
        data=data,
        labels={**{key: value for key, value in whose.items() if value}, **MANAGED_BY, **whence, NAME: delivery.name},
        annotations={VERSION: content.version(source.salt, data)},
    )


def _unique(names: Sequence[str], where: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{', '.join(twice)} would be in {where} twice; rename the service or the resource", names=twice)


def read(client: Client, set_name: str = "", namespace: str = NAMESPACE) -> State:
    """The store, and the copies that this set of it delivered (none without a set)."""
    store = [from_object(item) for item in client.find(SECRET, namespace, labels=STORE)]
    copies = [from_object(item) for item in client.find(SECRET, labels=f"{SET}={set_name}")] if set_name else []
    own = {(copy.namespace, copy.name): copy for copy in copies if copy.store == namespace}
    return State({secret.name: secret for secret in store}, own, namespace)


def write(client: Client, changes: Sequence[Change]) -> None:
    """Make the cluster as planned: first what is new or different, several at a time, then what goes."""
    stores = {change.after.namespace for change in changes if change.after and STORE in change.after.labels}
    for namespace in sorted({change.after.namespace for change in changes if change.after and change.before is None}):
        ensure_namespace(client, namespace, {**MANAGED_BY, **RESTRICTED} if namespace in stores else {})
    client.map(lambda change: _put(client, change.before, change.after), [change for change in changes if change.after])
    gone = [change.before for change in changes if change.before and not change.after]
    client.map(lambda secret: client.delete(SECRET, secret.namespace, secret.name), gone)


def _put(client: Client, before: Stored | None, after: Stored | None) -> None:
    assert after is not None
    if before is not None and before.type == after.type:
        merged = replace(
            after,
            labels={**before.labels, **after.labels},
            annotations={**before.annotations, **after.annotations},
            resource_version=before.resource_version,
        )
        path = SECRET.path(after.namespace, after.name)
        client.request("PUT", path, query={"fieldManager": "slipway"}, body=to_object(merged), what=f"Secret {after.namespace}/{after.name}", secret=True)
        return
    if before is not None:  # the type of a Secret cannot be changed
        client.delete(SECRET, before.namespace, before.name)
    try:
        client.create(SECRET, to_object(replace(after, resource_version="")))
    except Conflict:
        raise Conflict(
            f"Secret {after.namespace}/{after.name} exists and was not made by this collection; rename the resource, or delete that Secret",
            namespace=after.namespace,
            secret=after.name,
        ) from None


def ensure_namespace(client: Client, name: str, labels: Mapping[str, str]) -> None:
    """The namespace, made with these labels if it is not there; a store's own admits no privileged pod."""
    if client.get(NAMESPACES, None, name):
        return
    manifest: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}
    try:
        client.create(NAMESPACES, manifest)
    except (Conflict, NotFound):  # someone else was faster
        if not client.get(NAMESPACES, None, name):
            raise
