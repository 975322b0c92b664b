# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2: the types of what has tags."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from moto.core.responses import ActionResult

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


class Ec2(Network):
    def describe_tags(self) -> ActionResult:
        """moto calls some resource types otherwise, in filters and answers, so that what looks for tags finds none."""
        filters = {name: [_TYPES.get(value, value) for value in values] for name, values in self._filters_from_querystring().items()}
        found: list[dict[str, Any]] = self.ec2_backend.describe_tags(filters=filters)
        return ActionResult({"Tags": [{**tag, "resource_type": _BACK.get(tag["resource_type"], tag["resource_type"])} for tag in found]})
