# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._postgres import connection, rotate
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller because a rotation waits for pods, and shows what it waits for."""

    argument_spec = {
        **connection.OPTIONS,
        "services": {"type": "list", "elements": "str", "default": []},
        "reread": {"type": "float", "default": 90.0},
        "restart": {"type": "float", "default": 180.0},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> rotate.Result:
        client, psql = connection.reach(connection.way(params), check_mode)
        if client is None or psql is None:
            return rotate.Result([])
        request = rotate.Request(tuple(params["services"]), params["reread"], params["restart"], params["store_namespace"])
        return rotate.Rotator(client, psql, request, time.monotonic, time.sleep, progress).run(check_mode)
