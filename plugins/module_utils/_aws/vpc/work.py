# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a change share: the ids of what is there and was made, and how EC2 is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import ADDRESS, VPC, Change, Key, Request, Snapshot
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import eventually
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound, SlipwayError

_HELD = ("DependencyViolation", "InvalidIPAddress.InUse")
SPREAD = 60.0  # seconds in which EC2 comes to know everywhere what it has made


class Work:
    """``ids``: by key; ``addresses``: public ones, by name."""

    def __init__(self, aws: Aws, request: Request, snapshot: Snapshot) -> None:
        self.aws, self.request, self.snapshot = aws, request, snapshot
        self.ids: dict[Key, str] = {key: each.id for key, each in snapshot.found.items() if not each.broken}
        public = {each["AllocationId"]: str(each.get("PublicIp", "")) for each in snapshot.raw.get(ADDRESS, ())}
        self.addresses = {key[1]: public[each.id] for key, each in snapshot.found.items() if key[0] == ADDRESS}

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Tried again while EC2 does not know what was made a moment ago."""
        return eventually(self.aws, lambda: self.aws.call("ec2", operation, **parameters), is_absent, SPREAD)

    def gone(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Remove, or find it removed. What held it a moment ago goes on doing so for a while, also when AWS says that it is gone."""
        try:
            return eventually(self.aws, lambda: self.aws.call("ec2", operation, **parameters), is_held, self.request.timeout)
        except NotFound:
            return {}

    def id(self, kind: str, name: str) -> str:
        """Of a resource of the set; a name that is none of its is an id."""
        return self.ids.get((kind, name), name)

    def several(self, kind: str, names: list[str]) -> list[str]:
        return [self.id(kind, name) for name in names]

    @property
    def vpc_id(self) -> str:
        return self.ids[VPC, self.request.name]


@dataclass(frozen=True)
class Kind:
    """How its resources are made (the id), removed, and changed beside their tags; None: nothing else of them can change."""

    create: Callable[[Work, Change], str]
    delete: Callable[[Work, Change], object]
    update: Callable[[Work, Change], object] | None = None


def removal(operation: str, parameter: str) -> Callable[[Work, Change], object]:
    """For what is removed by one call that takes its id."""
    return lambda work, change: work.gone(operation, **{parameter: change.id})


def is_absent(error: SlipwayError) -> bool:
    return isinstance(error, NotFound)


def is_held(error: SlipwayError) -> bool:
    return error.facts.get("code") in _HELD


def tagging(resource: str, change: Change) -> list[dict[str, Any]]:
    """``resource``: as EC2 calls the type."""
    return [{"ResourceType": resource, "Tags": tags.pairs(change.then["tags"])}]


def retag(work: Work, change: Change) -> None:
    added, removed = tags.changes(change.now["tags"], change.then["tags"])
    if added:
        work.call("create_tags", Resources=[change.id], Tags=tags.pairs(added))
    if removed:
        work.call("delete_tags", Resources=[change.id], Tags=[{"Key": key} for key in removed])


def unrefused(answer: dict[str, Any], what: str) -> dict[str, Any]:
    """Some calls succeed and tell inside what did not. Raises ``Conflict``."""
    for each in answer.get("Unsuccessful") or ():
        error = each.get("Error") or {}
        if "NotFound" not in str(error.get("Code", "")):
            raise Conflict(f"{what}: {error.get('Code')}: {error.get('Message')}")
    return answer
