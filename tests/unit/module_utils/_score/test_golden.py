# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifests of two workloads, whole. After an intended change: ``UPDATE_GOLDEN=1 pytest``, and read the diff."""

from __future__ import annotations

import os

import pytest
from support.score import GOLDEN, dump, render

CASES = {
    "default": ([{"source": "default"}], {"namespace_objects": True, "gateway": None, "settings": {"quota": {"pods": 20}}}),
    "rich": ([{"source": "rich", "replicas": 3, "variables": {"LEVEL": "debug"}}, {"source": "default"}], {}),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    services, more = CASES[name]
    text = dump(render(services, **more).definitions)
    file = GOLDEN / name / "manifests.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()
