# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files by shell patterns, and their content in one piece.

Not ``glob``: that passes over folders which it may not read, and what can't be read must not look like what is not there.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

LARGEST = 32 << 20
_TRIES = 5
_MAGIC = re.compile(r"[*?\[]")


class Unreadable(Exception):
    """``code``: one of ``model.CODES``; the text says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def is_pattern(path: str) -> bool:
    return bool(_MAGIC.search(path))


def matching(pattern: str) -> Iterator[Path | OSError]:
    """The paths that match, in order, and an error for each folder that could not be looked into.

    ``*``, ``?`` and ``[…]`` within a name, ``**`` for any number of folders. As in a shell names that begin with a dot must be asked for so.
    Links to folders are followed where a pattern names them, and not by ``**``, which would run in circles.
    """
    path = Path(pattern)
    return _below(Path(path.anchor or "."), path.parts[1 if path.anchor else 0 :])


def _below(folder: Path, parts: Sequence[str]) -> Iterator[Path | OSError]:
    if not parts:
        yield folder
    elif parts[0] == "**":
        yield from _below(folder, parts[1:] or ("*",))
        for path in _inside(folder, "*"):
            if isinstance(path, OSError):
                yield path
            elif is_folder(path, follow=False):
                yield from _below(path, parts)
    elif is_pattern(parts[0]):
        for path in _inside(folder, parts[0]):
            if isinstance(path, OSError):
                yield path
            elif len(parts) == 1 or is_folder(path):
                yield from _below(path, parts[1:])
    else:
        path = folder / parts[0]
        if len(parts) > 1 or is_there(path):
            yield from _below(path, parts[1:])


def is_there(path: Path) -> bool:
    """Whether there is something of this name. What can't be known counts as there, so that reading it says why."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True


def is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def is_folder(path: Path, follow: bool = True) -> bool:
    try:
        return stat.S_ISDIR(path.stat(follow_symlinks=follow).st_mode)
    except OSError:
        return False


def _inside(folder: Path, pattern: str) -> Iterator[Path | OSError]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield error
        return
    fits = re.compile(fnmatch.translate(pattern)).match
    yield from (folder / name for name in names if fits(name) and (not name.startswith(".") or pattern.startswith(".")))


def content(path: Path) -> bytes:
    """The content of a file, which is opened once: whatever a link points to a moment later, this is one file. Raises ``Unreadable``.

    A file that is written while it is read is read again, so that nobody sees half of one certificate and half of another.
    """
    for _ in range(_TRIES):
        data = _once(path)
        if data is not None:
            return data
    raise Unreadable("unreadable", f"it was written {_TRIES} times while it was read; try again when that is done")


def _once(path: Path) -> bytes | None:
    try:
        # Opening a pipe would wait for its other end; a terminal must not become ours.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        text = "it is a link to what is not there" if is_there(path) else "there is no such file"
        raise Unreadable("missing", text) from None
    except OSError as error:
        raise Unreadable("unreadable", f"it can't be read: {error.strerror}") from None
    try:
        before = os.fstat(handle)
        if stat.S_ISDIR(before.st_mode):
            raise Unreadable("unreadable", f"it is a folder; write {path}/* for the files in it, {path}/** for those in its folders too")
        if not stat.S_ISREG(before.st_mode):
            raise Unreadable("unreadable", "it is no file, but a pipe, a socket or a device")
        data = os.read(handle, before.st_size + 1) if before.st_size < LARGEST else b""
        while before.st_size < len(data) <= LARGEST and (more := os.read(handle, LARGEST)):
            data += more
        after = os.fstat(handle)
    except OSError as error:
        raise Unreadable("unreadable", f"it can't be read: {error.strerror}") from None
    finally:
        os.close(handle)
    if max(before.st_size, len(data)) > LARGEST:
        raise Unreadable("unreadable", f"it is larger than {LARGEST >> 20} MiB, so it is no certificate")
    return data if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size) else None
