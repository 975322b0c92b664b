# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a rehearsal is real, what stands for something else, and what was accepted only: said by the parts themselves, gathered here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

REAL, STAND_IN, NOT_RUN = "real", "stand-in", "accepted, not run"
_ORDER = (REAL, STAND_IN, NOT_RUN)


@dataclass(frozen=True)
class Part:
    """``name``: as AWS calls it. ``state``: REAL, STAND_IN or NOT_RUN. ``reason``: what it is here, or why it is not."""

    name: str
    state: str
    reason: str

    def __post_init__(self) -> None:
        if self.state not in _ORDER:
            raise ValueError(f"{self.name}: {self.state!r} is none of {', '.join(_ORDER)}")


class Parts:
    """Each source is asked anew every time: what is there changes while a run goes on."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], Iterable[Part]]] = []
        self._lock = threading.Lock()

    def add(self, source: Callable[[], Iterable[Part]]) -> None:
        with self._lock:
            self._sources.append(source)

    def all(self) -> list[Part]:
        """Real ones first, each state by name."""
        with self._lock:
            sources = list(self._sources)
        return sorted({part for source in sources for part in source()}, key=lambda part: (_ORDER.index(part.state), part.name))


def summary(parts: Iterable[Part]) -> list[str]:
    """Lines for a terminal: the states, and below each its parts."""
    found = list(parts)
    width = max((len(part.name) for part in found), default=0)
    lines = []
    for state in _ORDER:
        of_state = [part for part in found if part.state == state]
        lines += [f"{state}:", *(f"  {part.name:<{width}}  {part.reason}" for part in of_state)] if of_state else []
    return lines
