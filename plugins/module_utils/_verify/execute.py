# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a program inside a pod (``pods/exec`` over WebSocket, subprotocol v5.channel.k8s.io: KEP-4006)."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote, urlencode

from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Denied, Missing, NotFound, Unreachable

try:
    import websocket
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config
except ImportError as error:
    _MISSING: ImportError | None = error
else:
    _MISSING = None

_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
_STDOUT, _STDERR, _STATUS = 1, 2, 3


@dataclass(frozen=True)
class Target:
    """A container of a pod."""

    namespace: str
    pod: str
    container: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod}[{self.container}]"


class Execute(Protocol):
    """Run ``argv`` in a container and give what it printed on standard output; ``CommandFailed`` if it ends with another status than 0."""

    def __call__(self, target: Target, argv: Sequence[str], timeout: float) -> str: ...


def connect(kubeconfig: Path) -> Execute:
    """Execution in the pods of the cluster that the current context of a kubeconfig names."""
    if _MISSING is not None:
        raise Missing(f"the Python package {_MISSING.name} is missing; install it with: pip install kubernetes", package=_MISSING.name)
    configuration, package = Configuration(), cast(Any, kube_config)
    try:
        package.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration, persist_config=False)
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
    finally:
        package._cleanup_temp_files()  # keys; all that is needed is in the context now
    return _Execute(configuration, context)


class _Execute:
    def __init__(self, configuration: Any, context: ssl.SSLContext) -> None:
        self._configuration, self._context = configuration, context

    def __call__(self, target: Target, argv: Sequence[str], timeout: float) -> str:
        query = urlencode([("container", target.container), ("stdout", "1"), ("stderr", "1"), *(("command", word) for word in argv)])
        root = self._configuration.host.rstrip("/").replace("http", "ws", 1)
        url = f"{root}/api/v1/namespaces/{quote(target.namespace)}/pods/{quote(target.pod)}/exec?{query}"
        token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        headers = [f"Authorization: {token}"] if token else []
        what = f"{argv[0]} in {target}"
        try:
            socket = websocket.create_connection(
                url, timeout=timeout, header=headers, subprotocols=_PROTOCOLS, sslopt={"context": self._context}, http_no_proxy=["*"]
            )
        except websocket.WebSocketBadStatusException as error:
            kind = {401: Denied, 403: Denied, 404: NotFound}.get(error.status_code, Unreachable)
            raise kind(f"{what}: the API server answered {error.status_code}", status=error.status_code) from None
        except (OSError, websocket.WebSocketException) as error:
            raise Unreachable(f"{what}: no connection to {self._configuration.host} ({error})") from None
        try:
            return _read(socket, what, timeout)
        finally:
            socket.close()


def _read(socket: Any, what: str, timeout: float) -> str:
    streams = {_STDOUT: b"", _STDERR: b"", _STATUS: b""}
    deadline = time.monotonic() + timeout
    while not streams[_STATUS]:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise Unreachable(f"{what}: it did not end within {timeout:.0f} s")
        socket.settimeout(remaining)
        try:
            frame = socket.recv()
        except (OSError, websocket.WebSocketException) as error:
            raise Unreachable(f"{what}: the connection was lost ({error})") from None
        data = frame.encode() if isinstance(frame, str) else frame
        if not data:
            raise Unreachable(f"{what}: the connection ended without a status")
        if data[0] in streams:
            streams[data[0]] += data[1:]
    status = json.loads(streams[_STATUS])
    if status.get("status") != "Success":
        words = streams[_STDERR].decode(errors="replace").strip().splitlines()[-5:]
        raise CommandFailed(f"{what}: {status.get('message', 'it failed')}" + "".join(f"\n{line}" for line in words), last_lines=words)
    return streams[_STDOUT].decode(errors="replace")
