# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema itself, and that what the documentation shows is what works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._score.resource_types import TYPES
from ansible_collections.slipway.platform.plugins.module_utils._score.schema import WORKLOAD
from ansible_collections.slipway.platform.plugins.module_utils._score.validate import check_text
from jsonschema import Draft202012Validator
from support.schema import check_expectations, check_published


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(WORKLOAD)
    for kind in TYPES.values():
        Draft202012Validator.check_schema(kind.params)


def test_editors_get_the_same_schema(checkout: Path) -> None:
    check_published(WORKLOAD, checkout / "docs" / "score.schema.json")


def test_every_text_says_what_it_takes() -> None:
    for schema in (WORKLOAD, *(kind.params for kind in TYPES.values())):
        check_expectations(schema, {"pattern", "minimum", "exclusiveMinimum"})


def test_the_guide_is_right(checkout: Path) -> None:
    text = (checkout / "docs" / "score.md").read_text()
    first, slipway = re.findall(r"^```yaml\n((?:apiVersion|metadata).*?)^```", text, re.MULTILINE | re.DOTALL)
    assert check_text(first, "score.yaml", checkout)[1] == []
    extended = first.replace("metadata:\n", slipway, 1)
    assert check_text(extended, "score.yaml", checkout)[1] == []


def test_the_guide_names_every_type_and_output(checkout: Path) -> None:
    text = (checkout / "docs" / "score.md").read_text()
    for kind in TYPES.values():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{kind.name}` |"))
        assert all(f"`{name}`" in row for name in kind.outputs if name != "hostname")


@pytest.mark.parametrize("file", sorted(path.parent.name for path in (Path(__file__).parents[4] / "examples").glob("*/score.yaml")))
def test_the_examples_are_right(checkout: Path, file: str) -> None:
    path = checkout / "examples" / file / "score.yaml"
    assert [str(problem) for problem in check_text(path.read_text(), str(path), path.parent)[1]] == []
