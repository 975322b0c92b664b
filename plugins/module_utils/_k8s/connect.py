# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a kubeconfig to a pooled, deadline-bound HTTP transport."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import urllib3
from ansible_collections.slipway.platform.plugins.module_utils._errors import Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kubeconfig import Access, read

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, body, and seconds the server asks to wait (``Retry-After``), if it does."""

    status: int
    body: bytes
    retry_after: float | None = None


class Transport(Protocol):
    """One HTTP exchange with an API server within ``timeout`` seconds; raises ``Unreachable`` if there is no answer."""

    host: str

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Answer: ...


def connect(kubeconfig: Path, connections: int = 16, context: str = "") -> Transport:
    """The transport to a context of a kubeconfig, by default the current one."""
    return _Pool(read(kubeconfig, context), connections)


class _Pool:
    def __init__(self, access: Access, connections: int) -> None:
        self.host = access.host
        self._access = access
        options: dict[str, Any] = {"maxsize": connections, "retries": False, "num_pools": 2}
        if access.tls is not None:
            options |= {"ssl_context": access.tls, "server_hostname": access.server_name}
        self._pool = urllib3.ProxyManager(access.proxy, **options) if access.proxy else urllib3.PoolManager(**options)

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Answer:
        limits = urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an unverified server is the kubeconfig's own choice
                answer = self._pool.request(method, self.host + path, headers={**headers, **self._access.headers()}, body=body, timeout=limits)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{method} {self.host}{path}: no answer ({_reason(error)})", host=self.host) from None
        wait = answer.headers.get("Retry-After", "")
        return Answer(answer.status, answer.data, float(wait) if wait.isdigit() else None)


def _reason(error: Exception) -> str:
    """The innermost cause in plain words: urllib3 wraps it in object representations."""
    text = str(error.__cause__ or error.__context__ or error)
    return text.rpartition(">: ")[2] or type(error).__name__
