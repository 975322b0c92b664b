# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``ca_bundle``: the options are documented in the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._tls import bundle
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = {
        "url": {"type": "str", "required": True},
        "path": {"type": "path", "required": True},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> bundle.Result:
        return bundle.ensure(params["url"], Path(params["path"]), bundle.fetched, check_mode)
