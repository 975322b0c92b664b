# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request passed on to the registry behind, and its answer passed back, neither of them held in memory."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from urllib.parse import urlsplit

from simulator.world.upstream import Upstream

_CHUNK = 1 << 16
# Of one connection only (RFC 9110 §7.6.1), or ours.
_OWN = {"host", "authorization", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}


def forwarded(handler: BaseHTTPRequestHandler, upstream: Upstream, target: str, keep: bytes | None = None, more: Mapping[str, str] | None = None) -> int:
    """The status that went back. ``keep``: the body of the request, if it was read already; ``more``: headers of a success."""
    # Accept may come in several lines, which are one list (RFC 9110 §5.3).
    headers = {name: ", ".join(handler.headers.get_all(name, ())) for name in handler.headers if name.lower() not in _OWN}
    chunked = "chunked" in handler.headers.get("Transfer-Encoding", "").lower()
    if chunked and keep is None:
        headers["Transfer-Encoding"] = "chunked"
    body = keep if keep is not None else body_of(handler)
    connection = upstream.connection()
    try:
        connection.request(handler.command, target, body, {**headers, **upstream.headers()}, encode_chunked=chunked and keep is None)
        answer = connection.getresponse()
        _back(handler, upstream, answer, more if more and answer.status < 300 else {})
        return answer.status
    finally:
        connection.close()


def body_of(handler: BaseHTTPRequestHandler) -> Iterator[bytes] | None:
    """What the request holds, piece by piece; None if it holds nothing."""
    if "chunked" in handler.headers.get("Transfer-Encoding", "").lower():
        return _chunks(handler.rfile)
    size = int(handler.headers.get("Content-Length") or 0)
    return _exactly(handler.rfile, size) if size else None


def _exactly(source: BufferedIOBase, size: int) -> Iterator[bytes]:
    while size > 0:
        data = source.read(min(size, _CHUNK))
        if not data:
            raise ConnectionAbortedError("the client ended early")
        size -= len(data)
        yield data


def _chunks(source: BufferedIOBase) -> Iterator[bytes]:
    """RFC 9112 §7.1."""
    while True:
        size = int(source.readline(1024).partition(b";")[0], 16)
        if size == 0:
            while source.readline(65536).strip():
                pass
            return
        yield from _exactly(source, size)
        source.readline(16)


def _back(handler: BaseHTTPRequestHandler, upstream: Upstream, answer: http.client.HTTPResponse, more: Mapping[str, str]) -> None:
    handler.send_response(answer.status)
    for name, value in more.items():
        handler.send_header(name, value)
    for name, value in answer.getheaders():
        if name.lower() == "location" and urlsplit(value).netloc == upstream.netloc:
            value = urlsplit(value)._replace(scheme="", netloc="").geturl()
        if name.lower() not in (*_OWN, "server", "date"):
            handler.send_header(name, value)
    empty = handler.command == "HEAD" or answer.status in (204, 304)
    if not empty and answer.length is None:
        handler.close_connection = True
    if handler.close_connection:
        handler.send_header("Connection", "close")
    handler.end_headers()
    while not empty and (data := answer.read(_CHUNK)):
        handler.wfile.write(data)
