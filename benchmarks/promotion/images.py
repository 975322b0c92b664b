# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images to promote: made from a seed, so that every run promotes the same bytes and every digest is known beforehand.

An image is an index over 2 platforms with 8 layers and a configuration each: 18 blobs. ``signed`` adds what is usually attached to it: a signature
of the index and of both platforms in the two forms cosign writes (a tag ``sha256-<hex>.sig``, and a bundle as referrer), an SBOM as referrer of
the index, and a signature as referrer of that SBOM. Nothing here is cryptographically signed: what counts is that it arrives.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SBOM = "application/spdx+json"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        return digest(self.body)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body), **more}


@dataclass(frozen=True)
class Image:
    """What has to be at the destination: manifests (children before what names them), blobs by digest, signature tags, referrers by subject."""

    root: Manifest
    manifests: tuple[Manifest, ...]
    blobs: Mapping[str, bytes | Path]
    signatures: Mapping[str, Manifest] = field(default_factory=dict)
    referrers: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    attached: tuple[Manifest, ...] = ()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make(seed: str, platforms: int = 2, layers: int = 8, size: int = 64 << 10) -> Image:
    """An index over ``platforms`` images with ``layers`` layers of ``size`` bytes each."""
    source = random.Random(seed)
    blobs: dict[str, bytes | Path] = {}
    manifests = []
    for number in range(platforms):
        contents = [source.randbytes(size) for _ in range(layers)]
        config = {"architecture": ("amd64", "arm64", "riscv64")[number], "os": "linux", "config": {"Labels": {"seed": seed}}}
        config["rootfs"] = {"type": "layers", "diff_ids": [digest(content) for content in contents]}
        manifests.append(_manifest(blobs, _encode(config), CONFIG, [(content, LAYER) for content in contents]))
    children = [
        manifest.descriptor(platform={"architecture": ("amd64", "arm64", "riscv64")[number], "os": "linux"}) for number, manifest in enumerate(manifests)
    ]
    root = Manifest(INDEX, _encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}))
    return Image(root, (*manifests, root), blobs)


def large(folder: Path, size: int) -> Image:
    """One platform with one layer of ``size`` bytes, kept in a file: the same mebibyte over and over, since nobody here compresses."""
    block = random.Random("large").randbytes(CHUNK)
    path, hashed = folder / "layer", hashlib.sha256()
    with path.open("wb") as output:
        for _ in range(size // CHUNK):
            output.write(block)
            hashed.update(block)
    name = f"sha256:{hashed.hexdigest()}"
    config = _encode({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [name]}})
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": name, "size": size}],
    }
    root = Manifest(MANIFEST, _encode(value))
    return Image(root, (root,), {digest(config): config, name: path})


def signed(image: Image) -> Image:
    """The same image with everything attached to it that the module's text names."""
    blobs, signatures, attached = dict(image.blobs), {}, []
    referrers: dict[str, list[dict[str, Any]]] = {}

    def refer(subject: Manifest, artifact_type: str, content: bytes) -> Manifest:
        more = {"artifactType": artifact_type, "subject": subject.descriptor()}
        found = _manifest(blobs, b"{}", EMPTY, [(content, artifact_type)], **more)
        referrers.setdefault(subject.digest, []).append(found.descriptor(artifactType=artifact_type))
        attached.append(found)
        return found

    for manifest in image.manifests:
        payload = _encode({"critical": {"image": {"docker-manifest-digest": manifest.digest}, "type": "cosign container image signature"}, "optional": None})
        noted = {"dev.cosignproject.cosign/signature": digest(payload)[7:]}
        config = _encode({"architecture": "", "os": "", "rootfs": {"type": "layers", "diff_ids": [digest(payload)]}})
        signatures[f"{manifest.digest.replace(':', '-')}.sig"] = _manifest(blobs, config, CONFIG, [(payload, SIMPLE_SIGNING)], annotations=noted)
        refer(manifest, BUNDLE, b"a bundle for " + manifest.digest.encode())
    sbom = refer(image.root, SBOM, b"an SBOM for " + image.root.digest.encode())
    refer(sbom, BUNDLE, b"a bundle for " + sbom.digest.encode())
    return replace(
        image, blobs=blobs, signatures=signatures, referrers={subject: tuple(found) for subject, found in referrers.items()}, attached=tuple(attached)
    )


def fallback_index(found: tuple[dict[str, Any], ...]) -> Manifest:
    """What is kept under the tag ``sha256-<hex>`` where a registry has no referrers API (distribution specification 1.1, "Referrers Tag Schema")."""
    return Manifest(INDEX, _encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(found)}))


def fallback_tag(subject: str) -> str:
    return subject.replace(":", "-")


def _manifest(blobs: dict[str, bytes | Path], config: bytes, config_type: str, layers: list[tuple[bytes, str]], **more: Any) -> Manifest:
    blobs |= {digest(data): data for data in (config, *(content for content, _ in layers))}
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": config_type, "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": media_type, "digest": digest(content), "size": len(content)} for content, media_type in layers],
        **more,
    }
    return Manifest(MANIFEST, _encode(value))


def _encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
