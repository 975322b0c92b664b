# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world of its own: started by a command, found by its state file, ended by a signal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.tree import CHECKOUT

CLIENT = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


@contextmanager
def started(folder: Path, **settings: Any) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """With an environment that has no proxy, and no other way to find the collection than the checkout."""
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings))
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower() and not name.startswith(("AWS_", "PYTHON"))}
    command = [sys.executable, "-m", "simulator", "--world", str(folder)]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        state = json.loads((folder / "state.json").read_text()) if url else {}
        assert state.get("url", "") == url, "it is ready when it says where it is"
        yield process, state
    finally:
        process.kill()
        process.communicate()


def open_ports(state: dict[str, Any]) -> set[str]:
    found = set()
    for name, port in state["ports"].items():
        with socket.socket() as connection:
            connection.settimeout(10)
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                found.add(name)
    return found


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def test_a_world_from_its_start_to_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    (tmp_path / "kubeconfig").write_text("{}")
    settings = {
        "registry": "http://127.0.0.1:1",
        "kubeconfig": str(tmp_path / "kubeconfig"),
        "certificates": {"database": ["*.aaaaaaaaaa.eu-central-1.rds.amazonaws.com", "127.0.0.1"]},
    }
    with started(folder, **settings) as (process, state):
        assert (state["ready"], state["pid"]) == (True, process.pid)
        assert open_ports(state) == set(state["ports"]) == {"simulator", "proxy", "gate", "dns", "pull", "webhook"}
        assert {Path(each).exists() for each in state["certificates"]["database"].values()} == {True}
        client = subprocess.run(
            [sys.executable, "-c", CLIENT], env={**state["environment"], "AWS_REGION": "eu-central-1", "PATH": ""}, capture_output=True, text=True, check=True
        )
        assert client.stdout == "arn:aws:iam::123456789012:user/simulated\n"
        secret = Path(state["credentials_file"]).read_text().partition("aws_secret_access_key = ")[2].strip()
        assert secret
        readable = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
        assert not [path for path in readable if secret in path.read_text() or "PRIVATE KEY" in path.read_text()]
        # A connection that is open does not hold the end up.
        with socket.create_connection(("127.0.0.1", state["ports"]["proxy"])):
            assert ended(process) == (0, "")
    assert open_ports(state) == set()
    assert json.loads((folder / "state.json").read_text())["ready"] is False
    before, authority = state["ports"], Path(state["ca_file"]).read_text()
    with started(folder, **settings) as (process, state):
        assert state["ports"] == before, "a cluster that was made with the webhook's address finds it again"
        assert Path(state["ca_file"]).read_text() == authority
    with socket.create_server(("127.0.0.1", before["gate"])), started(folder, **settings) as (_, state):
        assert state["ports"]["gate"] != before["gate"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"place": {}}, "settings.json: it has place; there are"),
        ({"ports": {"dns": -1}}, "settings.json"),
        ({"images": {"ghcr.io/team/tool": "tool:v1"}}, "images has what is no repository@sha256"),
        ({"databases": "yes"}, "databases is true or false"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    with started(tmp_path / "world", **settings) as (process, _):
        _, text = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said in text
    assert "Traceback" not in text


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(tmp_path / "world", ports={"webhook": 0, "gate": port}) as (process, _):
            _, text = process.communicate(timeout=60)
    assert (process.returncode, text) == (2, f"simulator: gate can't listen on port {port} of 127.0.0.1: Address already in use; see ports in settings.json\n")
