# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``aws_estimate``: the options are documented in the module of the same name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.estimate import Result, estimate
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = OPTIONS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        result = estimate(request(params), datetime.now(UTC).date())
        for line in result.lines:
            progress(line)
        return result
