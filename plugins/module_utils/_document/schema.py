# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts to write a JSON schema (draft 2020-12) from, with what its errors need.

``x-expected`` completes "is not ..."; ``x-one-of`` names the keys of which one is wanted; ``x-unknown`` has the hint for
a key that is often written and does not belong there.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

LABEL = r"^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$"


def mapping(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """An object of known keys."""
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required), **more}


def named(values: Schema, pattern: str = LABEL, expected: str = "2 to 63 of a-z, 0-9 and -, not beginning or ending with -", **more: Any) -> Schema:
    """An object whose keys are names."""
    return {"type": "object", "propertyNames": {"pattern": pattern, "x-expected": expected}, "additionalProperties": values, **more}


def text(expected: str = "a text", **more: Any) -> Schema:
    return {"type": "string", "x-expected": expected, **more}


def whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "x-expected": f"a whole number from {low} to {high}"}


LABEL_TEXT = text("2 to 63 of a-z, 0-9 and -, not beginning or ending with -", pattern=LABEL)
