# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``debian_image``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts
from ansible_collections.slipway.platform.plugins.module_utils._image.catalog import Result, keep, request_from
from ansible_collections.slipway.platform.plugins.module_utils._image.options import DEBIAN_IMAGE
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = DEBIAN_IMAGE

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return keep(request_from(params, _artifacts.cache_dir(), check_mode, progress))
