# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``score_info``: the options are documented in the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score.arguments import SERVICES
from ansible_collections.slipway.platform.plugins.module_utils._score.service_info import Info, gather
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = {**SERVICES, "domain": {"type": "str", "default": "localhost"}}

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Info:
        return gather(params["services"], params["namespace"], params["domain"], Path(params["project_dir"]))
