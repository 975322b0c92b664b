# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renew the certificates of the embedded cluster. Options: plugins/modules/kind_certificates.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._kind import options, renewal_work
from ansible_collections.slipway.platform.plugins.module_utils._kind.renewal import Result
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


class ActionModule(CoreAction):
    argument_spec = options.CERTIFICATES

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return renewal_work.converge(options.certificates_request(params), progress, check_mode)
