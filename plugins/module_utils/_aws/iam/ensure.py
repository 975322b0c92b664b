# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles as wanted, the call behind iam_role: what is new is given before what is old is taken away, and a removal takes everything off first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents, tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.iam.options import Request, Role
from ansible_collections.slipway.platform.plugins.module_utils._aws.iam.state import HOUR, State, read, state, wanted
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import eventually
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, SlipwayError

_SPREADS = 120.0  # seconds in which IAM comes to know everywhere what it has made, such as a principal that a policy names


@dataclass(frozen=True)
class Result(Converged):
    """``roles``: arn and instance_profile_arn ("" without one), by name."""

    roles: dict[str, dict[str, str]] = field(default_factory=dict)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = read(aws, request)
    before = {role.name: state(role, found[role.name]) if role.name in found else {} for role in request.roles}
    after = {role.name: {} if request.absent else wanted(role, before[role.name], aws.partition, request.purge_tags) for role in request.roles}
    for role in request.roles:
        if not request.absent:
            _refuse(role, before[role.name])
    plans = [list(_plan(role, before[role.name], after[role.name], found.get(role.name, {}))) for role in request.roles]
    made: list[dict[str, str]] = [{} for _role in plans]
    if not check_mode:
        made = aws.together(lambda steps: _take(aws, steps, request.absent), plans)
    roles = {} if request.absent else {role.name: _told(role, found.get(role.name, {}), new) for role, new in zip(request.roles, made, strict=True)}
    return Result(before, after, tuple(step.text for steps in plans for step in steps), roles)


def _refuse(role: Role, before: State) -> None:
    if not before and role.trust is None:
        raise InvalidInput(f"roles: {role.name} is not there yet and has no trust; write who may assume it")
    if before and before["path"] != role.path:
        raise InvalidInput(f"roles: {role.name} has path {before['path']} and can't have {role.path}; keep it, or make a role of another name")


def _plan(role: Role, before: State, after: State, found: Mapping[str, Any]) -> Iterator[Step]:
    if not after:
        yield from _removal(role, found)
    elif not before:
        yield _creation(role, after)
        # What it has from the beginning is not given again; the rest is, to a role with nothing.
        given = {"managed_policies": [], "inline_policies": {}, "instance_profile": False}
        yield from _changes(role, {**after, **given}, after, found)
    else:
        yield from _changes(role, before, after, found)


def _creation(role: Role, after: State) -> Step:
    given = {
        "Description": role.description,
        "MaxSessionDuration": role.max_session,
        "PermissionsBoundary": after.get("permissions_boundary"),
        "Tags": tags.pairs(after["tags"]),
    }
    parameters = {"RoleName": role.name, "Path": role.path, "AssumeRolePolicyDocument": documents.text(role.trust or {})}
    return _step(f"create role {role.name}", "create_role", **parameters, **{key: value for key, value in given.items() if value})


def _changes(role: Role, before: State, after: State, found: Mapping[str, Any]) -> Iterator[Step]:
    name = role.name

    def differs(field: str) -> bool:
        return field in after and before.get(field) != after[field]

    if differs("trust"):
        yield _step(f"change the trust of {name}", "update_assume_role_policy", RoleName=name, PolicyDocument=documents.text(role.trust or {}))
    if differs("description") or differs("max_session"):
        # The one that is left out falls back to IAM's default (API reference, UpdateRole), so both are said.
        told = {"Description": after.get("description", found.get("Description", "")), "MaxSessionDuration": after.get("max_session", _session(found))}
        yield _step(f"update role {name}", "update_role", RoleName=name, **told)
    if differs("permissions_boundary"):
        yield _boundary(name, after["permissions_boundary"])
    yield from _policies(role, before, after)
    added, removed = tags.changes(before["tags"], after["tags"])
    if added:
        yield _step(f"tag role {name}", "tag_role", RoleName=name, Tags=tags.pairs(added))
    if removed:
        yield _step(f"untag role {name}", "untag_role", RoleName=name, TagKeys=removed)
    if differs("instance_profile"):
        yield from (_profile(name) if after["instance_profile"] else _no_profile(name, name))


def _boundary(name: str, arn: str) -> Step:
    if not arn:
        return _step(f"remove the boundary of {name}", "delete_role_permissions_boundary", RoleName=name)
    return _step(f"set the boundary of {name}", "put_role_permissions_boundary", RoleName=name, PermissionsBoundary=arn)


