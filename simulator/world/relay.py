# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes between two connections, and a thread of asyncio for all that waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CONNECT_SECONDS = 20.0
_CHUNK = 1 << 16
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Passed:
    """What went to a host of the real network and came back; of its content nothing is known."""

    connections: int = 0
    sent: int = 0
    received: int = 0


@dataclass
class Traffic:
    """By host; and what went wrong, in words."""

    passed: dict[str, Passed] = field(default_factory=lambda: defaultdict(Passed))
    problems: list[str] = field(default_factory=list)

    def problem(self, text: str) -> None:
        if text not in self.problems[-100:]:
            self.problems.append(text)


async def connect(address: tuple[str, int]) -> Stream:
    """Raises OSError, after some seconds TimeoutError."""
    return await asyncio.wait_for(asyncio.open_connection(*address), CONNECT_SECONDS)


async def pump(client: Stream, server: Stream, passed: Passed | None = None) -> None:
    """Both ways until both ends have said all; an end that breaks ends both."""
    passed = passed or Passed()
    passed.connections += 1

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, counted: str) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while data := await source.read(_CHUNK):
                setattr(passed, counted, getattr(passed, counted) + len(data))
                target.write(data)
                await target.drain()
        with contextlib.suppress(OSError, RuntimeError):
            if target.can_write_eof():
                target.write_eof()
            else:  # TLS knows no half of a connection
                target.close()

    try:
        await asyncio.gather(copy(client[0], server[1], "sent"), copy(server[0], client[1], "received"))
    finally:
        for writer in (server[1], client[1]):
            writer.close()


class Loop:
    """asyncio in a thread, until ``with`` ends; connections that are open then are broken off."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="world", daemon=True)
        self._held: set[asyncio.Task[Any] | None] = set()

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Any) -> Any:
        """What a coroutine returns, waited for from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    @contextlib.contextmanager
    def serving(self, handle: Any, host: str, port: int, **options: Any) -> Iterator[int]:
        """A server of connections; gives its port. ``handle(reader, writer)``: a coroutine."""

        async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # asyncio itself forgets who serves a connection when its client is gone, while the answer to that client is still waited for.
            task = asyncio.current_task()
            self._held.add(task)
            try:
                await handle(reader, writer)
            except asyncio.CancelledError:  # the end of all; asyncio would print it
                writer.transport.abort()
            finally:
                self._held.discard(task)

        server = self.call(asyncio.start_server(held, host, port, **options))
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            self.call(_closed(server))

    @contextlib.contextmanager
    def datagrams(self, protocol: Any, host: str, port: int) -> Iterator[int]:
        """A server of UDP; gives its port. ``protocol()``: of asyncio."""
        transport, _ = self.call(self._loop.create_datagram_endpoint(protocol, local_addr=(host, port)))
        try:
            yield int(transport.get_extra_info("sockname")[1])
        finally:
            self._loop.call_soon_threadsafe(transport.close)

    async def _end(self) -> None:
        await self._loop.shutdown_default_executor()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _closed(server: asyncio.Server) -> None:
    server.close()
