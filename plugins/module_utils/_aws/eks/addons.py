# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons of a cluster: read, resolved, checked, written and waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import catalogue, inside
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.addon import Associations, Change, Wanted, change, lasting, seen, wanted
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.tagging import retag
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import SPREAD, causes, in_progress, not_spread, run_update
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, eventually, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError


@dataclass(frozen=True)
class Result(Converged):
    """``addons``: name, version, status and issues (one text, "" for none) of each. ``warnings``: Ansible shows them."""

    addons: tuple[dict[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def task(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """``params``: as options.ADDON has them."""
    asked, absent = wanted(params["addons"]), params["state"] == "absent"
    found = _found(aws, params, asked, check_mode)
    if absent:
        return _remove(aws, params, asked, found, check_mode)
    changes = _changes(aws, params, asked, found)
    before = {each.wanted.name: each.before for each in changes if each.before}
    actions = [f"{'change' if each.found and not each.anew else 'create'} {each.wanted.name}" for each in changes if each.changed]
    result = Result(before, {each.wanted.name: each.after for each in changes}, tuple(actions))
    if not check_mode:
        found = dict(aws.together(lambda each: _write(aws, params, each), changes))
    shown = [_shown(name, each) for name, each in found.items() if each]
    told = tuple(f"add-on {each['name']} is {each['status']}: {each['issues'] or 'EKS says no more'}" for each in shown if each["status"] != "ACTIVE")
    return Result(result.before, result.after, result.actions, tuple(shown), told)


def _found(aws: Aws, params: Mapping[str, Any], asked: list[Wanted], check_mode: bool) -> dict[str, Mapping[str, Any] | None]:
    """Those that are wanted, as DescribeAddon has them, once they are at rest."""
    cluster, missing_is_fine = params["cluster"], check_mode or params["state"] == "absent"
    there = inside.listed(aws, cluster, "list_addons", "addons", missing_is_fine=missing_is_fine)
    return inside.at_rest(aws, params, [each.name for each in asked], there, "add-on", lambda name: _describe(aws, cluster, name), check_mode)


def _describe(aws: Aws, cluster: str, name: str) -> Mapping[str, Any] | None:
    answer = aws.find("eks", "describe_addon", clusterName=cluster, addonName=name)
    return answer["addon"] if answer else None


def _changes(aws: Aws, params: Mapping[str, Any], asked: list[Wanted], found: Mapping[str, Any]) -> list[Change]:
    """Everything that can be refused is, before anything is written."""
    tags = texts(params["tags"])
    kubernetes = params["cluster_version"] or _kubernetes(aws, params["cluster"], asked, found)

    def one(each: Wanted) -> Change:
        there = found[each.name]
        version = _version(aws, each, there, kubernetes)
        roles = _roles(aws, params["cluster"], there) if there and each.pod_identity is not None else {}
        planned = change(each, version, there, roles, tags, params["purge_tags"])
        target = str(planned.parameters.get("addonVersion") or "")
        if each.configuration and "configurationValues" in planned.parameters and target and target != LATER:
            catalogue.check(aws, each.name, target, each.configuration)
        return planned

    return aws.together(one, asked)


def _kubernetes(aws: Aws, cluster: str, asked: list[Wanted], found: Mapping[str, Any]) -> str:
    """The cluster's version if it has to be known; "" if not, or if there is no cluster yet."""
    if all(found[each.name] and each.version in (None, found[each.name]["addonVersion"]) for each in asked):
        return ""
    answer = aws.find("eks", "describe_cluster", name=cluster)
    return str(answer["cluster"]["version"]) if answer else ""


def _version(aws: Aws, each: Wanted, there: Mapping[str, Any] | None, kubernetes: str) -> str | None:
    """None: leave it. A new add-on gets EKS's default if nothing is said."""
    now = str(there["addonVersion"]) if there else ""
    asked = each.version or (None if there else catalogue.DEFAULT)
    if asked is None or asked == now:
        return asked
    if not kubernetes:
        return LATER if asked in (catalogue.DEFAULT, catalogue.NEWEST) else asked
    return catalogue.versions(aws, each.name, kubernetes).resolved(asked, now)


def _roles(aws: Aws, cluster: str, there: Mapping[str, Any]) -> Associations:
    """arn:aws:eks:<region>:<account>:podidentityassociation/<cluster>/<id>"""
    ids = [arn.rpartition("/")[2] for arn in there.get("podIdentityAssociations") or ()]
    read = aws.together(lambda each: aws.call("eks", "describe_pod_identity_association", clusterName=cluster, associationId=each)["association"], ids)
    return {each["serviceAccount"]: each["roleArn"] for each in read}


def _write(aws: Aws, params: Mapping[str, Any], each: Change) -> tuple[str, Mapping[str, Any] | None]:
    cluster, name, timeout = params["cluster"], each.wanted.name, params["timeout"]
    where = {"clusterName": cluster, "addonName": name}
    if each.anew:
        _delete(aws, params, each.wanted)
    if each.found is None or each.anew:
        eventually(aws, lambda: aws.call("eks", "create_addon", **where, **each.parameters), _later, SPREAD)
    else:
        if each.parameters:
            run_update(aws, f"add-on {name}", "update_addon", {**where, **each.parameters}, timeout, name=cluster, addonName=name)
        retag(aws, each.found["addonArn"], each.before["tags"], each.after["tags"])
    if each.found is not None and not each.changed and each.found["status"] == "ACTIVE":
        return name, each.found
    return name, _ready(aws, cluster, name, timeout) if params["wait"] else _describe(aws, cluster, name)


def _later(error: SlipwayError) -> bool:
    return not_spread(error) or in_progress(error)


def _ready(aws: Aws, cluster: str, name: str, timeout: float) -> Mapping[str, Any]:
    """ACTIVE. DEGRADED is waited out unless one of its issues does not go by itself."""

    def look() -> Seen[Mapping[str, Any]]:
        found = _describe(aws, cluster, name) or {"status": "gone"}
        status, issues = str(found["status"]), (found.get("health") or {}).get("issues") or ()
        over = status in ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "gone") or (status == "DEGRADED" and lasting(found))
        line = f"{status} ({causes(issues)})" if issues and not over else status
        return Seen(found, line, done=status == "ACTIVE", failure=(causes(issues) or "EKS gives no cause") if over else "")

    return until_done(aws, f"add-on {name}", look, timeout)


def _remove(aws: Aws, params: Mapping[str, Any], asked: list[Wanted], found: Mapping[str, Any], check_mode: bool) -> Result:
    there = [each for each in asked if found[each.name]]
    before = {each.name: seen(found[each.name], {}) for each in there}
    if not check_mode:
        aws.together(lambda each: _delete(aws, params, each), there)
    return Result(before, {}, tuple(f"delete {each.name}" for each in there))


def _delete(aws: Aws, params: Mapping[str, Any], each: Wanted) -> None:
    """And wait until it is gone: only then can another be made, or its cluster be deleted."""
    where = {"clusterName": params["cluster"], "addonName": each.name}
    aws.find("eks", "delete_addon", **where, **({"preserve": True} if each.preserve else {}))

    def look() -> Seen[None]:
        found = _describe(aws, params["cluster"], each.name)
        status = str(found["status"]) if found else "gone"
        issues = causes(((found or {}).get("health") or {}).get("issues") or ())
        return Seen(None, status, done=found is None, failure=(issues or "EKS gives no cause; delete it again") if status == "DELETE_FAILED" else "")

    until_done(aws, f"add-on {each.name}", look, params["timeout"])


def _shown(name: str, found: Mapping[str, Any]) -> dict[str, str]:
    issues = causes((found.get("health") or {}).get("issues") or ())
    return {"name": name, "version": str(found.get("addonVersion", "")), "status": str(found.get("status", "")), "issues": issues}
