# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP proxy: CONNECT (RFC 9110 §9.3.6), and requests in absolute form for plain HTTP.

What is AWS's is answered here, TLS and all; everything else goes on unread, through the proxy that this process itself was given, if any.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import SplitResult, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed has not it

from ansible_collections.slipway.platform.plugins.module_utils import _proxies
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

from simulator.world.authority import Authority
from simulator.world.destinations import Destination, Destinations, NowhereError
from simulator.world.relay import Stream, Traffic, connect, pump

_HEAD_SECONDS = 60.0
_OWN = ("proxy-connection", "proxy-authorization", "connection", "keep-alive")


@dataclass
class Proxy:
    """``environment``: the proxies of the real network, as urllib.request.getproxies_environment() gives them."""

    destinations: Destinations
    authority: Authority
    environment: Mapping[str, str] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        client = (reader, writer)
        try:
            await self._serve(client)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            pass  # whoever asked is gone, or speaks no HTTP
        except (NowhereError, InvalidInput) as error:
            self.traffic.problem(str(error))
            await _refuse(writer, "502 Bad Gateway", str(error))
        finally:
            writer.close()

    async def _serve(self, client: Stream) -> None:
        head = (await asyncio.wait_for(client[0].readuntil(b"\r\n\r\n"), _HEAD_SECONDS)).decode("latin-1")
        request, _, rest = head.partition("\r\n")
        method, _, target = request.rpartition(" ")[0].partition(" ")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        try:
            host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 0)
        except ValueError:
            host, port = "", 0
        if not host or not port:
            await _refuse(client[1], "400 Bad Request", "this is a proxy: CONNECT host:port, or a request for http://host/")
            return
        destination = await asyncio.to_thread(self.destinations.find, host, port)
        if method == "CONNECT":
            await self._tunnel(client, destination, host)
        else:
            await self._forward(client, destination, parts, method, rest)

    async def _tunnel(self, client: Stream, destination: Destination, host: str) -> None:
        server = await self._reached(destination, "https")
        try:
            context = await asyncio.to_thread(self.authority.context, host) if destination.ends_tls else None
            if context:
                cast(asyncio.Transport, client[1].transport).pause_reading()  # what the client says next is TLS: it must not be read before TLS is there
            client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if context:
                await client[1].start_tls(context, ssl_handshake_timeout=_HEAD_SECONDS)
            await pump(client, server, self.traffic.passed[host] if destination.real else None)
        except ssl.SSLError as error:
            self.traffic.problem(f"{host}: a client refused the certificate of the simulated AWS ({error.reason})")
        finally:
            server[1].close()

    async def _forward(self, client: Stream, destination: Destination, parts: SplitResult, method: str, headers: str) -> None:
        """One request on a connection of its own."""
        server = await self._reached(destination, "http")
        through = self._next("http", parts.netloc) if destination.real else None
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        kept = [line for line in headers.split("\r\n") if line and line.partition(":")[0].strip().lower() not in _OWN]
        if through:
            kept += [f"{name}: {value}" for name, value in _proxies.credentials(through).items()]
        lines = [f"{method} {f'http://{parts.netloc}{path}' if through else path} HTTP/1.1", *kept, "Connection: close", "", ""]
        server[1].write("\r\n".join(lines).encode("latin-1"))
        await pump(client, server, self.traffic.passed[str(parts.hostname)] if destination.real else None)

    async def _reached(self, destination: Destination, scheme: str) -> Stream:
        """A connection to it; on the real network's, through the proxy that is for it. Raises NowhereError."""
        host, port = destination.address
        netloc = f"{host}:{port}"
        proxy = self._next(scheme, netloc) if destination.real else None
        try:
            server = await connect((str(proxy.hostname), proxy.port or 80) if proxy else destination.address)
        except (OSError, TimeoutError) as error:
            raise NowhereError(f"{netloc} can't be reached{f' (nor its proxy {proxy.hostname})' if proxy else ''}: {error or 'no answer'}") from None
        if proxy and scheme == "https":
            await _ask(server, netloc, proxy)
        return server

    def _next(self, scheme: str, netloc: str) -> SplitResult | None:
        if scheme == "https":
            return _proxies.proxy_of(netloc, self.environment)
        given = self.environment.get("http", "")
        if not given or proxy_bypass_environment(netloc, dict(self.environment)):
            return None
        return urlsplit(given if "//" in given else f"//{given}")


async def _ask(server: Stream, netloc: str, proxy: SplitResult) -> None:
    """Have the next proxy make a tunnel."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in _proxies.credentials(proxy).items())
    server[1].write(f"CONNECT {netloc} HTTP/1.1\r\nHost: {netloc}\r\n{headers}\r\n".encode("latin-1"))
    status = "no answer"
    with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
        answer = await asyncio.wait_for(server[0].readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
        status = answer.partition(b"\r\n")[0].decode("latin-1").partition(" ")[2]
    if not status.startswith("2"):
        server[1].close()
        raise NowhereError(f"{netloc}: the proxy {proxy.hostname} refused it ({status})")


async def _refuse(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = f"{text}\n".encode()
    with contextlib.suppress(OSError):
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
