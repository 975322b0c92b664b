# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all operations that there are, and the one way in which each is done."""

from __future__ import annotations

import copy
from collections.abc import Callable

from simulator.eks import (
    absent,
    addon_catalogue,
    addons,
    cluster_updates,
    clusters,
    entries,
    entry_policies,
    insights,
    nodegroup_updates,
    nodegroups,
    pod_identity,
    policies,
    providers,
    tags,
    updates,
    upgrades,
    versions,
)
from simulator.eks.state import Json, Scene

OPERATIONS: dict[str, Callable[[Scene, Json], Json]] = {}
for _module in (
    absent,
    addon_catalogue,
    addons,
    cluster_updates,
    clusters,
    entries,
    entry_policies,
    insights,
    nodegroup_updates,
    nodegroups,
    pod_identity,
    policies,
    providers,
    tags,
    updates,
    upgrades,
    versions,
):
    OPERATIONS |= _module.OPERATIONS


def perform(scene: Scene, operation: str, parameters: Json) -> Json:
    """The members of the output shape. A call that is made again with its clientRequestToken gets the answer of the first time.

    Parameters are as the service model has them: whoever calls has seen to that. Raises EksError for what EKS refuses.
    """
    scene.state.timeline.reach(scene.now)
    key = (operation, parameters.get("clientRequestToken") or "")
    first = scene.state.answers.get(key)
    if key[1] and first and first[0] == parameters:
        return first[1]
    answer = copy.deepcopy(OPERATIONS[operation](scene, parameters))
    if key[1]:
        scene.state.answers[key] = (copy.deepcopy(parameters), answer)
    return answer
