# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the bindings of access policies in the real cluster as EKS's entries want them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind

from simulator.application import Simulator
from simulator.world import bindings
from simulator.world.eks import Adopted
from simulator.world.threads import looking

Object = dict[str, Any]
_KINDS = [BUILT_IN[bindings.RBAC, "v1", name] for name in ("ClusterRole", "ClusterRoleBinding", "RoleBinding")]
_SELECTOR = ",".join(f"{name}={value}" for name, value in bindings.LABELS.items())
_AGAIN = 15  # looks, after which the cluster is compared though no entry has changed: somebody may have changed it, or made a namespace
_REQUEST_SECONDS = 20.0


class Reconciler:
    """``look()`` does what is due, and gives the names of what it wrote; it is not for two threads."""

    def __init__(self, simulator: Simulator, adopted: Adopted, report: Callable[[str], None]) -> None:
        self._simulator, self._adopted, self._report = simulator, adopted, report
        self._done: Any = None
        self._looks = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """In a thread, about once a second."""
        with looking(self.look, "entries", lambda why: self._report(f"access entries are not in the cluster yet: {why}")):
            yield

    def look(self) -> list[str]:
        """Raises SlipwayError if the cluster doesn't answer; the next look tries again."""
        with self._simulator.lock:
            held = self._adopted.held
            # As they are everywhere: where they hold is found out when the cluster is asked.
            entries = None if held is None else {arn: [dict(each) for each in found.values()] for arn, found in held[1].policies.items()}
        self._looks += 1
        if (entries == self._done and self._looks % _AGAIN) or (entries is None and self._done is None):
            return []
        written = self._reconcile(held is not None)
        self._done = entries
        return written

    def _reconcile(self, stands: bool) -> list[str]:
        client = Client(connect(self._adopted.kubeconfig, 4))
        client.until = client.clock() + _REQUEST_SECONDS
        there = {_key(each): each for kind in _KINDS for each in client.find(kind, labels=_SELECTOR)}
        spaces = [str(each["metadata"]["name"]) for each in client.find(BUILT_IN["", "v1", "Namespace"])] if stands else []
        with self._simulator.lock:
            held = self._adopted.held
            wanted = bindings.wanted(held[1], spaces) if held else []
            unknown = bindings.not_enforced(held[1]) if held else []
        if unknown:
            self._report(f"access policies that are accepted and mean nothing in the real cluster: {', '.join(unknown)}")
        written = [_apply(client, each) for each in wanted if not _same(there.get(_key(each)), each)]
        keys = {_key(each) for each in wanted}
        return written + [_delete(client, each) for key, each in there.items() if key not in keys]


def _key(manifest: Object) -> tuple[str, str, str]:
    return str(manifest["kind"]), str(manifest["metadata"].get("namespace", "")), str(manifest["metadata"]["name"])


def _same(live: Object | None, manifest: Object) -> bool:
    return live is not None and all(live.get(member) == manifest[member] for member in ("roleRef", "subjects", "rules") if member in manifest)


def _apply(client: Client, manifest: Object) -> str:
    client.apply(_kind(manifest), manifest, force=True)
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def _delete(client: Client, live: Object) -> str:
    metadata = live["metadata"]
    client.delete(_kind(live), metadata.get("namespace"), metadata["name"])
    return f"{live['kind']} {metadata['name']} removed"


def _kind(manifest: Object) -> Kind:
    return BUILT_IN[bindings.RBAC, "v1", manifest["kind"]]
