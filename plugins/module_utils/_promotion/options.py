# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's arguments to a ``Request``: everything that can be said to be wrong is said before a registry is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, wrong_at
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference, check_tag
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Request


def request(params: Mapping[str, Any], access: Access, check_mode: bool) -> Request:
    """What the module's arguments ask for. Raises ``InvalidInput`` that names the image and the part that is wrong."""
    images = tuple(_image(number, value) for number, value in enumerate(params["images"], 1))
    if not images:
        raise InvalidInput("images is empty: nothing would be promoted. Give at least one image, or skip the task")
    _check_together(images)
    for tag in params["moving_tags"]:
        check_tag(tag)
    return Request(images, access, params["referrers"], params["immutable"], frozenset(params["moving_tags"]), check_mode)


def _image(number: int, value: Mapping[str, Any]) -> Image:
    with wrong_at(f"images, entry {number}"):
        source, destination = Reference.parse(value["source"]), Reference.parse(value["destination"])
        if source.tag is None and source.digest is None:
            raise InvalidInput(f"source {value['source']!r} has neither tag nor digest: write {source}:<tag> or {source}@sha256:<digest>")
        if destination.digest is not None:
            raise InvalidInput(f"destination {value['destination']!r} has a digest: the digest is the source's; write the repository, and the tags in tags")
        tags = tuple(dict.fromkeys([*([destination.tag] if destination.tag else []), *(value.get("tags") or [])]))
        for tag in tags:
            check_tag(tag)
        if not tags:
            raise InvalidInput(f"destination {value['destination']!r} has no tag: list at least one in tags")
    return Image(source, Reference(destination.registry, destination.repository), tags)


def _check_together(images: Sequence[Image]) -> None:
    """The images of a list are promoted at the same time: none may write what another writes or reads."""
    written: dict[str, int] = {}
    for number, image in enumerate(images, 1):
        for tag in image.tags:
            name = f"{image.destination}:{tag}"
            if name in written:
                raise InvalidInput(f"images, entries {written[name]} and {number}: both set {name}; a tag can point at one image")
            written[name] = number
    for number, image in enumerate(images, 1):
        writer = written.get(f"{image.source.registry}/{image.source.repository}:{image.source.tag}") if image.source.digest is None else None
        if writer not in (None, number):
            raise InvalidInput(f"images, entry {number}: its source is what entry {writer} sets, at the same time; give it in a task that comes later")
