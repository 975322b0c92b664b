# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``image_sign``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Registries
from ansible_collections.slipway.platform.plugins.module_utils._sign.options import SIGN
from ansible_collections.slipway.platform.plugins.module_utils._sign.signing import Request, Result, ensure
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access


class ActionModule(CoreAction):
    argument_spec = SIGN

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        with Registries(access(params)) as connect:
            return ensure(Request.from_params(params, connect, check_mode))
