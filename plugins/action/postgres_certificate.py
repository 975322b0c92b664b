# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``postgres_certificate``: the options are documented in the module of the same name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._postgres import certificate, connection
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller because it waits for a node, and shows what it waits for."""

    argument_spec = {
        **connection.POD,
        "cert_file": {"type": "path", "required": True},
        "timeout": {"type": "float", "default": 150.0},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> certificate.Result:
        pod = connection.pod(params)
        request = certificate.Request.of(pod, Path(params["cert_file"]), params["timeout"], check_mode)
        client, psql = connection.reach(connection.Way(pod), check_mode)
        return certificate.use(request, client, psql, time.monotonic, time.sleep, progress, check_mode)
