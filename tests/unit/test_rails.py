# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What everything runs on: the commands, the packages, and what a machine that lacks something is told."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.tree import CHECKOUT, load_yaml, project_files, relative

BOOTSTRAP = CHECKOUT / "scripts/bootstrap"


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", (CHECKOUT / name).read_text(), re.MULTILINE))


def bounds(name: str) -> list[str]:
    return [line for line in (CHECKOUT / name).read_text().splitlines() if line and not line.startswith(("#", "-r"))]


def debian_packages() -> dict[str, str]:
    """Group by package."""
    lines = [line.split() for line in bounds("scripts/debian-packages.txt")]
    return {package: group for package, group, *_ in lines}


# --- packages


def test_what_is_tested_is_what_runs() -> None:
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    different = {name: (version, development.get(name)) for name, version in runtime.items() if development.get(name) != version}
    assert not different, f"requirements.lock and requirements-dev.lock differ: {different}; run make lock"


@pytest.mark.parametrize(("requirements", "lock"), [("requirements.txt", "requirements.lock"), ("requirements-dev.txt", "requirements-dev.lock")])
def test_every_requirement_has_a_lower_bound_and_a_pin(requirements: str, lock: str) -> None:
    names = [re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=[\d.]+", line) for line in bounds(requirements)]
    assert all(names), f"{requirements}: only lower bounds, name>=version"
    missing = {name[1].lower() for name in names if name} - {name.lower() for name in pins(lock)}
    assert not missing, f"{lock} does not pin {', '.join(sorted(missing))}; run make lock"


def test_an_execution_environment_gets_the_same() -> None:
    assert bounds("meta/ee-requirements.txt") == [line for line in bounds("requirements.txt") if not line.startswith("ansible-core")]
    system = [line.removesuffix(" [platform:dpkg]") for line in bounds("meta/ee-bindep.txt")]
    assert system == [package for package, group in debian_packages().items() if group != "python"]


def test_every_program_that_is_looked_for_is_installed() -> None:
    essential = {"apt", "dpkg"}
    wanted = {
        f"playbooks/vars.yml ({program})": package for program, package in load_yaml(CHECKOUT / "playbooks/vars.yml").get("__slipway_programs", {}).items()
    }
    for path in project_files():
        if relative(path).startswith("plugins/") and path.suffix == ".py":
            wanted |= {f"{relative(path)} ({program})": package for program, package in re.findall(r'find\("([\w-]+)", "([\w-]+)"\)', path.read_text())}
    python = {name.removeprefix("anchore-") for name in pins("requirements.lock")}
    missing = {where: package for where, package in wanted.items() if package not in {*debian_packages(), *essential, *python}}
    assert not missing, f"scripts/debian-packages.txt lacks {missing}"


# --- commands


def test_help_lists_every_target() -> None:
    text = (CHECKOUT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)) - {"machine python"}
    shown = subprocess.run(["make", "--no-print-directory", "help"], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=20).stdout
    assert {line.split()[1] for line in shown.splitlines()} == targets


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"slipway_{name}", CHECKOUT / f"scripts/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


PYTEST = """...
FAILED tests/a.py::test_a[two words] - assert 1 == 2
FAILED tests/b.py::test_b
ERROR tests/c.py - ImportError
2 failed, 10 passed, 1 error in 0.10s
"""
RECAP = """kind ➜ verify: Executed: Failed
SCENARIO RECAP
default                   : actions=1  successful=1  disabled=0  skipped=0  missing=0  failed=0
kind                      : actions=6  successful=4  disabled=0  skipped=0  missing=1  failed={failed}
default                   : actions=1  successful=1  disabled=0  skipped=0  missing=0  failed=0
"""


@pytest.mark.parametrize(
    ("count", "output", "status", "expected"),
    [
        ("count_pytest", "...\n12 passed, 1 skipped in 0.10s\n", 0, (12, [])),
        ("count_pytest", PYTEST, 1, (10, ["tests/a.py::test_a[two words]", "tests/b.py::test_b", "tests/c.py"])),
        ("count_pytest", "INTERNALERROR\n", 3, (0, ["ended with status 3"])),
        ("count_lint", "lint: 8 checks passed\n", 0, (8, [])),
        ("count_lint", "...\nlint: failed: ruff mypy\n", 1, (0, ["ruff", "mypy"])),
        ("count_lint", "", 127, (0, ["ended with status 127"])),
        ("count_molecule", RECAP.format(failed=0), 0, (2, [])),
        ("count_molecule", RECAP.format(failed=1), 1, (1, ["kind"])),
        ("count_molecule", "no cluster", 1, (0, ["ended with status 1"])),
        ("count_one", "", 0, (1, [])),
        ("count_one", "", 4, (0, ["ended with status 4"])),
    ],
)
def test_results_are_counted_and_no_failure_is_lost(count: str, output: str, status: int, expected: tuple[int, list[str]]) -> None:
    assert getattr(script("test"), count)(output, status) == expected


