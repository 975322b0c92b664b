# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images as folders: the OCI image layout (OCI image specification 1.1, "Image Layout").

oci-layout                  {"imageLayoutVersion": "1.0.0"}
index.json                  the manifests of this layout
blobs/<algorithm>/<hex>     manifests, configurations and layers by their digest
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest

CHUNK = 1 << 20


@dataclass(frozen=True)
class Descriptor:
    """What points at a blob: media type, digest, size in bytes, annotations and, for referrers, the artifact type."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str | None = None

    def to_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.artifact_type:
            value["artifactType"] = self.artifact_type
        if self.annotations:
            value["annotations"] = dict(sorted(self.annotations.items()))
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Descriptor:
        return cls(value["mediaType"], Digest.parse(value["digest"]), int(value["size"]), value.get("annotations") or {}, value.get("artifactType"))


@dataclass(frozen=True)
class Layout:
    """A folder in the OCI image layout with one image in it."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> Layout:
        (path / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        (path / "oci-layout").write_bytes(canonical({"imageLayoutVersion": "1.0.0"}))
        return cls(path)

    @property
    def root(self) -> Descriptor:
        """The one manifest (or index) that this layout is about."""
        try:
            manifests = json.loads((self.path / "index.json").read_bytes())["manifests"]
        except (OSError, ValueError, KeyError) as error:
            raise InvalidInput(f"{self.path} is not an OCI image layout: {error}") from error
        if len(manifests) != 1:
            raise InvalidInput(f"{self.path} holds {len(manifests)} images; exactly one is expected")
        return Descriptor.from_json(manifests[0])

    def blob(self, digest: Digest) -> Path:
        return self.path / "blobs" / digest.algorithm / digest.hex

    def manifest(self) -> dict[str, Any]:
        """The root manifest, checked against its digest."""
        return self.read_json(self.root.digest)

    def read_json(self, digest: Digest) -> dict[str, Any]:
        data = self.blob(digest).read_bytes()
        if not digest.matches(data):
            raise InvalidInput(f"{self.blob(digest)} does not have the content that its name promises; remove {self.path} and build it again")
        value: dict[str, Any] = json.loads(data)
        return value

    def add(self, data: bytes, media_type: str, annotated: Mapping[str, str] | None = None) -> Descriptor:
        """Store bytes and return what points at them."""
        digest = Digest.of(data)
        self.blob(digest).write_bytes(data)
        return Descriptor(media_type, digest, len(data), annotated or {})

    def add_file(self, source: Path, media_type: str) -> Descriptor:
        """Move a finished file into the layout."""
        digest = digest_of_file(source)
        size = source.stat().st_size
        source.rename(self.blob(digest))
        return Descriptor(media_type, digest, size)

    def set_root(self, descriptor: Descriptor) -> None:
        index = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": [descriptor.to_json()]}
        _files.write(self.path / "index.json", canonical(index), 0o644)

    def add_image(self, config: Mapping[str, Any], layers: list[Descriptor], annotated: Mapping[str, str]) -> Descriptor:
        """Store an image (configuration and manifest over these layers) and make it the root."""
        manifest: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": names.MANIFEST,
            "config": self.add(canonical(config), names.CONFIG).to_json(),
            "layers": [layer.to_json() for layer in layers],
        }
        if annotated:
            manifest["annotations"] = dict(annotated)
        root = self.add(canonical(manifest), names.MANIFEST)
        self.set_root(root)
        return root


def canonical(value: Any) -> bytes:
    """JSON whose bytes depend on nothing but the value: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of_file(path: Path) -> Digest:
    """The SHA-256 of a file, read in chunks of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            digest.update(chunk)
    return Digest("sha256", digest.hexdigest())
