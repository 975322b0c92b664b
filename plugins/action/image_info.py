# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``image_info``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import OPTIONS
from ansible_collections.slipway.platform.plugins.module_utils._promotion.info import Result, asked, look
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access

ARGUMENTS = {
    "images": {"type": "list", "elements": "str", "required": True},
    "tags": {"type": "bool", "default": False},
    "referrers": {"type": "bool", "default": True},
    **OPTIONS,
}


class ActionModule(CoreAction):
    argument_spec = ARGUMENTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return look(asked(params, access(params)))
