# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the embedded cluster is asked for, what is seen, what is decided and what comes of it: values only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._kind import config


@dataclass(frozen=True)
class Registry:
    """A registry as image references name it (``host``), where the nodes find it (``endpoint``, a URL), and who signed its certificate."""

    host: str
    endpoint: str
    ca_file: Path | None


@dataclass(frozen=True)
class Request:
    """What is wanted. ``kind`` and ``kubectl`` are programs; ``link`` is where kubectl is linked to for people (None: nowhere)."""

    state: str
    cluster: config.Cluster
    kind: Path
    kubectl: Path
    kubeconfig: Path
    link: Path | None
    registries: tuple[Registry, ...]
    audit_policy: Path
    cache: Path
    timeout: float
    token_webhook: Path | None = None


@dataclass(frozen=True)
class Observed:
    """What there is: containers (name -> state), the record of how they were made, the network, and the files beside them (path -> content)."""

    nodes: Mapping[str, str]
    record: Mapping[str, Any] | None
    network: bool
    files: Mapping[str, str]
    link: str | None

    @property
    def nothing(self) -> bool:
        return not self.nodes and not self.network and self.record is None


@dataclass(frozen=True)
class Plan:
    """What is to be done, in this order."""

    remove: tuple[str, ...] = ()
    create_network: bool = False
    write: Mapping[str, str] = field(default_factory=dict)
    unlink: tuple[str, ...] = ()
    create: bool = False
    start: tuple[str, ...] = ()
    export: bool = False
    link: bool = False
    tear_down: bool = False


@dataclass(frozen=True)
class Result:
    """``before`` and ``after`` are what ``changed`` follows from; the rest is for whoever uses the cluster."""

    name: str
    kubeconfig: str
    endpoint: str
    nodes: list[dict[str, Any]]
    zones: list[str]
    kubernetes_version: str | None
    storage_class: str
    volumes_dir: str
    actions: list[str]
    seconds: float
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def diff(self) -> dict[str, str]:
        return diff(self.before, self.after)


def diff(before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """Two states as a task shows them."""
    return {"before": json.dumps(before, indent=2, sort_keys=True) + "\n", "after": json.dumps(after, indent=2, sort_keys=True) + "\n"}


def digest(text: str) -> str:
    """SHA-256 (hex)."""
    return hashlib.sha256(text.encode()).hexdigest()
