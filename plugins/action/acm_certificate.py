# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``acm_certificate``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.result import Result
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.spec import OPTIONS
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.task import ensure, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import access
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = OPTIONS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        wanted = request(params)
        return ensure(Aws(access(params), progress), wanted, check_mode)
