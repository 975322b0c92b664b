# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``postgres_database``: the options are documented in the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._postgres import connection
from ansible_collections.slipway.platform.plugins.module_utils._postgres.ensure import Request, Result, ensure
from ansible_collections.slipway.platform.plugins.module_utils._postgres.model import Binding, Policy, Server
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

DATABASES = {name: {"type": "str", "required": True} for name in ("service", "resource", "namespace")}
ARGUMENTS = {
    **connection.OPTIONS,
    "databases": {"type": "list", "elements": "dict", "default": [], "options": DATABASES},
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "provider": {"type": "str", "default": "local"},
    "ca_file": {"type": "path", "required": True},
    "connection_limit": {"type": "int", "default": 40},
    "settings": {"type": "dict", "default": {}},
    "monitor": {"type": "str", "default": ""},
}


class ActionModule(CoreAction):
    argument_spec = ARGUMENTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        client, psql = connection.reach(connection.way(params), check_mode)
        request = Request(
            bindings=tuple(Binding(**item) for item in params["databases"]),
            server=Server(params["host"], params["port"], connection.authority(Path(params["ca_file"]), check_mode), params["provider"]),
            policy=Policy(params["connection_limit"], {key: str(value) for key, value in params["settings"].items()}, params["monitor"]),
            superuser=params["administrator"] is None,
            store=params["store_namespace"],
        )
        return ensure(request, client, psql, check_mode)
