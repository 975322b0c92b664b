# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is attached to an image and could be signed: bundles among its referrers, and layers behind the tags that cosign 1 and 2 write.

Whatever is listed and can't be read is returned as such: unreadable is not absent.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, SlipwayError, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._oci import names, referrers
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign.bundle import TYPES

PREDICATE_TYPE = "dev.sigstore.bundle.predicateType"
MOST = 1000  # attached to one image; cosign has the same limit
_LARGEST = 16 << 20  # bytes of one statement: SBOMs of large images have some megabytes
_PARALLEL = 8
# What registries and older clients list instead of the artifact type of a bundle: nothing, or the type of its empty configuration.
_UNKNOWN = (None, "", names.EMPTY, names.CONFIG)


@dataclass(frozen=True)
class Found:
    """Something that is attached: its bytes, or why they can't be had. ``reference``: registry/repository@digest, for readers."""

    reference: str
    data: bytes = field(default=b"", repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)
    unreadable: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a signature counts for nothing, as a word for programs and in words for people.

    other_signer: it holds together, and none of our keys made it · broken: it can't be read or does not verify
    other_image: signed for something else than what it is attached to · unreadable: listed, and could not be fetched
    """

    code: str = ""
    text: str = ""

    @classmethod
    def of(cls, error: SlipwayError) -> Problem:
        code = "other_signer" if isinstance(error, Untrusted) else "other_image" if isinstance(error, Conflict) else "broken"
        return cls(code, error.message)


def bundles(registry: Registry, repository: str, digest: Digest, wanted: Callable[[str], bool]) -> list[Found]:
    """The bundles that refer to an image and whose predicate type is ``wanted``, as far as the list says it."""
    listed = [d for d in referrers.referrers(registry, repository, digest) if may_be_bundle(d) and _is_wanted(d, wanted)]
    _limit(listed, repository, digest)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return [found for found in pool.map(lambda one: bundle_of(registry, repository, one), listed) if found]


def layers(registry: Registry, repository: str, digest: Digest, suffix: str, media_type: str) -> list[Found]:
    """The layers of one media type of the manifest that is tagged ``sha256-<hex>.<suffix>``."""
    manifest = registry.find(repository, tag(digest, suffix))
    if manifest is None:
        return []
    where = f"{registry.host}/{repository}@{manifest.digest}"
    try:
        listed = [Descriptor.from_json(layer) for layer in manifest.json.get("layers") or [] if layer.get("mediaType") == media_type]
    except (ValueError, KeyError, TypeError, AttributeError, InvalidInput) as error:
        return [Found(where, unreadable=f"its manifest can't be read: {error}")]
    _limit(listed, repository, digest)
    # Signatures of the same claim by several keys are several layers with one content.
    contents = _contents(registry, repository, {layer.digest: layer for layer in listed}.values())
    return [_found(where, contents[layer.digest], layer.annotations) for layer in listed]


def tag(digest: Digest, suffix: str) -> str:
    return f"{digest.algorithm}-{digest.hex}.{suffix}"


def may_be_bundle(listed: Descriptor) -> bool:
    return listed.artifact_type in _UNKNOWN or str(listed.artifact_type).startswith(TYPES)


def _is_wanted(listed: Descriptor, wanted: Callable[[str], bool]) -> bool:
    said = listed.annotations.get(PREDICATE_TYPE)
    return said is None or wanted(said)


def bundle_of(registry: Registry, repository: str, listed: Descriptor) -> Found | None:
    """The bundle that a list of referrers points at; None if it is something else."""
    where = f"{registry.host}/{repository}@{listed.digest}"
    try:
        manifest = registry.manifest(repository, str(listed.digest)).json
        inside = [Descriptor.from_json(layer) for layer in manifest.get("layers") or []]
    except SlipwayError as error:
        return Found(where, unreadable=error.message)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Found(where, unreadable=f"its manifest can't be read: {error}")
    if not any(layer.media_type.startswith(TYPES) for layer in inside):
        return None  # it refers to the image, and is something else
    if len(inside) != 1:
        return Found(where, unreadable=f"a bundle is one layer, and this has {len(inside)}")
    return _found(where, _content(registry, repository, inside[0]), manifest.get("annotations") or {})


def _contents(registry: Registry, repository: str, wanted: Iterable[Descriptor]) -> dict[Digest, bytes | str]:
    listed = list(wanted)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return {one.digest: content for one, content in zip(listed, pool.map(lambda one: _content(registry, repository, one), listed), strict=True)}


def _content(registry: Registry, repository: str, descriptor: Descriptor) -> bytes | str:
    """A blob, or why it can't be had."""
    if descriptor.size > _LARGEST:
        return f"it has {descriptor.size} bytes, and at most {_LARGEST} are read"
    output = io.BytesIO()
    try:
        registry.read_blob(repository, descriptor, output)
    except SlipwayError as error:
        return error.message
    return output.getvalue()


def _found(where: str, content: bytes | str, annotations: Mapping[str, Any]) -> Found:
    return Found(where, content, annotations) if isinstance(content, bytes) else Found(where, annotations=annotations, unreadable=content)


def _limit(listed: Sequence[object], repository: str, digest: Digest) -> None:
    if len(listed) > MOST:
        raise Conflict(f"{len(listed)} signatures and statements are attached to {repository}@{digest}; at most {MOST} are read: somebody floods it")
