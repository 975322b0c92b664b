# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is built from: a folder in git, its identity, and a copy of it that is the same on every machine."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._image import ignore

_DEADLINE = 60.0
_TAG_DIGITS = 12


@dataclass(frozen=True)
class Source:
    """What is built from a folder in git. ``revision`` is the last commit that touched it, ``epoch`` that commit's time in seconds.

    A commit elsewhere in the repository, or to what ``.containerignore`` leaves out, changes nothing of this. ``files`` are the paths
    that git tracks or would track and that are not left out; ``content`` is a digest (hex) over them.
    """

    path: Path
    revision: str
    epoch: int
    dirty: bool
    content: str
    url: str
    files: tuple[str, ...]

    @property
    def tag(self) -> str:
        """``sha-<commit>``, or ``dirty-<content>`` if the folder is not as any commit has it."""
        return f"dirty-{self.content[:_TAG_DIGITS]}" if self.dirty else f"sha-{self.revision[:_TAG_DIGITS]}"


def identify(path: Path, containerfile: str) -> Source:
    """Look at a folder. ``containerfile`` is a part of it, whatever is left out. ``InvalidInput`` if it is not there, not in git or not committed yet."""
    if not path.is_dir():
        raise InvalidInput(f"the source {path} is not a folder on this machine", path=str(path))
    try:
        _git(path, "rev-parse", "--show-toplevel")
    except CommandFailed as error:
        message = f"the source {path} is not in git, so its image could not be named by a commit; commit it first: git init, git add, git commit"
        raise InvalidInput(message, path=str(path), last_lines=error.facts.get("last_lines", [])) from error
    listed = _git(path, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", ".").split("\0")
    rules = ignore.read(path)
    left_out = {name for name in listed if name and name != containerfile and ignore.ignored(rules, name)}
    files = tuple(sorted(name for name in listed if name and name not in left_out and os.path.lexists(path / name)))
    wanted = ["--", ".", *(f":(exclude,literal){name}" for name in sorted(left_out))]
    last = _git(path, "log", "-1", "--format=%H %ct", *wanted).split() if _has_commit(path) else []
    if not last:
        raise InvalidInput(f"the source {path} has never been committed; commit it first: git add, git commit", path=str(path))
    dirty = bool(_git(path, "status", "--porcelain", "--untracked-files=all", *wanted).strip())
    return Source(path, last[0], int(last[1]), dirty, _content(path, files), _url(path), files)


def copy(source: Source, target: Path) -> None:
    """Copy the files that git knows, with modes 0644 and 0755 and the commit's time: nothing else of a checkout gets into an image."""
    for name in source.files:
        origin, copied = source.path / name, target / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_symlink():
            copied.symlink_to(origin.readlink())
        else:
            copied.write_bytes(origin.read_bytes())
            copied.chmod(0o755 if _executable(origin) else 0o644)
    for folder, _, names in os.walk(target, topdown=False):
        for name in (*names, ""):
            os.utime(Path(folder, name), (source.epoch, source.epoch), follow_symlinks=False)
        Path(folder).chmod(0o755)


def _content(path: Path, files: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in files:
        file = path / name
        kind = "l" if file.is_symlink() else "x" if _executable(file) else "f"
        data = str(file.readlink()).encode() if kind == "l" else file.read_bytes()
        digest.update(f"{kind} {name}\0".encode() + hashlib.sha256(data).digest())
    return digest.hexdigest()


def _executable(path: Path) -> bool:
    """As git sees it: the owner's bit, whatever the umask made of the rest."""
    return bool(path.stat().st_mode & stat.S_IXUSR)


def _has_commit(path: Path) -> bool:
    try:
        _git(path, "rev-parse", "--verify", "HEAD")
    except CommandFailed:
        return False
    return True


def _url(path: Path) -> str:
    """Where the repository comes from, without credentials; empty if it has no remote."""
    try:
        url = _git(path, "remote", "get-url", "origin").strip()
    except CommandFailed:
        return ""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ssh", "git"):
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return url if re.fullmatch(r"[\w.-]+@[\w.-]+:.*", url) else ""


def _git(path: Path, *arguments: str) -> str:
    # The checkout may belong to the user who started us with sudo; a monitor that it configures is not started.
    settings = ["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off"]
    return _command.run([_command.find("git", "git"), *settings, "-C", str(path), *arguments], deadline=_DEADLINE).stdout
