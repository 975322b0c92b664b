# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases as revisions: Secrets of type ``slipway.platform/release.v1`` in the namespace, each with the manifests of one release.

Manifests refer to Secrets by name only, and a release that carries a Secret's data is refused: no value ever enters the history.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Object

TYPE = "slipway.platform/release.v1"
KEEP = 10
KEEP_FAILED = 3
PENDING, DEPLOYED, SUPERSEDED, FAILED = "pending", "deployed", "superseded", "failed"
_PREFIX = "slipway.platform/"
_RELEASE, _REVISION, _STATUS = f"{_PREFIX}release", f"{_PREFIX}revision", f"{_PREFIX}status"
_DIGEST, _RESTORES, _MESSAGE = f"{_PREFIX}digest", f"{_PREFIX}restores", f"{_PREFIX}message"
_SECRET = BUILT_IN["", "v1", "Secret"]
_LONGEST = 500


@dataclass(frozen=True)
class Revision:
    """One release. ``restores``: the revision whose manifests it put back, 0 if they were new. ``created``: RFC 3339, of the cluster."""

    number: int
    status: str
    digest: str
    manifests: tuple[Object, ...]
    restores: int = 0
    created: str = ""

    @property
    def origin(self) -> int:
        return self.restores or self.number


def digest_of(manifests: Sequence[Object]) -> str:
    """What makes two releases the same: SHA-256 (hex) over the manifests, whatever their order."""
    lines = sorted(json.dumps(manifest, sort_keys=True) for manifest in manifests)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def refuse_secret_values(manifests: Sequence[Object]) -> None:
    """Raise ``InvalidInput`` if a manifest holds a Secret's data."""
    for manifest in manifests:
        if manifest["kind"] == "Secret" and (manifest.get("data") or manifest.get("stringData")):
            raise InvalidInput(
                f"Secret {manifest['metadata']['name']} carries data, and a release is kept in the history: deliver it by the secrets role, or as secret_files",
                object=f"Secret {manifest['metadata']['name']}",
            )


def read(client: Client, namespace: str, name: str) -> list[Revision]:
    """The revisions of a release, oldest first; none if it (or its namespace) does not exist."""
    found = client.find(_SECRET, namespace, labels=f"{_RELEASE}={name}")
    return sorted((_parse(item) for item in found), key=lambda revision: revision.number)


def current(revisions: Sequence[Revision]) -> Revision | None:
    """The release that serves: the newest that was deployed."""
    return next((r for r in reversed(revisions) if r.status == DEPLOYED), None)


def chosen(revisions: Sequence[Revision], wanted: str) -> Revision:
    """The revision that ``previous`` or a number means. ``previous`` goes back one good release further each time."""
    now = current(revisions)
    good = [r for r in revisions if r.status in (DEPLOYED, SUPERSEDED)]
    known = ", ".join(str(r.number) for r in good if r != now) or "none"
    if wanted == "previous":
        before = [r for r in good if now and r.number < now.origin and r.digest != now.digest]
        if not before:
            raise InvalidInput(f"there is no release before the current one ({now.number if now else 'none'}); revisions to go back to: {known}")
        return before[-1]
    match = next((r for r in good if str(r.number) == wanted), None)
    if match is None:
        raise InvalidInput(f"revision {wanted} is not there to go back to; choose one of {known}, or previous")
    return match


def begin(client: Client, namespace: str, name: str, revisions: Sequence[Revision], manifests: Sequence[Object], restores: int) -> Revision:
    """Record a release as pending before its first object is written. ``Conflict`` if another run took the same number."""
    for left in (r for r in revisions if r.status == PENDING):
        mark(client, namespace, name, left, FAILED, "interrupted")
    number = max((r.number for r in revisions), default=0) + 1
    revision = Revision(number, PENDING, digest_of(manifests), tuple(manifests), restores)
    content = gzip.compress(json.dumps(list(manifests), separators=(",", ":")).encode(), mtime=0)
    annotations = {_DIGEST: revision.digest} | ({_RESTORES: str(restores)} if restores else {})
    try:
        client.create(
            _SECRET,
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": _name(name, number),
                    "namespace": namespace,
                    "labels": {_RELEASE: name, _REVISION: str(number), _STATUS: PENDING},
                    "annotations": annotations,
                },
                "type": TYPE,
                "immutable": True,
                "data": {"release": base64.b64encode(content).decode()},
            },
        )
    except Conflict:
        raise Conflict(f"another run is releasing {name} in {namespace} at {client.host} right now (revision {number}); wait until it ends") from None
    return revision


def mark(client: Client, namespace: str, name: str, revision: Revision, status: str, message: str = "") -> None:
    """Record what became of a release."""
    annotations = {"annotations": {_MESSAGE: message[:_LONGEST]}} if message else {}
    client.merge(_SECRET, namespace, _name(name, revision.number), {"metadata": {"labels": {_STATUS: status}, **annotations}})


def finish(client: Client, namespace: str, name: str, earlier: Sequence[Revision], revision: Revision) -> None:
    """Record a release as the one that serves; ``earlier`` are the revisions before it."""
    mark(client, namespace, name, revision, DEPLOYED)
    for old in (r for r in earlier if r.status == DEPLOYED):
        mark(client, namespace, name, old, SUPERSEDED)
    _trim(client, namespace, name, [*earlier, replace(revision, status=DEPLOYED)])


def fail(client: Client, namespace: str, name: str, earlier: Sequence[Revision], revision: Revision, message: str) -> None:
    """Record a release as failed, and why."""
    mark(client, namespace, name, revision, FAILED, message)
    _trim(client, namespace, name, [*earlier, replace(revision, status=FAILED)])


def _trim(client: Client, namespace: str, name: str, revisions: Sequence[Revision]) -> None:
    """Drop the oldest. Failed ones are counted by themselves: a bad day must not cost the releases one wants to go back to."""
    good = [r for r in revisions if r.status in (DEPLOYED, SUPERSEDED)]
    bad = [r for r in revisions if r.status not in (DEPLOYED, SUPERSEDED)]
    for old in [*good[:-KEEP], *bad[:-KEEP_FAILED]]:
        client.delete(_SECRET, namespace, _name(name, old.number))


def _name(name: str, number: int) -> str:
    return f"release-{name}-v{number}"


def _parse(item: Object) -> Revision:
    labels, annotations = item["metadata"]["labels"], item["metadata"].get("annotations") or {}
    manifests = json.loads(gzip.decompress(base64.b64decode(item["data"]["release"])))
    return Revision(
        int(labels[_REVISION]),
        labels.get(_STATUS, PENDING),
        annotations.get(_DIGEST, ""),
        tuple(manifests),
        int(annotations.get(_RESTORES, "0")),
        item["metadata"].get("creationTimestamp", ""),
    )
