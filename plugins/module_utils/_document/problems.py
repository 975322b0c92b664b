# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in a file, where, and what to write instead."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

KeyPath = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend. Lines and columns count from 1; ``path`` is the key path as written by ``path_text``."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        return where + (f"{self.path}: " if self.path else "") + self.message + (f"; {self.hint}" if self.hint else "")


def path_text(path: KeyPath) -> str:
    """A key path for people: ``containers.web.args[0]``, ``containers.web.files["/etc/a.conf"].mode``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def refuse(problems: Sequence[Problem]) -> InvalidInput:
    """The error that shows all problems of all files at once, in reading order."""
    ordered = sorted(set(problems))
    files = sorted({problem.file for problem in ordered})
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    lines = "\n".join(f"  {problem}" for problem in ordered)
    return InvalidInput(f"{count} in {', '.join(files)}:\n{lines}", problems=[dataclasses.asdict(problem) for problem in ordered])
