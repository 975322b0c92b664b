# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``promotion_statement``: the options are documented in the module of the same name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._records import options
from ansible_collections.slipway.platform.plugins.module_utils._records.say import Result, say
from ansible_collections.slipway.platform.plugins.module_utils._sign.options import registries, signer
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = options.STATEMENT

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        wanted, key = options.wanted(params), signer(params["signer"])
        with registries(params["registries"]) as connect:
            return say(wanted, key, connect, datetime.now(UTC), check_mode)
