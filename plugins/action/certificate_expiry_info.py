# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``certificate_expiry_info``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import OPTIONS, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.run import Result, look
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    """Runs on the controller, where kubeconfigs and credentials are, and from where endpoints are reached."""

    argument_spec = OPTIONS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return look(Request.from_params(params), Context(), check_mode, progress if params["show"] else None)
