# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a cluster is: a name that is taken by somebody else's cluster is told, not taken over."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import OURS
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict

_ENVIRONMENT = f"{OURS}environment"


def refuse_foreign(aws: Aws, name: str, tags: Mapping[str, str], found: Mapping[str, str]) -> None:
    """``tags``: those that it shall have; without any of ours nothing is asked. ``found``: those that it has. Raises ``Conflict``."""
    ours = {key: value for key, value in tags.items() if key.startswith(OURS)}
    if not ours:
        return
    has = {key: value for key, value in found.items() if key.startswith(OURS)}
    told = ", ".join(f"{key}={value}" for key, value in sorted(ours.items()))
    if not has:
        raise Conflict(
            f"name: there is a cluster {name} in {aws.region} that has none of the tags {told}: it is somebody else's; choose another name, or, "
            f"if it shall be taken over, give it these tags by hand",
            cluster=name,
        )
    if ours.get(_ENVIRONMENT, has.get(_ENVIRONMENT)) != has.get(_ENVIRONMENT, ours.get(_ENVIRONMENT)):
        raise Conflict(
            f"name: the cluster {name} in {aws.region} is of the environment {has[_ENVIRONMENT]}, and not of {ours[_ENVIRONMENT]}; choose another name, or "
            f"say the same of it in both inventories",
            cluster=name,
        )
