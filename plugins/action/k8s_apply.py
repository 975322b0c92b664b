# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.apply import Result
from ansible_collections.slipway.platform.plugins.module_utils._k8s.task import apply_task
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller for the live line, and because the files it reads (manifests, secrets) are there."""

    argument_spec = {
        "kubeconfig": {"type": "path", "required": True},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "definitions": {"type": "list", "elements": "dict", "default": []},
        "src": {"type": "list", "elements": "path", "default": []},
        "secret_files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "no_log": False,
            "options": {
                "name": {"type": "str", "required": True},
                "namespace": {"type": "str"},
                "type": {"type": "str", "default": "Opaque"},
                "key": {"type": "str", "required": True, "no_log": False},
                "path": {"type": "path", "required": True},
            },
        },
        "prune": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 300},
        "force": {"type": "bool", "default": False},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return apply_task(params, check_mode, progress)
