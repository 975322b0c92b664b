# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core in a process of its own: the module's arguments as JSON on standard input, how it went as JSON on standard output.

The seconds are those of the inventory, every row judged, without those that Python needs to start: Ansible's Python runs anyhow. ``memory``:
by how many bytes the process grew beyond what it had when it began. ``keep``: have the module's whole result, and not only count rows.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.slipway.platform.plugins.module_utils._certificates import inventory, plan, run
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import KUBERNETES, OPTIONS, Request


def request(params: dict[str, Any]) -> Request:
    """As Ansible fills in what is not given."""
    defaults = {name: spec.get("default") for name, spec in OPTIONS.items()}
    kubernetes = [{name: spec.get("default") for name, spec in KUBERNETES.items()} | each for each in params.get("kubernetes", [])]
    return Request.from_params(defaults | params | {"kubernetes": kubernetes})


def memory(name: str) -> int:
    """Bytes: VmRSS, or VmHWM, its largest value (proc_pid_status(5))."""
    lines = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:")]
    return int(lines[0].split()[1]) * 1024


def processor_time() -> float:
    """Seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> int:
    job = json.load(sys.stdin)
    asked, context = request(job["params"]), plan.Context()
    before, started, cpu = memory("VmRSS"), time.monotonic(), processor_time()
    verdicts: Counter[str] = Counter()
    last = 0.0
    if job.get("keep"):
        result = run.look(asked, context)
        verdicts.update(row["verdict"] for row in result.certificates)
    else:
        for row in inventory.take(asked, context):
            verdicts[str(row.verdict)] += 1
            last = time.monotonic() - started if row.certificates else last
    seconds = time.monotonic() - started
    print(json.dumps({"seconds": seconds, "last": last, "cpu": processor_time() - cpu, "memory": memory("VmHWM") - before, "verdicts": verdicts}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
