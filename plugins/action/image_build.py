# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``image_build``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _podman
from ansible_collections.slipway.platform.plugins.module_utils._ansible import Result
from ansible_collections.slipway.platform.plugins.module_utils._image.options import IMAGE_BUILD
from ansible_collections.slipway.platform.plugins.module_utils._image.services import ensure, request_from
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = IMAGE_BUILD

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        cache = _artifacts.cache_dir()
        return ensure(request_from(params, cache, lambda: _podman.environment(cache), check_mode, progress))
