# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's HTTP proxy, by https_proxy and no_proxy, as curl, podman and boto3 read them.

It sees names and never what is said: CONNECT (RFC 9110 §9.3.6).
"""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed has not the second

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_LOCAL = ("localhost", "127.0.0.1", "::1")


def proxy_of(netloc: str, environment: Mapping[str, str] | None = None) -> SplitResult | None:
    """The proxy for a host over TLS; None if it is reached directly, as this machine itself always is.

    ``environment``: as ``getproxies_environment`` gives it. Raises ``InvalidInput`` for what is no HTTP proxy.
    """
    proxies = dict(getproxies_environment() if environment is None else environment)
    host = urlsplit(f"//{netloc}").hostname or ""
    if not proxies.get("https") or host in _LOCAL or host.endswith(".localhost") or proxy_bypass_environment(netloc, proxies):
        return None
    found = urlsplit(proxies["https"] if "//" in proxies["https"] else f"//{proxies['https']}", "http")
    if found.scheme != "http" or not found.hostname:
        # Without the address: it may hold a password.
        raise InvalidInput("https_proxy is no address of an HTTP proxy; write it as http://host:port")
    return found


def connect(netloc: str, context: ssl.SSLContext, timeout: float, blocksize: int) -> http.client.HTTPSConnection:
    """A connection that is made when it is first used. ``timeout``: seconds."""
    proxy = proxy_of(netloc)
    if proxy is None:
        return http.client.HTTPSConnection(netloc, timeout=timeout, context=context, blocksize=blocksize)
    connection = http.client.HTTPSConnection(str(proxy.hostname), proxy.port or 80, timeout=timeout, context=context, blocksize=blocksize)
    host = urlsplit(f"//{netloc}")
    connection.set_tunnel(str(host.hostname), host.port or 443, credentials(proxy))
    return connection


def credentials(proxy: SplitResult) -> dict[str, str]:
    """The header for a proxy whose address has a user in it."""
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
