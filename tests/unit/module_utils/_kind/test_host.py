# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's limit is raised for the nodes, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._kind import host


@pytest.mark.parametrize(("found", "meanwhile", "left"), [("128", None, "128"), ("4096", None, "4096"), ("128", "2048", "2048")])
def test_the_limit_is_put_back(tmp_path: Path, found: str, meanwhile: str | None, left: str) -> None:
    setting, before = tmp_path / "setting", tmp_path / "run" / "before"
    setting.write_text(found + "\n")
    assert host.raise_limit(setting, before) == (int(found) < host.WANTED)
    assert int(setting.read_text()) >= host.WANTED
    host.raise_limit(setting, before)
    if meanwhile:
        setting.write_text(meanwhile)
    host.restore_limit(setting, before)
    assert setting.read_text().strip() == left
    assert not before.exists()
