# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Missing


def sh(script: str, **arguments: object) -> _command.Completed:
    return _command.run(["/bin/sh", "-c", script], deadline=10, **arguments)  # type: ignore[arg-type]


def eventually(true: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether there is such a process that is more than an entry waiting to be read."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_standard_output_is_the_result() -> None:
    assert sh("echo out; echo err >&2").stdout == "out\n"


def test_each_line_of_standard_error_is_heard_and_both_streams_are_logged(tmp_path: Path) -> None:
    heard: list[str] = []
    log = tmp_path / "log"
    sh("echo one >&2; echo out; echo two >&2", on_line=heard.append, log=log)
    assert heard == ["one", "two"]
    assert sorted(log.read_text().splitlines()) == ["one", "out", "two"]


def test_environment_and_folder_are_added(tmp_path: Path) -> None:
    assert sh('echo "$WORD $HOME" | cut -d" " -f1; pwd', env={"WORD": "hello"}, cwd=tmp_path).stdout == f"hello\n{tmp_path}\n"


def test_more_than_a_pipe_holds_goes_through_both_ways() -> None:
    content = b"x" * 2_000_000
    assert len(sh("cat", stdin=content).stdout) == len(content)


def test_a_program_need_not_read_its_input() -> None:
    assert sh("exec true", stdin=b"x" * 2_000_000).stdout == ""


@pytest.mark.parametrize(
    ("script", "status", "last"),
    [
        ("echo out; echo why >&2; exit 3", 3, ["why"]),
        ("echo only out; exit 4", 4, ["only out"]),
        ("kill -9 $$", -9, []),
        ("i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i >&2; done; exit 1", 1, [str(n) for n in range(21, 61)]),
    ],
)
def test_a_failure_carries_status_and_last_lines(script: str, status: int, last: list[str]) -> None:
    with pytest.raises(CommandFailed) as caught:
        sh(script)
    assert caught.value.facts["status"] == status
    assert caught.value.facts["last_lines"] == last
    assert caught.value.message.startswith(f"sh ended with status {status}: /bin/sh -c")


def test_the_deadline_ends_the_program_and_its_children() -> None:
    started = time.monotonic()
    with pytest.raises(CommandFailed, match=r"did not end within 0 s"):
        _command.run(["/bin/sh", "-c", "sleep 30 & wait"], deadline=0.05)
    assert time.monotonic() - started < 5


def test_a_missing_program_names_its_package() -> None:
    with pytest.raises(Missing, match="apt-get install no-such-package"):
        _command.find("no-such-program", "no-such-package")


def test_a_program_ends_with_who_started_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    shell = f"echo $$ >{pid}.new; mv {pid}.new {pid}; exec sleep 60"
    script = f"from {_command.__name__} import run; run(['/bin/sh', '-c', '{shell}'], deadline=60)"
    with subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as starter:
        eventually(pid.exists)
        starter.kill()
    eventually(lambda: not alive(int(pid.read_text())))


def test_a_machine_without_setpriv_starts_programs_as_they_are() -> None:
    assert _command.tethered(["true"], which=lambda _: None) == ["true"]


def test_podman_may_finish_what_it_began() -> None:
    assert _command.tethered(["/usr/bin/podman", "run"], which=lambda name: f"/usr/bin/{name}") == ["/usr/bin/podman", "run"]
    assert _command.tethered(["/usr/bin/buildah", "bud"], which=lambda name: f"/usr/bin/{name}")[0] == "/usr/bin/setpriv"
