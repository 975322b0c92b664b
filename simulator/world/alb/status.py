# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller writes into the status of classes, Gateways and routes.

Types and reasons: Gateway API v1. When which is said: the AWS Load Balancer Controller, of which EKS Auto Mode's is assumed to do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

from simulator.world.alb.attach import Attached, Parent
from simulator.world.alb.model import CONTROLLER, GROUP, PROTOCOLS, ROUTE


@dataclass(frozen=True)
class View:
    """A load balancer as its Gateway is told of it. ``problem``: why there is none, or why it is not as wanted."""

    dns_name: str = ""
    arn: str = ""
    active: bool = False
    problem: str = ""


def of_class(live: Object) -> dict[str, Any]:
    return {"conditions": [_condition(live, "Accepted", True, "Accepted")]}


def of_gateway(live: Object, view: View, attached: Iterable[Attached]) -> dict[str, Any]:
    counts = Counter(each.listener for each in attached)
    if view.problem:
        conditions = [_condition(live, "Accepted", False, "Invalid", view.problem), _condition(live, "Programmed", False, "Invalid", view.problem)]
    elif view.active:
        conditions = [_condition(live, "Accepted", True, "Accepted"), _condition(live, "Programmed", True, "Programmed", view.arn)]
    else:
        waiting = _condition(live, "Programmed", None, "Pending", "Waiting for load balancer to be active.")
        conditions = [_condition(live, "Accepted", True, "Accepted"), waiting]
    listeners = [_listener(live, each, counts[each["name"]], view) for each in live["spec"].get("listeners") or []]
    addresses = [{"type": "Hostname", "value": view.dns_name}] if view.dns_name else []
    return {"addresses": addresses, "conditions": conditions, "listeners": listeners}


def _listener(live: Object, listener: Mapping[str, Any], routes: int, view: View) -> dict[str, Any]:
    known = listener["protocol"] in PROTOCOLS
    kinds = [{"group": GROUP, "kind": ROUTE.kind}] if known else []
    serves = known and view.active and not view.problem
    conditions = [
        _condition(live, "Conflicted", False, "NoConflicts"),
        _condition(live, "Accepted", known, "Accepted" if known else "UnsupportedProtocol"),
        _condition(live, "ResolvedRefs", True, "ResolvedRefs"),
        _condition(live, "Programmed", serves, "Programmed" if serves else "Pending" if known and not view.problem else "Invalid"),
    ]
    return {"name": listener["name"], "supportedKinds": kinds, "attachedRoutes": routes, "conditions": conditions}


def of_route(live: Object, parents: Iterable[Parent]) -> dict[str, Any]:
    """With what other controllers said, which is not ours to change."""
    others = [each for each in (live.get("status") or {}).get("parents") or [] if each.get("controllerName") != CONTROLLER]
    return {"parents": [*others, *(_parent(live, each) for each in parents)]}


def _parent(live: Object, parent: Parent) -> dict[str, Any]:
    accepted, resolved = parent.accepted == "Accepted", parent.resolved == "ResolvedRefs"
    conditions = [
        _condition(live, "Accepted", accepted, parent.accepted, "" if accepted else parent.message),
        _condition(live, "ResolvedRefs", resolved, parent.resolved, "" if resolved else parent.message),
    ]
    return {"parentRef": parent.reference, "controllerName": CONTROLLER, "conditions": conditions}


def _condition(live: Object, type_: str, status: bool | None, reason: str, message: str = "") -> dict[str, Any]:
    said = "Unknown" if status is None else str(status)
    return {"type": type_, "status": said, "reason": reason, "message": message, "observedGeneration": live["metadata"].get("generation", 0)}


def dated(old: Any, new: Any, now: datetime) -> Any:
    """``new`` with the time of each condition's last transition: that of ``old`` where its status is the same."""
    if isinstance(new, list):
        before = {_key(each): each for each in old if isinstance(each, dict)} if isinstance(old, list) else {}
        return [dated(before.get(_key(each)), each, now) for each in new]
    if not isinstance(new, dict):
        return new
    was = old if isinstance(old, dict) else {}
    made = {key: dated(was.get(key), value, now) for key, value in new.items()}
    if "type" in new and "status" in new:
        same = was.get("status") == new["status"] and was.get("lastTransitionTime")
        made["lastTransitionTime"] = was["lastTransitionTime"] if same else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return made


def _key(each: Any) -> str:
    if not isinstance(each, dict):
        return str(each)
    return str(each.get("type") or each.get("name") or each.get("parentRef"))
