# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show, with evidence, that a service is what it claims to be. Options: plugins/modules/evidence.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._verify.run import CHECKS, Request, Result, connect, verify
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

PEER = {
    "name": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "type": {"type": "str", "choices": ["postgresql", "redis", "tcp"], "default": "tcp"},
}


class ActionModule(CoreAction):
    argument_spec = {
        "kubeconfig": {"type": "path", "required": True},
        "namespace": {"type": "str", "required": True},
        "service": {"type": "str", "required": True},
        "url": {"type": "str", "required": True},
        "ca_file": {"type": "path"},
        "path": {"type": "path", "required": True},
        "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": list(CHECKS)},
        "peers": {"type": "list", "elements": "dict", "options": PEER, "default": []},
        "store_namespace": {"type": "str", "default": "slipway-secrets"},
        "python": {"type": "list", "elements": "str", "default": ["/usr/bin/python3.11"]},
        "break_command": {"type": "list", "elements": "str", "default": []},
        "restore_command": {"type": "list", "elements": "str", "default": []},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        if check_mode:  # breaking a readiness on purpose is nothing to do "as if"
            return Result((), ("nothing was verified: check mode",))
        request = Request.from_params(params)
        return verify(request, connect(request.kubeconfig), progress)
