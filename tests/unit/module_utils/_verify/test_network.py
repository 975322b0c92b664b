# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._verify import programs
from ansible_collections.slipway.platform.plugins.module_utils._verify.network import listener


def connect(*probes: dict[str, Any]) -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", programs.CONNECT, json.dumps(probes)], capture_output=True, text=True, timeout=30, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_outside_address_answers_with_its_word_as_long_as_it_is_open() -> None:
    with listener("127.0.0.1") as outside:
        probe = {"name": "outside", "host": outside.peer.host, "port": outside.peer.port, "send": "0a", "timeout": 5}
        first, second = connect(probe, probe)
    assert first["answer"] == second["answer"] == outside.word
    assert first["error"] == ""
    (closed,) = connect(probe)
    assert closed["answer"] == ""
    assert "ConnectionRefusedError" in closed["error"]


def test_two_listeners_have_two_words() -> None:
    with listener("127.0.0.1") as one, listener("127.0.0.1") as other:
        assert one.word != other.word
        assert one.peer.port != other.peer.port


def test_silence_is_an_error_and_not_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (found,) = connect({"name": "silent", "host": "127.0.0.1", "port": silent.getsockname()[1], "send": "0a", "timeout": 0.2})
    assert found["answer"] == ""
    assert "timed out" in found["error"]


@pytest.mark.parametrize("host", ["no-such-host.invalid"])
def test_a_name_that_does_not_resolve_is_an_error(host: str) -> None:
    (found,) = connect({"name": "x", "host": host, "port": 1, "send": "", "timeout": 5})
    assert "gaierror" in found["error"]
