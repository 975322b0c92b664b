# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that shall be gone: what stands in the way is said before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.ours import refuse_foreign
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.state import seen
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import SPREAD, causes, in_progress, run_update, settled
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.wanted import Wanted
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, eventually, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound

Removed = tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]
_ATTACHED = (
    ("node groups", "list_nodegroups", "nodegroups"),
    ("Fargate profiles", "list_fargate_profiles", "fargateProfileNames"),
    ("capabilities", "list_capabilities", "capabilities"),
)


def remove(aws: Aws, wanted: Wanted, check_mode: bool) -> Removed:
    """What was there (by its name), warnings, and actions. What is attached stands in the way; check mode only warns, for it may be gone by then."""
    name = wanted.name
    found = _find(aws, name)
    if found:
        refuse_foreign(aws, name, wanted.tags, found.get("tags") or {})
    if found and not check_mode:
        found = settled(aws, f"cluster {name}", lambda: _find(aws, name), wanted.timeout, ("CREATING", "UPDATING", "PENDING"), found)
    if not found:
        return {}, (), ()
    before, warnings, actions = {name: seen(found) | {"tags": found.get("tags") or {}}}, [], ["delete"]
    if found["status"] != "DELETING":
        protected = bool(found.get("deletionProtection")) and found["status"] != "FAILED"
        if protected and not wanted.unprotect:
            raise Conflict(f"cluster {name} in {aws.region} is protected against deletion; set unprotect if it shall go, with all that is in it", cluster=name)
        warnings = _attached(aws, name)
        if warnings and not check_mode:
            raise Conflict(f"cluster {name} in {aws.region} still has {'; '.join(warnings)}; delete them first")
        actions = ["deletion protection off", "delete"] if protected else ["delete"]
        if not check_mode:
            _delete(aws, wanted, protected)
    if not check_mode:
        _gone(aws, wanted)
    return before, tuple(f"cluster {name} has {each}; delete them first" for each in warnings), tuple(actions)


def _find(aws: Aws, name: str) -> Mapping[str, Any] | None:
    answer = aws.find("eks", "describe_cluster", name=name)
    return answer["cluster"] if answer else None


def _attached(aws: Aws, name: str) -> list[str]:
    told = []
    for what, operation, key in _ATTACHED:
        found = aws.listed("eks", operation, key, clusterName=name)
        names = [each if isinstance(each, str) else each["capabilityName"] for each in found]
        told += [f"{what} {', '.join(names)}"] if names else []
    return told


def _delete(aws: Aws, wanted: Wanted, protected: bool) -> None:
    if protected:
        parameters = {"name": wanted.name, "deletionProtection": False}
        run_update(aws, f"cluster {wanted.name}, deletion protection off", "update_cluster_config", parameters, wanted.timeout, name=wanted.name)
    try:
        eventually(aws, lambda: aws.call("eks", "delete_cluster", name=wanted.name), in_progress, SPREAD)
    except NotFound:
        return


def _gone(aws: Aws, wanted: Wanted) -> None:
    def look() -> Seen[None]:
        found = _find(aws, wanted.name)
        status = str(found["status"]) if found else "gone"
        issues = causes(((found or {}).get("health") or {}).get("issues") or ())
        failure = (issues or "EKS gives no cause; delete it again") if status in ("FAILED", "ACTIVE") else ""
        return Seen(None, status, done=found is None, failure=failure)

    until_done(aws, f"cluster {wanted.name}", look, wanted.timeout)
