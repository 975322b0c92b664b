# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a secret's text holds: a property of it, or all of its members; as the operator reads it (Go's encoding/json, and gjson for paths)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from decimal import Decimal
from typing import Any

_PATTERNS = re.compile(r"[*?|#@!{}\[\]()\\:]")
_SPACE = re.compile(r"[ \t\r\n]*")
_KEY = re.compile(r"[\w.-]{1,253}")
_DECODER = json.JSONDecoder()


class ContentError(Exception):
    """What is wrong with a secret's text; never with a word of it."""


def property_of(text: str, path: str, key: str) -> bytes:
    """A member of JSON: by its name, dots included, else by way of the members above it."""
    members = _try_members(text)
    raw = members.get(path)
    for part in path.split(".") if raw is None and not _PATTERNS.search(path) else ():
        raw = members.get(part)
        members = _try_members(raw or "")
    if raw is None and _PATTERNS.search(path):
        raise ContentError(f"property {path}: of paths only names with dots between them are understood here")
    if raw is None:
        raise ContentError(f"key {path} does not exist in secret {key}")
    return _shown(raw, numbers=True)


def members_of(text: str, key: str) -> dict[str, bytes]:
    """Strings without their quotes, all else as it is written."""
    try:
        return {name: _shown(raw) for name, raw in _members(text).items()}
    except ValueError:
        raise ContentError(f"unable to unmarshal secret {key}: it is no JSON object") from None


def converted(found: dict[str, bytes], strategy: str) -> dict[str, bytes]:
    """Keys that a Secret can have."""
    result: dict[str, bytes] = {}
    for name, value in found.items():
        key = "".join(each if each.isalnum() or each in "-._" else "_" if strategy == "Default" else f"_U{ord(each):04x}_" for each in name)
        if key in result:
            raise ContentError(f"secret name collision during conversion: {key}")
        if key:
            result[key] = value
    for key in result:
        if not _KEY.fullmatch(key):
            raise ContentError(f"invalid secret keys (TIP: use rewrite or conversionStrategy to change keys): {key[:253]}")
    return result


def decoded(value: bytes, strategy: str) -> bytes:
    """Base64, Base64URL, Auto: whichever fits; None."""
    if strategy == "None":
        return value
    tries = {"Base64": (None,), "Base64URL": (b"-_",), "Auto": (None, b"-_")}[strategy]
    for alternative in tries:
        try:
            return base64.b64decode(value, alternative, validate=True)
        except (binascii.Error, ValueError):
            continue
    if strategy == "Auto":
        return value
    raise ContentError(f"error applying decoding strategy {strategy} to data: illegal base64 data")


def _shown(raw: str, *, numbers: bool = False) -> bytes:
    value: Any = json.loads(raw)
    if isinstance(value, str):
        return value.encode()
    if numbers and value is None:
        return b""
    if numbers and isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        return (text.rstrip("0").rstrip(".") if "." in text else text).encode()
    return raw.encode()


def _try_members(text: str) -> dict[str, str]:
    try:
        return _members(text)
    except ValueError:
        return {}


def _members(text: str) -> dict[str, str]:
    """An object's members, their values as they are written. Raises ValueError if it is no object."""
    if not isinstance(json.loads(text), dict):
        raise ValueError("no object")
    found, at = {}, _skip(text, 0) + 1
    while text[at := _skip(text, at)] != "}":
        name, at = _DECODER.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)
        _, at = _DECODER.raw_decode(text, begin)
        found[str(name)] = text[begin:at]
        at = _skip(text, at)
        at += text[at] == ","
    return found


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
