# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make sure that the node image is on this machine. Options: plugins/modules/kind_node_image.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._kind import node_image, options
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """With a live line; in the background (``async``) there is no terminal, and the module itself runs, if there is anything to build."""

    argument_spec = options.NODE_IMAGE
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._task.async_val and not self._task.check_mode and node_image.inspect_only(options.node_image_request(self._task.args), print).changed:
            result: dict[str, Any] = self._execute_module(module_args=self._task.args, task_vars=task_vars, wrap_async=True)
            return result
        return super().run(tmp, task_vars)

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> node_image.Result:
        request = options.node_image_request(params)
        return node_image.inspect_only(request, progress) if check_mode else node_image.ensure(request, progress)
