# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds as people write them: ``{warning: {fraction: 0.33, days: 30}, critical: {days: 7}}``. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Threshold, Thresholds
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_NUMBERS = {"fraction": (0.0, 1.0, "a part of the lifetime, from 0 to 1"), "days": (0.0, 36500.0, "a number of days, from 0 to 36500")}


def thresholds(written: Any, where: str, base: Thresholds) -> Thresholds:
    """What is written, and for the rest ``base``. Raises ``InvalidInput``, also where critical would be reached before warning."""
    written = {} if written is None else written
    _known(written, ("warning", "critical"), where)
    found = Thresholds(
        _threshold(written.get("warning"), f"{where}.warning", base.warning), _threshold(written.get("critical"), f"{where}.critical", base.critical)
    )
    for key in _NUMBERS:
        warning, critical = getattr(found.warning, key), getattr(found.critical, key)
        if critical > warning:
            raise InvalidInput(
                f"{where}: {key} is {critical:g} for critical and {warning:g} for warning, so it would be critical first; give warning the larger one",
                warning=warning,
                critical=critical,
            )
    return found


def _threshold(written: Any, where: str, base: Threshold) -> Threshold:
    written = {} if written is None else written
    _known(written, tuple(_NUMBERS), where)
    numbers = {key: _number(written[key], key, f"{where}.{key}") for key in _NUMBERS if written.get(key) is not None}
    return Threshold(numbers.get("fraction", base.fraction), numbers.get("days", base.days))


def _number(written: Any, key: str, where: str) -> float:
    low, high, meaning = _NUMBERS[key]
    try:
        number = math.nan if isinstance(written, bool) else float(written)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise InvalidInput(f"{where}: {written!r} is not {meaning}")
    return number


def _known(written: Any, keys: tuple[str, ...], where: str) -> None:
    if not isinstance(written, Mapping):
        raise InvalidInput(f"{where}: it is a mapping with the keys {' and '.join(keys)}")
    for key in written:
        if key not in keys:
            raise InvalidInput(f"{where}.{key}: unknown key; known are {' and '.join(keys)}")
