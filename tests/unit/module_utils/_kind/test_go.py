# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Go build depends on."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Unreachable
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


def toolchain(tmp_path: Path, says: str) -> go.Toolchain:
    """A go that fails with these words."""
    program = tmp_path / "go"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\nexit 1\n")
    program.chmod(0o755)
    return go.Toolchain(str(program), "go1.26.6", {})


def test_a_build_that_finds_no_proxy_is_told_from_one_that_does_not_compile(tmp_path: Path) -> None:
    refused = 'kind@v0.33.0: Get "http://127.0.0.1:9/kind.zip": dial tcp 127.0.0.1:9: connect: connection refused'
    with pytest.raises(Unreachable, match="go env GOPROXY"):
        go.build(toolchain(tmp_path, refused), tmp_path, "kind", tmp_path / "kind", log=tmp_path / "log")
    with pytest.raises(CommandFailed, match="undefined: x"):
        go.build(toolchain(tmp_path, "main.go:3:1: undefined: x"), tmp_path, "kind", tmp_path / "kind", log=tmp_path / "log")
