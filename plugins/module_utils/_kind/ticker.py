# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line on the terminal about something that takes minutes: at once, and then every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str], None]
_LINE_EVERY = 15.0  # seconds


class Ticker:
    """Says what is going on, at once and then every few seconds, for as long as it goes on."""

    def __init__(self, progress: Progress, every: float = _LINE_EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = progress
        self._every = every
        self._clock = clock

    @contextmanager
    def during(self, text: str) -> Iterator[None]:
        started = self._clock()
        ended = threading.Event()

        def tick() -> None:
            while not ended.wait(self._every):
                self._progress(f"{text}, {duration(self._clock() - started)}")

        thread = threading.Thread(target=tick, daemon=True)
        self._progress(text)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def duration(seconds: float) -> str:
    """3m12s, 45s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
