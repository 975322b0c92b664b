# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to whom certificates name: bounded in time and size, because anybody may write anything into a certificate."""

from __future__ import annotations

import io
import ipaddress
import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request as Asked
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request, Response
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool

_REDIRECTS = 3
_OF_REGISTRIES = "; it was asked without TLS, as plain_http says"  # an option of theirs


class Fetch:
    """Requests that end within the time that a request allows for a probe. Safe for threads."""

    def __init__(self, asked: Asked, context: Context) -> None:
        self._clock, self._seconds = context.clock, asked.timeout
        self._pool = Pool(partial(_trust, asked.ca_file, asked.system_roots), context.clock)

    def get(self, url: str, limit: int = 1 << 20) -> Response:
        """The answer to GET, also one of an error, after at most three redirects. Raises ``Unreachable``, and ``InvalidInput`` for the URL."""
        ends = self._clock() + self._seconds
        for _ in range(_REDIRECTS + 1):
            answer = self._send("GET", url, {}, None, limit, ends)
            if answer.status not in (301, 302, 303, 307, 308) or not answer.header("location"):
                return answer
            url = urljoin(url, answer.header("location"))
        raise Unreachable(f"GET {url}: it leads from one address to the next")

    def post(self, url: str, body: bytes, kind: str, limit: int = 1 << 20) -> Response:
        return self._send("POST", url, {"Content-Type": kind}, body, limit, self._clock() + self._seconds)

    def __enter__(self) -> Fetch:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.close()

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, limit: int, ends: float) -> Response:
        _check(url)
        sink = _Bounded(url, limit)
        left = ends - self._clock()
        if left <= 0:
            raise Unreachable(f"{method} {url}: no answer within {self._seconds:.0f} s")
        try:
            answer = self._pool.send(Request(method, url, headers, body, left), sink)
        except Unreachable as error:
            raise Unreachable(error.message.removesuffix(_OF_REGISTRIES), **error.facts) from None
        except ValueError:  # of the host's labels
            raise InvalidInput(f"{url} is no URL that can be asked") from None
        return Response(answer.status, answer.headers, sink.getvalue(), answer.url) if answer.status == 200 else answer


class _Bounded(io.BytesIO):
    def __init__(self, url: str, limit: int) -> None:
        super().__init__()
        self._url, self._limit = url, limit

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        if self.tell() + len(data) > self._limit:
            raise Unreachable(f"GET {self._url}: the answer is larger than {self._limit / (1 << 20):.0f} MiB")
        return super().write(data)


def _check(url: str) -> None:
    """Only the web, and not the addresses where clouds keep the credentials of a machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidInput(f"{url!r} is no URL") from None
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or any(character <= " " for character in url):
        raise InvalidInput(f"{url!r} is no URL of the web")
    try:
        own = ipaddress.ip_address(host.partition("%")[0]).is_link_local
    except ValueError:
        own = False
    if own:
        raise InvalidInput(f"{url} is an address of this machine's own network, which certificates have no business to name")


def _trust(ca_file: Path | None, system: bool) -> ssl.SSLContext:
    context = ssl.create_default_context() if system or ca_file is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        context.load_verify_locations(str(ca_file))
    return context
