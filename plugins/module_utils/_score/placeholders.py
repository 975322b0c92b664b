# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Placeholders in values: ``${resources.db.host}``, ``${metadata.name}``; ``$${...}`` and ``$$`` stand for themselves.

Source: the placeholder section of the Score specification. A dot inside a key is written ``\\.``. Where the reference
implementation passes an unclosed ``${`` through, this refuses it: nobody means it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class PlaceholderError(ValueError):
    """A placeholder that cannot be read; ``offset`` counts characters from the start of the value."""

    def __init__(self, message: str, hint: str, offset: int) -> None:
        super().__init__(message)
        self.message, self.hint, self.offset = message, hint, offset


@dataclass(frozen=True)
class Reference:
    """``${a.b.c}`` as ``("a", "b", "c")``, and where it starts in the value."""

    path: tuple[str, ...]
    offset: int

    def __str__(self) -> str:
        return "${" + ".".join(step.replace(".", "\\.") for step in self.path) + "}"


@dataclass(frozen=True)
class Template:
    """A value with its placeholders, in order: text and references in turn."""

    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def only_reference(self) -> Reference | None:
        """The reference, if the value is one and nothing else."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Reference) else None

    def resolve(self, text: Callable[[str], T], reference: Callable[[Reference], T]) -> list[T]:
        return [text(part) if isinstance(part, str) else reference(part) for part in self.parts]


def parse(value: str) -> Template:
    """Read a value; raises ``PlaceholderError`` at the first placeholder that cannot be read."""
    parts: list[str | Reference] = []
    text: list[str] = []
    position = 0
    while position < len(value):
        here = value.find("$", position)
        if here < 0 or here + 1 == len(value):
            text.append(value[position:])
            break
        text.append(value[position:here])
        following = value[here + 1]
        if following == "$":
            position = _escaped(value, here, text)
        elif following == "{":
            if joined := "".join(text):
                parts.append(joined)
            text.clear()
            reference, position = _reference(value, here)
            parts.append(reference)
        else:
            text.append("$")
            position = here + 1
    if joined := "".join(text):
        parts.append(joined)
    return Template(tuple(parts))


def literal(value: str) -> Template:
    """A value in which nothing is a placeholder."""
    return Template((value,) if value else ())


def _escaped(value: str, here: int, text: list[str]) -> int:
    """``$${name}`` is ``${name}`` as it stands; any other ``$$`` is ``$``."""
    end = value.find("}", here) if value.startswith("$${", here) else -1
    if end < 0:
        text.append("$")
        return here + 2
    text.append(value[here + 1 : end + 1])
    return end + 1


def _reference(value: str, here: int) -> tuple[Reference, int]:
    end = value.find("}", here)
    if end < 0:
        raise PlaceholderError("`${` is never closed", "close it with `}`, or write `$${` for the characters themselves", here)
    inside = value[here + 2 : end]
    path = _split(inside)
    if not all(step and step == step.strip() for step in path):
        raise PlaceholderError(f"`${{{inside}}}` is not a placeholder", "write `${resources.<name>.<output>}` or `${metadata.name}`", here)
    return Reference(path, here), end + 1


def _split(inside: str) -> tuple[str, ...]:
    steps = [""]
    position = 0
    while position < len(inside):
        if inside.startswith("\\.", position):
            steps[-1] += "."
            position += 2
        elif inside[position] == ".":
            steps.append("")
            position += 1
        else:
            steps[-1] += inside[position]
            position += 1
    return tuple(steps)
