# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts of CPU and memory as the Score specification writes them, compared and given to Kubernetes."""

from __future__ import annotations

import re
from decimal import Decimal

_MEMORY = re.compile(r"(0\.\d+|[1-9]\d*(?:\.\d+)?)([KMGTPE]i?)?")
_CPU = re.compile(r"\d+(?:m|\.\d+)?")
_POWERS = {unit: power for power, unit in enumerate("KMGTPE", 1)}


def memory_bytes(text: str) -> Decimal | None:
    """Bytes of ``125M`` or ``1.5Gi``; None if it is not an amount of memory."""
    match = _MEMORY.fullmatch(text)
    if match is None:
        return None
    number, unit = Decimal(match[1]), match[2] or ""
    if not unit:
        return number
    return number * (Decimal(1024) if unit.endswith("i") else Decimal(1000)) ** _POWERS[unit[0]]


def cpu_cores(text: str) -> Decimal | None:
    """Cores of ``2``, ``0.5`` or ``125m``; None if it is not an amount of CPU."""
    if _CPU.fullmatch(text) is None:
        return None
    return Decimal(text[:-1]) / 1000 if text.endswith("m") else Decimal(text)


def amount(name: str, text: str) -> Decimal | None:
    """The amount of ``cpu`` in cores or of anything else in bytes."""
    return cpu_cores(text) if name == "cpu" else memory_bytes(text)


def kubernetes(text: str) -> str:
    """The same amount in Kubernetes' words, which know the decimal kilo only as ``k``."""
    return text[:-1] + "k" if text.endswith("K") else text
