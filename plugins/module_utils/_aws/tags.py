# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: ours are kept as wanted, those of others stay, unless they are to go. Each service writes them down in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

OURS = "slipway:"
"""Keys that begin so are ours alone: one that is no longer wanted is removed."""
_AWS = "aws:"


def texts(tags: Mapping[str, Any]) -> dict[str, str]:
    """As a person wrote them: YAML has numbers and truths where AWS has texts."""
    return {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in tags.items()}


def wanted(now: Mapping[str, str], tags: Mapping[str, str], purge: bool = False) -> dict[str, str]:
    """The tags that a resource shall have. ``now``: those it has; ``purge``: whether those of others go, too (never AWS's own)."""
    kept = {key: value for key, value in now.items() if key.startswith(_AWS) or not (purge or key.startswith(OURS))}
    return kept | dict(tags)


def changes(now: Mapping[str, str], after: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What to set, and which keys to remove, for ``now`` to become ``after``."""
    return {key: value for key, value in after.items() if now.get(key) != value}, sorted(now.keys() - after.keys())


def pairs(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """As most services want them; KMS says TagKey and TagValue."""
    return [{key: name, value: content} for name, content in sorted(tags.items())]


def mapping(found: Iterable[Mapping[str, Any]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {str(each[key]): str(each.get(value, "")) for each in found or ()}
