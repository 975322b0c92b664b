# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a promotion, and what it answers: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference

CARRY, REQUIRE, IGNORE = "carry", "require", "ignore"
CHANGED, UNCHANGED, FAILED = "changed", "unchanged", "failed"


@dataclass(frozen=True)
class Image:
    """One promotion: ``tags`` of the destination's repository shall point at the digest that ``source`` has."""

    source: Reference
    destination: Reference
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """``referrers``: carry, require (also at images that are there already) or ignore what refers to an image."""

    images: tuple[Image, ...]
    access: Access
    referrers: str = CARRY
    immutable: bool = True
    moving_tags: frozenset[str] = frozenset()
    check_mode: bool = False


@dataclass
class Done:
    """What was done (or, in check mode, would be) for one image, counted while it is done."""

    manifests: int = 0
    mounted: int = 0
    copied: int = 0
    bytes: int = 0
    referrers: list[str] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Promoted:
    """One image of the result. ``before`` and ``after``: digest by tag, empty where the tag is absent."""

    source: str
    destination: str
    digest: str
    state: str
    reason: str
    msg: str
    before: dict[str, str]
    after: dict[str, str]
    manifests: int
    blobs_mounted: int
    blobs_copied: int
    bytes: int
    requests: int
    referrers: list[str]
    operations: list[str]


@dataclass(frozen=True)
class Result:
    """All images in the order in which they were asked for."""

    images: tuple[Promoted, ...]
    requests: int
    seconds: float

    @property
    def changed(self) -> bool:
        return any(image.state == CHANGED for image in self.images)

    @property
    def failed(self) -> tuple[Promoted, ...]:
        return tuple(image for image in self.images if image.state == FAILED)

    @property
    def diff(self) -> dict[str, Any]:
        def lines(which: str) -> str:
            return "".join(f"{image.destination}:{tag} {digest or '-'}\n" for image in self.images for tag, digest in getattr(image, which).items())

        return {"before_header": "tags", "after_header": "tags", "before": lines("before"), "after": lines("after")}
