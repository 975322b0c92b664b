# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto, begun a hundred times a minute: what it does anew each time and need not."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend, backend_lock
from moto.iam.models import IAMBackend

_motos = IAMBackend._init_aws_policies


def forget() -> None:
    """Drop every backend. moto's own reset makes each one anew before it drops it."""
    with backend_lock:
        for service in BackendDict._instances:  # type: ignore[misc]
            for account in service.values():
                for backend in account.values():
                    if type(backend).reset is not BaseBackend.reset:  # it has files to close
                        backend.reset()
            service.clear()
        BackendDict._instances.clear()  # type: ignore[misc]


@cache
def _policies(account_id: str, region: str) -> list[Any]:
    place = object.__new__(IAMBackend)
    place.account_id, place.region_name = account_id, region
    return list(_motos(place))


def _aws_policies(backend: IAMBackend) -> list[Any]:
    """AWS's own fifteen hundred: moto asks for IAM in every call of any service, and would read them after every reset."""
    return [copy(policy) for policy in _policies(backend.account_id, backend.region_name)]


IAMBackend._init_aws_policies = _aws_policies  # type: ignore[method-assign,assignment]
