# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process of its own is told and asked over HTTP: /_simulator/... on the simulator's port, JSON in and out."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from simulator import faults, record

if TYPE_CHECKING:
    from simulator.application import Simulator

PREFIX = "/_simulator"


def answer(simulator: Simulator, request: Request) -> Response:
    name = request.path.removeprefix(PREFIX).strip("/")
    calls = simulator.record.calls
    readable: dict[str, Any] = {
        "": lambda: {"account_id": simulator.world.account_id, "now": simulator.world.clock.now().isoformat(), "own": sorted(simulator.backends)},
        "calls": lambda: [asdict(call) for call in calls],
        "counts": lambda: record.counts(calls),
        "writes": lambda: record.writes(calls),
        "violations": lambda: [str(violation) for violation in simulator.violations],
        "faults": lambda: [asdict(fault) for fault in simulator.faults],
    }
    if request.method == "GET" and name in readable:
        return _json(200, readable[name]())
    if request.method == "POST" and name == "reset":
        simulator.reset()
        return _json(200, {})
    if name == "faults" and request.method in ("POST", "DELETE"):
        return _change_faults(simulator, request)
    return _json(404, {"message": f"there are GET {', '.join(f'{PREFIX}/{each}' for each in readable)}; POST reset, faults; DELETE faults"})


def _change_faults(simulator: Simulator, request: Request) -> Response:
    """POST adds a list of faults; DELETE removes all."""
    if request.method == "DELETE":
        simulator.faults.clear()
    else:
        try:
            simulator.faults += faults.read(json.loads(request.get_data()))
        except (ValueError, TypeError) as error:
            return _json(400, {"message": str(error)})
    return _json(200, [asdict(fault) for fault in simulator.faults])


def _json(status: int, content: Any) -> Response:
    return Response(json.dumps(content, default=str), status, content_type="application/json")
