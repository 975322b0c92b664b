# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates: asynchronous changes with an id, one at a time for each cluster, node group or add-on; DescribeUpdate and ListUpdates."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from simulator.eks.errors import in_use, not_found
from simulator.eks.faults import Issue
from simulator.eks.pages import page
from simulator.eks.state import Cluster, Json, Scene, Update, new_id

_ABOUT = {"nodegroup": "nodegroupName", "addon": "addonName"}


def running(cluster: Cluster, of: tuple[str, str] = ("cluster", "")) -> Update | None:
    return next((update for update in cluster.updates.values() if update.of == of and update.shown["status"] == "InProgress"), None)


def refuse_if_running(cluster: Cluster, kind: str) -> None:
    """EKS makes one change of a cluster at a time."""
    busy = running(cluster)
    if busy:
        raise in_use(f"Cannot {kind} because cluster {cluster.name} currently has update {busy.shown['id']} in progress", clusterName=cluster.name)


def begin(
    scene: Scene,
    cluster: Cluster,
    kind: str,
    parameters: Mapping[str, Any],
    apply: Callable[[], None],
    *,
    thing: Json | None = None,
    of: tuple[str, str] = ("cluster", ""),
    seconds: float | None = None,
    failed: Callable[[Issue], None] | None = None,
) -> Json:
    """The update, InProgress. When its time has come ``apply`` does the change, or ``failed`` is told of the fault that was planned.

    ``thing`` (the cluster itself if not said) is UPDATING meanwhile, and then ACTIVE again unless one of the two says otherwise.
    """
    thing = cluster.shown if thing is None else thing
    fault = scene.state.faults.hits("update", cluster.name, kind) or scene.state.faults.hits("update", cluster.name, "")
    shown: Json = {
        "id": new_id(),
        "status": "InProgress",
        "type": kind,
        "params": [{"type": name, "value": _text(value)} for name, value in parameters.items() if value is not None],
        "createdAt": scene.now,
        "errors": [],
    }
    cluster.updates[shown["id"]] = Update(shown, of)
    thing["status"] = "UPDATING"

    def finish(_when: object) -> None:
        thing["status"] = "ACTIVE"
        if fault:
            _fail(shown, fault)
            if failed:
                failed(fault)
        else:
            shown["status"] = "Successful"
            apply()

    scene.later(scene.state.timing.update if seconds is None else seconds, finish, held=cluster.name)
    return shown


def _fail(shown: Json, issue: Issue) -> None:
    shown["status"] = "Failed"
    shown["errors"] = [{"errorCode": issue.code, "errorMessage": issue.message, "resourceIds": list(issue.resource_ids)}]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _of(parameters: Json) -> tuple[str, str]:
    for kind, member in _ABOUT.items():
        if parameters.get(member):
            return kind, parameters[member]
    return "cluster", ""


def describe_update(scene: Scene, parameters: Json) -> Json:
    cluster, of = scene.cluster(parameters["name"]), _of(parameters)
    update = cluster.updates.get(parameters["updateId"])
    if update is None or update.of != of:
        about = {_ABOUT[of[0]]: of[1]} if of[1] else {}
        raise not_found(f"No update found for ID: {parameters['updateId']}", clusterName=cluster.name, **about)
    return {"update": update.shown}


def list_updates(scene: Scene, parameters: Json) -> Json:
    cluster, of = scene.cluster(parameters["name"]), _of(parameters)
    known = {"nodegroup": cluster.nodegroups, "addon": cluster.addons}.get(of[0])
    if known is not None and of[1] not in known:
        what = "node group" if of[0] == "nodegroup" else "addon"
        raise not_found(f"No {what} found for name: {of[1]}.", clusterName=cluster.name, **{_ABOUT[of[0]]: of[1]})
    return page("updateIds", [update_id for update_id, update in cluster.updates.items() if update.of == of], parameters)


OPERATIONS = {"DescribeUpdate": describe_update, "ListUpdates": list_updates}
