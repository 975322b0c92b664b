# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quoting for PostgreSQL (manual, section 4.1: lexical structure)."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

NAME_BYTES = 63


def identifier(name: str) -> str:
    """A name as a quoted identifier. PostgreSQL would cut a long name silently, so that is refused here."""
    if not name or "\0" in name:
        raise InvalidInput(f"{name!r} cannot be a name in PostgreSQL: it is empty or contains a zero byte")
    if len(name.encode()) > NAME_BYTES:
        raise InvalidInput(f"{name!r} cannot be a name in PostgreSQL: it has {len(name.encode())} bytes, at most {NAME_BYTES} are kept")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string constant that means the same whatever ``standard_conforming_strings`` is set to."""
    if "\0" in text:
        raise InvalidInput("a text for PostgreSQL contains a zero byte")
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted
