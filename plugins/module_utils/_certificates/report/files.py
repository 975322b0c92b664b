# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the reports: by one rename each, readable by everybody, because node_exporter and a web server are other users.

None holds the time of the run, which would make each run a change: a file's own time says when it was written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Row
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Reports
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report import ics, junit, listing, textfile
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

MODE = 0o644
CONTENTS: dict[str, Callable[[Sequence[Row], datetime], bytes]] = {
    "textfile": textfile.content,
    "junit": lambda rows, _: junit.text(rows).encode("utf-8", "replace"),
    "calendar": lambda rows, _: ics.text(rows).encode("utf-8", "replace"),
    "report": lambda rows, _: listing.text(rows).encode("utf-8", "replace"),
}


def check(reports: Reports, check_mode: bool = False) -> None:
    """Refuse what can't be written before anything is looked at. In check mode a task before may have made the folder. Raises ``InvalidInput``."""
    wanted = [(each.name, path) for each in fields(Reports) if (path := getattr(reports, each.name))]
    for name, path in wanted:
        if path.is_dir():
            raise InvalidInput(f"{name}: {path} is a folder; write the path of a file in it")
        if not path.parent.exists() and check_mode:
            continue
        if not path.parent.is_dir():
            raise InvalidInput(f"{name}: the folder {path.parent} does not exist; make it first")
        if not os.access(path.parent, os.W_OK):
            raise InvalidInput(f"{name}: the folder {path.parent} can't be written to by this user")
    paths = [path for _, path in wanted]
    if len(set(paths)) < len(paths):
        raise InvalidInput("textfile, junit, calendar and report are different files: give each its path")
    if reports.textfile and reports.textfile.suffix != ".prom":
        raise InvalidInput(f"textfile: {reports.textfile} would not be read: node_exporter reads files whose names end in .prom")


def save(reports: Reports, rows: Sequence[Row], now: datetime, check_mode: bool) -> list[str]:
    """Write what was asked for; the paths of those whose content is another than before (in check mode: would be).

    A file with the same content gets a new time all the same: that it was looked at is what ``node_textfile_mtime_seconds`` is asked for.
    """
    changed = []
    for name, made in CONTENTS.items():
        path: Path | None = getattr(reports, name)
        if path is None:
            continue
        content = made(rows, now)
        if _before(path) != sha256(content).digest():
            changed.append(str(path))
        if not check_mode:
            _files.write(path, content, MODE)
    return changed


def _before(path: Path) -> bytes | None:
    """The digest of what the file holds; None if there is none."""
    try:
        with path.open("rb") as handle:
            return file_digest(handle, "sha256").digest()
    except FileNotFoundError:
        return None
