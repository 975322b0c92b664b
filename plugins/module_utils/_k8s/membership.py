# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose objects a cluster has: the sets that we applied, found by their parents, and what they have outside of namespaces."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._k8s.applyset import PARENT_TYPE, ApplySet
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind

_SECRET = BUILT_IN["", "v1", "Secret"]
_PREFIX = "applyset-"


@dataclass(frozen=True)
class Member:
    """``namespace``: "" for kinds that have none."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind.kind} {self.name}"


def owners(client: Client) -> list[ApplySet]:
    """Every set in the cluster, by namespace and name."""
    parents = client.find(_SECRET, fields=f"type={PARENT_TYPE}")
    places = sorted((each["metadata"]["namespace"], each["metadata"]["name"]) for each in parents)
    return [ApplySet(name.removeprefix(_PREFIX), namespace) for namespace, name in places if name.startswith(_PREFIX)]


def cluster_wide(client: Client, sets: Iterable[ApplySet], without: Collection[str]) -> list[Member]:
    """Members of these sets that live in no namespace, but kinds in ``without``."""
    found: dict[Member, None] = {}
    for each in sets:
        scope = each.read(client)
        for key, live in (each.members(client, scope, BUILT_IN.values()) if scope else {}).items():
            if not key.namespace and key.kind not in without:
                kind = client.kind(live["apiVersion"], key.kind)
                if kind:
                    found[Member(kind, "", key.name)] = None
    return list(found)
