# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, images and what the real cosign wrote (tests/fixtures/cosign), for tests of signatures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.keys import KeyFile
from cryptography.hazmat.primitives.asymmetric import ec
from support.registry import FakeRegistry

COSIGN = Path(__file__).resolve().parent.parent / "fixtures/cosign"
PASSWORD = b"correct-horse"  # of cosign.key; other.key has an empty one
IMAGE = Digest.parse("sha256:45802b516587dee2151053aed2d7f26407b4f98a125f8aaa68f004b84aaed376")


def key(name: str) -> KeyFile:
    """A new key."""
    return KeyFile(name, ec.generate_private_key(ec.SECP256R1()))


@contextmanager
def connect(fake: FakeRegistry) -> Iterator[Registry]:
    with Registry(fake.host, Pool(lambda: trust(None)), scheme="http", sleep=lambda _: None) as client:
        yield client


def push(registry: Registry, repository: str, content: str = "one") -> Descriptor:
    """An image without layers, another for every content."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"is": content}}}).encode()
    described = Descriptor(names.CONFIG, Digest.of(config), len(config))
    registry.upload_blob(repository, described.digest, config)
    body = json.dumps({"schemaVersion": 2, "mediaType": names.MANIFEST, "config": described.to_json(), "layers": []}).encode()
    registry.put_manifest(repository, content, body, names.MANIFEST)
    return Descriptor(names.MANIFEST, Digest.of(body), len(body))


def fixture() -> dict[str, Any]:
    """The repositories as they were after cosign had signed: manifests and blobs."""
    value: dict[str, Any] = json.loads((COSIGN / "registry.json").read_text())
    return value


def restore(registry: Registry, repository: str, content: dict[str, Any] | None = None) -> None:
    """Put a repository of the fixture, or a changed copy of it, into a registry, byte for byte."""
    content = content or fixture()[repository]
    for blob in content["blobs"]:
        registry.upload_blob(repository, Digest.of(blob.encode()), blob.encode())
    for manifest in sorted(content["manifests"], key=lambda one: one["media_type"] == names.INDEX):
        body = manifest["body"].encode()
        for target in [*manifest["tags"], str(Digest.of(body))]:
            registry.put_manifest(repository, target, body, manifest["media_type"])
