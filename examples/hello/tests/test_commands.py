# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program as the platform runs it: a process, its signals and its exit status."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

NOWHERE = {"DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_DATABASE": "d", "DB_USERNAME": "u", "DB_PASSWORD": "secret", "DB_SSLMODE": "disable"}


def start(*arguments: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    kept = {name: os.environ[name] for name in ("PYTHONPATH", "PATH") if name in os.environ}
    root = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-m", "hello", *arguments], env=kept | environment, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def get(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server whose database doesn't answer."""
    port = free_port()
    settings = {"HELLO_PORT": str(port), "HELLO_METRICS_PORT": str(free_port()), "HELLO_DRAIN_SECONDS": "1"}
    process = start("serve", environment=NOWHERE | settings)
    for _ in range(100):
        try:
            get(port, "/livez")
            break
        except OSError:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
    yield process, port
    process.kill()
    process.communicate()


def test_sigterm_drains_and_exits_0(server: tuple[subprocess.Popen[str], int]) -> None:
    process, port = server
    assert get(port, "/readyz").status == 503
    process.send_signal(signal.SIGTERM)
    while (answer := get(port, "/livez")).headers["connection"] != "close":
        assert answer.status == 200
    assert answer.status == 200
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    messages = [json.loads(line)["message"] for line in output.splitlines()]
    assert messages[-2:] == ["draining", "stopped"]
    assert "secret" not in output


def test_wrong_settings_exit_2() -> None:
    process = start("serve", environment={"HELLO_PORT": "eighty"})
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "HELLO_PORT='eighty'" in errors


@pytest.mark.parametrize(("open_", "outcome", "status"), [(True, "open", 0), (False, "refused", 1)])
def test_probe(open_: bool, outcome: str, status: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if not open_:
            listener.close()
        process = start("probe", f"tcp://127.0.0.1:{port}", environment={})
        output, _ = process.communicate(timeout=10)
    assert (json.loads(output)["outcome"], process.returncode) == (outcome, status)


def test_readiness_is_broken_and_restored(tmp_path: Path) -> None:
    for command, exists in (("break-readiness", True), ("restore-readiness", False), ("restore-readiness", False)):
        process = start(command, environment={"TMPDIR": str(tmp_path)})
        process.communicate(timeout=10)
        assert process.returncode == 0
        assert (tmp_path / "hello-readiness-broken").exists() is exists
