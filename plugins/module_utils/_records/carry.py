# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the registry would have to do for a plan: ``image_promote`` in check mode, which reads everything and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Request
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Change

_SHOWN = ("digest", "state", "reason", "msg", "manifests", "blobs_mounted", "blobs_copied", "bytes", "referrers", "operations")


def look(access: Access, moving_tags: Iterable[str]) -> Callable[[Sequence[Change]], list[dict[str, Any]]]:
    """What would be done for each change, as ``image_promote`` returns it."""

    def effects(changes: Sequence[Change]) -> list[dict[str, Any]]:
        result = promote(Request(tuple(map(_image, changes)), access, moving_tags=frozenset(moving_tags), check_mode=True))
        return [{"service": change.service, **{name: asdict(done)[name] for name in _SHOWN}} for change, done in zip(changes, result.images, strict=True)]

    return effects


def _image(change: Change) -> Image:
    source = Reference.parse(change.source).with_digest(Digest.parse(change.digest))
    return Image(source, Reference.parse(change.destination), tuple(change.tags))
