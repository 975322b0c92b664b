# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An add-on as it is wanted, as it is, and what has to be done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._aws import tags as tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.tagging import given
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import repeated
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

_RECOVERS = {"InsufficientNumberOfReplicas", "ClusterUnreachable", "InternalFailure"}  # once there are nodes, or EKS has looked again

Associations = dict[str, str]
"""Role by service account."""


@dataclass(frozen=True)
class Wanted:
    """None: not wanted in any way. ``conflicts``: as the API has it."""

    name: str
    version: str | None = None
    configuration: Mapping[str, Any] | None = None
    conflicts: str = "NONE"
    pod_identity: Mapping[str, str] | None = None
    namespace: str | None = None
    preserve: bool = False


@dataclass(frozen=True)
class Change:
    """``parameters``: of CreateAddon or UpdateAddon, without the names. ``anew``: delete it first, for it never came to be."""

    wanted: Wanted
    before: dict[str, Any]
    after: dict[str, Any]
    found: Mapping[str, Any] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False

    @property
    def changed(self) -> bool:
        return self.before != self.after


def wanted(addons: list[dict[str, Any]]) -> list[Wanted]:
    """``addons``: the option. Raises ``InvalidInput``."""
    names = [each["name"] for each in addons]
    twice = repeated(names)
    if twice:
        raise InvalidInput(f"addons: {', '.join(twice)} stands there twice; a cluster has each add-on once")
    return [_wanted(each) for each in addons]


def _wanted(option: Mapping[str, Any]) -> Wanted:
    pairs = option["pod_identity"]
    roles = None if pairs is None else {each["service_account"]: each["role_arn"] for each in pairs}
    if pairs is not None and roles is not None and len(roles) < len(pairs):
        raise InvalidInput(f"addons: pod_identity of {option['name']} has a service account twice; each has one role")
    return Wanted(option["name"], option["version"], option["configuration"], option["conflicts"].upper(), roles, option["namespace"], option["preserve"])


def configuration_of(text: str | None) -> Any:
    """What configurationValues say, which may be JSON or YAML; nothing is {}."""
    try:
        return yaml.safe_load(text or "{}") or {}
    except yaml.YAMLError:
        return text


def lasting(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Issues of an add-on that stay until somebody does something and EKS is asked to try again."""
    return [issue for issue in (found.get("health") or {}).get("issues") or () if issue.get("code") not in _RECOVERS]


def seen(found: Mapping[str, Any], roles: Associations) -> dict[str, Any]:
    """``found``: as DescribeAddon has it; ``roles``: of the associations that it owns."""
    return {
        "version": found.get("addonVersion", ""),
        "configuration": configuration_of(found.get("configurationValues")),
        "pod_identity": dict(sorted(roles.items())),
        "namespace": (found.get("namespaceConfig") or {}).get("namespace", ""),
        # In between, failed, or degraded by what does not go by itself, is a difference that has to go.
        "status": "ACTIVE" if found.get("status") == "DEGRADED" and not lasting(found) else found.get("status", ""),
        "tags": dict(found.get("tags") or {}),
    }


def change(asked: Wanted, version: str | None, found: Mapping[str, Any] | None, roles: Associations, tags: Mapping[str, str], purge_tags: bool) -> Change:
    """``version``: resolved; None to leave it. Raises ``Conflict`` for another namespace, which EKS can't change."""
    settings: dict[str, Any] = {"version": version, "configuration": asked.configuration, "pod_identity": asked.pod_identity, "namespace": asked.namespace}
    settings = {key: dict(value) if isinstance(value, Mapping) else value for key, value in settings.items() if value is not None}
    if found is None:
        return Change(asked, {}, settings | {"status": "ACTIVE", "tags": dict(tags)}, parameters=_members(settings, asked) | given(tags))
    has = seen(found, roles)
    if asked.namespace is not None and has["namespace"] and has["namespace"] != asked.namespace:
        raise Conflict(
            f"addons: {asked.name} is in the namespace {has['namespace']}, and {asked.namespace} is wanted, which EKS can't change; "
            f"delete it with state: absent first, or write {has['namespace']}"
        )
    before = {key: has[key] for key in (*settings, "status", "tags")}
    after = settings | {"status": "ACTIVE", "tags": tagging.wanted(has["tags"], tags, purge_tags)}
    anew = found.get("status") == "CREATE_FAILED"
    if anew:
        kept = {key: value for key, value in has.items() if key in ("version", "configuration", "pod_identity") and value}
        return Change(asked, before, after, found, _members(kept | settings, asked) | given(after["tags"]), anew=True)
    return Change(asked, before, after, found, _update(before, after, asked, found))


def _update(before: Mapping[str, Any], after: Mapping[str, Any], asked: Wanted, found: Mapping[str, Any]) -> dict[str, Any]:
    """{} if only tags differ. UpdateAddon takes a role and a configuration that are left out as reset to the defaults, so they go along."""
    differing = {key: value for key, value in after.items() if key != "tags" and before[key] != value}
    if not differing:
        return {}
    kept = {key: found[key] for key in ("configurationValues", "serviceAccountRoleArn") if found.get(key)}
    return kept | {"addonVersion": after.get("version", found.get("addonVersion"))} | _members(differing, asked)


def _members(settings: Mapping[str, Any], asked: Wanted) -> dict[str, Any]:
    members: dict[str, Any] = {"resolveConflicts": asked.conflicts}
    if settings.get("version"):
        members["addonVersion"] = settings["version"]
    if "configuration" in settings:
        members["configurationValues"] = json.dumps(settings["configuration"], sort_keys=True, separators=(",", ":"))
    if "pod_identity" in settings:
        members["podIdentityAssociations"] = [{"serviceAccount": name, "roleArn": role} for name, role in sorted(settings["pod_identity"].items())]
    if settings.get("namespace"):
        members["namespaceConfig"] = {"namespace": settings["namespace"]}
    return members
