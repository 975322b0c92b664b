# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for the External Secrets Operator (external-secrets.io/v1, AWS Secrets Manager with Pod Identity): simulator/README.md says what it can.

Follows version 1.3 of it: published schema, conditions, reasons, messages, labels, annotations and field managers are its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind

from simulator.application import Simulator
from simulator.world.eks import Adopted
from simulator.world.eso import status, stores, target
from simulator.world.eso.sync import Scene, Synced, finalize, synchronize
from simulator.world.parts import STAND_IN, Part
from simulator.world.threads import looking

Object = dict[str, Any]
GROUP, VERSION = target.API_VERSION.split("/")
EXTERNAL, STORE, CLUSTER_STORE = (
    Kind(GROUP, VERSION, "ExternalSecret", "externalsecrets", True),
    Kind(GROUP, VERSION, "SecretStore", "secretstores", True),
    Kind(GROUP, VERSION, "ClusterSecretStore", "clustersecretstores", False),
)
SECRET, EVENT, NAMESPACE, ACCOUNT = (BUILT_IN["", "v1", name] for name in ("Secret", "Event", "Namespace", "ServiceAccount"))
FINALIZER = "externalsecrets.external-secrets.io/externalsecret-cleanup"
_OPERATOR = ("external-secrets", "external-secrets")  # namespace and name of its service account, as its chart has them
_REQUEST_SECONDS = 20.0
_MERGE = "application/merge-patch+json"


