# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A root file system as one image layer whose bytes depend on nothing but its content.

Sorted entries, numeric owners, no time later than the given one, no devices, gzip without a time (OCI image specification 1.1,
"Image Layer Filesystem Changeset").
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol, cast

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest

_LEVEL = 6
_XATTR = "SCHILY.xattr."  # file capabilities, as pax headers

# Left by the builder or of use only to people on a terminal; copyright files stay, since licences ask for it.
TRIM: tuple[str, ...] = (
    "dev/*",
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*",
    "etc/hostname",
    "etc/machine-id",
    "etc/resolv.conf",
    "proc/*",
    "run/*",
    "sys/*",
    "tmp/*",
    "usr/share/bash-completion",
    "usr/share/bug",
    "usr/share/doc-base",
    "usr/share/doc/*/!copyright",
    "usr/share/info/*",
    "usr/share/lintian",
    "usr/share/locale/*",
    "usr/share/man/*",
    "usr/share/menu",
    "usr/share/pixmaps",
    "var/cache/*",
    "var/lib/apt/lists/*",
    "var/lib/dpkg/*-old",
    "var/log/*",
)
# What else a package brings for a running init, a package manager or an administrator: a distroless image has none of them.
TRIM_DISTROLESS: tuple[str, ...] = (
    "etc/apt",
    "etc/cron.*",
    "etc/default",
    "etc/dpkg",
    "etc/fstab",
    "etc/init.d",
    "etc/logrotate.d",
    "lib/systemd",
    "usr/lib/systemd",
    "usr/lib/tmpfiles.d",
    "usr/share/base-files",
    "usr/share/debconf",
    "usr/share/gcc",
    "usr/share/gdb",
    "var/lib/apt",
    "var/lib/dpkg/!status.d",
    "var/lib/systemd",
    "var/mail",
    "var/spool",
)


@dataclass(frozen=True)
class Entry:
    """Something added to the layer: a file (content), a directory (content None) or a symbolic link (target)."""

    path: str
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    content: bytes | None = None
    target: str | None = None


@dataclass(frozen=True)
class Layer:
    """A finished layer: the compressed file, its digest and size in bytes, and the digest of the tar inside (``diff_id``)."""

    path: Path
    digest: Digest
    size: int
    diff_id: Digest


@dataclass
class _Tree:
    """The wanted entries by path; hard links are gathered by the path that holds their content."""

    source: tarfile.TarFile
    entries: dict[str, tarfile.TarInfo] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    holders: dict[str, tarfile.TarInfo] = field(default_factory=dict)

    def read(self) -> None:
        for info in self.source:
            path = info.name.removeprefix("./").strip("/")
            info.name = path
            if path and not (info.ischr() or info.isblk() or info.isfifo()):
                self.entries[path] = info
            if info.isreg():
                self.holders[path] = info
            elif info.islnk():
                info.linkname = info.linkname.removeprefix("./")
                if info.linkname in self.holders:
                    self.holders[path] = self.holders[info.linkname]

    def remove(self, patterns: Iterable[str]) -> None:
        matches = matcher([self._resolve(pattern.strip("/")) for pattern in patterns])
        for path in [path for path in self.entries if matches(path)]:
            del self.entries[path]

    def add(self, entry: Entry, time: int) -> None:
        """Put an entry in; a symbolic link of the tree on its way (merged /usr) is followed."""
        path = self._resolve(entry.path.strip("/"))
        for parent in _parents(path):
            self.entries.setdefault(parent, _info(Entry(parent, 0o755), time))
        self.entries[path] = _info(entry, time, path)
        self.contents.pop(path, None)
        self.holders.pop(path, None)
        if entry.content is not None:
            self.contents[path] = entry.content

    def _resolve(self, path: str) -> str:
        first, slash, rest = path.partition("/")
        link = self.entries.get(first)
        return f"{link.linkname.strip('/')}/{rest}" if slash and link is not None and link.issym() else path

    def write(self, output: IO[bytes], latest: int, fixed: bool) -> None:
        written: dict[int, str] = {}
        with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(self.entries, key=lambda p: p.split("/")):
                info = self.entries[path]
                holder = self.holders.get(path)
                plain = tarfile.TarInfo(path)
                plain.mode, plain.uid, plain.gid = info.mode, info.uid, info.gid
                plain.mtime = latest if fixed else min(int(info.mtime), latest)
                plain.pax_headers = {name: value for name, value in info.pax_headers.items() if name.startswith(_XATTR)}
                plain.type, plain.linkname = info.type, info.linkname
                if holder is None:
                    data = self.contents.get(path, b"")
                    plain.size = len(data)
                    tar.addfile(plain, io.BytesIO(data))
                elif holder.offset_data in written and holder.size:
                    plain.type, plain.linkname = tarfile.LNKTYPE, written[holder.offset_data]
                    tar.addfile(plain)
                else:
                    written[holder.offset_data] = path
                    plain.type, plain.linkname, plain.size = tarfile.REGTYPE, "", holder.size
                    tar.addfile(plain, self.source.extractfile(holder))


