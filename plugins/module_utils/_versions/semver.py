# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic Versioning 2.0.0: read by its grammar, ordered by its precedence. Source: https://semver.org/spec/v2.0.0.html.

Read character by character and never searched for: a pattern that finds ``1.4.0`` in ``v1x4.0`` promotes the wrong image.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

MAX_LENGTH = 128
_DIGITS = frozenset("0123456789")
_WORD = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-")
_FIELDS = ("major", "minor", "patch")

# Numbers rank below words, a shorter list of equal fields below a longer one, and no pre-release above any (rule 11).
Key = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True)
class Version:
    """A version of either scheme. ``core``: its numbers; ``build`` has no part in the order, so compare by ``key`` and not by ``==``."""

    core: tuple[int, ...]
    prerelease: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """Sorts by precedence: a lower key is an older version, an equal key the same version."""
        fields = tuple((False, int(field), "") if _is_number(field) else (True, 0, field) for field in self.prerelease)
        return self.core, not self.prerelease, fields

    @property
    def rc(self) -> int | None:
        """N of the release candidate ``-rc.N``; None for anything else."""
        if len(self.prerelease) == 2 and self.prerelease[0] == "rc" and _is_number(self.prerelease[1]):
            return int(self.prerelease[1])
        return None


def parse(text: str) -> Version:
    """The version that ``text`` is, with or without a leading ``v``; ``InvalidInput`` says what in it breaks which rule."""
    core, prerelease, build = split(text)
    numbers = core.removeprefix("v").split(".")
    if len(numbers) != len(_FIELDS):
        raise InvalidInput(f"`{text}` is not a version: it has {len(numbers)} number{'s'[: len(numbers) - 1]} and needs three, as in v1.4.0")
    return Version(tuple(number(text, name, field) for name, field in zip(_FIELDS, numbers, strict=True)), prerelease, build)


def split(text: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The part before ``-`` and ``+``, the fields of the pre-release and those of the build; these two are checked."""
    if not text or len(text) > MAX_LENGTH:
        raise InvalidInput(f"a version has 1 to {MAX_LENGTH} characters, this one {len(text)}")
    rest, plus, build = text.partition("+")
    core, dash, prerelease = rest.partition("-")
    return core, _fields(text, "pre-release", prerelease) if dash else (), _fields(text, "build", build) if plus else ()


def number(text: str, name: str, field: str) -> int:
    """A numeric identifier of version ``text``: digits without a leading zero (rule 2)."""
    if not _is_number(field):
        raise InvalidInput(f"`{text}` is not a version: its {name} is {f'`{field}`' if field else 'empty'}, not a number")
    if len(field) > 1 and field[0] == "0":
        raise InvalidInput(f"`{text}` is not a version: its {name} `{field}` begins with a zero; write {int(field)}")
    return int(field)


def _is_number(field: str) -> bool:
    return bool(field) and _DIGITS.issuperset(field)


def _fields(text: str, part: str, value: str) -> tuple[str, ...]:
    """Rules 9 and 10: fields of letters, digits and hyphens; numbers of a pre-release have no leading zero."""
    fields = tuple(value.split("."))
    for field in fields:
        if not field:
            raise InvalidInput(f"`{text}` is not a version: a field of its {part} is empty")
        if not _WORD.issuperset(field):
            odd = next(character for character in field if character not in _WORD)
            raise InvalidInput(f"`{text}` is not a version: its {part} holds {odd!r}; letters, digits, `-` and `.` may stand there")
        if part == "pre-release" and _is_number(field):
            number(text, part, field)
    return fields