class ExternalSecrets:
    """``look()`` does what is due and gives the names of what it wrote; it is not for two threads."""

    def __init__(self, simulator: Simulator, adopted: Adopted, report: Callable[[str], None]) -> None:
        self._simulator, self._adopted, self._report = simulator, adopted, report
        self._told: dict[str, str] = {}
        self._connected: tuple[int, Client] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """In a thread, about once a second."""
        with looking(self.look, "external-secrets", lambda why: self._report(f"external secrets could not be looked at: {why}")):
            yield

    def parts(self) -> list[Part]:
        """For the registry of parts."""
        return [Part("External Secrets Operator", STAND_IN, "the simulator does what it would: Secrets Manager, by Pod Identity and its role's policies")]

    def look(self) -> list[str]:
        """Raises SlipwayError if the cluster doesn't answer; the next look tries again."""
        with self._simulator.lock:
            held = self._adopted.held
        if held is None:
            return []
        client = self._client()
        found = [*client.find(STORE, optional=True), *client.find(CLUSTER_STORE, optional=True)]
        wanted = client.find(EXTERNAL, optional=True)
        operator = stores.Operator(held[1], frozenset(self._simulator.regions), _OPERATOR, lambda space, name: client.get(ACCOUNT, space, name))
        written = [name for each in found for name in self._validate(client, each, operator)]
        managed = {_place(each): each for each in client.find(SECRET, labels=f"{target.MANAGED}=true")} if wanted else {}
        spaces = {str(each["metadata"]["name"]): each["metadata"].get("labels") or {} for each in client.find(NAMESPACE)} if wanted else {}
        scene = Scene(operator, {_store_key(each): each for each in found}, spaces, self._simulator.world.clock.now())
        return written + [name for each in wanted for name in self._sync(client, each, managed, scene)]

    def _validate(self, client: Client, store: Object, operator: stores.Operator) -> list[str]:
        if not stores.is_managed(store):
            return []
        with self._simulator.lock:
            ready, reason, message, text = stores.validated(store, operator)
        before = store.get("status") or {}
        after = {**before, **({"capabilities": "ReadWrite"} if ready else {})}
        after["conditions"] = status.with_ready(before.get("conditions") or [], ready, reason, message, self._simulator.world.clock.now())
        store["status"] = after  # what ExternalSecrets see of it in this same look
        if after == before:
            return []
        kind = STORE if store["kind"] == STORE.kind else CLUSTER_STORE
        self._event(client, store, reason, text, warning=not ready)
        _write_status(client, kind, store, after)
        return [f"{store['kind']} {store['metadata']['name']}"]

    def _sync(self, client: Client, manifest: Object, managed: Mapping[tuple[str, str], Object], scene: Scene) -> list[str]:
        metadata = manifest["metadata"]
        live = managed.get((metadata["namespace"], _target_name(manifest)))
        if metadata.get("deletionTimestamp"):
            return self._finalize(client, manifest, live)
        if not scene.is_managed(manifest):
            self._report(f"ExternalSecret {metadata['namespace']}/{metadata['name']}: its store is another controller's, nobody looks at it")
            return []
        if live is None:
            live = client.get(SECRET, metadata["namespace"], _target_name(manifest))
        with self._simulator.lock:
            result = synchronize(manifest, live, scene)
        if result is None:
            return []
        if FINALIZER not in (metadata.get("finalizers") or []):
            client.merge(EXTERNAL, metadata["namespace"], metadata["name"], {"metadata": {"finalizers": [*(metadata.get("finalizers") or []), FINALIZER]}})
        try:
            result = self._write(client, manifest, live, result, managed)
        except Conflict:  # somebody else was quicker: the next look sees what it did
            return []
        after = result.status(manifest.get("status") or {}, metadata, scene.now)
        self._event(client, manifest, result.event_reason, result.text, warning=not result.ready)
        if after != (manifest.get("status") or {}):
            _write_status(client, EXTERNAL, manifest, after)
        return list(result.written)

    def _write(self, client: Client, manifest: Object, live: Object | None, result: Synced, managed: Mapping[tuple[str, str], Object]) -> Synced:
        """The Secret as wanted, and none of those that it had under other names."""
        space, name = str(manifest["metadata"]["namespace"]), str(manifest["metadata"]["name"])
        query = {"fieldManager": target.manager_of(name)}
        try:
            if result.owns:
                label = target.owner_label(space, name)
                for place, each in managed.items():
                    if place[0] == space and place[1] != _target_name(manifest) and each["metadata"]["labels"].get(target.CREATED_BY) == label:
                        client.delete(SECRET, *place)
            if result.delete and live is not None:
                client.delete(SECRET, space, str(live["metadata"]["name"]))
                return result.wrote(f"Secret {space}/{live['metadata']['name']} removed")
            if result.secret is None:
                return result
            what = f"Secret {space}/{result.secret['metadata']['name']}"
            if live is None:
                client.request("POST", SECRET.path(space), query=query, body=result.secret, what=what, secret=True)
                return result.wrote(what)
            change = target.patch(live, result.secret)
            if not change:
                return result
            change.setdefault("metadata", {})["resourceVersion"] = live["metadata"]["resourceVersion"]
            path = SECRET.path(space, str(live["metadata"]["name"]))
            client.request("PATCH", path, query=query, body=change, content_type=_MERGE, what=what, secret=True)
            return result.wrote(what)
        except Conflict:
            raise
        except SlipwayError as error:
            return Synced.failed("could not update secret", error.message)

    def _finalize(self, client: Client, manifest: Object, live: Object | None) -> list[str]:
        metadata = manifest["metadata"]
        written = []
        if live is not None and finalize(manifest, live):
            client.delete(SECRET, metadata["namespace"], live["metadata"]["name"])
            written.append(f"Secret {metadata['namespace']}/{live['metadata']['name']} removed")
        if FINALIZER in (metadata.get("finalizers") or []):
            rest = [each for each in metadata["finalizers"] if each != FINALIZER]
            client.merge(EXTERNAL, metadata["namespace"], metadata["name"], {"metadata": {"finalizers": rest or None}})
        return written

    def _event(self, client: Client, about: Object, reason: str, text: str, *, warning: bool) -> None:
        """Once for each text: an event is where the operator says what its conditions don't."""
        metadata = about["metadata"]
        key, space = str(metadata.get("uid")), str(metadata.get("namespace") or "default")
        if not text or self._told.get(key) == text:
            return
        self._told[key] = text
        if warning:
            self._report(f"{about['kind']} {metadata.get('namespace', '')}/{metadata['name']}: {text}".replace(" /", " "))
        moment = status.stamp(self._simulator.world.clock.now())
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata['name']}.{uuid4().hex[:16]}", "namespace": space},
            "involvedObject": {"apiVersion": target.API_VERSION, "kind": about["kind"], "name": metadata["name"], "uid": key}
            | ({"namespace": metadata["namespace"]} if metadata.get("namespace") else {}),
            "type": "Warning" if warning else "Normal",
            "reason": reason,
            "message": text[:1024],
            "source": {"component": "external-secrets"},
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
        }
        with contextlib.suppress(SlipwayError):  # a namespace that is on its way out takes none
            client.create(EVENT, event)

    def _client(self) -> Client:
        """Connections are kept as long as the kubeconfig stays the same."""
        kubeconfig = self._adopted.kubeconfig
        changed = kubeconfig.stat().st_mtime_ns if kubeconfig.exists() else 0
        if self._connected is None or self._connected[0] != changed:
            self._connected = changed, Client(connect(kubeconfig, 4))
        client = self._connected[1]
        client.until = client.clock() + _REQUEST_SECONDS
        return client


def _write_status(client: Client, kind: Kind, manifest: Object, after: Object) -> None:
    metadata = manifest["metadata"]
    path = f"{kind.path(metadata.get('namespace'), metadata['name'])}/status"
    client.request("PATCH", path, query={"fieldManager": "external-secrets"}, body={"status": after}, content_type=_MERGE, what=f"status of {metadata['name']}")


def _target_name(manifest: Object) -> str:
    return str((manifest["spec"].get("target") or {}).get("name") or manifest["metadata"]["name"])


def _place(manifest: Object) -> tuple[str, str]:
    return str(manifest["metadata"]["namespace"]), str(manifest["metadata"]["name"])


def _store_key(store: Object) -> tuple[str, str, str]:
    return str(store["kind"]), str(store["metadata"].get("namespace") or ""), str(store["metadata"]["name"])
