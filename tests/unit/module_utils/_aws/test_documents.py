# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents are compared by what they mean."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws import documents
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

STATEMENT = {"Effect": "Allow", "Principal": {"AWS": ["111122223333"]}, "Action": ["ecr:A", "ecr:B"]}


def of(**members: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{**STATEMENT, **members}]}


@pytest.mark.parametrize(
    "same",
    [
        of(),
        of(Action=["ecr:B", "ecr:A"]),
        of(Principal={"AWS": "111122223333"}),
        of(Principal={"AWS": "arn:aws:iam::111122223333:root"}),
        {"Version": "2012-10-17", "Statement": STATEMENT},
    ],
)
def test_one_meaning(same: dict[str, Any]) -> None:
    assert documents.policy(same) == documents.policy(of())


@pytest.mark.parametrize(
    "other",
    [
        of(Action="ecr:A"),
        of(Effect="Deny"),
        of(Principal={"Service": "111122223333"}),
        of(Principal="*"),
        of(Sid="x"),
        of(Condition={"Bool": {"aws:SecureTransport": "true"}}),
        {"Version": "2012-10-17", "Statement": [STATEMENT, STATEMENT]},
        {"Version": "2008-10-17", "Statement": [STATEMENT]},
    ],
)
def test_another_meaning(other: dict[str, Any]) -> None:
    assert documents.policy(other) != documents.policy(of())


def test_conditions_and_everybody() -> None:
    left = of(Principal="*", Condition={"Bool": {"aws:SecureTransport": True}, "StringEquals": {"aws:PrincipalOrgID": ["o-2", "o-1"]}})
    right = of(Principal={"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}, "Bool": {"aws:SecureTransport": "true"}})
    assert documents.policy(left) == documents.policy(right)
    assert documents.policy(left) != documents.policy(of(Principal="*", Condition={"Bool": {"aws:SecureTransport": False}}))


def test_lifecycle_rules() -> None:
    first = {"rulePriority": 1, "selection": {"tagStatus": "tagged", "tagPrefixList": ["b", "a"], "countNumber": 5}, "action": {"type": "expire"}}
    second = {"rulePriority": 2, "selection": {"tagStatus": "untagged"}, "action": {"type": "expire"}}
    moved = {**first, "selection": {**first["selection"], "tagPrefixList": ["a", "b"]}}  # type: ignore[dict-item]
    assert documents.lifecycle({"rules": [first, second]}) == documents.lifecycle({"rules": [second, moved]})
    assert documents.lifecycle({"rules": [first]}) != documents.lifecycle({"rules": [{**first, "rulePriority": 3}]})


def test_what_an_option_says() -> None:
    assert documents.document(None, "policy") is None
    assert documents.document("", "policy") == documents.document({}, "policy") == {}
    assert documents.document('{"a": 1}', "policy") == {"a": 1}
    for wrong in ("{", "[1]", 7, [1]):
        with pytest.raises(InvalidInput, match="policy: "):
            documents.document(wrong, "policy")
