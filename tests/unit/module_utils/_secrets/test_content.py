# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import string
from collections import Counter

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._secrets.content import Generator, build, composed, version

DATA = {"host": "db.example", "password": "p@ss/wörd"}


def test_a_generated_value_has_its_length_and_alphabet() -> None:
    made = Generator(48, "abcdefghij").make()
    assert len(made) == 48
    assert set(made) <= set("abcdefghij")


def test_generated_values_differ_and_use_the_whole_alphabet() -> None:
    made = [Generator().make() for _ in range(200)]
    assert len(set(made)) == 200
    assert len(Counter("".join(made))) == len(string.ascii_letters + string.digits)


@pytest.mark.parametrize(("length", "alphabet"), [(15, "abcdefghijklmnop"), (32, "0101010101"), (32, "")])
def test_a_generator_that_makes_guessable_values_is_refused(length: int, alphabet: str) -> None:
    with pytest.raises(InvalidInput):
        Generator(length, alphabet)


def test_generated_values_are_kept() -> None:
    first = build({"user": "a"}, {"password": Generator()}, {}, {})
    again = build({"user": "b"}, {"password": Generator(64)}, {}, first)
    assert again == {"user": "b", "password": first["password"]}


def test_an_entry_that_is_no_longer_wanted_goes() -> None:
    assert build({"a": "1"}, {}, {}, {"a": "1", "b": "2"}) == {"a": "1"}


@pytest.mark.parametrize(
    ("values", "generate", "compose"),
    [({"a": "1"}, {"a": Generator()}, {}), ({"a": "1"}, {}, {"a": "x"}), ({}, {"a": Generator()}, {"a": "x"})],
)
def test_an_entry_given_twice_is_refused(values: dict[str, str], generate: dict[str, Generator], compose: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="the key a twice"):
        build(values, generate, compose, {})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("${host}:5432", "db.example:5432"),
        ("${password|urlencode}", "p%40ss%2Fw%C3%B6rd"),
        ("${password|sha256}", hashlib.sha256("p@ss/wörd".encode()).hexdigest()),
        ("${host|base64}", "ZGIuZXhhbXBsZQ=="),
        ("$host {host} $", "$host {host} $"),
    ],
)
def test_composed_texts(template: str, expected: str) -> None:
    assert composed({"x": template}, DATA) == {"x": expected}


@pytest.mark.parametrize("template", ["${missing}", "${password|rot13}"])
def test_a_composed_text_that_cannot_be_is_refused_without_a_value(template: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        composed({"x": template}, DATA)
    assert DATA["password"] not in caught.value.message


def test_a_version_changes_with_the_content_and_with_the_salt_only() -> None:
    one = version(b"salt", {"a": "1", "b": "2"})
    assert len(one) == 16
    assert one == version(b"salt", {"b": "2", "a": "1"})
    assert len({one, version(b"salt", {"a": "1", "b": "3"}), version(b"pepper", {"a": "1", "b": "2"}), version(b"salt", {"a": "1", "c": "2"})}) == 4


def test_a_version_cannot_be_had_from_the_content_alone() -> None:
    plain = hashlib.sha256(b'{"a": "1"}').hexdigest()[:16]
    assert version(b"salt", {"a": "1"}) != plain
