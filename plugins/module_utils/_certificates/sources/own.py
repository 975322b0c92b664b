# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this collection made for an environment: the certificates of its authority and services, and the kubeconfig of its cluster.

Keys are never opened: not those of the certificates, and not those that sign images, which have no validity that could end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import OwnPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import files, paths

_CALLED = {"ca": "certificate authority", "ca-next": "next certificate authority", "ca-previous": "previous certificate authority"}


def collect(parts: Sequence[OwnPart], request: Request, context: Context) -> Iterator[Found]:  # noqa: ARG001  as every source
    """The certificates in the folders of environments (``.slipway/<environment>``), each called after whose it is."""
    for part in parts:
        folder = Path(part.path).expanduser()
        environment = folder.absolute().name
        row = Found("own", environment, {"path": str(folder), "environment": environment}, thresholds=part.thresholds)
        made = 0
        for each in _inside(folder, row):
            made += 1
            yield each
        if not made:
            text = "it has no certificates" if paths.is_folder(folder) else "there is no such folder"
            yield replace(row, problems=(Problem("missing", f"{text}; run site.yml for this environment, or correct the path"),))


def _inside(folder: Path, row: Found) -> Iterator[Found]:
    for each in paths.matching(f"{folder}/tls/*.crt"):
        if isinstance(each, OSError):
            yield replace(row, problems=(Problem("unreadable", f"its folder tls can't be looked into: {each.strerror}"),))
        else:
            yield from _file(each, each.stem, row)
    if paths.is_there(folder / "kubeconfig"):
        yield from _file(folder / "kubeconfig", "kubeconfig", row)


def _file(path: Path, kind: str, row: Found) -> Iterator[Found]:
    row = replace(row, name=f"{row.name} {_CALLED.get(kind, kind)}", labels={**row.labels, "path": str(path), "kind": kind})
    if path.is_symlink():  # nothing that we make is one, and it could lead to a key
        yield replace(row, problems=(Problem("unreadable", "it is a link, and nothing that is made here is one; put the file itself there"),))
    else:
        yield from files.of_file(path, row)
