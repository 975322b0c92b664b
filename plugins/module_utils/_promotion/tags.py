# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of a destination: what they point at, whether they may move, and setting them so that a race is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._oci import refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Request
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Session


def read(session: Session, registry: Registry, repository: str, tag: str) -> str:
    """The digest of a tag, computed over what the registry serves; an empty text if the tag is absent."""
    try:
        return str(registry.manifest(repository, tag).digest)
    except NotFound as error:
        if "NAME_UNKNOWN" in error.facts.get("codes", []):
            place = session.place(registry.host, repository)
            place.empty = place.new = True
        return ""


def to_set(request: Request, image: Image, digest: Digest, before: Mapping[str, str]) -> list[str]:
    """The tags that do not point at the digest yet. Raises ``Conflict`` if one of them points elsewhere and may not move."""
    wrong = [tag for tag in image.tags if before[tag] != str(digest)]
    held = [tag for tag in wrong if before[tag] and request.immutable and tag not in request.moving_tags]
    if held:
        raise Conflict(
            f"{image.destination}:{held[0]} is {before[held[0]]} and would become {digest}; a tag does not move. "
            "Promote to a new tag, or list it in moving_tags if it is one that moves",
            host=image.destination.registry,
            reason=refusals.TAG_CONFLICT,
        )
    return wrong


def set_and_read(session: Session, image: Image, registry: Registry, wanted: Sequence[str], digest: Digest, put: Callable[[str], object]) -> None:
    """Set tags, and read each again: no registry has compare-and-swap, so a race can be seen only afterwards."""
    repository = image.destination.repository

    def one(tag: str) -> None:
        try:
            put(tag)
        except Conflict:
            # An immutable registry refuses also what changes nothing; someone may have been faster with the same.
            if read(session, registry, repository, tag) != str(digest):
                raise
            return
        now = read(session, registry, repository, tag)
        if now != str(digest):
            said = f"is {now}" if now else "is gone"
            message = f"{image.destination}:{tag} {said} right after it was set to {digest}: someone else sets this tag too; find out who, then run again"
            raise Conflict(message, host=registry.host, reason=refusals.TAG_CONFLICT)

    # The first brings what is still missing.
    for tag in wanted[:1]:
        one(tag)
    session.each(one, wanted[1:])
