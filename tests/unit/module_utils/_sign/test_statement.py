# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import TYPE, Statement, Subject, claimed_type, decode, encode

KIND = "https://slipway.platform/attestations/tested/v1"
ONE, TWO = Digest.of(b"1"), Digest.of(b"2", "sha512")
STATEMENT = Statement(KIND, (Subject("a/b", ONE), Subject("", TWO)), {"z": [1, {"ü": None}], "a": True})
VALUE = {"_type": TYPE, "subject": [{"digest": {"sha256": ONE.hex}}], "predicateType": KIND, "predicate": {}}


def test_a_statement_is_the_same_after_a_round_trip_and_the_same_bytes_again() -> None:
    data = encode(STATEMENT)
    assert decode(data) == STATEMENT
    assert encode(decode(data)) == data
    reordered = Statement(KIND, STATEMENT.subjects, {"a": True, "z": [1, {"ü": None}]})
    assert encode(reordered) == data
    assert json.loads(data)["subject"][0] == {"name": "a/b", "digest": {"sha256": ONE.hex}}


def test_it_is_about_its_subjects_and_nothing_else() -> None:
    assert STATEMENT.is_about(ONE)
    assert STATEMENT.is_about(TWO)
    assert not STATEMENT.is_about(Digest.of(b"3"))


def test_what_others_write_is_read() -> None:
    older = VALUE | {"_type": "https://in-toto.io/Statement/v0.1", "predicate": None, "extra": 1}
    assert decode(json.dumps(older).encode()).predicate == {}
    several = VALUE | {"subject": [{"name": "x", "digest": {"gitCommit": "1" * 40}}, {"digest": {"sha256": ONE.hex, "sha512": TWO.hex, "md5": "x"}}]}
    assert [subject.digest for subject in decode(json.dumps(several).encode()).subjects] == [ONE, TWO]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"_type": "https://example.org"}, "not an in-toto statement"),
        ({"_type": None}, "not an in-toto statement"),
        ({"predicateType": ""}, "predicateType"),
        ({"predicateType": 7}, "predicateType"),
        ({"predicate": [1]}, "predicate"),
        ({"subject": {}}, "subject"),
        ({"subject": []}, "about nothing"),
        ({"subject": [{"digest": {"gitCommit": "a"}}]}, "about nothing"),
        ({"subject": [{"name": "a"}]}, "no digest"),
        ({"subject": [None]}, "no digest"),
        ({"subject": [{"digest": {"sha256": ONE.hex[:-1]}}]}, "not a digest"),
        ({"subject": [{"digest": {"sha256": ONE.hex.upper()}}]}, "not a digest"),
        ({"subject": [{"digest": {"sha256": None}}]}, "not a digest"),
    ],
)
def test_what_is_no_statement_says_why(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        decode(json.dumps(VALUE | changes).encode())


def test_another_payload_is_no_statement() -> None:
    with pytest.raises(InvalidInput, match="text/plain"):
        decode(encode(STATEMENT), "text/plain")
    for data in (b"", b"{", b"[]", b"[" * 100_000):
        with pytest.raises(InvalidInput):
            decode(data)
        assert claimed_type(data) == ""
    assert claimed_type(encode(STATEMENT)) == KIND


def test_numbers_that_are_not_json_are_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode(Statement(KIND, STATEMENT.subjects, {"a": float("nan")}))
