# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What refers to an image: SBOMs, signatures and the like, attached without changing its digest.

OCI distribution specification 1.1, "Listing Referrers" and "Referrers Tag Schema": a registry without the API keeps an index under
the tag ``sha256-<hex>``, which clients read, change and write back. Two clients that do so at once can lose an entry, hence the
second look.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor, canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

_TRIES = 5
_EMPTY = b"{}"
_lock = threading.Lock()


@dataclass(frozen=True)
class Artifact:
    """Something to attach: its type (a media type), its content and annotations."""

    artifact_type: str
    content: bytes
    annotations: Mapping[str, str]


def attach(registry: Registry, repository: str, subject: Descriptor, artifact: Artifact) -> Descriptor:
    """Attach an artifact to an image and return what points at it. Attaching the same again changes nothing."""
    manifest = _manifest(subject, artifact)
    body = canonical(manifest)
    described = Descriptor(names.MANIFEST, Digest.of(body), len(body), artifact.annotations, artifact.artifact_type)
    if registry.exists(repository, str(described.digest)) and described.digest in [d.digest for d in referrers(registry, repository, subject.digest)]:
        return described
    for content in (_EMPTY, artifact.content):
        digest = Digest.of(content)
        if not registry.has_blob(repository, digest):
            registry.upload_blob(repository, digest, content)
    response = registry.put_manifest(repository, str(described.digest), body, names.MANIFEST)
    if not response.header("oci-subject"):
        _add_to_tag(registry, repository, subject.digest, described)
    return described


def referrers(registry: Registry, repository: str, digest: Digest, artifact_type: str = "") -> list[Descriptor]:
    """What refers to a manifest, of one artifact type if given; from the API, else from the tag."""
    response = registry.referrers_page(repository, digest)
    index = _index(response.body) if response.status == 200 else None
    found = index["manifests"] if index is not None else _read_tag(registry, repository, digest)
    return [d for d in map(Descriptor.from_json, found) if artifact_type in ("", d.artifact_type)]


def tag_of(digest: Digest) -> str:
    return f"{digest.algorithm}-{digest.hex[:64]}"


def _manifest(subject: Descriptor, artifact: Artifact) -> dict[str, Any]:
    value: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": names.MANIFEST,
        "artifactType": artifact.artifact_type,
        "config": Descriptor(names.EMPTY, Digest.of(_EMPTY), len(_EMPTY)).to_json(),
        "layers": [Descriptor(artifact.artifact_type, Digest.of(artifact.content), len(artifact.content)).to_json()],
        "subject": Descriptor(subject.media_type, subject.digest, subject.size).to_json(),
    }
    return value | ({"annotations": dict(artifact.annotations)} if artifact.annotations else {})


def _read_tag(registry: Registry, repository: str, digest: Digest) -> list[dict[str, Any]]:
    current = registry.find(repository, tag_of(digest))
    # Some registries take the tag for the digest and answer with the image itself.
    if current is None or current.digest == digest:
        return []
    index = _index(current.body)
    return index["manifests"] if index is not None else []


def _add_to_tag(registry: Registry, repository: str, digest: Digest, described: Descriptor) -> None:
    for _ in range(_TRIES):
        with _lock:
            listed = _read_tag(registry, repository, digest)
            if any(entry["digest"] == str(described.digest) for entry in listed):
                return
            index = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": [*listed, described.to_json()]}
            registry.put_manifest(repository, tag_of(digest), canonical(index), names.INDEX)
    if str(described.digest) not in [entry["digest"] for entry in _read_tag(registry, repository, digest)]:
        raise Conflict(f"others keep changing what refers to {repository}@{digest}; run again", host=registry.host)


def _index(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("manifests"), list) else None
