# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``secret_store``: the options are documented in the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._secrets.ensure import Request, Result, delivery, ensure, wanted
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import NAMESPACE
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

# no_log would blank out every occurrence of these names in the result; the values behind them are never an argument.
SECRETS = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "default": "Opaque"},
    "values": {"type": "dict", "default": {}},
    "generate": {"type": "dict", "default": {}},
    "compose": {"type": "dict", "default": {}},
    "labels": {"type": "dict", "default": {}},
}
DELIVERIES = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "secret": {"type": "str", "required": True, "no_log": False},
    "type": {"type": "str"},
    "compose": {"type": "dict", "default": {}},
    "service": {"type": "str"},
    "resource": {"type": "str"},
}
ARGUMENTS = {
    "kubeconfig": {"type": "path", "required": True},
    "secrets": {"type": "list", "elements": "dict", "default": [], "options": SECRETS, "no_log": False},
    "deliveries": {"type": "list", "elements": "dict", "default": [], "options": DELIVERIES},
    "set": {"type": "str", "default": "default"},
    "store_namespace": {"type": "str", "default": NAMESPACE},
}


class ActionModule(CoreAction):
    argument_spec = ARGUMENTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        kubeconfig = Path(params["kubeconfig"])
        client = None if check_mode and not kubeconfig.exists() else Client(connect(kubeconfig))
        secrets, deliveries = tuple(map(wanted, params["secrets"])), tuple(map(delivery, params["deliveries"]))
        request = Request(secrets, deliveries, params["set"], params["store_namespace"])
        return ensure(request, client, check_mode)
