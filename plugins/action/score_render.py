# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``score_render``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score.arguments import RENDER
from ansible_collections.slipway.platform.plugins.module_utils._score.manifests import Rendered, Request, render_request
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = RENDER

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Rendered:
        return render_request(Request(**params))
