# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others are asked about many certificates at the same time, and about the same thing once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Generic, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

T = TypeVar("T")
MOST = 32  # who is asked are a few responders, and they count


def ahead(work: Callable[[Found], Found], items: Iterable[Found], workers: int, code: str) -> Iterator[Found]:
    """``work`` on each row, in order, ``workers`` at a time. A row whose work fails gets a problem of this code, and the rest goes on."""
    workers = min(workers, MOST)
    pool = ThreadPoolExecutor(workers)
    under_way: deque[tuple[Found, Future[Found]]] = deque()
    try:
        for item in items:
            under_way.append((item, pool.submit(work, item)))
            if len(under_way) >= 2 * workers or under_way[0][1].done():
                yield _result(*under_way.popleft(), code)
        while under_way:
            yield _result(*under_way.popleft(), code)
    finally:
        pool.shutdown(cancel_futures=True)


def _result(item: Found, future: Future[Found], code: str) -> Found:
    try:
        return future.result()
    except SlipwayError as error:
        text = error.message
    except Exception as error:
        text = f"asking about it ended with {type(error).__name__}, which is a mistake in this collection; please report it"
    return replace(item, problems=(*item.problems, Problem(code, text)))


class Once(Generic[T]):
    """What a function gave for a key, or raised: the second who asks waits for the first, and both get the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, Future[T]] = {}

    def of(self, key: Hashable, ask: Callable[[], T]) -> T:
        with self._lock:
            known = self._known.get(key)
            mine = known is None
            future = self._known[key] = known or Future[T]()
        if mine:
            try:
                future.set_result(ask())
            except BaseException as error:
                future.set_exception(error)
        return future.result()
