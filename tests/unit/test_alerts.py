# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts ask for metrics that exist."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import CODES
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report.textfile import FAMILIES
from support.tree import CHECKOUT

FOREIGN = {"node_textfile_mtime_seconds"}
RULES = [rule for group in yaml.safe_load((CHECKOUT / "docs/certificates.rules.yml").read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_asks_for_metrics_and_codes_that_there_are(rule: dict[str, str]) -> None:
    asked = set(re.findall(r"[a-z0-9]+(?:_[a-z0-9]+){2,}", re.sub(r'"[^"]*"', "", rule["expr"])))
    assert asked
    assert asked <= {*FAMILIES, *FOREIGN}
    assert set(re.findall(r'code="(\w+)"', rule["expr"])) <= set(CODES)
