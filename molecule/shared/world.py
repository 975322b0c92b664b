# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated AWS of the scenarios, with their cluster behind it.

world.py start <folder> <podman network> <kubeconfig>    it runs when this ends; nothing happens if it runs already
world.py stop <folder>                                   it is gone, and its folder too
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "collections"), str(CHECKOUT)]

import boto3  # noqa: E402  the path is set above
from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _podman  # noqa: E402

_SPEED = "60"  # so many minutes of AWS are one here
_PATIENCE = 60.0  # seconds


def start(folder: Path, network: str, kubeconfig: str) -> None:
    if _state(folder).get("ready") and _runs(folder):
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "state.json").unlink(missing_ok=True)
    (folder / "settings.json").write_text(json.dumps({"address": gateway(network), "kubeconfig": kubeconfig}))
    with (folder / "log").open("wb") as log:
        argv = [sys.executable, "-m", "simulator", "--world", str(folder), "--speed", _SPEED, "--log", str(folder / "calls.jsonl")]
        process = subprocess.Popen(argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    ends = time.monotonic() + _PATIENCE
    while not _state(folder).get("ready"):
        if process.poll() is not None or time.monotonic() > ends:
            sys.exit(f"the simulator is not ready: {(folder / 'log').read_text()[-2000:]}")
        time.sleep(0.2)
    team(_state(folder), folder)
    print("started")


def team(state: dict[str, Any], folder: Path) -> None:
    """A role for people, as an account has before anybody makes a cluster."""
    os.environ |= {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"), "AWS_EC2_METADATA_DISABLED": "true"}
    account = boto3.client("sts", endpoint_url=state["url"], region_name="eu-central-1").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    boto3.client("iam", endpoint_url=state["url"], region_name="eu-central-1").create_role(RoleName="Team", AssumeRolePolicyDocument=document)


def stop(folder: Path) -> None:
    if _runs(folder):
        os.kill(_state(folder)["pid"], signal.SIGTERM)
        ends = time.monotonic() + _PATIENCE
        while _runs(folder):
            if time.monotonic() > ends:
                sys.exit("the simulator does not end")
            time.sleep(0.2)
    shutil.rmtree(folder, ignore_errors=True)


def gateway(network: str) -> str:
    """The address of this machine on a network of podman's."""
    env = os.environ | _podman.environment(_artifacts.cache_dir())
    told = subprocess.run(["podman", "network", "inspect", network], check=True, capture_output=True, text=True, timeout=60, env=env).stdout
    return str(json.loads(told)[0]["subnets"][0]["gateway"])


def _state(folder: Path) -> dict[str, Any]:
    file = folder / "state.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return found


def _runs(folder: Path) -> bool:
    """Whether the process that wrote the state is still that one."""
    try:
        words = Path(f"/proc/{_state(folder).get('pid', 0)}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return False
    return str(folder).encode() in words


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
