# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``results``: the options are documented in the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._results import Kept, keep
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller: the values are variables, and a file is written in no time where a module takes half a second."""

    argument_spec = {
        "directory": {"type": "path", "required": True},
        "values": {"type": "dict", "required": True},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Kept:
        return keep(Path(params["directory"]), params["values"], check_mode)
