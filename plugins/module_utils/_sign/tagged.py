# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest behind ``sha256-<hex>.sig``: an image whose layers are payloads, each with its signature as annotation.

Adding one is reading, changing and writing back; the distribution specification has no compare-and-swap. So it is read again
afterwards, and done again if somebody else's write came in between.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor, canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign import simple
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import encode64

SIGNATURE = "dev.cosignproject.cosign/signature"
_TRIES = 5
_EPOCH = "0001-01-01T00:00:00Z"  # what cosign writes: a signature image was made at no time


def add(registry: Registry, repository: str, tag: str, payload: bytes, signature: bytes) -> None:
    """Add a signature to those behind a tag."""
    layer = Descriptor(simple.TYPE, Digest.of(payload), len(payload), {SIGNATURE: encode64(signature)}).to_json()
    _upload(registry, repository, payload)
    for _ in range(_TRIES):
        layers = _layers(registry, repository, tag)
        if layer in layers:
            return
        _write(registry, repository, tag, [*layers, layer])
    if layer not in _layers(registry, repository, tag):
        raise Conflict(f"others keep changing the signatures at {repository}:{tag}; run again", host=registry.host)


def _layers(registry: Registry, repository: str, tag: str) -> list[dict[str, Any]]:
    current = registry.find(repository, tag)
    if current is None:
        return []
    if current.descriptor.media_type not in (names.MANIFEST, names.DOCKER_MANIFEST):
        raise Conflict(f"{repository}:{tag} holds something else than signatures ({current.descriptor.media_type}); use the form bundle", host=registry.host)
    layers: list[dict[str, Any]] = current.json.get("layers") or []
    return layers


def _write(registry: Registry, repository: str, tag: str, layers: list[dict[str, Any]]) -> None:
    config = {
        "architecture": "",
        "config": {},
        "created": _EPOCH,
        "history": [{"created": _EPOCH} for _ in layers],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }
    body = canonical(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": names.MANIFEST,
        "config": Descriptor(names.CONFIG, _upload(registry, repository, body), len(body)).to_json(),
        "layers": layers,
    }
    registry.put_manifest(repository, tag, canonical(manifest), names.MANIFEST)


def _upload(registry: Registry, repository: str, content: bytes) -> Digest:
    digest = Digest.of(content)
    if not registry.has_blob(repository, digest):
        registry.upload_blob(repository, digest, content)
    return digest