@pytest.mark.parametrize(
    ("markup", "markdown"),
    [
        ("Set O(name) to V(a(b\\)) or C(x|y).", "Set `name` to `a(b\\)` or `x|y`."),
        (
            "See M(slipway.platform.release), L(the spec,https://spec.test/) and B(mind) I(this).",
            "See `slipway.platform.release`, [the spec](https://spec.test/) and **mind** *this*.",
        ),
    ],
)
def test_ansible_markup_becomes_markdown(markup: str, markdown: str) -> None:
    assert script("docs").markdown(markup) == markdown


# --- bootstrap: what a machine that lacks something is told


def bootstrap(tmp_path: Path, *arguments: str, programs: dict[str, str] | None = None, uid: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/bootstrap where only basic programs and ``programs`` (name: shell script) exist."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    for name in ("awk", "bash", "cat", "cut", "dirname", "env", "flock", "grep", "ln", "mkdir", "readlink", "rm", "sed", "sha256sum", "tail", "touch"):
        if not (folder / name).exists():
            (folder / name).symlink_to(next(Path(path) / name for path in os.defpath.split(":") if (Path(path) / name).exists()))
    for name, script in ({"id": f"echo {uid}"} | (programs or {})).items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    copy = tmp_path / "checkout"
    if not copy.exists():
        (copy / "scripts").mkdir(parents=True)
        for name in ("scripts/bootstrap", "scripts/debian-packages.txt", "requirements-dev.lock"):
            (copy / name).symlink_to(CHECKOUT / name)
    return subprocess.run(
        ["bash", str(copy / "scripts/bootstrap"), *arguments],
        env={"PATH": str(folder), "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# dpkg-query as on a machine with these packages.
def dpkg(*installed: str) -> dict[str, str]:
    return {"dpkg-query": "\n".join(f"echo 'ii  {package}'" for package in installed), "apt-get": 'echo "$@" >>"$HOME/apt"; exit ${APT_STATUS:-0}'}


EVERYTHING = dpkg(*debian_packages())
OLD_PYTHON = {"python3": 'case "$*" in *ensurepip*) echo 3.9.2 >&2; exit 1;; esac; echo "Python 3.9.2"'}


def test_missing_packages_are_installed_in_one_call(tmp_path: Path) -> None:
    done = bootstrap(tmp_path, programs=dpkg(*(set(debian_packages()) - {"podman", "runc"})) | OLD_PYTHON, SLIPWAY_PYTHON="/nowhere")
    calls = (tmp_path / "apt").read_text().splitlines()
    assert len(calls) == 2, done.stderr
    assert calls[0].endswith("update")
    assert calls[1].endswith("install --yes --no-install-recommends podman runc")


def test_nothing_is_installed_where_nothing_is_missing(tmp_path: Path) -> None:
    bootstrap(tmp_path, programs=EVERYTHING | OLD_PYTHON, SLIPWAY_PYTHON="/nowhere")
    assert not (tmp_path / "apt").exists()


def test_who_is_not_root_is_told_what_to_type(tmp_path: Path) -> None:
    done = bootstrap(tmp_path, programs=dpkg(*(set(debian_packages()) - {"podman", "runc"})), uid=1000)
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install --yes --no-install-recommends podman runc" in done.stderr
    assert not (tmp_path / "apt").exists()


def test_a_silent_debian_registry_is_named(tmp_path: Path) -> None:
    done = bootstrap(tmp_path, programs=dpkg(), APT_STATUS="100")
    assert done.returncode == 1
    assert "Debian's package registry did not answer" in done.stderr
    assert "/etc/apt/sources.list" in done.stderr


@pytest.mark.parametrize("programs", [{}, {"dpkg-query": "exit 0"}], ids=["none of Debian's programs", "dpkg and no apt"])
def test_another_system_is_told_what_it_lacks(tmp_path: Path, programs: dict[str, str]) -> None:
    done = bootstrap(tmp_path, programs={"git": "exit 0"} | programs)
    assert done.returncode == 1
    assert "this is not Debian, and these programs are missing: podman" in done.stderr
    assert "git" not in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("programs", "chosen", "said"),
    [
        (OLD_PYTHON, "python3", "(3.9.2)"),
        (OLD_PYTHON, "/nowhere/python", "found: none"),
        ({"python3": "echo 'pyenv: python3: command not found' >&2; exit 127"}, "python3", "command not found"),
        ({"python3": "exit 0"}, "python3", "python3 ()"),
    ],
    ids=["too old", "none", "a shim with nothing behind it", "no Python at all"],
)
def test_an_unusable_python_is_named_with_what_to_do(tmp_path: Path, programs: dict[str, str], chosen: str, said: str) -> None:
    done = bootstrap(tmp_path, "python", programs=EVERYTHING | programs, SLIPWAY_PYTHON=chosen)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert said in done.stderr
    assert "SLIPWAY_PYTHON=/path/to/python3" in done.stderr


# A Python whose venv is this stand-in itself, and whose pip answers as told.
FAKE_PYTHON = """
case "$*" in
  *ensurepip*) echo "$0";;
  *platform*) echo one;;
  "-m venv "*) mkdir -p "$3/bin"; ln -sf "$0" "$3/bin/python"; ln -sf "$(dirname "$0")/uv" "$3/bin/uv";;
  "-m pip config"*) echo "global.index-url='https://user:planted@mirror.test/simple'";;
  "-m pip install"*) [ -z "${PIP_SAYS:-}" ] || { echo "$PIP_SAYS"; exit 1; };;
esac
"""
WORKING = EVERYTHING | {"python3": FAKE_PYTHON, "uv": 'echo "$@ $UV_DEFAULT_INDEX" >>"$HOME/uv"'}


def test_a_silent_package_registry_is_named_without_its_password(tmp_path: Path) -> None:
    says = "ERROR: connection to https://user:planted@mirror.test/simple/uv/ timed out"
    done = bootstrap(tmp_path, "python", programs=WORKING, SLIPWAY_PYTHON="python3", PIP_SAYS=says)
    assert done.returncode == 1
    assert "the Python package registry https://mirror.test/simple did not answer" in done.stderr
    assert "planted" not in done.stderr
    assert not (tmp_path / "checkout/.venv").exists()


def test_a_full_disk_is_not_taken_for_a_silent_registry(tmp_path: Path) -> None:
    says = "error: Failed to download x; failed to write to file: No space left on device (os error 28)"
    done = bootstrap(tmp_path, "python", programs=WORKING, SLIPWAY_PYTHON="python3", PIP_SAYS=says)
    assert done.returncode == 1
    assert "no room left on a disk" in done.stderr
    assert "XDG_CACHE_HOME" in done.stderr
    assert "did not answer" not in done.stderr


def test_an_environment_is_made_once_linked_and_made_again_after_an_interruption(tmp_path: Path) -> None:
    def run() -> int:
        done = bootstrap(tmp_path, "python", programs=WORKING, SLIPWAY_PYTHON="python3")
        assert done.returncode == 0, done.stderr
        return len((tmp_path / "uv").read_text().splitlines())

    assert run() == 1
    environment = (tmp_path / "checkout/.venv").resolve()
    assert environment.parent == tmp_path / "cache/slipway/venv"
    assert run() == 1, "a finished environment was made again"
    (environment / ".complete").unlink()
    assert run() == 2, "an unfinished environment was taken for a finished one"


def test_uv_uses_the_mirror_that_pip_was_told_about(tmp_path: Path) -> None:
    bootstrap(tmp_path, "python", programs=WORKING, SLIPWAY_PYTHON="python3")
    assert "https://user:planted@mirror.test/simple" in (tmp_path / "uv").read_text()


def test_a_folder_of_someone_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "checkout/scripts").mkdir(parents=True)
    for name in ("scripts/bootstrap", "scripts/debian-packages.txt", "requirements-dev.lock"):
        (tmp_path / "checkout" / name).symlink_to(CHECKOUT / name)
    (tmp_path / "checkout/.venv").mkdir()
    done = bootstrap(tmp_path, "python", programs=WORKING, SLIPWAY_PYTHON="python3")
    assert done.returncode == 1
    assert "is not a link" in done.stderr
