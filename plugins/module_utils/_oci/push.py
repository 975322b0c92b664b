# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing an image to a registry: what is there is not sent again, and a tag appears only when all it leads to is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor, Layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

_PARALLEL = 4
_INDEXES = (names.INDEX, names.DOCKER_LIST)


@dataclass(frozen=True)
class Pushed:
    """What a push did: blobs and bytes sent, manifests stored and tags set."""

    blobs: int = 0
    size: int = 0
    manifests: int = 0
    tags: int = 0

    @property
    def changed(self) -> bool:
        return self.manifests > 0 or self.tags > 0


@dataclass(frozen=True)
class _Push:
    """Where a layout goes; ``origins`` are repositories of the same registry that hold blobs which the layout only names."""

    registry: Registry
    layout: Layout
    repository: str
    origins: Mapping[Digest, str]


def push_layout(registry: Registry, layout: Layout, repository: str, tags: Sequence[str] = (), origins: Mapping[Digest, str] | None = None) -> Pushed:
    """Push the image of a layout: blobs in parallel, then the manifest by digest, then the tags.

    A manifest that is there has its blobs there: registries refuse it otherwise.
    """
    pushed = _push_manifest(_Push(registry, layout, repository, origins or {}), layout.root)
    body = layout.blob(layout.root.digest).read_bytes()
    count = 0
    for tag in tags:
        current = registry.find(repository, tag)
        if current is None or current.digest != layout.root.digest:
            registry.put_manifest(repository, tag, body, layout.root.media_type)
            count += 1
    return Pushed(pushed.blobs, pushed.size, pushed.manifests, count)


def _push_manifest(push: _Push, root: Descriptor) -> Pushed:
    if push.registry.exists(push.repository, str(root.digest)):
        return Pushed()
    value = push.layout.read_json(root.digest)
    if root.media_type in _INDEXES:
        children = [_push_manifest(push, Descriptor.from_json(child)) for child in value["manifests"]]
        done = Pushed(sum(c.blobs for c in children), sum(c.size for c in children), sum(c.manifests for c in children))
    else:
        # One blob may be named twice.
        blobs = {d.digest: d for d in map(Descriptor.from_json, [value["config"], *value["layers"]])}
        with ThreadPoolExecutor(_PARALLEL) as pool:
            sent = [size for size in pool.map(lambda blob: _push_blob(push, blob), blobs.values()) if size]
        done = Pushed(len(sent), sum(sent))
    push.registry.put_manifest(push.repository, str(root.digest), push.layout.blob(root.digest).read_bytes(), root.media_type)
    return Pushed(done.blobs, done.size, done.manifests + 1)


def _push_blob(push: _Push, blob: Descriptor) -> int:
    if push.registry.has_blob(push.repository, blob.digest):
        return 0
    origin = push.origins.get(blob.digest)
    if origin and push.registry.mount_blob(push.repository, blob.digest, origin):
        return 0
    path = push.layout.blob(blob.digest)
    if origin and not path.is_file():
        with path.open("w+b") as handle:
            push.registry.read_blob(origin, blob, handle)
    push.registry.upload_blob(push.repository, blob.digest, path)
    return blob.size
