# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._score.placeholders import PlaceholderError, Reference, Template, literal, parse

DB = Reference(("resources", "db", "host"), 0)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("${resources.db.host}", (DB,)),
        ("a${resources.db.host}b", ("a", Reference(DB.path, 1), "b")),
        ("${metadata.name}${metadata.name}", (Reference(("metadata", "name"), 0), Reference(("metadata", "name"), 16))),
        (r"${metadata.annotations.example\.org/team}", (Reference(("metadata", "annotations", "example.org/team"), 0),)),
        ("$${resources.db.host}", ("${resources.db.host}",)),
        ("$$", ("$",)),
        ("$$$$", ("$$",)),
        ("a$$b", ("a$b",)),
        ("$$${metadata.name}", ("$", Reference(("metadata", "name"), 2))),
        ("$HOME", ("$HOME",)),
        ("cost: 5$", ("cost: 5$",)),
        ("$(NAME)", ("$(NAME)",)),
        ("$${", ("${",)),
        ("{}$}", ("{}$}",)),
        ("ünïcödé ${metadata.name}", ("ünïcödé ", Reference(("metadata", "name"), 8))),
    ],
)
def test_parse(text: str, parts: tuple[str | Reference, ...]) -> None:
    assert parse(text) == Template(parts)


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("${", "`${` is never closed", 0),
        ("abc ${resources.db.host", "`${` is never closed", 4),
        ("${}", "`${}` is not a placeholder", 0),
        ("${resources..host}", "`${resources..host}` is not a placeholder", 0),
        ("${ resources.db.host }", "`${ resources.db.host }` is not a placeholder", 0),
        ("x${resources.}", "`${resources.}` is not a placeholder", 1),
    ],
)
def test_refused(text: str, message: str, offset: int) -> None:
    with pytest.raises(PlaceholderError) as caught:
        parse(text)
    assert (caught.value.message, caught.value.offset) == (message, offset)
    assert caught.value.hint


def test_a_literal_has_no_placeholders() -> None:
    assert literal("${resources.db.host}").references == ()
    assert literal("") == Template(())


def test_only_reference() -> None:
    assert parse("${resources.db.host}").only_reference == DB
    assert parse("${resources.db.host} ").only_reference is None
    assert parse("").only_reference is None


@pytest.mark.parametrize("reference", ["${resources.db.host}", r"${metadata.annotations.a\.b}"])
def test_a_reference_is_written_as_it_was_read(reference: str) -> None:
    found = parse(reference).only_reference
    assert str(found) == reference
