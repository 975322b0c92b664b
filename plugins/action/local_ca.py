# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``local_ca``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure
from ansible_collections.slipway.platform.plugins.module_utils._tls.report import Result
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Request
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

CERTIFICATE = {
    "name": {"type": "str", "required": True},
    "dns": {"type": "list", "elements": "str", "default": []},
    "ip": {"type": "list", "elements": "str", "default": []},
    "days": {"type": "float", "default": 90},
    "usages": {"type": "list", "elements": "str", "choices": ["server", "client"], "default": ["server"]},
}
ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "certificates": {"type": "list", "elements": "dict", "default": [], "options": CERTIFICATE},
    "common_name": {"type": "str", "default": "Slipway local CA"},
    "days": {"type": "int", "default": 3650},
    "permitted": {"type": "list", "elements": "str", "default": []},
    "renew": {"type": "str", "choices": ["due", "all"], "default": "due"},
    "rotation": {"type": "str", "choices": ["", "begin", "switch", "end"], "default": ""},
}


class ActionModule(CoreAction):
    argument_spec = ARGUMENTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return ensure(Request.from_params(params), check_mode=check_mode)
