# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema itself, and that what the documentation shows is what works."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._score.resource_types import TYPES
from ansible_collections.slipway.platform.plugins.module_utils._score.schema import WORKLOAD
from ansible_collections.slipway.platform.plugins.module_utils._score.validate import check_text
from jsonschema import Draft202012Validator


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(WORKLOAD)
    for kind in TYPES.values():
        Draft202012Validator.check_schema(kind.params)


def test_editors_get_the_same_schema(checkout: Path) -> None:
    file = checkout / "docs" / "score.schema.json"
    text = json.dumps(WORKLOAD, indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


def test_every_text_says_what_it_takes() -> None:
    """An error can say what to write only if the schema does."""

    def walk(schema: Any) -> None:
        if isinstance(schema, dict):
            if {"pattern", "minimum", "exclusiveMinimum"} & set(schema):
                assert "x-expected" in schema, schema
            for value in schema.values():
                walk(value)
        elif isinstance(schema, list):
            for value in schema:
                walk(value)

    walk(WORKLOAD)
    for kind in TYPES.values():
        walk(dict(kind.params))


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
