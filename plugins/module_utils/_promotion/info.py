# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is: digest, platforms, sizes, labels, tags, and what refers to it; from the registry, without pulling a layer."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, SlipwayError, wrong_at
from ansible_collections.slipway.platform.plugins.module_utils._oci import names, referrers, refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion import tree
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Session
from ansible_collections.slipway.platform.plugins.module_utils._promotion.tree import Node

FOUND, ABSENT, UNKNOWN = "found", "absent", "unknown"
_LARGEST_CONFIG = 8 << 20


@dataclass(frozen=True)
class Asked:
    images: tuple[Reference, ...]
    access: Access
    tags: bool
    referrers: bool


@dataclass(frozen=True)
class Platform:
    """One image of an index, or the image itself; sizes in bytes as the registry keeps them (compressed)."""

    platform: str
    digest: str
    size: int
    created: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Info:
    """``state``: found, absent (404 and nothing else) or unknown (with the reason). ``tags`` is None if they were not asked for."""

    reference: str
    state: str
    reason: str = ""
    msg: str = ""
    digest: str = ""
    media_type: str = ""
    size: int = 0
    annotations: dict[str, str] = field(default_factory=dict)
    platforms: list[Platform] = field(default_factory=list)
    referrers: list[dict[str, Any]] | None = None
    tags: list[str] | None = None


@dataclass(frozen=True)
class Result:
    images: tuple[Info, ...]
    requests: int

    @property
    def changed(self) -> bool:
        return False


def asked(params: Mapping[str, Any], access: Access) -> Asked:
    images = tuple(_image(number, text, params["tags"]) for number, text in enumerate(params["images"], 1))
    return Asked(images, access, params["tags"], params["referrers"])


def _image(number: int, text: str, tags: bool) -> Reference:
    with wrong_at(f"images, entry {number}, {text!r}"):
        image = Reference.parse(text)
        if image.tag is None and image.digest is None and not tags:
            raise InvalidInput(f"{image} has neither tag nor digest: write {image}:<tag>, or set tags to list those that there are")
    return image


def look(request: Asked, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> Result:
    """All images, one after the other; the manifests of each at the same time. Bad news is in the result, never raised."""
    with Session(request.access, clock, sleep) as session:
        return Result(tuple(_look(session, request, image) for image in request.images), session.requests)


def _look(session: Session, request: Asked, image: Reference) -> Info:
    registry = session.registry(image.registry)
    try:
        tags = sorted(registry.tags(image.repository)) if request.tags else None
        target = str(image.digest) if image.digest else image.tag
        if target is None:
            return Info(str(image), FOUND, tags=tags)
        root = registry.manifest(image.repository, target)
        whole = tree.read(session, registry, image.repository, [root])[0]
        images = [node for node in whole.nodes if not node.is_index and node.blobs]
        platforms = session.each(lambda node: _platform(registry, image.repository, node), images)
        found = referrers.referrers(registry, image.repository, root.digest) if request.referrers else None
    except NotFound as error:
        return Info(str(image), ABSENT, refusals.NOT_FOUND, error.message)
    except SlipwayError as error:
        return Info(str(image), UNKNOWN, refusals.reason_of(error), error.message)
    blobs = {blob.digest: blob.size for node in whole.nodes for blob in node.blobs}
    return Info(
        reference=str(image),
        state=FOUND,
        digest=str(root.digest),
        media_type=root.descriptor.media_type,
        size=sum(blobs.values()) + sum(len(node.manifest.body) for node in whole.nodes),
        annotations=dict(root.annotations),
        platforms=platforms,
        referrers=None if found is None else [one.to_json() for one in found],
        tags=tags,
    )


def _platform(registry: Registry, repository: str, node: Node) -> Platform:
    size = sum(blob.size for blob in node.blobs)
    config = node.blobs[0]
    if config.media_type not in (names.CONFIG, "application/vnd.docker.container.image.v1+json") or config.size > _LARGEST_CONFIG:
        return Platform("", str(node.digest), size, "", {})
    content = io.BytesIO()
    registry.read_blob(repository, config, content)
    try:
        value = json.loads(content.getvalue())
        platform = "/".join(str(value[key]) for key in ("os", "architecture", "variant") if value.get(key))
        labels = {str(k): str(v) for k, v in ((value.get("config") or {}).get("Labels") or {}).items()}
        return Platform(platform, str(node.digest), size, str(value.get("created") or ""), labels)
    except (ValueError, AttributeError) as error:
        raise InvalidInput(f"the configuration {config.digest} cannot be read: {type(error).__name__}", reason=refusals.UNSUPPORTED_MANIFEST) from None
