# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calendar Versioning: versions whose numbers are dates, by a format such as ``YYYY.0M.MICRO``. Source: https://calver.org.

A pre-release and a build follow as in Semantic Versioning (``2026.05.1-rc.2``).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._versions import semver
from ansible_collections.slipway.platform.plugins.module_utils._versions.semver import Version

DEFAULT = "YYYY.0M.MICRO"
# Kind of number, padded to two digits, smallest and largest value.
_TOKENS: dict[str, tuple[str, bool, int, int]] = {
    "YYYY": ("year", False, 1970, 9999),
    "YY": ("year", False, 0, 999),
    "0Y": ("year", True, 0, 999),
    "MM": ("month", False, 1, 12),
    "0M": ("month", True, 1, 12),
    "WW": ("week", False, 1, 53),
    "0W": ("week", True, 1, 53),
    "DD": ("day", False, 1, 31),
    "0D": ("day", True, 1, 31),
    "MAJOR": ("major", False, 0, 10**9),
    "MINOR": ("minor", False, 0, 10**9),
    "MICRO": ("micro", False, 0, 10**9),
}


@dataclass(frozen=True)
class Format:
    """A checked format: ``prefix`` is ``v`` or nothing."""

    prefix: str
    tokens: tuple[str, ...]

    def parse(self, text: str) -> Version:
        """The version that ``text`` is; ``InvalidInput`` says which number is none or no date."""
        core, prerelease, build = semver.split(text)
        written = f"{self.prefix}{'.'.join(self.tokens)}"
        fields = core.removeprefix(self.prefix).split(".")
        if not core.startswith(self.prefix) or len(fields) != len(self.tokens):
            raise InvalidInput(f"`{text}` is not a version of the format {written}")
        numbers = tuple(_field(text, token, field) for token, field in zip(self.tokens, fields, strict=True))
        self._check_day(text, dict(zip((_TOKENS[token][0] for token in self.tokens), numbers, strict=True)))
        return Version(numbers, prerelease, build)

    def _check_day(self, text: str, date: dict[str, int]) -> None:
        if "day" in date and "month" in date:
            year = date["year"] if "YYYY" in self.tokens else 2000 + date["year"]
            if date["day"] > calendar.monthrange(year, date["month"])[1]:
                raise InvalidInput(f"`{text}` is not a version: there is no day {date['day']} in that month")


def read_format(text: str) -> Format:
    """The format that ``text`` describes; ``InvalidInput`` names the part that is not known, or given twice."""
    prefix = "v" if text.startswith("v") else ""
    tokens = tuple(text.removeprefix(prefix).split("."))
    for token in tokens:
        if token not in _TOKENS:
            raise InvalidInput(f"`{token}` is no part of a calendar version; {did_you_mean(token, _TOKENS)}")
    kinds = [_TOKENS[token][0] for token in tokens]
    if len(set(kinds)) < len(kinds):
        raise InvalidInput(f"`{text}` has the {next(kind for kind in kinds if kinds.count(kind) > 1)} twice")
    if "year" not in kinds:
        raise InvalidInput(f"`{text}` has no year: YYYY, YY or 0Y")
    return Format(prefix, tokens)


def _field(text: str, token: str, field: str) -> int:
    name, padded, low, high = _TOKENS[token]
    if padded and len(field) < 2:
        raise InvalidInput(f"`{text}` is not a version: its {name} has two digits, as in {field.zfill(2) if field else '05'}")
    value = semver.number(text, name, field[1:] if padded and len(field) == 2 and field[0] == "0" else field)
    if not low <= value <= high:
        raise InvalidInput(f"`{text}` is not a version: there is no {name} {value}")
    return value
