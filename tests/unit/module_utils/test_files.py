# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils import _files, _results


def test_a_file_is_replaced_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.write_text("old")
    target.chmod(0o644)
    _files.write(target, "new")
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_is_left_of_a_write_that_failed(tmp_path: Path) -> None:
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        _files.write(tmp_path / "folder", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    assert _files.write_if_different(tmp_path / "a", b"1")
    before = (tmp_path / "a").stat()
    assert not _files.write_if_different(tmp_path / "a", "1")
    assert (tmp_path / "a").stat().st_ino == before.st_ino


def test_every_folder_on_the_way_is_private(tmp_path: Path) -> None:
    _files.make_private_folder(tmp_path / "a" / "b")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o700, 0o700]


def test_results_are_kept_by_name_and_only_if_they_differ(tmp_path: Path) -> None:
    folder = tmp_path / "local" / "results"
    one = {"kind_result": {"name": "local"}, "registry_result": {"host": "localhost:5001"}}
    assert _results.keep(folder, one, check_mode=True).names == ["kind_result", "registry_result"]
    assert not folder.exists()
    assert _results.keep(folder, one).changed
    assert not _results.keep(folder, one).changed
    assert _results.keep(folder, one | {"kind_result": {"name": "other"}}, check_mode=True).names == ["kind_result"]
    assert (folder / "registry_result.json").read_text() == '{\n    "registry_result": {\n        "host": "localhost:5001"\n    }\n}\n'
    assert (folder / "registry_result.json").stat().st_mode & 0o777 == 0o600
