# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import verdict

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "ready.yml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_verdict(case: dict[str, Any]) -> None:
    found = verdict(case["object"])
    assert found.state == case["state"]
    assert case.get("reason", "") in found.reason
    assert found.progress == case.get("progress", found.progress)
    assert found.state == "ready" or found.reason
