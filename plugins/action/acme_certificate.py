# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``acme_certificate``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._acme.ensure import Result, ensure
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

CERTIFICATE = {
    "name": {"type": "str", "required": True},
    "dns": {"type": "list", "elements": "str", "default": []},
    "ip": {"type": "list", "elements": "str", "default": []},
}
CHALLENGE = {
    "type": {"type": "str", "choices": ["http-01", "dns-01"], "default": "http-01"},
    "listen": {"type": "str", "default": ""},
    "webroot": {"type": "path"},
    "hook": {"type": "list", "elements": "str", "default": []},
    "route53": {"type": "dict", "options": CONNECTION},
    "settle": {"type": "float", "default": 0},
}
ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "certificates": {"type": "list", "elements": "dict", "default": [], "options": CERTIFICATE},
    "directory": {"type": "str", "required": True},
    "terms_agreed": {"type": "bool", "default": False},
    "contact": {"type": "list", "elements": "str", "default": []},
    "account_key_file": {"type": "path"},
    "external_account": {"type": "dict", "options": {"kid": {"type": "str", "required": True}, "hmac_key_file": {"type": "path", "required": True}}},
    "challenge": {"type": "dict", "options": CHALLENGE},
    "ca_file": {"type": "path"},
    "profile": {"type": "str", "default": ""},
    "renew": {"type": "str", "choices": ["due", "all"], "default": "due"},
    "timeout": {"type": "int", "default": 300},
}


class ActionModule(CoreAction):
    argument_spec = ARGUMENTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return ensure(Request.from_params(params), check_mode, progress)
