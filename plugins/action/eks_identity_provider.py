# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.identity_provider import Result, task
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.options import IDENTITY_PROVIDER
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import access
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller, where the credentials for AWS are."""

    argument_spec = IDENTITY_PROVIDER

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return task(Aws(access(params), progress), params, check_mode)
