# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load generator against a server in this process that misbehaves on demand."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import load


class Handler(BaseHTTPRequestHandler):
    """The path says what happens: a status, or hang up, or be slow; ``/close`` closes the connection after a good answer, unannounced."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        word = self.path.strip("/")
        if word == "hangup":
            self.close_connection = True
            return
        if word == "slow":
            time.sleep(0.5)
        self.send_response(int(word) if word.isdigit() else 200)
        self.send_header("Content-Length", "2")
        self.send_header("X-Version", "v1")
        self.end_headers()
        self.wfile.write(b"ok")
        if word == "close":
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def run(server: ThreadingHTTPServer, path: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        resolve = f"load.example:{server.server_port}:127.0.0.1"
        common = ("--rate", "100", "--seconds", "0.2", "--clients", "4", "--json", "--resolve", resolve)
        status = load.main([f"http://load.example:{server.server_port}/{path}", *common, *arguments])
    return status, json.loads(output.getvalue())


def test_good(server: ThreadingHTTPServer) -> None:
    status, account = run(server, "200", "--tally-header", "X-Version")
    assert (status, account["requests"], account["failed"], account["outcomes"]) == (0, 20, 0, {"200": 20})
    assert account["tally"]["values"]["v1"]["requests"] == 20
    assert 85 < account["rate"] < 115


def test_bad_status(server: ThreadingHTTPServer) -> None:
    status, account = run(server, "503")
    assert (status, account["failed"], account["first_failures"][0]["kind"]) == (1, 20, "503")


def test_connection_lost(server: ThreadingHTTPServer) -> None:
    status, account = run(server, "hangup")
    assert (status, account["outcomes"]) == (1, {"reset": 20})


def test_timeout(server: ThreadingHTTPServer) -> None:
    status, account = run(server, "slow", "--timeout", "0.1", "--clients", "20")
    assert (status, account["outcomes"]) == (1, {"timeout": 20})


def test_nobody_there(server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()
    status, account = run(server, "200")
    assert (status, account["outcomes"]) == (1, {"refused": 20})


def test_a_closed_idle_connection_is_opened_again(server: ThreadingHTTPServer) -> None:
    status, account = run(server, "close")
    assert (status, account["failed"]) == (0, 0)
    assert account["reopened"] > 0


def test_latency_counts_from_when_the_request_was_due(server: ThreadingHTTPServer) -> None:
    _, account = run(server, "slow", "--clients", "1", "--rate", "20", "--seconds", "0.2")
    assert account["latency_ms"]["max"] > 1500
    assert account["late"] == 3


def test_percentile() -> None:
    assert [load.percentile([0.001, 0.002, 0.003, 0.004], share) for share in (0.5, 0.99)] == [2.0, 4.0]
    assert load.percentile([], 0.5) is None
