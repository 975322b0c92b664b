# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds cached by content, outside every checkout: the same inputs are built once on a machine.

Layout below the cache (``$XDG_CACHE_HOME/slipway``, XDG Base Directory Specification 0.8):

    <name>/<key>/       the finished artifact; appears by one rename, so it is whole or not there
    <name>/<key>.log    what the build printed
    <name>/<key>.lock   held while it is built: a second builder waits and then finds the artifact
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Build = Callable[[Path, Path], None]


def cache_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Where builds and downloads are kept: ``$XDG_CACHE_HOME/slipway`` or ``~/.cache/slipway``."""
    base = env.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path(env.get("HOME", "/root")) / ".cache") / "slipway"


@dataclass(frozen=True)
class Artifact:
    """A finished build: its folder, its key (hex) and whether this call built it, in how many seconds."""

    path: Path
    key: str
    built: bool
    seconds: float


def key_of(inputs: Mapping[str, str]) -> str:
    """The key of a build: 16 hex digits over the names and values of everything that goes into it."""
    digest = hashlib.sha256()
    for name in sorted(inputs):
        digest.update(f"{name}\0{inputs[name]}\0".encode())
    return digest.hexdigest()[:16]


def tree_digest(root: Path) -> str:
    """SHA-256 (hex) over relative paths, executable bits and contents of the files below ``root``; links by target."""
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_symlink() or p.is_file()):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            digest.update(f"l {name}\0{path.readlink()}\0".encode())
        else:
            mode = "x" if os.access(path, os.X_OK) else "f"
            digest.update(f"{mode} {name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def ensure(cache: Path, name: str, inputs: Mapping[str, str], build: Build, on_wait: Callable[[], None] = lambda: None) -> Artifact:
    """The artifact of these inputs, built by ``build(folder, log)`` if the cache does not have it.

    ``on_wait`` is called once if another process is building the same artifact. An interrupted build leaves nothing
    that a later call would take for finished.
    """
    key = key_of(inputs)
    home = cache / name
    done = home / key
    if done.is_dir():
        return Artifact(done, key, False, 0.0)
    home.mkdir(parents=True, exist_ok=True)
    with _locked(home / f"{key}.lock", on_wait):
        if done.is_dir():
            return Artifact(done, key, False, 0.0)
        started = time.monotonic()
        log = home / f"{key}.log"
        log.write_text("")
        folder = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=home))
        try:
            build(folder, log)
            folder.rename(done)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Artifact(done, key, True, time.monotonic() - started)


@contextmanager
def _locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
