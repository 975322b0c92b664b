# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates in files of this machine, whatever kind of file it is and whatever it is called.

One after the other: reading a certificate is work for the interpreter, and threads would only wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import FilePart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import content, kubeconfig, paths
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput


def collect(parts: Sequence[FilePart], request: Request, context: Context) -> Iterator[Found]:  # noqa: ARG001  as every source
    """The certificates of the files that ``parts`` name. Nothing but files is looked at, and each is opened once."""
    for part in parts:
        yield from _part(part, _Passwords(part, context))


def of_file(path: Path, row: Found, passwords: content.Passwords = content.none, chosen: bool = True) -> Iterator[Found]:
    """The rows of one file; ``row`` is what all of them begin as. ``chosen``: it was named, so that it is no certificate is a problem too."""
    try:
        data = paths.content(path)
    except paths.Unreadable as error:
        if chosen or not paths.is_folder(path):
            yield replace(row, problems=(Problem(error.code, str(error)),))
        return
    if kubeconfig.looks_like(data):
        yield from kubeconfig.found(data, row, path.parent)
        return
    found = content.parse(data, passwords)
    if chosen or content.meant(found, path.name):
        yield from content.rows(found, row)


def _part(part: FilePart, passwords: content.Passwords) -> Iterator[Found]:
    path = Path(part.path).expanduser()
    if not paths.is_pattern(part.path) or paths.is_file(path):  # a name may have brackets
        yield from of_file(path, _row(str(path), part), passwords)
        return
    some = False
    for each in paths.matching(str(path)):
        some = True
        if isinstance(each, OSError):
            yield replace(_row(str(each.filename), part), problems=(Problem("unreadable", f"this folder can't be looked into: {each.strerror}"),))
        else:
            yield from of_file(each, _row(str(each), part), passwords, chosen=False)
    if not some:
        yield replace(_row(str(path), part), problems=(Problem("missing", "there is no such file"),))


def _row(path: str, part: FilePart) -> Found:
    return Found("file", path, {"path": path}, thresholds=part.thresholds)


class _Passwords:
    """The password of a part, read when the first store asks for it. It is never part of a text."""

    def __init__(self, part: FilePart, context: Context) -> None:
        self._part, self._context = part, context

    def __call__(self) -> Sequence[bytes]:
        part = self._part
        found: list[bytes] = []
        if part.password_variable:
            value = self._context.environ.get(part.password_variable)
            if value is None:
                raise InvalidInput(f"its password should be in the environment variable {part.password_variable}, which is not set")
            found.append(value.encode(errors="surrogateescape"))
        if part.password_file:
            try:
                found.append(paths.content(Path(part.password_file).expanduser()).rstrip(b"\r\n"))
            except paths.Unreadable as error:
                raise InvalidInput(f"its password should be in {part.password_file}: {error}") from None
        return found
