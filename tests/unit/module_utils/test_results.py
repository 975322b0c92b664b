# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._results import keep


def test_what_differs_is_written_for_this_user_alone_and_check_mode_says_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "results"
    first = {"kind_result": {"b": 1, "a": 2}, "registry_result": {"host": "r.test"}}
    assert keep(folder, first, check_mode=True).names == ["kind_result", "registry_result"]
    assert not folder.parent.exists()
    assert keep(folder, first).names == ["kind_result", "registry_result"]
    assert json.loads((folder / "kind_result.json").read_text()) == {"kind_result": {"a": 2, "b": 1}}
    assert [oct(path.stat().st_mode & 0o777) for path in (folder, folder / "kind_result.json")] == ["0o700", "0o600"]
    assert not keep(folder, first).changed
    second = first | {"registry_result": {"host": "other.test"}}
    assert keep(folder, second, check_mode=True).names == ["registry_result"]
    assert json.loads((folder / "registry_result.json").read_text()) == {"registry_result": {"host": "r.test"}}
    written = (folder / "kind_result.json").stat().st_ino
    assert keep(folder, second).names == ["registry_result"]
    assert (folder / "kind_result.json").stat().st_ino == written
