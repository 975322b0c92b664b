# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``k8s_absent``: the options are documented in the module of the same name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.removal import Request, Result, remove
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec: ClassVar[dict[str, Any]] = {
        "kubeconfig": {"type": "path", "required": True},
        "namespaces": {"type": "list", "elements": "str", "default": []},
        "everything": {"type": "bool", "default": False},
        "cluster_sets": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 900},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        request = Request(tuple(map(str, params["namespaces"])), params["everything"], tuple(map(str, params["cluster_sets"])), params["timeout"], check_mode)
        return remove(Client(connect(Path(params["kubeconfig"]))), request, progress)
