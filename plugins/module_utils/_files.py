# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files written so that nobody ever reads half of one, not even after the machine lost its power."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write(path: Path, content: bytes | str, mode: int = 0o600) -> None:
    """Put ``content`` (text as UTF-8) in place by one rename. Until then, and with the default mode, nobody else can read it."""
    data = content.encode() if isinstance(content, str) else content
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as handle:
        fresh = Path(handle.name)
        try:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
            fresh.chmod(mode)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def make_private_folder(path: Path) -> None:
    """Make a folder, and the folders above that are not there, for this user alone (``mkdir`` gives the upper ones the umask's mode)."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


def write_if_different(path: Path, content: bytes | str, mode: int = 0o600) -> bool:
    """``write`` unless the file has this content already; whether it was written."""
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        pass
    write(path, data, mode)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else is in a block with the same path; the lock ends with the process."""
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
