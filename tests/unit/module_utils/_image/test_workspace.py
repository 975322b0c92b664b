# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._image.workspace import workspace


@pytest.fixture
def cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that gets a line each time the working containers are removed."""
    log = tmp_path / "log"
    program = tmp_path / "bin" / "buildah"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" "$STORAGE" >>{log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return log


def test_what_a_killed_build_left_is_gone_before_the_next_begins(tmp_path: Path, cleared: Path) -> None:
    left = tmp_path / "builds" / "build-killed"
    left.mkdir(parents=True)
    (left / "file").write_text("")
    with workspace(tmp_path, lambda: {"STORAGE": "ours"}) as folder:
        assert folder.is_dir()
        assert not left.exists()
    assert not folder.exists()
    assert cleared.read_text() == "rm --all ours\n"


def test_a_build_beside_another_leaves_its_things_alone(tmp_path: Path, cleared: Path) -> None:
    with workspace(tmp_path, lambda: {"STORAGE": "ours"}) as first:
        with workspace(tmp_path, lambda: {"STORAGE": "ours"}) as second:
            assert first.is_dir()
            assert second != first
        assert first.is_dir()
    assert cleared.read_text().count("rm --all") == 1
