# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._postgres import sql


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("hello_db", '"hello_db"'),
        ("Hello", '"Hello"'),
        ('a"b', '"a""b"'),
        ('"; DROP DATABASE x; --', '"""; DROP DATABASE x; --"'),
        ("é" * 31, f'"{"é" * 31}"'),
    ],
)
def test_identifier(name: str, quoted: str) -> None:
    assert sql.identifier(name) == quoted


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "é" * 32])
def test_what_cannot_be_a_name_is_refused_instead_of_cut(name: str) -> None:
    with pytest.raises(InvalidInput):
        sql.identifier(name)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("30s", "'30s'"),
        ("it's", "'it''s'"),
        ("'; DROP ROLE x; --", "'''; DROP ROLE x; --'"),
        ("a\\b", "E'a\\\\b'"),
        ("a\\'b", "E'a\\\\''b'"),
        ("two\nlines", "'two\nlines'"),
    ],
)
def test_literal(text: str, quoted: str) -> None:
    assert sql.literal(text) == quoted


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(InvalidInput):
        sql.literal("a\0b")
