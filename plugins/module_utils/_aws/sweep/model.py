# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a sweep: whose things are looked for, what was found, and how a kind of things is found and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws


@dataclass(frozen=True)
class Zone:
    """Records that external-dns made in a hosted zone; ``owner`` and ``prefix``: its txt-owner-id and txt-prefix."""

    id: str
    owner: str
    prefix: str = ""


@dataclass(frozen=True)
class Aliases:
    """Host names in a hosted zone, given by its name or its id. ``targets``: DNS names of load balancers beside those that the query finds."""

    zone: str
    zone_id: str
    names: tuple[str, ...]
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """``tags``: all of them; ``clusters``: whose controllers made it; ``log_groups``: what their names begin with; ``keep``: patterns."""

    tags: Mapping[str, str] = field(default_factory=dict)
    clusters: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    aliases: tuple[Aliases, ...] = ()
    keep: tuple[str, ...] = ()
    timeout: float = 900

    def keys(self) -> list[str]:
        """Of tags, one of which is on everything that is looked for."""
        return [*self.tags, *(_MARKS if self.clusters else ()), *(f"kubernetes.io/cluster/{name}" for name in self.clusters)]

    def claim(self, tags: Mapping[str, str]) -> str:
        """Why a thing with these tags is looked for; "" if it is not. What a cluster shares with others is not its own."""
        for name in self.clusters:
            marks = [(key, name) for key in _MARKS] + [(f"kubernetes.io/cluster/{name}", "owned")]
            found = next((key for key, value in marks if tags.get(key) == value), "")
            if found:
                return f"{found}: {tags[found]}"
        return "tags" if self.tags and self.tags.items() <= tags.items() else ""


# Keys whose value is the name of a cluster: the load balancer controller's, those of EKS and of Auto Mode, that of the VPC CNI's network interfaces.
_MARKS = ("elbv2.k8s.aws/cluster", "eks:eks-cluster-name", "aws:eks:cluster-name", "cluster.k8s.amazonaws.com/name")


@dataclass(frozen=True)
class Left:
    """``because``: why it is looked for; ``raw``: what its deletion needs; ``ends``: when AWS deletes it, for what waits for that."""

    kind: str
    id: str
    name: str = ""
    state: str = ""
    because: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    ends: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.id}{f' ({self.name})' if self.name and self.name != self.id else ''}"

    def told(self) -> dict[str, str]:
        return {"kind": self.kind, "id": self.id, "name": self.name, "state": self.state, "because": self.because}

    def is_kept(self, keep: tuple[str, ...]) -> bool:
        return any(fnmatchcase(text, pattern) for pattern in keep for text in (self.kind, self.id, self.name) if text)


@dataclass(frozen=True)
class Kind:
    """``busy``: states in which it is not deleted yet, since it goes by itself, or with another. ``delete`` None: this sweep never does."""

    name: str
    stage: int
    find: Callable[[Aws, Query], list[Left]]
    delete: Callable[[Aws, Left], object] | None = None
    busy: tuple[str, ...] = ()
