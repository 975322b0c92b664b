# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Busy, Denied
from ansible_collections.slipway.platform.plugins.module_utils._lock import holder_of, take


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_living_holder_is_named_with_what_to_do(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    take(tmp_path / "lock", other.pid, "environment local")
    with pytest.raises(Busy) as caught:
        take(tmp_path / "lock", os.getpid(), "environment local")
    assert f"process {other.pid}" in caught.value.message
    assert f"kill {other.pid}" in caught.value.message


def test_the_holder_may_take_it_again(tmp_path: Path) -> None:
    take(tmp_path / "lock", os.getpid(), "environment local")
    take(tmp_path / "lock", os.getpid(), "environment local")
    assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_a_killed_holder_does_not_block(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    take(tmp_path / "lock", other.pid, "environment local")
    other.kill()
    other.wait()
    take(tmp_path / "lock", os.getpid(), "environment local")
    assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_a_reused_process_id_is_another_process(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    holder = holder_of(other.pid)
    assert holder is not None
    (tmp_path / "lock").write_text(json.dumps({"pid": other.pid, "started": holder.started - 1, "command": "an earlier run"}))
    take(tmp_path / "lock", os.getpid(), "environment local")
    assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_what_a_crash_left_behind_holds_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "lock").write_text(content)
    take(tmp_path / "lock", os.getpid(), "environment local")
    assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_a_lock_that_cannot_be_written_is_named_with_what_to_do() -> None:
    with pytest.raises(Denied, match=r"lock of environment dev, /sys/lock \(.+\): run it as root"):
        take(Path("/sys/lock"), os.getpid(), "environment dev")
