# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _summary
from ansible_collections.slipway.platform.plugins.plugin_utils._action import CoreAction, Progress


@dataclass(frozen=True)
class Result:
    summary: _summary.Summary
    changed: bool = False


class ActionModule(CoreAction):
    """Runs on the controller to print its lines on the terminal."""

    argument_spec = {
        "environment": {"type": "str", "required": True},
        "ca_file": {"type": "str", "default": ""},
        "kubeconfig": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "services": {"type": "dict", "required": True},
        "versions": {"type": "dict", "default": {}},
        "stages": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"name": {"type": "str", "required": True}, "started": {"type": "float", "required": True}},
        },
        "notes": {"type": "list", "elements": "str", "default": []},
        "next_steps": {"type": "list", "elements": "str", "default": []},
        "path": {"type": "path", "required": True},
    }

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        path = Path(params.pop("path"))
        stages = _summary.stages_of(params.pop("stages"), time.time())
        services = _summary.services_of(params.pop("services"))
        params |= {name: tuple(params[name]) for name in ("notes", "next_steps")}
        summary = _summary.Summary(**params, url=_summary.first_url(services), services=services, stages=stages)
        if not check_mode:
            _summary.write(summary, path)
        for line in _summary.lines(summary):
            progress(line)
        return Result(summary)
