# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP for registries: a pool of kept connections on the standard library, with a deadline for every request.

It sends and receives; what an answer means is for the layers above.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils import _proxies
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Body, Request, Response, Sink

CHUNK = 1 << 20
BODY_LIMIT = 4 << 20  # what the distribution specification asks registries to accept for a manifest
_CONNECT_TIMEOUT = 10.0
_BROKEN = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)

_Connection = http.client.HTTPConnection
_Target = tuple[str, str]  # scheme, host:port


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
        self._idle: dict[_Target, list[_Connection]] = {}
        self._lock = threading.Lock()

    def send(self, request: Request, sink: Sink | None = None) -> Response:
        answering = self.open(request)
        try:
            return answering.receive(sink)
        finally:
            answering.close()

    def open(self, request: Request) -> Answering:
        parts = urlsplit(request.url)
        target = (parts.scheme, parts.netloc)
        ends = self._clock() + request.deadline
        with _explained(request):
            kept = self._take(target)
            if kept is not None:
                try:
                    return self._ask(kept, target, request, ends)
                except _StaleError:
                    pass  # the server closed it while it was idle: that says nothing about this request
            return self._ask(self._connect(target), target, request, ends)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def give_back(self, target: _Target, connection: _Connection) -> None:
        with self._lock:
            self._idle.setdefault(target, []).append(connection)

    def limit(self, connection: _Connection, ends: float, first: bool = False) -> None:
        """Let the next operation on a connection end when the request must."""
        left = ends - self._clock()
        if left <= 0:
            raise TimeoutError
        connection.timeout = min(left, _CONNECT_TIMEOUT) if first else left
        if connection.sock is not None:
            connection.sock.settimeout(left)

    def _ask(self, connection: _Connection, target: _Target, request: Request, ends: float) -> Answering:
        reused = connection.sock is not None
        try:
            self.limit(connection, ends, first=not reused)
            # A body that is made while it is sent is not sent twice: the registry may have kept its beginning.
            again = reused and not isinstance(request.body, Body)
            return Answering(self, target, connection, self._exchange(connection, request, again, ends), request, ends)
        except BaseException:
            connection.close()
            raise

    def _exchange(self, connection: _Connection, request: Request, again: bool, ends: float) -> http.client.HTTPResponse:
        parts = urlsplit(request.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": "slipway", **request.headers}
        body: IO[bytes] | Iterable[bytes] | bytes | None
        if isinstance(request.body, Path):
            headers["Content-Length"] = str(request.body.stat().st_size)
            body = request.body.open("rb")
        elif isinstance(request.body, Body):
            headers["Content-Length"] = str(request.body.size)
            body = self._limited(connection, request.body, ends)
        else:
            body = request.body
            if body is None and request.method in ("POST", "PUT", "PATCH"):
                headers["Content-Length"] = "0"
        try:
            try:
                connection.request(request.method, path, body=body, headers=headers)
            except (BrokenPipeError, ConnectionResetError):
                if again:
                    raise
                # A server may refuse a body while it is sent: its answer says why, if it can still be read.
            return connection.getresponse()
        except (http.client.RemoteDisconnected, http.client.CannotSendRequest, ConnectionError) as error:
            raise (_StaleError() if again else error) from error
        finally:
            if isinstance(body, io.IOBase | Generator):
                body.close()

    def _limited(self, connection: _Connection, body: Body, ends: float) -> Generator[bytes, None, None]:
        with closing(body.chunks()) as chunks:
            for chunk in chunks:
                self.limit(connection, ends)
                yield chunk

    def _take(self, target: _Target) -> _Connection | None:
        with self._lock:
            idle = self._idle.get(target)
            return idle.pop() if idle else None

    def _connect(self, target: _Target) -> _Connection:
        scheme, netloc = target
        if scheme == "http":
            return http.client.HTTPConnection(netloc, timeout=_CONNECT_TIMEOUT, blocksize=CHUNK)
        with self._lock:
            if self._context is None:
                self._context = self._make_context()
        return _proxies.connect(netloc, self._context, _CONNECT_TIMEOUT, CHUNK)


class Answering:
    """An answer on a connection of the pool; the connection goes back when the body was read to its end."""

    def __init__(self, pool: Pool, target: _Target, connection: _Connection, answer: http.client.HTTPResponse, request: Request, ends: float) -> None:
        self._pool, self._target, self._connection, self._answer = pool, target, connection, answer
        self._request, self._ends, self._held = request, ends, True
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in answer.getheaders():
            headers[name.lower()] = (*headers.get(name.lower(), ()), value)
        self.head = Response(answer.status, headers, b"", request.url)
        self._received: Response | None = None

    def chunks(self) -> Iterator[bytes]:
        try:
            while not self._answer.isclosed():
                with _explained(self._request):
                    if self._answer.length != 0:  # what has no body needs no time for it
                        self._pool.limit(self._connection, self._ends)
                    chunk = self._answer.read(CHUNK)
                    if not chunk and self._answer.length:  # http.client ends silently when a body with a length stops early
                        raise http.client.IncompleteRead(b"", self._answer.length)
                if chunk:
                    yield chunk
        except BaseException:
            self._drop()
            raise
        if self._held and not self._answer.will_close:
            self._held = False
            self._pool.give_back(self._target, self._connection)

    def receive(self, sink: Sink | None = None) -> Response:
        if self._received is not None:
            return self._received
        received = io.BytesIO()
        output: Sink = sink if sink is not None and self.head.status == 200 else received
        size = 0
        for chunk in self.chunks():
            size += len(chunk)
            if output is received and size > BODY_LIMIT:
                self._drop()
                raise Unreachable(f"{_shown(self._request)}: the answer is larger than {BODY_LIMIT >> 20} MiB", host=self._target[1])
            output.write(chunk)
        self._received = replace(self.head, body=received.getvalue())
        return self._received

    def close(self) -> None:
        self._drop()

    def _drop(self) -> None:
        if self._held:
            self._held = False
            self._connection.close()


class _StaleError(Exception):
    """A kept connection that the server had closed."""


@contextmanager
def _explained(request: Request) -> Iterator[None]:
    """Whatever breaks on the way is ``Unreachable``, with what a user can do about it."""
    host = urlsplit(request.url).netloc
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate is not trusted ({error.verify_message}); give the authority that signed it as ca_file"
        raise Unreachable(f"{_shown(request)}: {reason}", host=host) from error
    except TimeoutError as error:
        raise Unreachable(f"{_shown(request)}: no answer within {request.deadline:.0f} s", host=host) from error
    except _BROKEN as error:
        traceback.clear_frames(error.__traceback__)  # http.client before Python 3.11.4 leaves what a proxy answered open there
        raise Unreachable(f"{_shown(request)}: {_reason(error)}{_spoken(request, error)}", host=host) from error


def _shown(request: Request) -> str:
    """A request without the query of its URL: upload locations and redirects carry signatures there."""
    return f"{request.method} {request.url.partition('?')[0]}"


def _spoken(request: Request, error: BaseException) -> str:
    """What it can mean that one side spoke TLS and the other did not."""
    if urlsplit(request.url).scheme == "http" and isinstance(error, ConnectionResetError | http.client.HTTPException):
        return "; it was asked without TLS, as plain_http says"
    return "; it does not speak TLS (plain_http is for such ones, on this machine)" if getattr(error, "reason", "") == "WRONG_VERSION_NUMBER" else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return f"there is no such host ({error.strerror})"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused; is it running?"
    if type(error) is OSError and str(error).startswith("Tunnel connection failed"):
        return f"the proxy of https_proxy refused it ({str(error).partition(': ')[2]}); if it needs no proxy, name it in no_proxy"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer ended early"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
