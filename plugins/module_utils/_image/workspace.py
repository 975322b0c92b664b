# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where images are built: a folder for each build, and nothing left of builds that were killed."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command

_PREFIX = "build-"
_DEADLINE = 120.0


@contextmanager
def workspace(cache: Path, environment: Callable[[], Mapping[str, str]]) -> Iterator[Path]:
    """An empty folder that is removed afterwards. ``environment`` is what buildah runs with, and says whose containers are cleared."""
    home = cache / "builds"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # another build is going on, and what lies here may be its
        else:
            _clear(home, environment())
        fcntl.flock(lock, fcntl.LOCK_SH)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _clear(home: Path, environment: Mapping[str, str]) -> None:
    for left in home.glob(f"{_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    # The storage is this project's own, so every working container in it belongs to a build.
    _command.run([_command.find("buildah", "buildah"), "rm", "--all"], deadline=_DEADLINE, env=environment)
