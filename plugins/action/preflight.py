# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files, _lock, _preflight
from ansible_collections.slipway.platform.plugins.module_utils._aws import identity, options
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress

_CHECK = {"that": {"type": "bool", "required": True}, "otherwise": {"type": "str", "required": True}}
_MEANT = {"account_id": {"type": "str", "required": True}, "cluster": {"type": "str", "default": ""}, "kubeconfig": {"type": "path"}}


class ActionModule(CoreAction):
    """Runs on the controller because the lock belongs to the ansible-playbook process, the parent of this worker."""

    argument_spec = {
        "environment": {"type": "str", "required": True},
        "settings": {"type": "dict", "default": {}},
        "checks": {"type": "list", "elements": "dict", "default": [], "options": _CHECK},
        "files": {"type": "dict", "default": {}},
        "root": {"type": "bool", "default": False},
        "programs": {"type": "dict", "default": {}},
        "ports": {"type": "dict", "default": {}},
        "own_processes": {"type": "str", "default": ""},
        "disk": {"type": "dict", "default": {}},
        "memory": {"type": "float", "default": 0.0},
        "tags": {"type": "list", "elements": "str", "default": []},
        "asked": {"type": "list", "elements": "str", "default": []},
        "absent": {"type": "list", "elements": "str", "default": []},
        "aws": {"type": "dict", "options": {**options.CONNECTION, **_MEANT}},
        "lock": {"type": "path"},
        "directory": {"type": "path"},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> _preflight.Result:
        lock, directory, aws = params.pop("lock"), params.pop("directory"), params.pop("aws")
        ports = {int(port): str(setting) for port, setting in params.pop("ports").items()}
        disk = {str(path): float(size) for path, size in params.pop("disk").items()}
        wrong = [each["otherwise"] for each in params.pop("checks") if not each["that"]]
        meant = aws and aws["account_id"] and aws["region"]
        found = _elsewhere(params["environment"], aws, progress) if meant and not wrong else wrong
        result = _preflight.check(_preflight.Request(**params, ports=ports, disk=disk, elsewhere=found), _preflight.this_machine())
        if lock and not check_mode:
            _lock.take(Path(lock), os.getppid(), f"environment {params['environment']}")
        if not directory or Path(directory).is_dir():
            return result
        if not check_mode:
            _files.make_private_folder(Path(directory))
        return replace(result, changed=True)


def _elsewhere(environment: str, aws: dict[str, Any], progress: Progress) -> list[str]:
    kubeconfig = Path(aws["kubeconfig"]) if aws["kubeconfig"] else None
    meant = identity.Meant(environment, aws["account_id"], aws["cluster"], kubeconfig)
    return identity.findings(Aws(options.access(aws), progress), meant)
