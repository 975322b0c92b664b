# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found, as a record that someone else can repeat: the question, the raw answer without secrets, the time, the verdict."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files

PASS, FAIL, UNKNOWN = "PASS", "FAIL", "UNKNOWN"


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reason. UNKNOWN means that the question could not be answered; it never counts as a pass."""

    verdict: str
    reason: str


@dataclass(frozen=True)
class Evidence:
    """One check of one service. ``seen`` is what was observed (JSON), ``asked`` and ``replay`` are for people; ``at`` is ISO 8601 in UTC."""

    check: str
    subject: str
    claim: str
    verdict: str
    reason: str
    at: str
    seconds: float
    cluster: str
    images: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    seen: dict[str, Any] = field(default_factory=dict)
    replay: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        return f"{self.subject}.{self.check}.json".replace("/", ".")


def write(folder: Path, evidence: Evidence) -> Path:
    """Keep the record below ``folder``; the latest of a check replaces the one before, by one rename."""
    _files.make_private_folder(folder)
    path = folder / evidence.file_name
    _files.write(path, json.dumps(asdict(evidence), indent=2, ensure_ascii=False) + "\n")
    return path


def table(records: Sequence[Evidence], width: int = 118) -> list[str]:
    """The records as lines for a terminal of ``width`` columns: verdict, check and claim, then the reason below it."""
    lines: list[str] = []
    for record in records:
        lines.append(f"{record.verdict:8}{record.check:12}{record.subject}: {record.claim}")
        lines += [f"{'':20}{line}" for line in _wrap(record.reason, width - 20)]
    counts = count(records)
    lines.append(f"{counts[PASS]} passed, {counts[FAIL]} failed, {counts[UNKNOWN]} unknown")
    return lines


def count(records: Iterable[Evidence]) -> dict[str, int]:
    counts = {PASS: 0, FAIL: 0, UNKNOWN: 0}
    for record in records:
        counts[record.verdict] += 1
    return counts


def _wrap(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line] if line else lines
