# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of the components as one OCI archive (OCI Image Layout 1.0), ready for ``ctr images import``.

All components share one layer with the binary; an image is a few bytes that say which link is started. That is why seven
images take the room of one, on disk and in the page cache.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Component:
    """An image: its reference, the absolute path of what is started, and the names of the layers it consists of."""

    reference: str
    entrypoint: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """Files (path in the image -> file here, mode 0755), links (path -> target) and empty folders (path -> mode)."""

    files: Mapping[str, Path]
    links: Mapping[str, str]
    folders: Mapping[str, int]


def pack_layer(layer: Layer, target: Path) -> str:
    """Write the layer as a tar that depends on nothing but its content; gives its SHA-256 (hex)."""
    parents = {str(parent) for path in (*layer.files, *layer.links) for parent in Path(path).parents if str(parent) != "."}
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, mode in sorted({**dict.fromkeys(parents, 0o755), **layer.folders}.items()):
            tar.addfile(_entry(name, tarfile.DIRTYPE, mode))
        for name, source in sorted(layer.files.items()):
            info = _entry(name, tarfile.REGTYPE, 0o755)
            info.size = source.stat().st_size
            with source.open("rb") as handle:
                tar.addfile(info, handle)
        for name, link in sorted(layer.links.items()):
            info = _entry(name, tarfile.SYMTYPE, 0o777)
            info.linkname = link
            tar.addfile(info)
    with target.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = mode
    return info


def image(component: Component, layers: Mapping[str, tuple[str, int]], architecture: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The blobs (digest -> bytes) of one image and its descriptor for the index. ``layers``: name -> (SHA-256, size in bytes)."""
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Entrypoint": [component.entrypoint]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layers[name][0]}" for name in component.layers]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, _digest(config), len(config)),
            "layers": [_descriptor(_LAYER, f"sha256:{layers[name][0]}", layers[name][1]) for name in component.layers],
        }
    )
    described = _descriptor(_MANIFEST, _digest(manifest), len(manifest))
    # containerd reads the whole name from its own annotation; the standard one is for the tag alone.
    described["annotations"] = {"io.containerd.image.name": component.reference, "org.opencontainers.image.ref.name": component.reference}
    return {_digest(config): config, _digest(manifest): manifest}, described


def archive(components: Sequence[Component], layers: Mapping[str, Layer], work: Path, target: Path, architecture: str = "amd64") -> None:
    """Write all images into one OCI archive; ``work`` is a folder for the layers meanwhile."""
    packed: dict[str, tuple[str, int]] = {}
    for name, layer in layers.items():
        path = work / f"{name}.tar"
        packed[name] = (pack_layer(layer, path), path.stat().st_size)
    blobs: dict[str, bytes] = {}
    described = []
    for component in components:
        mine, descriptor = image(component, packed, architecture)
        blobs |= mine
        described.append(descriptor)
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as tar:
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", _json({"schemaVersion": 2, "manifests": described}))
        for digest, content in sorted(blobs.items()):
            _add(tar, f"blobs/sha256/{digest.removeprefix('sha256:')}", content)
        for name, (digest, size) in sorted(packed.items()):
            info = _entry(f"blobs/sha256/{digest}", tarfile.REGTYPE, 0o644)
            info.size = size
            with (work / f"{name}.tar").open("rb") as handle:
                tar.addfile(info, handle)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = _entry(name, tarfile.REGTYPE, 0o644)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}
