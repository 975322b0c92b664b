# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a value what a shape of botocore's models says? Answers name places and what is wrong there, never the value: it may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from moto.core.model import ListShape, MapShape, Shape, StringShape, StructureShape

Finding = tuple[str, str]  # where (a.b[].c), and what is wrong

_NUMBER = (int, float)
_PARSED: Mapping[str, tuple[type[Any], ...]] = MappingProxyType(
    {
        **dict.fromkeys(("byte", "short", "integer", "long", "bigInteger"), (int,)),
        **dict.fromkeys(("float", "double", "bigDecimal"), _NUMBER),
        **dict.fromkeys(("string", "character"), (str,)),
        "boolean": (bool,),
        "timestamp": (datetime,),
        "blob": (bytes, bytearray, str),
        "structure": (dict,),
        "list": (list,),
        "map": (dict,),
    }
)
# JSON has numbers or strings for times, base64 for bytes.
_JSON: Mapping[str, tuple[type[Any], ...]] = MappingProxyType({**_PARSED, "timestamp": (int, float, str), "blob": (str,)})
# Properties of Unicode that Python's expressions don't know, as near as those come; only inside of [...].
_PROPERTIES = {r"\p{L}": r"\w", r"\p{N}": r"\w", r"\p{Z}": r"\s", r"\p{Zs}": r"\s", r"\p{M}": "", r"\p{P}": r"!-/:-@\[-`{-~", r"\p{S}": r"$+<=>^|~"}
_LONGEST = 2000  # beyond it some patterns would be tried for minutes


@dataclass(frozen=True)
class Rules:
    """``json``: as it stands on the wire, else as parsed. ``complete``: patterns and lengths too, and null is not the same as absent.

    ``only``: of the outermost structure no other members are looked at; None is all.
    """

    json: bool
    complete: bool
    only: frozenset[str] | None = None


def check(value: Any, shape: Shape, rules: Rules, where: str = "") -> Iterator[Finding]:
    """Everything in ``value`` that ``shape`` does not allow."""
    if getattr(shape, "is_document_type", False):
        return
    wanted: tuple[type[Any], ...] = (_JSON if rules.json else _PARSED)[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield where, f"is {_kind(value)}, not {shape.type_name}"
    elif isinstance(shape, StructureShape):
        yield from _structure(value, shape, rules, where)
    elif isinstance(shape, ListShape):
        for each in value:
            yield from check(each, shape.member, rules, f"{where}[]")
    elif isinstance(shape, MapShape):
        for key, each in value.items():
            yield from check(key, shape.key, rules, f"{where}.(key)")
            yield from check(each, shape.value, rules, f"{where}{{}}")
    if isinstance(shape, StringShape) and isinstance(value, str) and shape.enum and value not in shape.enum:
        yield where, f"is none of {', '.join(shape.enum[:12])}{', ...' if len(shape.enum) > 12 else ''}"
    if rules.complete:
        yield from _limits(value, shape, where)


def _structure(value: dict[str, Any], shape: StructureShape, rules: Rules, where: str) -> Iterator[Finding]:
    chosen = {name: member for name, member in shape.members.items() if rules.only is None or name in rules.only}
    wire = {name: member.serialization.get("name", name) if rules.json else name for name, member in chosen.items()}
    names = {wire[name]: member for name, member in chosen.items()}
    required = {wire[name] for name in shape.required_members if name in chosen}
    rules = replace(rules, only=None)
    present = {key: each for key, each in value.items() if each is not None or rules.complete}
    dot = f"{where}." if where else ""
    yield from ((dot + key, "is missing") for key in sorted(required - present.keys()))
    for key, each in present.items():
        if key in names:
            yield from check(each, names[key], rules, dot + key)
        elif key != "__type":  # a union's, by the protocol
            yield dot + key, "is not in the model"
    if rules.complete and getattr(shape, "is_tagged_union", False) and len(present) != 1:
        yield where, "is a union: it has exactly one member"


def _limits(value: Any, shape: Shape, where: str) -> Iterator[Finding]:
    limits = shape.metadata
    if isinstance(value, str) and shape.type_name == "string":
        pattern = _compiled(limits["pattern"]) if "pattern" in limits and len(value) < _LONGEST else None
        if pattern and not pattern.fullmatch(value):
            yield where, f"does not match {limits['pattern']}"
    size = len(value) if isinstance(value, str | bytes | list | dict) and shape.type_name != "structure" else value
    if isinstance(size, _NUMBER) and not isinstance(size, bool) and shape.type_name != "timestamp":
        what = "is" if size is value else "has a length"
        if "min" in limits and size < limits["min"]:
            yield where, f"{what} below {limits['min']}"
        if "max" in limits and size > limits["max"]:
            yield where, f"{what} above {limits['max']}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The models' patterns hold for the whole value, anchored or not. None: not for Python."""
    for name, near in _PROPERTIES.items():
        pattern = pattern.replace(name, near)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _kind(value: Any) -> str:
    return "null" if value is None else {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}.get(type(value), type(value).__name__)
