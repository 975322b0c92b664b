# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._score.quantity import cpu_cores, kubernetes, memory_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("125M", 125_000_000),
        ("64Mi", 64 * 1024**2),
        ("1.5Gi", 1_610_612_736),
        ("2K", 2000),
        ("2Ki", 2048),
        ("0.5G", 500_000_000),
        ("1T", 10**12),
        ("1Ei", 2**60),
    ],
)
def test_memory(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1Mi", "1k", "1 Mi", "1MiB", "Mi", "1e6", "1.Gi"])
def test_not_memory(text: str) -> None:
    assert memory_bytes(text) is None


@pytest.mark.parametrize(("text", "cores"), [("2", "2"), ("0.5", "0.5"), ("125m", "0.125"), ("1000m", "1"), ("0", "0")])
def test_cpu(text: str, cores: str) -> None:
    assert cpu_cores(text) == Decimal(cores)


@pytest.mark.parametrize("text", ["", "m", "1.5m", ".5", "-1", "1 core"])
def test_not_cpu(text: str) -> None:
    assert cpu_cores(text) is None


@pytest.mark.parametrize(("score", "expected"), [("2K", "2k"), ("2Ki", "2Ki"), ("1M", "1M"), ("50m", "50m")])
def test_kubernetes_knows_the_decimal_kilo_as_k(score: str, expected: str) -> None:
    assert kubernetes(score) == expected
