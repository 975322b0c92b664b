# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP for registries: a pool of kept connections on the standard library, with a deadline for every request.

It sends and receives; what an answer means is for the layers above. ``Transport`` is the seam that tests and wrappers use.
"""

from __future__ import annotations

import http.client
import io
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Unreachable

CHUNK = 1 << 20
BODY_LIMIT = 4 << 20  # what the distribution specification asks registries to accept for a manifest
_CONNECT_TIMEOUT = 10.0
_BROKEN = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)


@dataclass(frozen=True)
class Request:
    """A request to an absolute URL. A ``Path`` as body is streamed; ``deadline`` is in seconds for the whole exchange."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Path | None = None
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


class Transport(Protocol):
    def send(self, request: Request, sink: Sink | None = None) -> Response:
        """Send and receive. The body of a 200 goes to ``sink`` in chunks of 1 MiB if one is given. Raises ``Unreachable``."""
        ...

    def close(self) -> None: ...


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Whom to believe: these certificates only, or the machine's if no file is given. Made once and shared: loading takes 30 ms."""
    if ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(f"the certificates in {ca_file} cannot be read: {error}") from error


class Pool:
    """The transport on ``http.client``: connections are kept per host and shared by threads."""

    def __init__(self, context: Callable[[], ssl.SSLContext], clock: Callable[[], float] = time.monotonic) -> None:
        self._make_context = context
        self._context: ssl.SSLContext | None = None
        self._clock = clock
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    def send(self, request: Request, sink: Sink | None = None) -> Response:
        parts = urlsplit(request.url)
        target = (parts.scheme, parts.netloc)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        ends = self._clock() + request.deadline
        kept = self._take(target)
        try:
            if kept is not None:
                try:
                    return self._exchange(kept, request, path, target, ends, sink)
                except _StaleError:
                    pass  # the server closed it while it was idle: that says nothing about this request
            return self._exchange(self._connect(target), request, path, target, ends, sink)
        except ssl.SSLCertVerificationError as error:
            reason = f"its certificate is not trusted ({error.verify_message}); give the certificate authority as ca_file"
            raise Unreachable(f"{request.method} {_shown(request.url)}: {reason}", host=parts.netloc) from error
        except TimeoutError as error:
            raise Unreachable(f"{request.method} {_shown(request.url)}: no answer within {request.deadline:.0f} s", host=parts.netloc) from error
        except _BROKEN as error:
            raise Unreachable(f"{request.method} {_shown(request.url)}: {_reason(error)}", host=parts.netloc) from error

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def _exchange(
        self, connection: http.client.HTTPConnection, request: Request, path: str, target: tuple[str, str], ends: float, sink: Sink | None
    ) -> Response:
        reused = connection.sock is not None
        try:
            self._limit(connection, ends, first=not reused)
            answer = self._ask(connection, request, path, reused)
            response = self._read(connection, answer, request, ends, sink)
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.setdefault(target, []).append(connection)
        return response

    def _ask(self, connection: http.client.HTTPConnection, request: Request, path: str, reused: bool) -> http.client.HTTPResponse:
        body: IO[bytes] | bytes | None = request.body.open("rb") if isinstance(request.body, Path) else request.body
        headers = {"User-Agent": "slipway", **request.headers}
        if isinstance(request.body, Path):
            headers["Content-Length"] = str(request.body.stat().st_size)
        elif request.body is None and request.method in ("POST", "PUT"):
            headers["Content-Length"] = "0"
        try:
            try:
                connection.request(request.method, path, body=body, headers=headers)
            except (BrokenPipeError, ConnectionResetError):
                if reused:
                    raise
                # A server may refuse a body while it is sent: its answer says why, if it can still be read.
            return connection.getresponse()
        except (http.client.RemoteDisconnected, http.client.CannotSendRequest, ConnectionError) as error:
            raise (_StaleError() if reused else error) from error
        finally:
            if isinstance(body, io.IOBase):
                body.close()

    def _read(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, request: Request, ends: float, sink: Sink | None) -> Response:
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in answer.getheaders():
            headers[name.lower()] = (*headers.get(name.lower(), ()), value)
        received = io.BytesIO()
        output: Sink = sink if sink is not None and answer.status == 200 else received
        size = 0
        while True:
            self._limit(connection, ends)
            chunk = answer.read(CHUNK)
            if not chunk:
                break
            size += len(chunk)
            if output is received and size > BODY_LIMIT:
                raise http.client.HTTPException(f"the answer is larger than {BODY_LIMIT >> 20} MiB")
            output.write(chunk)
        if answer.length:  # http.client ends silently when a body with a length stops early
            raise http.client.IncompleteRead(b"", answer.length)
        return Response(answer.status, headers, received.getvalue(), request.url)

    def _limit(self, connection: http.client.HTTPConnection, ends: float, first: bool = False) -> None:
        left = ends - self._clock()
        if left <= 0:
            raise TimeoutError
        connection.timeout = min(left, _CONNECT_TIMEOUT) if first else left
        if connection.sock is not None:
            connection.sock.settimeout(left)

    def _take(self, target: tuple[str, str]) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(target)
            return idle.pop() if idle else None

    def _connect(self, target: tuple[str, str]) -> http.client.HTTPConnection:
        scheme, netloc = target
        if scheme == "http":
            return http.client.HTTPConnection(netloc, timeout=_CONNECT_TIMEOUT, blocksize=CHUNK)
        with self._lock:
            if self._context is None:
                self._context = self._make_context()
        return http.client.HTTPSConnection(netloc, timeout=_CONNECT_TIMEOUT, context=self._context, blocksize=CHUNK)


class _StaleError(Exception):
    """A kept connection that the server had closed."""


def _shown(url: str) -> str:
    """A URL without its query: upload locations and redirects carry signatures there."""
    return url.partition("?")[0]


def _reason(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused; is it running?"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer ended early"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
