# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done about one ExternalSecret now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from simulator.world.eso import hashes, status, stores, target
from simulator.world.eso import wanted as wants
from simulator.world.eso.access import Session
from simulator.world.eso.reading import ReadError, read
from simulator.world.eso.stores import Operator, StoreError
from simulator.world.eso.target import TargetError
from simulator.world.eso.templates import TemplateError
from simulator.world.eso.wanted import StoreRef, Wanted

Object = dict[str, Any]


@dataclass(frozen=True)
class Synced:
    """How it went: the condition's ``reason`` and ``message``, the event's ``text``; ``secret`` to be written, or ``delete`` it.

    ``owns``: Secrets of this ExternalSecret that have other names have to go. ``binds``: the Secret's name, for the status.
    """

    ready: bool
    reason: str
    message: str
    text: str = ""
    secret: Object | None = None
    delete: bool = False
    owns: bool = False
    binds: str = ""
    event_reason: str = ""
    written: tuple[str, ...] = ()

    @classmethod
    def failed(cls, message: str, text: str) -> Synced:
        return cls(False, "SecretSyncedError", message, text, event_reason="UpdateFailed")

    def wrote(self, what: str) -> Synced:
        return replace(self, written=(what,))

    def status(self, before: Object, metadata: Object, now: datetime) -> Object:
        after = {**before, "conditions": status.with_ready(before.get("conditions") or [], self.ready, self.reason, self.message, now)}
        if self.ready:
            after |= {"refreshTime": status.stamp(now), "syncedResourceVersion": hashes.version_of(metadata)}
        return after | ({"binding": {"name": self.binds}} if self.binds else {})


@dataclass(frozen=True)
class Scene:
    """``stores``: by kind, namespace ("" for those of the cluster) and name. ``spaces``: labels of namespaces."""

    operator: Operator
    stores: Mapping[tuple[str, str, str], Object]
    spaces: Mapping[str, Mapping[str, str]]
    now: datetime

    def find(self, reference: StoreRef, namespace: str) -> Object | None:
        return self.stores.get((reference.kind, namespace if reference.kind == "SecretStore" else "", reference.name))

    def is_managed(self, manifest: Object) -> bool:
        """Whether no store of it belongs to another controller."""
        spec, namespace = manifest["spec"], str(manifest["metadata"]["namespace"])
        sources = [(each.get("sourceRef") or {}).get("storeRef") for each in (*(spec.get("data") or ()), *(spec.get("dataFrom") or ()))]
        found = [self.find(wants.store_ref(each), namespace) for each in (spec.get("secretStoreRef"), *sources) if each]
        return all(store is None or stores.is_managed(store) for store in found)

    def opened(self, reference: StoreRef, namespace: str) -> tuple[Object, Session]:
        """Raises StoreError, AccessError."""
        store = self.find(reference, namespace)
        if store is None:
            kind = f'{reference.kind.lower()}s.external-secrets.io "{reference.name}" not found'
            raise StoreError("", f'could not get {reference.kind} "{reference.name}", {kind}')
        if reference.kind == "ClusterSecretStore" and not stores.lets(store, namespace, self.spaces.get(namespace, {})):
            text = f'using cluster store "{reference.name}" is not allowed from namespace "{namespace}": denied by spec.condition'
            raise StoreError("", text)
        ready = next((each for each in (store.get("status") or {}).get("conditions") or () if each["type"] == "Ready"), None)
        if ready is None or ready["status"] != "True":
            raise StoreError("", f'{reference.kind} "{reference.name}" is not ready')
        return store, stores.session(store, self.operator)


def synchronize(manifest: Object, live: Object | None, scene: Scene) -> Synced | None:
    """None: nothing is due. ``live``: the target Secret, if it is there."""
    problems = wants.problems(manifest)
    if problems:
        return Synced.failed("; ".join(problems), "; ".join(problems))
    wanted = wants.read(manifest)
    if not is_due(manifest, wanted, scene.now) and target.is_intact(live, wanted):
        return None
    try:
        data = read(wanted, lambda reference: scene.opened(reference, wanted.namespace))
    except ReadError as error:
        return Synced.failed("could not get secret data from provider", str(error))
    if not data and wanted.deletion == "Delete":
        return Synced(True, "SecretDeleted", "secret deleted due to DeletionPolicy=Delete", "", delete=True, event_reason="Deleted")
    if not data and wanted.deletion == "Retain":
        return Synced(True, "SecretSynced", "secret retained due to DeletionPolicy=Retain")
    if wanted.creation == "Merge" and live is None:
        return Synced(True, "SecretMissing", "secret will not be created due to CreationPolicy=Merge")
    done = Synced(True, "SecretSynced", "secret synced", owns=wanted.creation == "Owner")
    if wanted.creation == "None":
        return done
    try:
        secret = target.mutated(live, wanted, data)
    except TargetError as error:
        return Synced.failed(error.message, str(error))
    except TemplateError as error:
        return Synced.failed("could not update secret", f"could not apply template: {error}")
    event = ("secret created", "Created") if live is None else ("secret updated", "Updated")
    text, reason = event if live is None or target.patch(live, secret) else ("", "")
    return replace(done, secret=secret, binds=wanted.target, text=text, event_reason=reason)


def is_due(manifest: Object, wanted: Wanted, now: datetime) -> bool:
    """By the refresh policy; a change of the object is always due but for CreatedOnce."""
    state = manifest.get("status") or {}
    synced, refreshed = state.get("syncedResourceVersion"), status.moment(state.get("refreshTime") or "")
    if not synced or refreshed is None:
        return True
    if wanted.policy == "CreatedOnce":
        return False
    changed = bool(synced != hashes.version_of(manifest["metadata"]))
    if wanted.policy == "OnChange":
        return changed
    if wanted.refresh <= 0:
        return False
    return changed or refreshed > now or refreshed + timedelta(seconds=wanted.refresh) <= now


def finalize(manifest: Object, live: Object) -> bool:
    """Whether the Secret goes with its ExternalSecret; one that is owned goes by Kubernetes' own hand anyway."""
    owned = any(each.get("controller") and each.get("uid") == manifest["metadata"]["uid"] for each in live["metadata"].get("ownerReferences") or ())
    return owned and (manifest["spec"].get("target") or {}).get("deletionPolicy") == "Delete"
