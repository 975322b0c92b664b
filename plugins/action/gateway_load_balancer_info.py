# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``gateway_load_balancer_info``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.gateway import OPTIONS, Result, find
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import access
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = OPTIONS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return find(Aws(access(params), progress), params, check_mode)
