# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``promotion_plan``: the options are documented in the module of the same name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Registries
from ansible_collections.slipway.platform.plugins.module_utils._records import carry, options
from ansible_collections.slipway.platform.plugins.module_utils._records.prepare import Prepared, prepare
from ansible_collections.slipway.platform.plugins.module_utils._records.report import keep, lines
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access


class ActionModule(CoreAction):
    """A plan is saved in check mode too: that is what one asks for it for."""

    argument_spec = options.PLAN

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Prepared:
        reached = access(params)
        with Registries(reached) as connect:
            prepared = prepare(options.plan_request(params, carry.look(reached, params["moving_tags"])), connect, datetime.now(UTC))
        for line in lines(prepared) if params["show"] else ():
            progress(line)
        return keep(prepared, Path(params["save"])) if params["save"] else prepared
