# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a program inside a pod (``pods/exec`` over WebSocket, subprotocol v5.channel.k8s.io: KEP-4006)."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Denied, Missing, NotFound, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kubeconfig import Access, read

try:
    import websocket
except ImportError as error:
    _MISSING: ImportError | None = error
else:
    _MISSING = None

_V5, _V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_SHOWN_LINES = 20


@dataclass(frozen=True)
class Target:
    """A container of a pod."""

    namespace: str
    pod: str
    container: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod}[{self.container}]"


class Execute(Protocol):
    """Run ``argv`` in a container, within ``timeout`` seconds, and give what it printed on standard output.

    Secrets go through ``stdin``: the audit log of the API server keeps ``argv``. ``stdin`` ends where the server speaks v5; a program that
    has to run on older ones must know the end when it reads it. ``CommandFailed`` if the program ends with another status than 0.
    """

    def __call__(self, target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str: ...


def connect(kubeconfig: Path) -> Execute:
    """Execution in the pods of the cluster that the current context of a kubeconfig names."""
    if _MISSING is not None:
        raise Missing(f"the Python package {_MISSING.name} is missing; install it with: pip install kubernetes", package=_MISSING.name)
    return _Execute(read(kubeconfig))


class _Execute:
    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        deadline = time.monotonic() + timeout
        what = f"{argv[0]} in {target}"
        streams = [("stdout", "1"), ("stderr", "1"), *([("stdin", "1")] if stdin else [])]
        query = urlencode([("container", target.container), *streams, *(("command", word) for word in argv)])
        socket = self._open(f"/api/v1/namespaces/{quote(target.namespace)}/pods/{quote(target.pod)}/exec?{query}", what, timeout)
        try:
            if stdin:
                socket.send_binary(bytes([_STDIN]) + stdin)
                if socket.getsubprotocol() == _V5:
                    socket.send_binary(bytes([_CLOSE, _STDIN]))
            return _read(socket, what, timeout, deadline)
        except (OSError, websocket.WebSocketException) as error:
            raise Unreachable(f"{what}: the connection was lost ({error})") from None
        finally:
            socket.close()

    def _open(self, path: str, what: str, timeout: float) -> Any:
        access = self._access
        headers = [f"{name}: {value}" for name, value in access.headers().items()]
        options = {"context": access.tls, **({"server_hostname": access.server_name} if access.server_name else {})} if access.tls else {}
        url = access.host.replace("http", "ws", 1) + path
        try:
            return websocket.create_connection(url, timeout=timeout, header=headers, subprotocols=[_V5, _V4], sslopt=options, http_no_proxy=["*"])
        except websocket.WebSocketBadStatusException as error:
            kind = {401: Denied, 403: Denied, 404: NotFound}.get(error.status_code, Unreachable)
            raise kind(f"{what}: the API server answered {error.status_code}", status=error.status_code) from None
        except (OSError, websocket.WebSocketException) as error:
            raise Unreachable(f"{what}: no connection to {access.host} ({error})") from None


def _read(socket: Any, what: str, timeout: float, deadline: float) -> str:
    streams = {_STDOUT: b"", _STDERR: b"", _STATUS: b""}
    while not streams[_STATUS]:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise Unreachable(f"{what}: it did not end within {timeout:.0f} s")
        socket.settimeout(remaining)
        frame = socket.recv()
        data = frame.encode() if isinstance(frame, str) else frame
        if not data:
            raise Unreachable(f"{what}: the connection ended without a status")
        if data[0] in streams:
            streams[data[0]] += data[1:]
    status = json.loads(streams[_STATUS])
    if status.get("status") != "Success":
        words = streams[_STDERR].decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
        raise CommandFailed(f"{what}: {status.get('message', 'it failed')}" + "".join(f"\n{line}" for line in words), last_lines=words)
    return streams[_STDOUT].decode(errors="replace")