def compose(root: Path, target: Path, *, remove: Sequence[str], entries: Sequence[Entry], epoch: int) -> Layer:
    """Write the layer of the tar ``root`` to ``target``, without what ``remove`` matches and with ``entries`` on top."""
    with tarfile.open(root) as source:
        tree = _Tree(source)
        tree.read()
        tree.remove(remove)
        for entry in entries:
            tree.add(entry, epoch)
        return _pack(tree, target, epoch)


def repack(source: Path, target: Path, epoch: int) -> Layer:
    """Write a layer (a plain tar) anew: sorted, with this time on everything. White-outs are files like any other."""
    with tarfile.open(source) as opened:
        tree = _Tree(opened)
        tree.read()
        return _pack(tree, target, epoch, fixed=True)


def _pack(tree: _Tree, target: Path, epoch: int, fixed: bool = False) -> Layer:
    with target.open("wb") as raw:
        outer = _Hashing(raw)
        with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=outer, mtime=0) as packed:
            inner = _Hashing(packed)
            tree.write(cast(IO[bytes], inner), epoch, fixed)
    return Layer(target, outer.value, outer.size, inner.value)


def matcher(patterns: Iterable[str]) -> Callable[[str], object]:
    """Tells whether a path or a folder above it matches one of the shell patterns.

    ``*`` stays within one part of a path, ``**`` does not; a last part ``!name`` means everything in that folder but ``name``.
    """
    return re.compile("|".join(f"(?:{_regex(pattern.strip('/'))})(?:/.*)?" for pattern in patterns) or r"(?!)").fullmatch


def _regex(pattern: str) -> str:
    folder, _, last = pattern.rpartition("/")
    if last.startswith("!"):
        return f"{_regex(folder)}/(?!{re.escape(last[1:])}(?:/|$))[^/]+"
    parts = [".*" if part == "**" else re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") for part in pattern.split("/")]
    return "/".join(parts)


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _info(entry: Entry, time: int, path: str | None = None) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path or entry.path)
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.uid, entry.gid, time
    if entry.target is not None:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
    elif entry.content is None:
        info.type = tarfile.DIRTYPE
    return info


def owner(text: str) -> tuple[int, int]:
    """``uid:gid`` as numbers: names mean nothing before the image runs."""
    uid, colon, gid = text.partition(":")
    if not colon or not uid.isdigit() or not gid.isdigit():
        raise InvalidInput(f"{text!r} is not an owner: write uid:gid as numbers, for example 65532:65532")
    return int(uid), int(gid)


class _Writer(Protocol):
    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...


class _Hashing:
    """A writer that counts and hashes what passes through it."""

    def __init__(self, output: _Writer) -> None:
        self._output, self._hash, self.size = output, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._output.write(data)

    def flush(self) -> None:
        self._output.flush()

    def tell(self) -> int:
        return self.size

    @property
    def value(self) -> Digest:
        return Digest("sha256", self._hash.hexdigest())


def read_files(root: Path, wanted: Callable[[str], object]) -> dict[str, bytes]:
    """The contents of the files of a tar whose path is wanted, by path."""
    found: dict[str, bytes] = {}
    with tarfile.open(root) as source:
        for info in source:
            path = info.name.removeprefix("./")
            if info.isreg() and wanted(path):
                handle = source.extractfile(info)
                found[path] = handle.read() if handle else b""
    return found
