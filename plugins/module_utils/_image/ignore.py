# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ``.containerignore`` keeps out of a build (containerignore(5); the patterns are those of Go's ``filepath.Match`` and ``**``).

It is read here and not by the builder, so that what an image is named after and what it is built from are the same files.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# In the order of buildah(1): the first that is there is the one that counts.
_NAMES = (".containerignore", ".dockerignore")
_TOKEN = re.compile(r"(?P<folders>\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|(?P<set>\[\^?\]?[^\]]*\])|\\(?P<escaped>.)|(?P<plain>.)", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """A line: paths that it ``keeps`` in although an earlier line leaves them out, else paths that it leaves out."""

    pattern: re.Pattern[str]
    keeps: bool


def read(folder: Path) -> tuple[Rule, ...]:
    """The rules of a folder; none if it has no such file. ``OSError`` if the file cannot be read."""
    for name in _NAMES:
        if (folder / name).is_file():
            return parse((folder / name).read_text(encoding="utf-8").splitlines())
    return ()


def parse(lines: Sequence[str]) -> tuple[Rule, ...]:
    rules = []
    for line in (raw.strip() for raw in lines):
        if not line or line.startswith("#"):
            continue
        keeps = line.startswith("!")
        path = posixpath.normpath(line[keeps:].strip()).lstrip("/")
        if path not in ("", "."):
            rules.append(Rule(_compile(path), keeps))
    return tuple(rules)


def ignored(rules: Sequence[Rule], path: str) -> bool:
    """Whether a file is left out. The last rule that fits it, or a folder above it, decides."""
    parts = path.split("/")
    within = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    for rule in reversed(rules):
        if any(rule.pattern.fullmatch(candidate) for candidate in within):
            return not rule.keeps
    return False


def _compile(path: str) -> re.Pattern[str]:
    return re.compile("".join(_translate(token) for token in _TOKEN.finditer(path)), re.DOTALL)


def _translate(token: re.Match[str]) -> str:
    text = token.group()
    fixed = {"folders": "(?:.*/)?", "all": ".*", "some": "[^/]*", "one": "[^/]"}
    kind = token.lastgroup or "plain"
    if kind in fixed:
        return fixed[kind]
    if kind == "set":
        return text.replace("\\", "\\\\").replace("[^]", r"[^\]").replace("[]", r"[\]")
    return re.escape(token["escaped"] if kind == "escaped" else text)
