# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of a list: a token is opaque, holds for one list only, and is where the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from simulator.eks.errors import invalid_parameter

LARGEST = 100


def page(member: str, items: Sequence[Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """The members of an answer: ``items`` from nextToken on, at most maxResults (100 if not said), and the token of the next page if there is one."""
    begin = _position(member, parameters.get("nextToken"))
    end = begin + (parameters.get("maxResults") or LARGEST)
    found: dict[str, Any] = {member: list(items[begin:end])}
    if end < len(items):
        found["nextToken"] = base64.urlsafe_b64encode(f"{member}:{end}".encode()).decode()
    return found


def _position(member: str, token: str | None) -> int:
    if not token:
        return 0
    try:
        kind, _, position = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if kind == member:
            return int(position)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise invalid_parameter("The specified nextToken is invalid.")
