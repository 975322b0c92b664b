# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``promotion_record``: the options are documented in the module of the same name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Registries
from ansible_collections.slipway.platform.plugins.module_utils._records import options
from ansible_collections.slipway.platform.plugins.module_utils._records.record import Result, record
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access


class ActionModule(CoreAction):
    argument_spec = options.RECORD

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        request = options.record_request(params, check_mode)
        with Registries(access(params)) as connect:
            return record(request, connect, datetime.now(UTC))
