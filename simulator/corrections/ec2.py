# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2: the types of what has tags, and filters with several values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from types import MappingProxyType
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import utils

from simulator.corrections.network import Network

# moto's names by AWS's.
_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "elastic-ip": "vpc-elastic-ip",
        "natgateway": "nat-gateway",
        "prefix-list": "managed-prefix-list",
        "spot-instances-request": "spot-instance-request",
        "vpc-flow-log": "flow-logs",
    }
)
_BACK = {motos: aws for aws, motos in _TYPES.items()}


_matches = utils.is_filter_matching


def _matches_any(obj: Any, _filter: str, filter_value: Any) -> bool:
    """Values of a filter are joined with OR (EC2 API reference, Filter); of what has several itself, such as keys of tags, moto wants all."""
    found = obj.get_filter_value(_filter)
    if isinstance(filter_value, list) and isinstance(found, Iterable) and not isinstance(found, str):
        return any(fnmatch(str(each), value) for each in found for value in filter_value)
    return bool(_matches(obj, _filter, filter_value))


utils.is_filter_matching = _matches_any


class Ec2(Network):
    def describe_tags(self) -> ActionResult:
        """moto calls some resource types otherwise, in filters and answers, so that what looks for tags finds none."""
        filters = {name: [_TYPES.get(value, value) for value in values] for name, values in self._filters_from_querystring().items()}
        found: list[dict[str, Any]] = self.ec2_backend.describe_tags(filters=filters)
        return ActionResult({"Tags": [{**tag, "resource_type": _BACK.get(tag["resource_type"], tag["resource_type"])} for tag in found]})
