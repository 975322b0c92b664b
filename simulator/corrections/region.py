# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of moto: the region is the one that was signed for, not one that stands in an ARN in the address or in the name of an agent."""

from __future__ import annotations

from typing import Any

from moto.core.responses import BaseResponse

from simulator.routing import SCOPE

_motos = BaseResponse.get_region_from_url


def _signed(response: BaseResponse, request: Any, full_url: str) -> str:
    scope = SCOPE.search(request.headers.get("Authorization", ""))
    return scope["region"] if scope else str(_motos(response, request, full_url))


def install() -> None:
    """For all services, ours and moto's."""
    BaseResponse.get_region_from_url = _signed  # type: ignore[method-assign,assignment]
