# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._document.document import Document, Mark, parse


def read(text: str) -> Document:
    document, problems = parse(text, "f.yaml")
    assert problems == []
    assert document is not None
    return document


def test_values_have_places() -> None:
    document = read("a:\n  b: x\n  c: [1, two]\n")
    assert document.data == {"a": {"b": "x", "c": [1, "two"]}}
    assert document.place(("a", "b")).key == Mark(2, 3)
    assert document.place(("a", "b")).value == Mark(2, 6)
    assert document.place(("a", "c", 1)).value == Mark(3, 10)


def test_a_place_that_is_not_there_is_the_nearest_around_it() -> None:
    document = read("a:\n  b: x\n")
    assert document.place(("a", "missing", "deeper")).key == Mark(1, 1)
    assert document.place(("other",)).key == Mark(1, 1)


def test_a_date_stays_a_text() -> None:
    assert read("a: 2026-01-02\n").data == {"a": "2026-01-02"}


def test_a_time_of_day_stays_a_text() -> None:
    """YAML 1.1 counts ``22:00`` to the base of 60."""
    assert read("a: 22:00\nb: 08:00\nc: 190:20:30.15\nd: -1\ne: 1.5\nf: 1_000\n").data == {
        "a": "22:00", "b": "08:00", "c": "190:20:30.15", "d": -1, "e": 1.5, "f": 1000,
    }  # fmt: skip


def test_the_text_as_written_is_kept() -> None:
    document = read("a: yes\nb: 0644\n")
    assert document.data == {"a": True, "b": 420}
    assert [document.place((key,)).raw for key in "ab"] == ["yes", "0644"]


def test_numbers_as_keys_are_texts() -> None:
    assert read("8080: x\n").data == {"8080": "x"}


def test_anchors_are_read_where_they_are_used() -> None:
    document = read("a: &x {p: 1}\nb: *x\n")
    assert document.data == {"a": {"p": 1}, "b": {"p": 1}}
    assert document.place(("b", "p")).value == Mark(1, 11)


def test_merge_keys() -> None:
    document = read("a: &x {p: 1, q: {r: 2}}\nb:\n  <<: *x\n  p: 3\n")
    assert document.data["b"] == {"p": 3, "q": {"r": 2}}
    assert document.place(("b", "p")).value == Mark(4, 6)
    assert document.place(("b", "q", "r")).value == Mark(1, 21)


def test_the_first_of_several_merged_wins() -> None:
    assert read("a: &a {p: 1}\nb: &b {p: 2, q: 2}\nc: {<<: [*a, *b]}\n").data["c"] == {"p": 1, "q": 2}


def test_every_duplicate_is_reported_and_the_first_kept() -> None:
    document, problems = parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n", "f.yaml")
    assert document is not None
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [str(problem) for problem in sorted(problems)] == [
        "f.yaml:4:3: b.c: is written twice, first on line 3; keep one",
        "f.yaml:5:1: a: is written twice, first on line 1; keep one",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f.yaml:1:1: is empty; start with `first: line`"),
        ("# nothing\n", "f.yaml:1:1: is empty; start with `first: line`"),
        ("a: [1\nb: 2\n", "f.yaml:2:2: is not YAML: expected ',' or ']', but got ':'"),
        ("a: 1\n  b: 2\n", "f.yaml:2:4: is not YAML: mapping values are not allowed here"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: is not YAML: found character '\\t' that cannot start any token; indent with spaces, not with tabs"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: is not YAML: but found another document"),
        ("a: *nowhere\n", "f.yaml:1:4: is not YAML: found undefined alias 'nowhere'"),
        ("a: &x {b: *x}\n", "f.yaml:1:4: an anchor contains itself"),
        ("a: !!python/object:os.system {}\n", "f.yaml:1:4: a has the tag tag:yaml.org,2002:python/object:os.system; write a plain value"),
        ("a: !secret x\n", "f.yaml:1:4: a has the tag !secret; write a plain value"),
        ("a: !!binary eA==\n", "f.yaml:1:4: a has the tag tag:yaml.org,2002:binary; write a plain value"),
        ("? [1, 2]\n: x\n", "f.yaml:1:3: the document has a key that is not a word"),
        ("a: \x00\n", "f.yaml:1:4: holds the unprintable character '\\x00'; remove it"),
    ],
)
def test_refused(text: str, expected: str) -> None:
    document, problems = parse(text, "f.yaml", "first: line")
    assert document is None
    assert len(problems) == 1
    assert str(problems[0]).startswith(expected)


def test_aliases_cannot_explode() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9))
    document, problems = parse(text, "f.yaml")
    assert document is None
    assert "once its aliases are written out" in str(problems[0])


def test_a_huge_file_is_not_read() -> None:
    assert "larger than 1 MiB" in str(parse("a" * (1024 * 1024 + 1), "f.yaml")[1][0])
