# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for users and the tables in the code say the same."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import duration
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import CODES, DEFAULT, Verdict
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import SOURCES
from ansible_collections.slipway.platform.plugins.module_utils._certificates.report.textfile import FAMILIES


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs/certificates.md").read_text()


def row(page: str, first: str) -> str:
    """The rest of the last row of a table that begins with ``first``."""
    found = re.findall(rf"^\| {re.escape(first)} \| (.*) \|$", page, re.MULTILINE)
    assert found, f"docs/certificates.md has no row that begins with {first}"
    return str(found[-1])


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_code_stands_in_the_row_of_its_verdict(page: str, verdict: Verdict) -> None:
    written = re.findall(r"`(\w+)`", row(page, f"`{verdict}`"))
    assert sorted(written) == sorted(code for code, least in CODES.items() if least is verdict)


def test_each_source_and_each_metric_is_described(page: str) -> None:
    for source in SOURCES:
        assert row(page, f"`{source.option}`")
    for family in FAMILIES:
        assert f"`{family}`" in page


def test_examples_of_thresholds_are_right(page: str) -> None:
    for name, lifetime in (
        ("90 days", timedelta(days=90)),
        ("47 days", timedelta(days=47)),
        ("6 days", timedelta(days=6)),
        ("10 minutes", timedelta(minutes=10)),
    ):
        warning, critical = (duration(threshold.left(lifetime)).removesuffix(" 0 h") for threshold in (DEFAULT.warning, DEFAULT.critical))
        assert row(page, name) == f"{warning} | {critical}"
