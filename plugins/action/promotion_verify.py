# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``promotion_verify``: the options are documented in the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Registries
from ansible_collections.slipway.platform.plugins.module_utils._records import options
from ansible_collections.slipway.platform.plugins.module_utils._records.audit import Result, verify
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access


class ActionModule(CoreAction):
    argument_spec = options.VERIFY_RECORDS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        ledger, trust = Path(params["ledger"]), options.trust(params, params["environment"])
        if not params["registry"]:  # nothing is reached, and nothing that is only needed for it can be wrong
            return verify(ledger, params["environment"], trust)
        with Registries(access(params)) as connect:
            return verify(ledger, params["environment"], trust, connect)
