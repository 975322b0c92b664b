# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``promotion_statement``: the options are documented in the module of the same name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Registries
from ansible_collections.slipway.platform.plugins.module_utils._records import options, plan
from ansible_collections.slipway.platform.plugins.module_utils._records.report import planned
from ansible_collections.slipway.platform.plugins.module_utils._records.say import Result, say
from ansible_collections.slipway.platform.plugins.module_utils._sign.options import signer
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access


class ActionModule(CoreAction):
    argument_spec = options.STATEMENT

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        now = datetime.now(UTC)
        wanted, key = options.wanted(params, now), signer(params["signer"])
        if params["approve"]:
            for line in planned(plan.read(Path(params["approve"]["plan"]))):
                progress(line)
        with Registries(access(params)) as connect:
            return say(wanted, key, connect, now, check_mode)
