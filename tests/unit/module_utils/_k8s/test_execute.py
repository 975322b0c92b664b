# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs in pods, against a WebSocket server in this process (RFC 6455) that says what the kubelet would."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Denied, NotFound, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.execute import Target, connect

TARGET = Target("hello", "hello-1", "hello")
SUCCESS = (3, b'{"status":"Success"}')
FAILURE = (3, b'{"status":"Failure","message":"command terminated with exit code 3"}')


def client_frame(connection: socket.socket) -> bytes:
    """The payload of a frame that is shorter than 126 bytes; clients mask theirs (RFC 6455, section 5.3)."""
    _, length = connection.recv(2, socket.MSG_WAITALL)
    mask = connection.recv(4, socket.MSG_WAITALL)
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(connection.recv(length & 0x7F, socket.MSG_WAITALL)))


@contextmanager
def server(
    frames: list[tuple[int, bytes]], status: int = 101, protocol: str = "v5.channel.k8s.io", heard: list[bytes] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """Takes one connection, answers the handshake with ``status`` and then sends the frames; gives its URL and the requests it got.

    ``heard`` gets what the client sends before the answer: its input, and that this is the end where the protocol can say so.
    """
    requests: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                requests.append(head.decode())
                key = next(line.split(": ")[1] for line in head.decode().splitlines() if line.lower().startswith("sec-websocket-key"))
                accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
                answer = f"HTTP/1.1 {status} X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
                connection.sendall(f"{answer}Sec-WebSocket-Protocol: {protocol}\r\n\r\n".encode())
                while heard is not None and len(heard) < (2 if protocol.startswith("v5") else 1):
                    heard.append(client_frame(connection))
                for channel, data in frames:
                    payload = bytes([channel]) + data
                    connection.sendall(b"\x82" + struct.pack("!BH", 126, len(payload)) + payload)
                if frames:
                    connection.recv(1)  # the client's close

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
        thread.join(timeout=5)


def kubeconfig(folder: Path, url: str) -> Path:
    path = folder / "kubeconfig"
    content = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "planted-token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(content))
    return path


def test_the_output_comes_back_whole_and_the_request_is_as_the_api_wants_it(tmp_path: Path) -> None:
    with server([(1, b"first "), (2, b"a warning"), (1, "zweitens ü".encode()), SUCCESS]) as (url, requests):
        assert connect(kubeconfig(tmp_path, url))(TARGET, ["python", "-c", "print(1) & 2"], 5) == "first zweitens ü"
    line = requests[0].splitlines()[0].split()[1]
    assert urlsplit(line).path == "/api/v1/namespaces/hello/pods/hello-1/exec"
    asked = parse_qsl(urlsplit(line).query)
    assert [value for key, value in asked if key == "command"] == ["python", "-c", "print(1) & 2"]
    assert ("container", "hello") in asked
    assert "Authorization: Bearer planted-token" in requests[0]


@pytest.mark.parametrize(("protocol", "expected"), [("v5.channel.k8s.io", [b"\0secret", b"\xff\0"]), ("v4.channel.k8s.io", [b"\0secret"])])
def test_input_goes_through_the_connection_and_not_into_the_request(tmp_path: Path, protocol: str, expected: list[bytes]) -> None:
    heard: list[bytes] = []
    with server([SUCCESS], protocol=protocol, heard=heard) as (url, requests):
        connect(kubeconfig(tmp_path, url))(TARGET, ["cat"], 5, b"secret")
    assert heard == expected
    assert "stdin=1" in requests[0]
    assert "secret" not in requests[0]


def test_a_program_that_fails_says_so_with_its_last_lines(tmp_path: Path) -> None:
    with server([(2, b"one\ntwo\n"), FAILURE]) as (url, _), pytest.raises(CommandFailed, match=r"exit code 3\none\ntwo") as raised:
        connect(kubeconfig(tmp_path, url))(TARGET, ["python"], 5)
    assert "planted" not in str(raised.value)


@pytest.mark.parametrize(("status", "error"), [(403, Denied), (401, Denied), (404, NotFound), (500, Unreachable)])
def test_a_refusal_is_told_from_an_absence(tmp_path: Path, status: int, error: type[Exception]) -> None:
    with server([], status) as (url, _), pytest.raises(error, match=f"the API server answered {status}"):
        connect(kubeconfig(tmp_path, url))(TARGET, ["python"], 5)


def test_a_connection_that_ends_early_or_never_ends_is_no_success(tmp_path: Path) -> None:
    with server([(1, b"half")]) as (url, _), pytest.raises(Unreachable, match=r"did not end within|connection was lost"):
        connect(kubeconfig(tmp_path, url))(TARGET, ["python"], 0.3)
    with pytest.raises(Unreachable, match="no connection"):
        connect(kubeconfig(tmp_path, "http://127.0.0.1:1"))(TARGET, ["python"], 5)
