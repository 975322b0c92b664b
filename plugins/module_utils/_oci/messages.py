# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes to a registry and what comes back, as values; and ``Transport``, the seam that tests and wrappers use."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Body:
    """Bytes that are made while they are sent: ``size`` of them. ``chunks`` begins at their start each time it is called."""

    size: int
    chunks: Callable[[], Generator[bytes, None, None]]


@dataclass(frozen=True)
class Request:
    """A request to an absolute URL. A ``Path`` or ``Body`` is streamed; ``deadline`` is in seconds for the whole exchange."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Path | Body | None = None
    deadline: float = 30.0


@dataclass(frozen=True)
class Response:
    """An answer; header names are in lower case, and several headers of one name are several values."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes
    url: str

    def header(self, name: str) -> str:
        """The first value of a header, or an empty text."""
        return (self.headers.get(name.lower()) or ("",))[0]


class Sink(Protocol):
    """Where a body goes; a new try begins at its start."""

    def write(self, data: bytes, /) -> int: ...
    def seek(self, position: int, /) -> int: ...
    def truncate(self) -> int: ...


class Stream(Protocol):
    """An answer whose body is still to be read, once."""

    @property
    def head(self) -> Response:
        """Status and headers; the body is empty here."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The body in chunks of at most 1 MiB. Raises ``Unreachable`` where it breaks off."""
        ...

    def receive(self, sink: Sink | None = None) -> Response:
        """Read the body to its end: that of a 200 to ``sink`` if one is given, any other into the answer. Again: the same answer."""
        ...

    def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        ...


class Transport(Protocol):
    def send(self, request: Request, sink: Sink | None = None) -> Response:
        """Send and receive. The body of a 200 goes to ``sink`` in chunks of 1 MiB if one is given. Raises ``Unreachable``."""
        ...

    def open(self, request: Request) -> Stream:
        """Send, and leave the body of the answer to be read. Raises ``Unreachable``."""
        ...

    def close(self) -> None: ...
