# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a cluster already, and the one answer where there is no cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import settled
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound

MOVING = ("CREATING", "UPDATING", "DELETING")
"""States that end by themselves, of add-ons and of node groups."""


def no_cluster(aws: Aws, cluster: str) -> NotFound:
    return NotFound(f"there is no cluster {cluster} in {aws.region}; make it first, with eks_cluster, or correct cluster", cluster=cluster)


def listed(aws: Aws, cluster: str, operation: str, key: str, *, missing_is_fine: bool) -> list[Any]:
    """``key`` of all pages. Raises ``NotFound`` where there is no cluster, unless that is fine: then there is nothing in it."""
    try:
        return aws.listed("eks", operation, key, clusterName=cluster)
    except NotFound:
        if missing_is_fine:
            return []
        raise no_cluster(aws, cluster) from None


def at_rest(
    aws: Aws, params: Mapping[str, Any], names: Sequence[str], there: Sequence[str], what: str, describe: Callable[[str], Any], check_mode: bool
) -> dict[str, Mapping[str, Any] | None]:
    """By name what ``describe`` says of those that are ``there``, once they do not move any more. Check mode waits for nothing; what is going is gone."""

    def one(name: str) -> Mapping[str, Any] | None:
        if name not in there:
            return None
        if check_mode:
            now: Mapping[str, Any] | None = describe(name)
            return now if now and now["status"] != "DELETING" else None
        return settled(aws, f"{what} {name}", lambda: describe(name), params["timeout"], MOVING)

    return dict(zip(names, aws.together(one, names), strict=True))
