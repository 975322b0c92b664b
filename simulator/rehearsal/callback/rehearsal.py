# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks a run executed and which it skipped, and why: a file of JSON for whoever started it (SLIPWAY_REHEARSAL_RECORD)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: rehearsal
type: aggregate
short_description: Note which tasks were executed
description: Writes to the file that SLIPWAY_REHEARSAL_RECORD names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "rehearsal"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._tasks: dict[str, dict[str, str]] = {}

    def _note(self, result: Any, status: str) -> None:
        """A task that was executed once counts as such, however often it was skipped."""
        where, said = str(result.task.get_path()), result.result
        before = self._tasks.get(where)
        if before and before["status"] != "skipped" and status in ("skipped", "ok"):
            return
        why = str(said.get("false_condition") or said.get("skip_reason") or "") if status == "skipped" else ""
        self._tasks[where] = {"name": result.task.get_name(), "status": status, "why": why}

    def v2_runner_on_ok(self, result: Any) -> None:
        self._note(result, "changed" if result.result.get("changed") else "ok")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._note(result, "skipped")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._note(result, "ok" if ignore_errors else "failed")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        totals = {name: sum(getattr(stats, name).values()) for name in ("ok", "changed", "skipped", "failures", "dark", "rescued")}
        file = os.environ.get("SLIPWAY_REHEARSAL_RECORD")
        if file:
            Path(file).write_text(json.dumps({"tasks": list(self._tasks.values()), "totals": totals}, indent=1))
