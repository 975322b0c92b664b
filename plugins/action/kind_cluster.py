# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, converge and delete the embedded cluster. Options: plugins/modules/kind_cluster.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._kind import cluster, options
from ansible_collections.slipway.platform.plugins.module_utils._kind.model import Result
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = options.CLUSTER
    constraints = options.CLUSTER_CONSTRAINTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return cluster.converge(options.cluster_request(params), progress, check_mode)
