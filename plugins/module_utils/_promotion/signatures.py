# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two manifests behind one tag of cosign's, one at the source and one at the destination: which of them has all that is signed, and what both make together.

A manifest behind ``sha256-<hex>.sig`` (or ``.att``) is not signed itself. Each of its layers is a payload and has its signature as annotation, so two
signatures over the same payload are two layers with one digest. cosign adds a signature by appending a layer; here the same is done with several.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor, canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest

_PAYLOADS = ("application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.dsse.envelope.v1+json")
_PARTS = {"schemaVersion", "mediaType", "config", "layers"}


def entries(manifest: Manifest) -> frozenset[bytes]:
    """What is kept behind the tag: the layers with their annotations, or the manifests of an index."""
    value = manifest.json
    return frozenset(canonical(one) for one in value.get("manifests") or value.get("layers") or ())


def can_be_joined(manifest: Manifest) -> bool:
    """Whether this is what cosign writes for signatures or attestations, and nothing more."""
    value = manifest.json
    if manifest.descriptor.media_type not in (names.MANIFEST, names.DOCKER_MANIFEST) or not set(value) <= _PARTS:
        return False
    return bool(value["layers"]) and all(layer["mediaType"] in _PAYLOADS for layer in value["layers"])


def join(there: Manifest, config: bytes, brought: Manifest) -> tuple[Manifest, bytes] | None:
    """The layers of the destination and then those that only the source has, over the destination's configuration with these added; with that
    configuration. None if the configuration is not one of cosign's."""
    held = entries(there)
    value, more = there.json, [layer for layer in brought.json["layers"] if canonical(layer) not in held]
    described = _with_layers(config, len(value["layers"]), more)
    if described is None:
        return None
    value["config"] = {**value["config"], "digest": str(Digest.of(described)), "size": len(described)}
    value["layers"] += more
    body = canonical(value)
    return Manifest(Descriptor(there.descriptor.media_type, Digest.of(body), len(body)), body), described


def _with_layers(config: bytes, count: int, more: list[dict[str, Any]]) -> bytes | None:
    try:
        value = json.loads(config)
        there = value["rootfs"]["diff_ids"]
        if len(there) != count:
            return None
        # A payload is kept as it is: what a layer is uncompressed is the layer.
        value["rootfs"]["diff_ids"] = [*there, *(layer["digest"] for layer in more)]
        if "history" in value:
            value["history"] = [*value["history"], *({"created": "0001-01-01T00:00:00Z"} for _ in more)]
    except (ValueError, KeyError, TypeError):
        return None
    return canonical(value)
