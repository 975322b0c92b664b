# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._image import ignore


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        ([], "a", False),
        (["# a", "", "  "], "a", False),
        (["*.md"], "README.md", True),
        (["*.md"], "docs/README.md", False),
        (["**/*.md"], "docs/more/README.md", True),
        (["**/*.md"], "README.md", True),
        (["docs"], "docs/more/README.md", True),
        (["docs/"], "docs/a", True),
        (["/docs"], "docs/a", True),
        (["./docs/../docs"], "docs/a", True),
        (["docs/**"], "docs/more/a", True),
        (["doc"], "docs/a", False),
        (["*"], "hello/app.py", True),
        (["*", "!hello"], "hello/app.py", False),
        (["*", "!hello", "**/__pycache__"], "hello/__pycache__/app.pyc", True),
        (["!a", "*"], "a", True),
        (["*.md", "!README.md"], "README.md", False),
        (["te?t"], "test", True),
        (["te?t"], "te/t", False),
        (["[ab].txt"], "b.txt", True),
        (["[^ab].txt"], "b.txt", False),
        (["[a-c].txt"], "b.txt", True),
        ([r"\*.txt"], "*.txt", True),
        ([r"\*.txt"], "a.txt", False),
        (["a.b"], "axb", False),
        (["."], "a", False),
    ],
)
def test_the_last_rule_that_fits_decides(lines: list[str], path: str, expected: bool) -> None:
    assert ignore.ignored(ignore.parse(lines), path) is expected


def test_the_first_file_that_is_there_counts(tmp_path: Path) -> None:
    assert ignore.read(tmp_path) == ()
    (tmp_path / ".dockerignore").write_text("a\n")
    assert ignore.ignored(ignore.read(tmp_path), "a")
    (tmp_path / ".containerignore").write_text("b\n")
    assert not ignore.ignored(ignore.read(tmp_path), "a")
