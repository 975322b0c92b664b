# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens later: things that are due at a time, in the order of their times."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count


class Timeline:
    """Nothing runs by itself: ``reach(now)`` does what is due by then, and gives each its own time."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()

    def at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        heapq.heappush(self._due, (when, next(self._order), what))

    def reach(self, now: datetime) -> None:
        while self._due and self._due[0][0] <= now:
            when, _, what = heapq.heappop(self._due)
            what(when)
