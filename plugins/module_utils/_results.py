# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles returned, kept for the next run: a JSON file of each, ``<directory>/<name>.json`` with ``{"<name>": ...}``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files


@dataclass(frozen=True)
class Kept:
    """The names whose value is another than before."""

    names: list[str]

    @property
    def changed(self) -> bool:
        return bool(self.names)


def keep(directory: Path, results: Mapping[str, Any], check_mode: bool = False) -> Kept:
    """Write what differs, readable by this user alone. ``results`` are values that JSON knows."""
    texts = {name: json.dumps({name: value}, indent=4, sort_keys=True) + "\n" for name, value in results.items()}
    other = [name for name, text in texts.items() if _read(directory / f"{name}.json") != text]
    if not check_mode:
        _files.make_private_folder(directory)
        for name in other:
            _files.write(directory / f"{name}.json", texts[name])
    return Kept(other)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
