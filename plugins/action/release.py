# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.arguments import RELEASE, RELEASE_CONSTRAINTS
from ansible_collections.slipway.platform.plugins.module_utils._k8s.release import Result
from ansible_collections.slipway.platform.plugins.module_utils._k8s.task import release_task
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller for the live line, and because the files it reads (manifests, secrets) are there."""

    argument_spec = RELEASE
    constraints = RELEASE_CONSTRAINTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        result = release_task(params, check_mode, progress)
        return result if self._task.diff else replace(result, diff=[])
