# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every schema of a document that people write."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def check_published(schema: Mapping[str, Any], file: Path) -> None:
    """Editors get the same schema; with UPDATE_GOLDEN in the environment the file is written."""
    text = json.dumps(schema, indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


def check_expectations(schema: Any, keywords: set[str]) -> None:
    """An error can say what to write only if the schema does, wherever it has one of these keywords."""
    if isinstance(schema, Mapping):
        if keywords & set(schema):
            assert "x-expected" in schema, schema
        for value in schema.values():
            check_expectations(value, keywords)
    elif isinstance(schema, Sequence) and not isinstance(schema, str):
        for value in schema:
            check_expectations(value, keywords)
