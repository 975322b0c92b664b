# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several iterators at once, each in a thread of its own: worth it where they spend their time outside of Python, as OpenSSL does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


class _Merged(Generic[T]):
    def __init__(self) -> None:
        self._found: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
        self._over = threading.Event()

    def run(self, iterators: Sequence[Callable[[], Iterator[T]]]) -> Iterator[T]:
        for each in iterators:
            threading.Thread(target=self._work, args=(each,), daemon=True, name="probe").start()
        left = len(iterators)
        try:
            while left:
                item = self._found.get()
                if not isinstance(item, _End):
                    yield item
                    continue
                left -= 1
                if item.error:
                    raise item.error
        finally:
            self._over.set()  # whoever has seen enough does not wait for the rest: the threads end at what they find next

    def _work(self, begin: Callable[[], Iterator[T]]) -> None:
        end = _End()
        try:
            for item in begin():
                if self._over.is_set():
                    break
                self._found.put(item)
        except BaseException as error:
            end = _End(error)
        self._found.put(end)


def merged(iterators: Sequence[Callable[[], Iterator[T]]]) -> Iterator[T]:
    """What all of them yield, as it comes; what one raises ends all."""
    if len(iterators) == 1:
        return iterators[0]()
    return _Merged[T]().run(iterators)
