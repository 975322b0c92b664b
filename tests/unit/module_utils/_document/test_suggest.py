# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean, distance, nearest


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("abc", "abd", 1),
        ("abc", "acb", 1),
        ("variabels", "variables", 1),
        ("kitten", "sitting", 3),
    ],
)
def test_distance(left: str, right: str, edits: int) -> None:
    assert distance(left, right) == distance(right, left) == edits


KEYS = ["image", "command", "args", "variables", "files", "volumes", "resources", "livenessProbe", "readinessProbe"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("variabels", "variables"),
        ("variable", "variables"),
        ("Variables", "variables"),
        ("liveness_probe", "livenessProbe"),
        ("readiness-probe", "readinessProbe"),
        ("readynessProbe", "readinessProbe"),
        ("arg", "args"),
        ("ressources", "resources"),
        ("env", None),
        ("x", None),
    ],
)
def test_nearest(word: str, expected: str | None) -> None:
    assert nearest(word, KEYS) == expected


def test_nearest_of_two_is_the_same_every_time() -> None:
    assert nearest("ab", ["ac", "aa"]) == nearest("ab", ["aa", "ac"]) == "aa"


def test_nothing_near_lists_all() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "known here: a, b"
    assert did_you_mean("zzz", []) == ""
