# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator of its own: started by a command, told what to do by a file and over HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from support.tree import CHECKOUT

from simulator.__main__ import main
from simulator.clock import ScaledClock


@contextmanager
def started(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "simulator", *options]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def control(url: str, name: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(f"{url}/_simulator/{name}", json.dumps(body).encode() if body is not None else None, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def ecr(url: str, **config: Any) -> Any:
    keys = {"aws_access_key_id": "AKIASIMULATOR0000001", "aws_secret_access_key": "simulated/simulated/simulated/simulated0"}
    return boto3.client("ecr", endpoint_url=url, region_name="eu-central-1", config=Config(retries={"total_max_attempts": 1}, **config), **keys)


def test_a_process(tmp_path: Path) -> None:
    log, faults = tmp_path / "calls.jsonl", tmp_path / "faults.json"
    faults.write_text(json.dumps([{"kind": "throttled", "service": "ecr"}]))
    with started("--log", str(log), "--faults", str(faults), "--account", "210987654321", "--speed", "60") as (url, process):
        with pytest.raises(ClientError, match="Rate exceeded"):
            ecr(url).describe_repositories()
        assert "210987654321.dkr.ecr.eu-central-1" in ecr(url).create_repository(repositoryName="orders")["repository"]["repositoryUri"]
        assert control(url, "counts") == (200, {"ecr DescribeRepositories": 1, "ecr CreateRepository": 1})
        assert control(url, "writes") == (200, {"ecr Repository orders": ["CreateRepository"]})
        assert [json.loads(line)["error"] for line in log.read_text().splitlines()] == ["ThrottlingException", ""]
        assert control(url, "faults", "POST", [{"kind": "late"}])[0] == 400
        assert control(url, "faults", "POST", [{"kind": "failed", "times": None}])[0] == 200
        with pytest.raises(ClientError, match="InternalFailure"):
            ecr(url).describe_repositories()
        assert control(url, "faults", "DELETE") == (200, [])
        ecr(url).describe_repositories()
        assert control(url, "reset", "POST") == (200, {})
        assert ecr(url).describe_repositories()["repositories"] == []
        assert control(url, "nothing")[0] == 404
        assert control(url, "")[1]["account_id"] == "210987654321"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_violations_are_its_status() -> None:
    with started() as (url, process):
        with pytest.raises(ClientError):
            ecr(url, parameter_validation=False).create_repository()
        assert control(url, "violations") == (200, ["request: ecr CreateRepository repositoryName is missing"])
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (1, "simulator: request: ecr CreateRepository repositoryName is missing\n")


def test_faults_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "faults.json").write_text('[{"kind": "late"}]')
    assert main(["--faults", str(tmp_path / "faults.json")]) == 2
    said = "a fault's kind is one of throttled, failed, error, absent, expired, unrecognized, dropped, lost, fails_later; not 'late'"
    assert capsys.readouterr() == ("", f"simulator: {tmp_path}/faults.json: {said}\n")


def test_a_clock_that_runs_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    clock = ScaledClock(60, datetime(2026, 11, 21, 12, tzinfo=UTC))
    monkeypatch.setattr(time, "monotonic", lambda: 109.5)
    assert clock.now() == datetime(2026, 11, 21, 12, 9, 30, tzinfo=UTC)
