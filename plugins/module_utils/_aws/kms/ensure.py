# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys as wanted, the call behind kms_key. AWS has no call for many keys: one lists all aliases, and of each key is asked only what is compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents, tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.kms.options import MARK, Key, Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import eventually
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, SlipwayError

State = dict[str, Any]
_SPREADS = 60.0  # seconds in which KMS comes to know a principal, or its own key
ENABLED, DISABLED, PENDING = "Enabled", "Disabled", "PendingDeletion"


@dataclass(frozen=True)
class Found:
    """``aliased``: the alias leads to it; else it was found by its tag. ``state``: {} for none."""

    id: str = ""
    arn: str = ""
    aliased: bool = False
    state: State = field(default_factory=dict)


@dataclass(frozen=True)
class Result(Converged):
    """``keys``: id and arn, by alias without "alias/"."""

    keys: dict[str, dict[str, str]] = field(default_factory=dict)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = dict(zip((key.name for key in request.keys), _read(aws, request), strict=True))
    before = {key.name: _before(found[key.name], request.absent) for key in request.keys}
    after = {key.name: {} if request.absent else _wanted(key, before[key.name], request.purge_tags) for key in request.keys}
    actions = tuple(text for key in request.keys for text in _told(key, found[key.name], before[key.name], after[key.name], request))
    made = found
    if not check_mode:
        converged = aws.together(lambda key: _converge(aws, request, key, found[key.name], before[key.name], after[key.name]), request.keys)
        made = dict(zip(found, converged, strict=True))
    keys = {name: {"id": each.id or LATER, "arn": each.arn or LATER} for name, each in made.items()}
    return Result(before, after, actions, {} if request.absent else keys)


# -- what is there


def _read(aws: Aws, request: Request) -> list[Found]:
    targets = {each["AliasName"]: each.get("TargetKeyId", "") for each in aws.listed("kms", "list_aliases", "Aliases")}
    orphans = _orphans(aws, [key.name for key in request.keys if not targets.get(key.alias)])
    return aws.together(lambda key: _look(aws, key, targets.get(key.alias, ""), orphans.get(key.name, ())), request.keys)


def _orphans(aws: Aws, names: list[str]) -> dict[str, list[str]]:
    """ARNs of keys by the alias that they were made for."""
    found: dict[str, list[str]] = {}
    if names:
        wanted = {"ResourceTypeFilters": ["kms:key"], "TagFilters": [{"Key": MARK, "Values": names}]}
        for each in aws.listed("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", **wanted):
            found.setdefault(tags.mapping(each["Tags"])[MARK], []).append(each["ResourceARN"])
    return found


def _look(aws: Aws, key: Key, target: str, orphans: Any) -> Found:
    """A key that waits for its deletion and has lost its alias is somebody's past, and another is made."""
    for name in [target] if target else orphans:
        # The tagging API goes on listing keys that are gone; an alias leads to one that is there, though KMS may not say so everywhere yet.
        answer = (aws.call if target else aws.find)("kms", "describe_key", KeyId=name)
        about = answer["KeyMetadata"] if answer else {"KeyState": PENDING}
        if target or about["KeyState"] != PENDING:
            if about.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
                raise InvalidInput(f"keys: {key.alias} leads to a key of {about['KeySpec']}, which encrypts nothing for other services; choose another alias")
            return Found(about["KeyId"], about["Arn"], bool(target), _state(aws, key, about))
    return Found()


def _state(aws: Aws, key: Key, about: Mapping[str, Any]) -> State:
    identifier = about["KeyId"]
    found: State = {"state": about["KeyState"]}
    if key.description is not None:
        found["description"] = about.get("Description", "")
    if key.policy is not None:
        found["policy"] = documents.policy(json.loads(aws.call("kms", "get_key_policy", KeyId=identifier, PolicyName="default")["Policy"]))
    if key.rotation is not None:
        found["rotation"] = aws.call("kms", "get_key_rotation_status", KeyId=identifier)["KeyRotationEnabled"]
    found["tags"] = tags.mapping(aws.listed("kms", "list_resource_tags", "Tags", KeyId=identifier), "TagKey", "TagValue")
    return found


def _before(found: Found, absent: bool) -> State:
    """Who wants it gone has what is wanted while it waits for its deletion."""
    return {} if absent and found.state.get("state") == PENDING else found.state


# -- what is wanted


def _wanted(key: Key, before: State, purge: bool) -> State:
    asked = {"description": key.description, "policy": documents.policy(key.policy), "rotation": key.rotation}
    kept = {name: value for name, value in asked.items() if value is not None}
    return {"state": ENABLED, **kept, "tags": tags.wanted(before.get("tags", {}), key.tags, purge)}


def _told(key: Key, found: Found, before: State, after: State, request: Request) -> Iterator[str]:
    if before and not after:
        yield f"schedule the deletion of {key.name} in {request.deletion_window} days"
    elif after and not before:
        yield f"create key {key.name}"
    elif after and not found.aliased:
        yield f"give key {found.id} the alias {key.name}"
    if before and after:
        yield from (f"{'keep' if name == 'state' else 'update'} {key.name}: {name}" for name in after if before.get(name) != after[name])


# -- the way there


def _converge(aws: Aws, request: Request, key: Key, found: Found, before: State, after: State) -> Found:
    if not after:
        if before:
            aws.find("kms", "schedule_key_deletion", KeyId=found.id, PendingWindowInDays=request.deletion_window)
        return found
    if not before:
        found = _create(aws, key, after)
        # KMS has done what a new key is made with.
        before = {**after, "rotation": False} if "rotation" in after else after
    if not found.aliased:
        _write(aws, "create_alias", AliasName=key.alias, TargetKeyId=found.id)
    _update(aws, key, found.id, before, after)
    return found


def _create(aws: Aws, key: Key, after: State) -> Found:
    given = {"Description": key.description, "Policy": documents.text(key.policy) if key.policy else None}
    parameters = {name: value for name, value in given.items() if value}
    made = _write(aws, "create_key", **parameters, Tags=tags.pairs(after["tags"], "TagKey", "TagValue"))["KeyMetadata"]
    return Found(made["KeyId"], made["Arn"])


def _update(aws: Aws, key: Key, identifier: str, before: State, after: State) -> None:
    if before["state"] == PENDING:
        _write(aws, "cancel_key_deletion", KeyId=identifier)
    if before["state"] != ENABLED:
        _write(aws, "enable_key", KeyId=identifier)
    if before.get("description") != after.get("description"):
        _write(aws, "update_key_description", KeyId=identifier, Description=key.description)
    if before.get("policy") != after.get("policy"):
        _write(aws, "put_key_policy", KeyId=identifier, PolicyName="default", Policy=documents.text(key.policy or {}))
    if before.get("rotation") != after.get("rotation"):
        _write(aws, "enable_key_rotation" if key.rotation else "disable_key_rotation", KeyId=identifier)
    added, removed = tags.changes(before["tags"], after["tags"])
    if added:
        _write(aws, "tag_resource", KeyId=identifier, Tags=tags.pairs(added, "TagKey", "TagValue"))
    if removed:
        _write(aws, "untag_resource", KeyId=identifier, TagKeys=removed)


def _write(aws: Aws, operation: str, **parameters: Any) -> dict[str, Any]:
    return eventually(aws, lambda: aws.call("kms", operation, **parameters), _spreads, _SPREADS)


def _spreads(error: SlipwayError) -> bool:
    """A principal that was made just before is not known; nor is a key that was."""
    return (error.facts.get("code") == "MalformedPolicyDocumentException" and "principal" in error.message.lower()) or isinstance(error, NotFound)
