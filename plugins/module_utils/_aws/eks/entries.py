# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access entries of a cluster, read, written and purged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import inside
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.access import Change, Entry, Standing, change, shown, wanted
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.purge import carries, is_caller
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.tagging import given, retag
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import SPREAD, not_spread
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import eventually
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput


@dataclass(frozen=True)
class Result(Converged):
    """``kept``: entries that nobody wants and that purge leaves alone, each with the reason."""

    kept: tuple[dict[str, str], ...] = ()


def task(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """``params``: as options.ACCESS_ENTRY has them."""
    cluster, entries = params["cluster"], wanted(params["entries"], aws.partition)
    missing_is_fine = check_mode or params["state"] == "absent"
    there = inside.listed(aws, cluster, "list_access_entries", "accessEntries", missing_is_fine=missing_is_fine)
    names = {entry.principal for entry in entries}
    looked_at = [arn for arn in there if arn in names or params["purge"]]
    standing = {found.entry.principal: found for found in aws.together(lambda arn: _read(aws, cluster, arn), looked_at)}
    tags = texts(params["tags"])
    gone, kept = _purged(aws, standing, names, params["purge_only"]) if params["purge"] else ([], [])
    changes: list[Change] = []
    if params["state"] == "absent":
        gone = [*(standing[entry.principal] for entry in entries if entry.principal in standing), *gone]
    else:
        changes = [change(entry, standing.get(entry.principal), tags, params["purge_tags"]) for entry in entries]
        _check_policies(aws, changes)
    result = _result(changes, gone, kept)
    if not check_mode and result.changed:
        aws.together(lambda each: _write(aws, cluster, each), [each for each in changes if each.before != each.after])
        aws.together(lambda each: aws.find("eks", "delete_access_entry", clusterName=cluster, principalArn=each.entry.principal), gone)
    return result


def _read(aws: Aws, cluster: str, principal: str) -> Standing:
    found = aws.call("eks", "describe_access_entry", clusterName=cluster, principalArn=principal)["accessEntry"]
    policies = aws.listed("eks", "list_associated_access_policies", "associatedAccessPolicies", clusterName=cluster, principalArn=principal)
    scopes = {each["policyArn"]: tuple(sorted((each.get("accessScope") or {}).get("namespaces") or ())) for each in policies}
    entry = Entry(principal, found.get("type", "STANDARD"), found.get("username", ""), tuple(sorted(found.get("kubernetesGroups") or ())), scopes)
    return Standing(entry, found.get("accessEntryArn", ""), found.get("tags") or {})


def _purged(aws: Aws, standing: Mapping[str, Standing], names: set[str], only: Mapping[str, str]) -> tuple[list[Standing], list[dict[str, str]]]:
    """What goes, and what stays though nobody wants it."""
    gone, kept, caller = [], [], ""
    for principal, found in sorted(standing.items()):
        if principal in names:
            continue
        reason = _made_by_aws(found.entry) or ("" if carries(found.tags, only) else "it does not carry the tags of purge_only")
        if not reason:
            caller = caller or str(aws.call("sts", "get_caller_identity")["Arn"])
            reason = "it is who runs this" if is_caller(principal, caller) else ""
        if reason:
            kept.append({"principal_arn": principal, "reason": reason})
        else:
            gone.append(found)
    return gone, kept


def _made_by_aws(entry: Entry) -> str:
    if ":role/aws-service-role/" in entry.principal:
        return "AWS made it, for a service"
    return f"it is of the type {entry.type}, for nodes" if entry.type != "STANDARD" else ""


def _check_policies(aws: Aws, changes: list[Change]) -> None:
    """Policies that nobody has are told before anything is written; those that are associated already need no look."""
    new = {arn for each in changes for arn in each.added}
    if not new:
        return
    known = {each["arn"]: each["name"] for each in aws.listed("eks", "list_access_policies", "accessPolicies")}
    for arn in sorted(new - known.keys()):
        name = arn.rpartition("/")[2]
        raise InvalidInput(f"entries: EKS has no access policy {name}; {did_you_mean(name, known.values())}", policy=name)


def _result(changes: list[Change], gone: list[Standing], kept: list[dict[str, str]]) -> Result:
    before = {each.entry.principal: each.before for each in changes if each.before}
    before |= {found.entry.principal: shown(found.entry, found.tags) for found in gone}
    actions = [f"{'create' if each.create else 'change'} {each.entry.principal}" for each in changes if each.before != each.after]
    actions += [f"delete {found.entry.principal}" for found in gone]
    return Result(before, {each.entry.principal: each.after for each in changes}, tuple(actions), tuple(kept))


def _write(aws: Aws, cluster: str, each: Change) -> None:
    where = {"clusterName": cluster, "principalArn": each.entry.principal}
    if each.create:
        more: dict[str, Any] = {"type": each.entry.type, **given(each.after["tags"])}
        more |= {"username": each.entry.username} if each.entry.username else {}
        more |= {"kubernetesGroups": list(each.entry.groups)} if each.entry.groups else {}
        _create(aws, {**where, **more})
    else:
        if each.update:
            aws.call("eks", "update_access_entry", **where, **each.update)
        retag(aws, each.arn, each.before["tags"], each.after["tags"])
    # First what comes, then what goes: nobody is without access in between.
    for policy, namespaces in sorted(each.added.items()):
        scope = {"type": "namespace", "namespaces": list(namespaces)} if namespaces else {"type": "cluster"}
        aws.call("eks", "associate_access_policy", **where, policyArn=policy, accessScope=scope)
    for policy in each.dropped:
        aws.call("eks", "disassociate_access_policy", **where, policyArn=policy)


def _create(aws: Aws, parameters: Mapping[str, Any]) -> None:
    """What EKS says of a principal that is not there does not say which one it is."""
    try:
        eventually(aws, lambda: aws.call("eks", "create_access_entry", **parameters), not_spread, SPREAD)
    except InvalidInput as error:
        if not not_spread(error):
            raise
        raise InvalidInput(
            f"entries: {parameters['principalArn']} is no role or user that EKS in {aws.region} knows; make it first, or correct its ARN ({error.message})"
        ) from None
