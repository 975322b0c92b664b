# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of Secrets, the plain part of Go's text/template: text with {{ .key }} in it, {{ index . "key" }}, and pipes into a few functions."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

_ACTION = re.compile(r"(\s*\{\{-\s|\{\{)(.*?)(\s-\}\}\s*|\}\})", re.DOTALL)
_VALUE = re.compile(r'\.(?P<name>[A-Za-z_]\w*)|index\s+\.\s+"(?P<key>[^"\\]+)"')
_FUNCTIONS: Mapping[str, Callable[[str], str]] = {
    "toString": str,
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
    "b64dec": lambda text: base64.b64decode(text).decode(),
    "trim": str.strip,
    "upper": str.upper,
    "lower": str.lower,
    "quote": lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"',
}


class TemplateError(Exception):
    """Why a template gives nothing."""


def problems(text: str) -> list[str]:
    """What is not understood here."""
    return [f"the template {{{{{action}}}}} is not understood by the simulator" for _, action, _ in _ACTION.findall(text) if not _parsed(action)]


def filled(text: str, data: Mapping[str, bytes]) -> str:
    """Raises TemplateError."""

    def value(found: re.Match[str]) -> str:
        parsed = _parsed(found[2])
        if parsed is None:
            raise TemplateError(f"could not execute template: {found[0].strip()} is not understood by the simulator")
        key, functions = parsed
        if key not in data:
            raise TemplateError(f'could not execute template: map has no entry for key "{key}"')
        try:
            result = data[key].decode()
            for name in functions:
                result = _FUNCTIONS[name](result)
        except ValueError:
            raise TemplateError(f'could not execute template: key "{key}" is not what {" | ".join(functions) or "text"} needs') from None
        return result

    return _ACTION.sub(value, text)


def _parsed(action: str) -> tuple[str, list[str]] | None:
    """The key, and the functions that its value goes through."""
    first, *functions = [part.strip() for part in action.split("|")]
    found = _VALUE.fullmatch(first)
    if found is None or any(name not in _FUNCTIONS for name in functions):
        return None
    return found["name"] or found["key"], functions
