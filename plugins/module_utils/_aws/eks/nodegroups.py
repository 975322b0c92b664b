# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed node groups of a cluster: read, written and waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import inside
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.nodegroup import CLUSTER, Change, Wanted, change, seen, wanted
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.tagging import retag
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import SPREAD, causes, in_progress, not_spread, run_update
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, eventually, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError


@dataclass(frozen=True)
class Result(Converged):
    """``nodegroups``: name, version, release_version, status and issues (one text) of each. ``warnings``: Ansible shows them."""

    nodegroups: tuple[dict[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def task(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """``params``: as options.NODEGROUP has them."""
    asked = wanted(params["nodegroups"])
    found = _found(aws, params, asked, check_mode)
    if params["state"] == "absent":
        there = [each for each in asked if found[each.name]]
        if not check_mode:
            aws.together(lambda each: _delete(aws, params, each.name), there)
        return Result({each.name: seen(found[each.name] or {}) for each in there}, {}, tuple(f"delete {each.name}" for each in there))
    version = params["cluster_version"] or _cluster_version(aws, params["cluster"], asked, found)
    tags = texts(params["tags"])
    changes = [change(each, found[each.name], version, tags, params["purge_tags"]) for each in asked]
    if not check_mode:
        found = dict(aws.together(lambda each: _write(aws, params, each), changes))
    shown = [_shown(each) for each in found.values() if each]
    return Result(
        {each.wanted.name: each.before for each in changes if each.before},
        {each.wanted.name: each.after for each in changes},
        tuple(action for each in changes for action in _actions(each)),
        tuple(shown),
        tuple(f"node group {each['name']} is {each['status']}: {each['issues'] or 'EKS says no more'}" for each in shown if each["status"] != "ACTIVE"),
    )


def _found(aws: Aws, params: Mapping[str, Any], asked: list[Wanted], check_mode: bool) -> dict[str, Mapping[str, Any] | None]:
    """Those that are wanted, as DescribeNodegroup has them, once they are at rest."""
    cluster, missing_is_fine = params["cluster"], check_mode or params["state"] == "absent"
    there = inside.listed(aws, cluster, "list_nodegroups", "nodegroups", missing_is_fine=missing_is_fine)
    return inside.at_rest(aws, params, [each.name for each in asked], there, "node group", lambda name: _describe(aws, cluster, name), check_mode)


def _describe(aws: Aws, cluster: str, name: str) -> Mapping[str, Any] | None:
    answer = aws.find("eks", "describe_nodegroup", clusterName=cluster, nodegroupName=name)
    return answer["nodegroup"] if answer else None


def _cluster_version(aws: Aws, cluster: str, asked: list[Wanted], found: Mapping[str, Any]) -> str:
    """Asked only if some group's version depends on it."""

    def depends(each: Wanted) -> bool:
        version, now = each.settings.get("version"), found[each.name]
        return version == CLUSTER or (version is not None and now is not None and version != now.get("version"))

    if not any(depends(each) for each in asked):
        return ""
    answer = aws.find("eks", "describe_cluster", name=cluster)
    return str(answer["cluster"]["version"]) if answer else LATER


def _actions(each: Change) -> list[str]:
    if not each.changed:
        return []
    if each.create:
        return [f"create {each.wanted.name}"]
    version = each.version.get("version") or each.version.get("releaseVersion")
    what = ["settings"] if each.config else []
    what += [f"version {version}"] if version else []
    return [f"change {each.wanted.name}: {', '.join(what) or 'tags'}"]


def _write(aws: Aws, params: Mapping[str, Any], each: Change) -> tuple[str, Mapping[str, Any] | None]:
    cluster, name, timeout = params["cluster"], each.wanted.name, params["timeout"]
    if each.found is not None and not each.changed:
        return name, each.found
    where = {"clusterName": cluster, "nodegroupName": name}
    if each.create:
        if each.anew:
            _delete(aws, params, name)
        eventually(aws, lambda: aws.call("eks", "create_nodegroup", **where, **each.create), _later, SPREAD)
        return name, _ready(aws, cluster, name, timeout)
    # First how many nodes may be missing at a time, then the replacing of nodes.
    for what, operation, parameters in (("settings", "update_nodegroup_config", each.config), ("version", "update_nodegroup_version", each.version)):
        if parameters:
            run_update(aws, f"node group {name}, {what}", operation, {**where, **parameters}, timeout, name=cluster, nodegroupName=name)
    retag(aws, str((each.found or {})["nodegroupArn"]), each.before["tags"], each.after["tags"])
    return name, _ready(aws, cluster, name, timeout) if each.config or each.version else each.found


def _later(error: SlipwayError) -> bool:
    return not_spread(error) or in_progress(error)


def _ready(aws: Aws, cluster: str, name: str, timeout: float) -> Mapping[str, Any]:
    def look() -> Seen[Mapping[str, Any]]:
        found = _describe(aws, cluster, name) or {"status": "gone"}
        status = str(found["status"])
        over = status in ("CREATE_FAILED", "DEGRADED", "DELETE_FAILED", "gone")
        issues = causes((found.get("health") or {}).get("issues") or ())
        return Seen(found, status, done=status == "ACTIVE", failure=(issues or "EKS gives no cause") if over else "")

    return until_done(aws, f"node group {name}", look, timeout)


def _delete(aws: Aws, params: Mapping[str, Any], name: str) -> None:
    cluster = params["cluster"]
    aws.find("eks", "delete_nodegroup", clusterName=cluster, nodegroupName=name)

    def look() -> Seen[None]:
        found = _describe(aws, cluster, name)
        status = str(found["status"]) if found else "gone"
        issues = causes(((found or {}).get("health") or {}).get("issues") or ())
        return Seen(None, status, done=found is None, failure=(issues or "EKS gives no cause; delete it again") if status == "DELETE_FAILED" else "")

    until_done(aws, f"node group {name}", look, params["timeout"])


def _shown(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": str(found.get("nodegroupName", "")),
        "version": str(found.get("version", "")),
        "release_version": str(found.get("releaseVersion", "")),
        "status": str(found.get("status", "")),
        "issues": causes((found.get("health") or {}).get("issues") or ()),
    }
