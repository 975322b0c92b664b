# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``promotion_status``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._records import options
from ansible_collections.slipway.platform.plugins.module_utils._records.status import Result, lines, status
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = options.STATUS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        result = status(*options.sources(params), lambda environment: options.trust(params, environment))
        for line in lines(result):
            progress(line)
        return result
