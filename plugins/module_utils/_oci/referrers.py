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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor, canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

_TRIES = 5
_EMPTY = b"{}"
_lock = threading.Lock()
_changing: dict[tuple[str, str, Digest], _Index] = {}


@dataclass
class _Index:
    """The index under one fallback tag, as far as this process changes it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    touched: bool = False


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
        list_in_tag(registry, repository, subject.digest, [described])
    return described


def referrers(registry: Registry, repository: str, digest: Digest, artifact_type: str = "") -> list[Descriptor]:
    """What refers to a manifest, of one artifact type if given; from the API, else from the tag."""
    found = from_api(registry, repository, digest)
    return [d for d in (from_tag(registry, repository, digest) if found is None else found) if artifact_type in ("", d.artifact_type)]


def from_api(registry: Registry, repository: str, digest: Digest) -> list[Descriptor] | None:
    """What the referrers API lists; None if the registry does not have it."""
    if registry.referrers_api is False:
        return None
    found: list[Descriptor] = []
    for page in registry.referrers_pages(repository, digest):
        index = _index(page.body) if page.status == 200 else None
        if index is None:
            return None
        found += _descriptors(index, registry, repository, digest)
    registry.referrers_api = True
    return found


def from_tag(registry: Registry, repository: str, digest: Digest) -> list[Descriptor]:
    """What the index under the fallback tag lists; nothing if the tag is absent or is the image itself."""
    current = registry.find(repository, tag_of(digest))
    # Some registries take the tag for the digest and answer with the image itself.
    if current is None or current.digest == digest:
        return []
    index = _index(current.body)
    return _descriptors(index, registry, repository, digest) if index is not None else []


def list_in_tag(registry: Registry, repository: str, digest: Digest, described: Sequence[Descriptor], absent: bool = False) -> None:
    """Have the index under the fallback tag list these, beside what it lists; for registries that do not do it themselves.

    ``absent``: the tag is known not to be there, so that it need not be read first. It is read afterwards in any case.
    """
    wanted = {d.digest for d in described}
    with _lock:
        mine = _changing.setdefault((registry.host, repository, digest), _Index())
    for _ in range(_TRIES):
        with mine.lock:
            listed = [] if absent and not mine.touched else from_tag(registry, repository, digest)
            mine.touched = True
            fresh = [d for d in described if d.digest not in {one.digest for one in listed}]
            if not fresh:
                return
            index = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": [d.to_json() for d in (*listed, *fresh)]}
            registry.put_manifest(repository, tag_of(digest), canonical(index), names.INDEX)
    if not wanted <= {d.digest for d in from_tag(registry, repository, digest)}:
        raise Conflict(f"others keep changing what refers to {repository}@{digest}; run again", host=registry.host)


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


def _descriptors(index: Mapping[str, Any], registry: Registry, repository: str, digest: Digest) -> list[Descriptor]:
    try:
        return [Descriptor.from_json(one) for one in index["manifests"]]
    except (KeyError, TypeError, ValueError, InvalidInput) as error:
        # Unreadable is not empty.
        message = f"{registry.host} lists what refers to {repository}@{digest} with an entry that is no descriptor: {type(error).__name__}"
        raise Conflict(message, host=registry.host) from None


def _index(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("manifests"), list) else None
