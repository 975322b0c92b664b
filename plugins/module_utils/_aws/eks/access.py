# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may enter a cluster: access entries with their policies, as they are wanted and as they are; and what has to be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags as tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, wrong_at

Scope = tuple[str, ...]
"""Namespaces of a policy; () is the whole cluster."""
Policies = Mapping[str, Scope]
"""By the policy's ARN."""
_PRINCIPAL = re.compile(r"arn:aws[\w-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+")
_RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
_WITH_POLICIES = ("STANDARD", "EC2")


@dataclass(frozen=True)
class Entry:
    """``username``, ``groups`` and ``policies`` that are None are not wanted in any way."""

    principal: str
    type: str = "STANDARD"
    username: str | None = None
    groups: tuple[str, ...] | None = None
    policies: Policies | None = None


@dataclass(frozen=True)
class Standing:
    """An entry that is there."""

    entry: Entry
    arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What has to be done for one entry. ``dropped``: policies that go, ``added``: those that come or get another scope."""

    entry: Entry
    before: dict[str, Any]
    after: dict[str, Any]
    arn: str = ""
    create: bool = False
    update: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    added: Policies = field(default_factory=dict)


def wanted(entries: list[dict[str, Any]], partition: str) -> list[Entry]:
    """``entries``: the option. Raises ``InvalidInput`` that says which entry."""
    found = []
    for number, each in enumerate(entries):
        with wrong_at(f"entries[{number}]"):
            found.append(_entry(each, partition))
    twice = repeated([entry.principal for entry in found if entry.principal != LATER])
    if twice:
        raise InvalidInput(f"entries: {', '.join(twice)} stands there twice; a principal has one entry: put groups and policies together")
    return found


def _entry(option: Mapping[str, Any], partition: str) -> Entry:
    principal, kind = option["principal_arn"], option["type"]
    if ":assumed-role/" in principal:
        raise InvalidInput(f"principal_arn: {principal} is a session; write the role's own ARN, arn:aws:iam::<account>:role/<name>")
    if principal != LATER and not _PRINCIPAL.fullmatch(principal):
        raise InvalidInput(f"principal_arn: {principal!r} is no ARN of an IAM role or user; write one such as arn:aws:iam::123456789012:role/developer")
    if kind != "STANDARD" and (option["username"] is not None or option["groups"] is not None):
        raise InvalidInput(f"type: an entry of the type {kind} has the username and groups that EKS gives; leave out username and groups")
    if kind not in _WITH_POLICIES and option["policies"]:
        raise InvalidInput(f"type: an entry of the type {kind} takes no policies; leave them out")
    for what, names in (("groups", option["groups"] or ()), ("username", [option["username"]] if option["username"] else ())):
        for name in names:
            if name.startswith(_RESERVED):
                raise InvalidInput(f"{what}: {name!r} begins with a word that EKS keeps for itself ({', '.join(_RESERVED)}); write another")
    groups = None if option["groups"] is None else tuple(sorted(option["groups"]))
    policies = None if option["policies"] is None else _policies(option["policies"], partition)
    return Entry(principal, kind, option["username"], groups, policies)


def _policies(options: list[dict[str, Any]], partition: str) -> Policies:
    twice = repeated([policy_arn(each["policy"], partition) for each in options])
    if twice:
        raise InvalidInput(f"policies: {', '.join(twice)} stands there twice; an entry has each once: put its namespaces together")
    return {policy_arn(each["policy"], partition): tuple(sorted(each["namespaces"])) for each in options}


def policy_arn(name: str, partition: str) -> str:
    return name if name.startswith("arn:") else f"arn:{partition}:eks::aws:cluster-access-policy/{name}"


def change(entry: Entry, standing: Standing | None, tags: Mapping[str, str], purge_tags: bool) -> Change:
    """Raises ``Conflict`` for another type, which an entry can't get."""
    if standing is None:
        return Change(entry, {}, shown(entry, tags), create=True, added=entry.policies or {})
    has = standing.entry
    if has.type != entry.type:
        raise Conflict(
            f"entries: the entry of {entry.principal} is of the type {has.type}, and {entry.type} is wanted, which EKS can't change; "
            f"delete it with state: absent first, or write {has.type}"
        )
    old, new = has.policies or {}, entry.policies
    members = {
        key: value
        for key, value, now in (("username", entry.username, has.username), ("kubernetesGroups", entry.groups, has.groups))
        if value is not None and value != now
    }
    return Change(
        entry,
        shown(_like(has, entry), standing.tags),
        shown(entry, tagging.wanted(standing.tags, tags, purge_tags)),
        standing.arn,
        update={key: list(value) if isinstance(value, tuple) else value for key, value in members.items()},
        dropped=tuple(sorted(old.keys() - new.keys())) if new is not None else (),
        added={arn: scope for arn, scope in (new or {}).items() if old.get(arn) != scope},
    )


def shown(entry: Entry, tags: Mapping[str, str]) -> dict[str, Any]:
    """As a result shows it; policies by their short names."""
    state: dict[str, Any] = {"type": entry.type, "tags": dict(tags)}
    state |= {"username": entry.username} if entry.username is not None else {}
    state |= {"groups": list(entry.groups)} if entry.groups is not None else {}
    if entry.policies is not None:
        state["policies"] = {arn.rpartition("/")[2]: list(scope) or "cluster" for arn, scope in sorted(entry.policies.items())}
    return state


def _like(has: Entry, entry: Entry) -> Entry:
    return Entry(
        has.principal,
        has.type,
        None if entry.username is None else has.username,
        None if entry.groups is None else has.groups,
        None if entry.policies is None else has.policies,
    )
