# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.running import Running, read
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller, where the kubeconfig is."""

    argument_spec = {
        "kubeconfig": {"type": "path", "required": True},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Running:
        return read(params)