def _policies(role: Role, before: State, after: State) -> Iterator[Step]:
    now, then = (set(each.get("managed_policies", ())) for each in (before, after))
    inline, asked = before.get("inline_policies", {}), after.get("inline_policies", {})
    for arn in sorted(then - now):
        yield _step(f"attach {_short(arn)} to {role.name}", "attach_role_policy", RoleName=role.name, PolicyArn=arn)
    for policy in sorted(each for each in asked if inline.get(each) != asked[each]):
        document = documents.text((role.inline_policies or {})[policy])
        yield _step(f"put policy {policy} on {role.name}", "put_role_policy", RoleName=role.name, PolicyName=policy, PolicyDocument=document)
    for arn in sorted(now - then) if "managed_policies" in after else ():
        yield _detach(role.name, arn)
    for policy in sorted(inline.keys() - asked.keys()) if "inline_policies" in after else ():
        yield _strip(role.name, policy)


def _detach(name: str, arn: str) -> Step:
    return _step(f"detach {_short(arn)} from {name}", "detach_role_policy", RoleName=name, PolicyArn=arn)


def _strip(name: str, policy: str) -> Step:
    return _step(f"delete policy {policy} of {name}", "delete_role_policy", RoleName=name, PolicyName=policy)


def _profile(name: str) -> Iterator[Step]:
    yield _step(f"create instance profile {name}", "create_instance_profile", InstanceProfileName=name)
    yield _step(f"add {name} to its instance profile", "add_role_to_instance_profile", InstanceProfileName=name, RoleName=name)


def _no_profile(name: str, profile: str) -> Iterator[Step]:
    """One of another name is others': the role leaves it, and it stays."""
    yield _step(f"take {name} from instance profile {profile}", "remove_role_from_instance_profile", InstanceProfileName=profile, RoleName=name)
    if profile == name:
        yield _step(f"delete instance profile {profile}", "delete_instance_profile", InstanceProfileName=profile)


def _removal(role: Role, found: Mapping[str, Any]) -> Iterator[Step]:
    if not found:
        return
    for each in found.get("InstanceProfileList") or ():
        yield from _no_profile(role.name, each["InstanceProfileName"])
    for each in found.get("AttachedManagedPolicies") or ():
        yield _detach(role.name, each["PolicyArn"])
    for each in found.get("RolePolicyList") or ():
        yield _strip(role.name, each["PolicyName"])
    yield _step(f"delete role {role.name}", "delete_role", RoleName=role.name)


def _step(text: str, operation: str, **parameters: Any) -> Step:
    return Step(text, "iam", operation, parameters)


def _session(found: Mapping[str, Any]) -> int:
    return int(found.get("MaxSessionDuration", HOUR))


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _take(aws: Aws, steps: list[Step], absent: bool) -> dict[str, str]:
    """ARNs of what was made, by the operation."""
    made: dict[str, str] = {}
    for step in steps:
        for part in _done(aws, step, absent).values():
            if isinstance(part, Mapping) and "Arn" in part:
                made[step.operation] = part["Arn"]
    return made


def _done(aws: Aws, step: Step, absent: bool) -> dict[str, Any]:
    try:
        return eventually(aws, lambda: aws.call("iam", step.operation, **step.parameters), lambda error: _spreads(aws, step, error, absent), _SPREADS)
    except NotFound:
        if absent or step.operation.startswith(("delete_", "detach_", "remove_")):
            return {}
        raise
    except Conflict as error:
        # Made by a run that was interrupted before it gave it the role.
        if step.operation == "create_instance_profile" and error.facts.get("code") == "EntityAlreadyExists":
            return aws.call("iam", "get_instance_profile", **step.parameters)
        raise


def _spreads(aws: Aws, step: Step, error: SlipwayError, absent: bool) -> bool:
    """Whether IAM may only not know yet what was done just before: that the role is there, or a principal of its trust; that its policies are off."""
    code = error.facts.get("code")
    if absent:
        return code == "DeleteConflict"
    principal = code == "MalformedPolicyDocument" and "principal" in error.message.lower()
    # A policy that can't be attached is none, now and later.
    role = isinstance(error, NotFound) and "attachable" not in error.message
    if principal or role or code == "ConcurrentModification":
        aws.progress(f"{step.text}: IAM does not know {'a principal' if principal else 'all of it'} yet")
        return True
    return False


def _told(role: Role, found: Mapping[str, Any], made: Mapping[str, str]) -> dict[str, str]:
    profile = next((each["Arn"] for each in found.get("InstanceProfileList") or () if each["InstanceProfileName"] == role.name), "")
    wanted = {True: profile or made.get("create_instance_profile", LATER), False: "", None: profile}[role.instance_profile]
    return {"arn": found.get("Arn") or made.get("create_role", LATER), "instance_profile_arn": str(wanted)}
