# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of any shape, put into a fake registry."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from support.registry import INDEX, FakeRegistry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def blob(fake: FakeRegistry, repository: str, data: bytes, media_type: str = LAYER, algorithm: str = "sha256") -> dict[str, Any]:
    digest = digest_of(data, algorithm)
    fake.blobs[repository, digest] = data
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def described(fake: FakeRegistry, repository: str, digest: str) -> dict[str, Any]:
    media_type, body = fake.manifests[repository, digest]
    return {"mediaType": media_type, "digest": digest, "size": len(body)}


def manifest(fake: FakeRegistry, repository: str, name: str, *tags: str, layers: int = 8, size: int = 100, **more: Any) -> str:
    """An image of one platform; its bytes depend on ``name`` only."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05Z", "config": {"Labels": {"name": name}}}).encode()
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(fake, repository, config, CONFIG),
        "layers": [blob(fake, repository, f"{name}-{number}-".encode().ljust(size, b".")) for number in range(layers)],
    }
    return fake.add_manifest(repository, value | more, *tags)


def index(fake: FakeRegistry, repository: str, children: list[str], *tags: str, **more: Any) -> str:
    value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [described(fake, repository, child) for child in children]}
    return fake.add_manifest(repository, value | more, *tags)


def image(fake: FakeRegistry, repository: str = "app", tag: str = "v1.0.0-rc.1", name: str = "app", size: int = 100) -> str:
    """An index of two platforms with 18 blobs."""
    children = [manifest(fake, repository, f"{name}-{platform}", size=size) for platform in ("amd64", "arm64")]
    return index(fake, repository, children, tag)


def refer(fake: FakeRegistry, repository: str, subject: str, name: str = "sbom", listed: bool | None = None) -> str:
    """Something that refers to a manifest; listed under the fallback tag if the registry has no API (or as ``listed`` says)."""
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": f"application/example.{name}",
        "config": blob(fake, repository, b"{}", EMPTY),
        "layers": [blob(fake, repository, f"{name} of {subject}".encode(), f"application/example.{name}")],
        "subject": described(fake, repository, subject),
    }
    digest = fake.add_manifest(repository, value)
    if not fake.referrers_api if listed is None else listed:
        list_under_tag(fake, repository, subject, digest)
    return digest


def list_under_tag(fake: FakeRegistry, repository: str, subject: str, digest: str) -> None:
    tag = subject.replace(":", "-")[:71]
    current = fake.tagged.get((repository, tag))
    held = json.loads(fake.manifests[repository, current][1])["manifests"] if current else []
    fake.add_manifest(repository, {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*held, described(fake, repository, digest)]}, tag)


def cosign(fake: FakeRegistry, repository: str, subject: str, suffix: str = "sig", content: tuple[str, ...] = ("signed",)) -> str:
    layers = [blob(fake, repository, one.encode(), "application/vnd.dev.cosign.simplesigning.v1+json") for one in content]
    value = {"schemaVersion": 2, "mediaType": MANIFEST, "config": blob(fake, repository, b'{"sig": 1}', CONFIG), "layers": layers}
    return fake.add_manifest(repository, value, f"{subject.replace(':', '-')}.{suffix}")


def digests_under(fake: FakeRegistry, repository: str, digest: str) -> set[str]:
    """The digests of a manifest, of all that it lists, and of their blobs, as far as the repository has them."""
    value = json.loads(fake.manifests[repository, digest][1])
    if "manifests" in value:
        return {digest}.union(*(digests_under(fake, repository, child["digest"]) for child in value["manifests"]))
    blobs = [value["config"]["digest"], *(layer["digest"] for layer in value["layers"] if not layer.get("urls"))]
    for one in blobs:
        assert digest_of(fake.blobs[repository, one], one.partition(":")[0]) == one
    return {digest, *blobs}


def listed(fake: FakeRegistry, subject: str, repository: str = "prod/app") -> set[str]:
    """What a client of this registry would find."""
    if fake.referrers_api:
        found = [(name, json.loads(body)) for (where, name), (_, body) in fake.manifests.items() if where == repository]
        return {name for name, value in found if value.get("subject", {}).get("digest") == subject}
    digest = fake.tagged.get((repository, subject.replace(":", "-")))
    return {entry["digest"] for entry in json.loads(fake.manifests[repository, digest][1])["manifests"]} if digest else set()
