# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IAM has of roles, and what is compared.

All roles are read with two calls, whatever their number: GetAccountAuthorizationDetails has everything of a role but its description and the length of
its sessions, which ListRoles has. By role it would be four calls and one more for each inline policy; a set of six roles with one each takes thirty.
The price is that all roles of the account are read (pages of up to 1,000), and that who asks must be allowed to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents, tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.iam.options import Request, Role

State = dict[str, Any]
HOUR = 3600  # a session's longest, unless a role says otherwise
_PAGE = {"PageSize": 1000}


def read(aws: Aws, request: Request) -> dict[str, dict[str, Any]]:
    """Roles of the request that are there, as IAM tells them (RoleDetail), by name."""
    names = {role.name for role in request.roles}
    found = aws.listed("iam", "get_account_authorization_details", "RoleDetailList", Filter=["Role"], PaginationConfig=_PAGE)
    roles = {each["RoleName"]: each for each in found if each["RoleName"] in names}
    if roles and not request.absent and any(role.description is not None or role.max_session is not None for role in request.roles):
        for each in aws.listed("iam", "list_roles", "Roles", PaginationConfig=_PAGE):
            if each["RoleName"] in roles:
                roles[each["RoleName"]] |= {key: each[key] for key in ("Description", "MaxSessionDuration") if key in each}
    return roles


def state(role: Role, found: Mapping[str, Any]) -> State:
    """What is compared: the fields that the request has, and its tags."""
    inline = {each["PolicyName"]: documents.policy(each["PolicyDocument"]) for each in found.get("RolePolicyList") or ()}
    profiles = {each["InstanceProfileName"] for each in found.get("InstanceProfileList") or ()}
    everything = {
        "path": found["Path"],
        "description": found.get("Description", ""),
        "trust": documents.policy(found.get("AssumeRolePolicyDocument")),
        "managed_policies": sorted(each["PolicyArn"] for each in found.get("AttachedManagedPolicies") or ()),
        "inline_policies": inline,
        "permissions_boundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn", ""),
        "max_session": found.get("MaxSessionDuration", HOUR),
        "instance_profile": role.name in profiles,
        "tags": tags.mapping(found.get("Tags")),
    }
    return {name: value for name, value in everything.items() if name in ("path", "tags") or getattr(role, name) is not None}


def wanted(role: Role, before: State, partition: str, purge: bool) -> State:
    """``before``: {} for a role that is to be made; then what the request leaves out is what IAM does."""
    asked = {
        "path": role.path,
        "description": role.description,
        "trust": None if role.trust is None else documents.policy(role.trust),
        "managed_policies": None if role.managed_policies is None else sorted({arn(name, partition) for name in role.managed_policies}),
        "inline_policies": None if role.inline_policies is None else {name: documents.policy(each) for name, each in role.inline_policies.items()},
        "permissions_boundary": None if role.permissions_boundary is None else arn(role.permissions_boundary, partition),
        "max_session": role.max_session,
        "instance_profile": role.instance_profile,
    }
    kept = {name: value for name, value in asked.items() if value is not None}
    return {**kept, "tags": tags.wanted(before.get("tags", {}), role.tags, purge)}


def arn(name: str, partition: str) -> str:
    """A policy's: a bare name is one of AWS's own."""
    return name if not name or name.startswith(("arn:", "(")) else f"arn:{partition}:iam::aws:policy/{name}"
