# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``image_verify``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Registries
from ansible_collections.slipway.platform.plugins.module_utils._sign.options import VERIFY
from ansible_collections.slipway.platform.plugins.module_utils._sign.verifying import Request, Result, verify
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress, access


class ActionModule(CoreAction):
    argument_spec = VERIFY
    constraints = {"required_together": [["identity", "issuer"]]}

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        with Registries(access(params)) as connect:
            return verify(Request.from_params(params, connect))
