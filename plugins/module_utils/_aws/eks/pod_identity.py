# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which IAM role the pods of a service account get: EKS Pod Identity associations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags as tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import inside
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.purge import carries
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.tagging import given, retag
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import SPREAD, not_spread
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import eventually
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

Key = tuple[str, str]
"""Namespace and service account."""
_MEMBERS = {"role_arn": "roleArn", "target_role_arn": "targetRoleArn", "session_tags": "disableSessionTags"}


@dataclass(frozen=True)
class Result(Converged):
    """``kept``: associations (``namespace/service account``) that nobody wants and that purge leaves alone, each with the reason."""

    kept: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Change:
    key: Key
    before: dict[str, Any]
    after: dict[str, Any]
    found: Mapping[str, Any] | None = None


def wanted(associations: list[dict[str, Any]], state: str) -> dict[Key, dict[str, Any]]:
    """What is given of each. Raises ``InvalidInput``."""
    found: dict[Key, dict[str, Any]] = {}
    for number, each in enumerate(associations):
        key = (each["namespace"], each["service_account"])
        if key in found:
            raise InvalidInput(f"associations[{number}]: {name_of(key)} stands there twice; a service account has one role")
        if state == "present" and not each["role_arn"]:
            raise InvalidInput(f"associations[{number}].role_arn: {name_of(key)} needs a role; give its ARN")
        found[key] = {member: each[member] for member in _MEMBERS if each[member] is not None}
    return found


def name_of(key: Key) -> str:
    return "/".join(key)


def task(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """``params``: as options.POD_IDENTITY has them."""
    cluster, absent = params["cluster"], params["state"] == "absent"
    asked = wanted(params["associations"], params["state"])
    there = _there(aws, cluster, missing_is_fine=check_mode or absent)
    _refuse_owned(asked, there)
    others = [key for key in there if key not in asked] if params["purge"] else []
    kept = [_kept(key, f"it belongs to the add-on {_addon(there[key]['ownerArn'])}") for key in others if there[key].get("ownerArn")]
    looked_at = [key for key in (*asked, *others) if key in there and not there[key].get("ownerArn")]
    found = dict(zip(looked_at, aws.together(lambda key: _read(aws, cluster, there[key]["associationId"]), looked_at), strict=True))
    kept += [
        _kept(key, "it does not carry the tags of purge_only") for key in found if key not in asked and not carries(_tags(found[key]), params["purge_only"])
    ]
    gone = [key for key in found if (key in asked and absent) or (key not in asked and name_of(key) not in {each["association"] for each in kept})]
    changes = [] if absent else [_change(key, given, found.get(key), params) for key, given in asked.items()]
    result = _result(changes, {key: found[key] for key in gone}, kept)
    if not check_mode and result.changed:
        aws.together(lambda each: _write(aws, cluster, each), [each for each in changes if each.before != each.after])
        delete = "delete_pod_identity_association"
        aws.together(lambda key: aws.find("eks", delete, clusterName=cluster, associationId=found[key]["associationId"]), gone)
    return result


def _there(aws: Aws, cluster: str, *, missing_is_fine: bool) -> dict[Key, dict[str, Any]]:
    listed = inside.listed(aws, cluster, "list_pod_identity_associations", "associations", missing_is_fine=missing_is_fine)
    return {(each["namespace"], each["serviceAccount"]): each for each in listed}


def _refuse_owned(asked: Mapping[Key, Any], there: Mapping[Key, Mapping[str, Any]]) -> None:
    for key in asked:
        owner = there.get(key, {}).get("ownerArn")
        if owner:
            raise Conflict(f"associations: {name_of(key)} belongs to the add-on {_addon(owner)}; set pod_identity of that add-on, with eks_addon")


def _addon(arn: str) -> str:
    """arn:aws:eks:<region>:<account>:addon/<cluster>/<name>/<id>"""
    return [*arn.split("/"), "", "", ""][2] or arn


def _kept(key: Key, reason: str) -> dict[str, str]:
    return {"association": name_of(key), "reason": reason}


def _read(aws: Aws, cluster: str, association: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.call("eks", "describe_pod_identity_association", clusterName=cluster, associationId=association)["association"]
    return found


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return dict(found.get("tags") or {})


def _seen(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "role_arn": found.get("roleArn", ""),
        "target_role_arn": found.get("targetRoleArn") or "",
        "session_tags": not found.get("disableSessionTags"),
    }


def _change(key: Key, given: Mapping[str, Any], found: Mapping[str, Any] | None, params: Mapping[str, Any]) -> Change:
    tags = texts(params["tags"])
    if found is None:
        return Change(key, {}, {**given, "tags": tags})
    seen = _seen(found)
    before = {member: seen[member] for member in given} | {"tags": _tags(found)}
    return Change(key, before, {**given, "tags": tagging.wanted(_tags(found), tags, params["purge_tags"])}, found)


def _result(changes: list[Change], gone: Mapping[Key, Mapping[str, Any]], kept: list[dict[str, str]]) -> Result:
    before = {name_of(each.key): each.before for each in changes if each.before}
    before |= {name_of(key): _seen(found) | {"tags": _tags(found)} for key, found in gone.items()}
    actions = [f"{'change' if each.before else 'create'} {name_of(each.key)}" for each in changes if each.before != each.after]
    actions += [f"delete {name_of(key)}" for key in gone]
    return Result(before, {name_of(each.key): each.after for each in changes}, tuple(actions), tuple(kept))


def _members(state: Mapping[str, Any]) -> dict[str, Any]:
    return {_MEMBERS[key]: (not value) if key == "session_tags" else value for key, value in state.items() if key in _MEMBERS}


def _write(aws: Aws, cluster: str, each: Change) -> None:
    if each.found is None:
        namespace, account = each.key
        parameters = {"clusterName": cluster, "namespace": namespace, "serviceAccount": account, **given(each.after["tags"]), **_members(each.after)}
        eventually(aws, lambda: aws.call("eks", "create_pod_identity_association", **parameters), not_spread, SPREAD)
        return
    differing = {key: value for key, value in each.after.items() if value != each.before[key]}
    members = _members(differing)
    if members:
        where = {"clusterName": cluster, "associationId": each.found["associationId"]}
        eventually(aws, lambda: aws.call("eks", "update_pod_identity_association", **where, **members), not_spread, SPREAD)
    retag(aws, each.found["associationArn"], each.before["tags"], each.after["tags"])
