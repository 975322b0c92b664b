# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``acm_certificate``: the options are documented in the module of the same name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import acm
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, access
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

CERTIFICATE = {
    "certificate_file": {"type": "path", "required": True},
    "key_file": {"type": "path", "required": True},
    "arn": {"type": "str", "default": ""},
    "name": {"type": "str", "default": ""},
}


class ActionModule(CoreAction):
    argument_spec = {"certificates": {"type": "list", "elements": "dict", "required": True, "options": CERTIFICATE}, **CONNECTION}

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> acm.Result:
        wanted = acm.wanted(params)
        return acm.ensure(Aws(access(params), progress), wanted, datetime.now(UTC), check_mode)
