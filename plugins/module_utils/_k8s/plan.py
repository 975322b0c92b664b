# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there, what is wanted, and where each object belongs: everything that is read before the first write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s import applyset
from ansible_collections.slipway.platform.plugins.module_utils._k8s.applyset import ApplySet, Scope
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Key, Kind, Object, split_api_version

NAMESPACE = BUILT_IN["", "v1", "Namespace"]


@dataclass(frozen=True)
class Request:
    """A set of manifests (from ``objects.flatten``), named ``name`` in ``namespace``; ``timeout`` in seconds for everything together."""

    name: str
    namespace: str
    manifests: tuple[Object, ...]
    prune: bool = True
    wait: bool = True
    timeout: float = 300.0
    force: bool = False
    check: bool = False


@dataclass(frozen=True)
class Item:
    """A manifest on its way: ``kind`` is None if the cluster does not serve it (yet)."""

    key: Key
    kind: Kind | None
    manifest: Object
    live: Object | None = None


@dataclass(frozen=True)
class Plan:
    """What is there and what is wanted. ``recorded``: the scope in the set's parent; ``absent``: namespaces that do not exist."""

    items: list[Item]
    members: Mapping[Key, Object]
    recorded: Scope | None
    scope: Scope
    absent: frozenset[str]


def plan(client: Client, request: Request) -> Plan:
    """Read everything that decides what to do; nothing is written."""
    group = group_of(request)
    items = _items(client, request, group)
    namespaces = frozenset(i.key.namespace for i in items if i.key.namespace) | {request.namespace}
    found = client.map(lambda name: client.get(NAMESPACE, None, name), sorted(namespaces))
    absent = frozenset(name for name, live in zip(sorted(namespaces), found, strict=True) if live is None)
    recorded = None if request.namespace in absent else group.read(client)
    kinds = {i.kind for i in items if i.kind}
    members = group.members(client, recorded, kinds) if recorded else {}
    items = client.map(lambda i: _with_live(client, i, members, absent, request), items)
    return Plan(items, members, recorded, Scope(frozenset(k.group_kind for k in kinds), namespaces), absent)


def leavers(planned: Plan) -> dict[Key, Object]:
    wanted = {item.key for item in planned.items}
    return {key: live for key, live in planned.members.items() if key not in wanted and not live["metadata"].get("deletionTimestamp")}


def group_of(request: Request) -> ApplySet:
    """The set that a request is about."""
    return ApplySet(request.name, request.namespace)


def _items(client: Client, request: Request, group: ApplySet) -> list[Item]:
    defined = _defined(request.manifests)
    items: dict[Key, Item] = {}
    for manifest in request.manifests:
        name = manifest["kind"]
        kind = client.kind(manifest["apiVersion"], name) or defined.get((manifest["apiVersion"], name))
        metadata = manifest["metadata"]
        namespace = metadata.get("namespace") or ("" if kind is None else request.namespace)
        if kind is not None and not kind.namespaced:
            namespace = ""
        if kind is None and not request.check:
            raise InvalidInput(
                f"{name} {metadata['name']}: {client.host} does not serve {manifest['apiVersion']} {name}; "
                "correct apiVersion and kind, or apply its CustomResourceDefinition first",
                object=f"{name} {metadata['name']}",
            )
        key = Key(split_api_version(manifest["apiVersion"])[0], name, namespace, metadata["name"])
        if key in items:
            raise InvalidInput(f"{key} is defined twice in set {request.name}: remove one of them", object=str(key))
        placed = manifest | {"metadata": {k: v for k, v in metadata.items() if k != "namespace"} | ({"namespace": namespace} if namespace else {})}
        items[key] = Item(key, kind, group.member(placed))
    return list(items.values())


def _defined(manifests: tuple[Object, ...]) -> dict[tuple[str, str], Kind]:
    """The kinds that the set itself defines."""
    kinds = {}
    for manifest in manifests:
        if manifest["kind"] == "CustomResourceDefinition":
            spec = manifest["spec"]
            for version in spec["versions"]:
                kind = Kind(spec["group"], version["name"], spec["names"]["kind"], spec["names"]["plural"], spec["scope"] == "Namespaced")
                kinds[kind.api_version, kind.kind] = kind
    return kinds


def _with_live(client: Client, item: Item, members: Mapping[Key, Object], absent: frozenset[str], request: Request) -> Item:
    live = members.get(item.key)
    if live is None and item.kind is not None and item.key.namespace not in absent:
        # Not a member: another kind of object, or one that exists beside the set and is about to join it.
        live = client.get(item.kind, item.key.namespace or None, item.key.name)
        owner = ((live or {}).get("metadata", {}).get("labels") or {}).get(applyset.PART_OF)
        if owner and owner != group_of(request).id and not request.force:
            raise Conflict(
                f"{item.key} at {client.host} belongs to another set ({owner}): remove it from one of the two, or take it over with force: true",
                object=str(item.key),
            )
    return replace(item, live=live)
