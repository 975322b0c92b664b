# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of ``registry_container``: the options are documented in the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _podman
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.container import Request, Result, ensure
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.podman import Podman
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "network": {"type": "str", "required": True},
    "image": {"type": "path"},
    "path": {"type": "path", "required": True},
    "data_dir": {"type": "path", "required": True},
    "port": {"type": "int", "required": True},
    "pull_port": {"type": "int", "required": True},
    "tls": {
        "type": "dict",
        "options": {name: {"type": "path", "required": True} for name in ("cert_file", "key_file", "ca_file")},
    },
}


class ActionModule(CoreAction):
    argument_spec = ARGUMENTS

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        return ensure(Request.from_params(params, check_mode), Podman(_podman.environment(_artifacts.cache_dir())))
