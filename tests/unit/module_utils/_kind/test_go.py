# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Go build depends on."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._kind import go


def test_a_test_is_not_part_of_a_build(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main\n")
    before = go.source_digest(tmp_path)
    (tmp_path / "main_test.go").write_text("package main\n")
    assert go.source_digest(tmp_path) == before
    (tmp_path / "main.go").write_text("package main // changed\n")
    assert go.source_digest(tmp_path) != before


def test_compiling_yields_where_it_can() -> None:
    assert go.niced(["go"], which=lambda _name: "/usr/bin/nice") == ["/usr/bin/nice", "go"]
    assert go.niced(["go"], which=lambda _name: None) == ["go"]
