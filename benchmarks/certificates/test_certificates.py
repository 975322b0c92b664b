# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the benchmark needs no other tool: what it asks for, how it counts, what it prints."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from certificates import measure, servers, tools, worker
from certificates.servers import Servers, Target
from certificates.tools import Run


def test_targets(tmp_path: Path) -> None:
    with subprocess.Popen(["true"], text=True) as process:
        running = Servers(1, 2, tmp_path, process)
    assert running.targets(2) == [Target(1, "h0.bench.test"), Target(1, "h1.bench.test")]
    assert sum(target.port == 2 for target in running.targets(1000, 20)) == 50
    assert len({target.name for target in running.targets(1000, 20)}) == 1000


def test_a_dead_port_does_not_answer() -> None:
    with servers._dead() as port, socket.socket() as client:
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.connect(("127.0.0.1", port))


def test_the_worker_asks_for_what_the_module_would(tmp_path: Path) -> None:
    asked = worker.request(tools.arguments([Target(443, "h0.bench.test")], tmp_path / "root.pem"))
    (endpoint,) = asked.endpoints
    assert (endpoint.host, endpoint.port, endpoint.server_name, endpoint.peer) == ("127.0.0.1", 443, "h0.bench.test", "h0.bench.test")
    (part,) = worker.request({"kubernetes": [{"kubeconfig": "/k", "config_maps": False}]}).kubernetes
    assert (part.kubeconfig, part.secrets, part.config_maps) == ("/k", True, False)


def test_the_worker_says_how_it_went(tmp_path: Path) -> None:
    found = tools.worker({"files": [str(tmp_path / "absent.pem")], "verify": False}, tmp_path)
    assert found["verdicts"] == {"unknown": 1}
    assert found["seconds"] > 0
    assert json.dumps(found)


def test_the_rate_is_that_of_the_living() -> None:
    assert Run(10, 950, 0.5).rate == 1900
    assert Run(10, 950).rate == 95


def test_goals() -> None:
    measured = [
        ("certificate_expiry_info", False, [Run(1, 1000), Run(1, 1400), Run(1, 1500)]),
        ("certificate_expiry_info", True, [Run(1, 1300)]),
        ("Go", False, [Run(1, 1500)]),
        ("get_certificate", False, [Run(10, 19)]),
    ]
    found = {goal.name: goal.met for goal in measure.goals(measured, {"5000 PEM files": {"seconds": 2.5}, "10000 Secrets": {"memory": 63 << 20}})}
    assert found == {
        "servers a second": True,
        "servers a second beside Go": False,
        "times get_certificate": True,
        "of that with 5 % dead, percent": True,
        "5000 PEM files, seconds": False,
        "10000 Secrets, MiB": True,
    }


def test_tables() -> None:
    assert measure.table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert "| Go | 1500 | - | - |" in measure.rate_table([("Go", False, [Run(1, 1500)])])
    assert "| get_certificate | 1.9 | - | - |" in measure.rate_table([("get_certificate", False, [Run(10, 19)])])
