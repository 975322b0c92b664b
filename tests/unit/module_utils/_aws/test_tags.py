# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws import tags

NOW = {"slipway:environment": "prod", "slipway:old": "x", "team": "a", "aws:cloudformation:stack-name": "s"}


@pytest.mark.parametrize(
    ("purge", "after"),
    [
        (False, {"slipway:environment": "prod", "team": "a", "aws:cloudformation:stack-name": "s", "cost": "7"}),
        (True, {"slipway:environment": "prod", "aws:cloudformation:stack-name": "s", "cost": "7"}),
    ],
)
def test_wanted(purge: bool, after: dict[str, str]) -> None:
    assert tags.wanted(NOW, {"slipway:environment": "prod", "cost": "7"}, purge) == after


def test_texts() -> None:
    assert tags.texts({"cost": 7, 8: "x", "public": True}) == {"cost": "7", "8": "x", "public": "true"}


def test_changes() -> None:
    assert tags.changes({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "4", "d": "5"}) == ({"b": "4", "d": "5"}, ["c"])


def test_both_ways() -> None:
    assert tags.mapping(tags.pairs({"b": "2", "a": "1"})) == {"a": "1", "b": "2"}
    assert tags.mapping(tags.pairs({"a": "1"}, "TagKey", "TagValue"), "TagKey", "TagValue") == {"a": "1"}
    assert tags.mapping(None) == {}
