# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running an action plugin as a task would, without a playbook."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any


def run(name: str, /, check_mode: bool = False, **args: Any) -> dict[str, Any]:
    """What the task ``slipway.platform.<name>`` with these arguments returns."""
    plugin = importlib.import_module(f"ansible_collections.slipway.platform.plugins.action.{name}")
    task = SimpleNamespace(args=args, check_mode=check_mode, diff=True, async_val=0, action=name)
    nothing: Any = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    result: dict[str, Any] = plugin.ActionModule(task, nothing, nothing, nothing, nothing, nothing).run(task_vars={})
    return result
