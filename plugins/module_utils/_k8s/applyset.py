# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Membership of objects in a set, so that what leaves the set can be found and deleted.

KEP-3659 ApplySet (https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/3659-kubectl-apply-prune):
a parent Secret names the group-kinds and namespaces that may hold members, each member carries a label with the set's id.
The parent is widened before an apply and narrowed after it: after an interruption it still covers every member.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Key, Kind, Object

PART_OF = "applyset.kubernetes.io/part-of"
_ID = "applyset.kubernetes.io/id"
_TOOLING = "applyset.kubernetes.io/tooling"
_KINDS = "applyset.kubernetes.io/contains-group-kinds"
_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
TOOLING = "slipway/v1"
PARENT_TYPE = "slipway.platform/applyset"
_SECRET = BUILT_IN["", "v1", "Secret"]


@dataclass(frozen=True)
class Scope:
    """Where members may be: group-kinds (``Deployment.apps``) and namespaces."""

    group_kinds: frozenset[str]
    namespaces: frozenset[str]

    def __or__(self, other: Scope) -> Scope:
        return Scope(self.group_kinds | other.group_kinds, self.namespaces | other.namespaces)


@dataclass(frozen=True)
class ApplySet:
    """A named set whose parent lives in ``namespace``."""

    name: str
    namespace: str

    @property
    def parent_name(self) -> str:
        return f"applyset-{self.name}"

    @property
    def id(self) -> str:
        digest = hashlib.sha256(f"{self.parent_name}.{self.namespace}.Secret.".encode()).digest()
        return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"

    @property
    def selector(self) -> str:
        return f"{PART_OF}={self.id}"

    def member(self, manifest: Object) -> Object:
        """The manifest with the label of a member; the argument is not touched."""
        metadata = manifest["metadata"]
        return manifest | {"metadata": metadata | {"labels": (metadata.get("labels") or {}) | {PART_OF: self.id}}}

    def parent(self, scope: Scope) -> Object:
        annotations = {
            _TOOLING: TOOLING,
            _KINDS: ",".join(sorted(scope.group_kinds)),
            _NAMESPACES: ",".join(sorted(scope.namespaces - {self.namespace})),
        }
        metadata = {"name": self.parent_name, "namespace": self.namespace, "labels": {_ID: self.id}, "annotations": annotations}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": PARENT_TYPE}

    def read(self, client: Client) -> Scope | None:
        """The scope that the parent records; None if the set was never applied. ``Conflict`` if another tool keeps it."""
        live = client.get(_SECRET, self.namespace, self.parent_name)
        if live is None:
            return None
        annotations = live["metadata"].get("annotations") or {}
        tooling = annotations.get(_TOOLING, "")
        if tooling.partition("/")[0] != TOOLING.partition("/")[0]:
            raise Conflict(
                f"Secret {self.namespace}/{self.parent_name} at {client.host} belongs to {tooling or 'another tool'}; choose another name for the set"
            )
        return Scope(_words(annotations.get(_KINDS, "")), _words(annotations.get(_NAMESPACES, "")) | {self.namespace})

    def write(self, client: Client, scope: Scope) -> None:
        client.apply(_SECRET, self.parent(scope), force=True)

    def members(self, client: Client, scope: Scope, known: Iterable[Kind]) -> dict[Key, Object]:
        """Every live member within a scope, by key; ``known`` are kinds whose place in the API need not be looked up."""
        by_group_kind = {kind.group_kind: kind for kind in known}
        kinds = client.map(lambda gk: by_group_kind.get(gk) or _kind_of(client, gk), sorted(scope.group_kinds))
        lists = [(kind, namespace) for kind in kinds if kind is not None for namespace in self._places(kind, scope)]
        found = client.map(lambda place: client.find(place[0], place[1], labels=self.selector, optional=True), lists)
        return {
            Key(kind.group, kind.kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]): item
            for (kind, _), items in zip(lists, found, strict=True)
            for item in items
        }

    @staticmethod
    def _places(kind: Kind, scope: Scope) -> list[str | None]:
        # Several namespaces are read in one request; a single one needs no right beyond it.
        return [next(iter(scope.namespaces))] if kind.namespaced and len(scope.namespaces) == 1 else [None]


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in text.split(",") if word)


def _kind_of(client: Client, group_kind: str) -> Kind | None:
    name, _, group = group_kind.partition(".")
    version = client.preferred_version(group)
    return client.kind(f"{group}/{version}" if group else version, name) if version else None
