# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what EKS does by itself, with the causes that it gives (health issues, errors of updates), and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, eventually, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

SPREAD = 60.0  # seconds until a role that was made just now is known everywhere
_REMEDIES = {
    "AccessDenied": "look at the policies of the role, and at service control policies",
    "ClusterUnreachable": "look at the security groups and routes between nodes and control plane",
    "ConfigurationConflict": "somebody else changed these fields: set conflicts to overwrite or preserve",
    "EniLimitReached": "delete network interfaces that nothing uses, or have the quota raised",
    "Ec2SubnetNotFound": "give subnets that exist",
    "IamRoleNotFound": "make the role again; the cluster keeps its ARN",
    "InsufficientFreeAddresses": "free addresses in these subnets, or give others: EKS wants up to five in each",
    "InsufficientNumberOfReplicas": "its pods do not run: look for nodes that can take them, and at the events of the pods",
    "InstanceLimitExceeded": "have the quota raised, or choose other instance types",
    "IpNotAvailable": "free addresses in these subnets, or give others: EKS wants up to five in each",
    "KmsKeyDisabled": "enable the key again",
    "KmsKeyMarkedForDeletion": "cancel the key's deletion at once",
    "NodeCreationFailure": "nodes started and did not join: look at the role's policies, and at the way from their subnets to the cluster and to ECR",
    "PodEvictionFailure": "a PodDisruptionBudget holds pods: make room for it, or set force",
    "SecurityGroupNotFound": "give security groups that exist",
    "SubnetNotFound": "give subnets that exist",
    "VpcIdNotFound": "make another cluster: its VPC is gone",
}


def causes(issues: Iterable[Mapping[str, Any]]) -> str:
    """Health issues or errors of an update in one text; "" if there is none."""
    return "; ".join(_cause(issue) for issue in issues)


def _cause(issue: Mapping[str, Any]) -> str:
    code = str(issue.get("code") or issue.get("errorCode") or "Unknown")
    message = str(issue.get("message") or issue.get("errorMessage") or "EKS says no more")
    about = ", ".join(issue.get("resourceIds") or ())
    remedy = _REMEDIES.get(code, "")
    return f"{code}: {message}{f' ({about})' if about else ''}{f'; {remedy}' if remedy else ''}"


def run_update(aws: Aws, what: str, operation: str, parameters: Mapping[str, Any], timeout: float, **of: str) -> None:
    """Send what EKS works on for a while, and wait. ``of``: name=cluster, and nodegroupName or addonName if it is about one.

    Raises ``NotReady`` with the errors that EKS gives. It is sent again while the one before has not quite ended.
    """
    update = eventually(aws, lambda: aws.call("eks", operation, **parameters), in_progress, SPREAD)["update"]

    def look() -> Seen[None]:
        found = aws.call("eks", "describe_update", updateId=update["id"], **of)["update"]
        status = found["status"]
        failed = status in ("Failed", "Cancelled")
        cause = causes(found.get("errors") or ()) or "EKS gives no cause; look at the cluster's events and at CloudTrail"
        return Seen(None, status, done=status == "Successful", failure=cause if failed else "")

    until_done(aws, what, look, timeout)


def settled(
    aws: Aws, what: str, look: Callable[[], Mapping[str, Any] | None], timeout: float, moving: Iterable[str], found: Mapping[str, Any] | None = None
) -> Mapping[str, Any] | None:
    """What ``look`` finds once its status is none of ``moving``; None once it is gone. ``found``: what it found just before."""
    if found and found["status"] not in moving:
        return found

    def once() -> Seen[Mapping[str, Any] | None]:
        found = look()
        status = str(found["status"]) if found else "gone"
        return Seen(found, status, done=status not in moving)

    return until_done(aws, what, once, timeout)


def in_progress(error: SlipwayError) -> bool:
    """Whether AWS is still busy with what it was told before."""
    return error.facts.get("code") == "ResourceInUseException" and "in progress" in error.message


def not_spread(error: SlipwayError) -> bool:
    """Whether AWS does not know yet, or not fully, a role that was made just before (what it says then is in issues of several tools)."""
    said = ("could not be assumed", "Error in role params", "EKS Managed Policies", "IAM role's policy must include", "invalid principal")
    told = any(each in error.message for each in said) or re.search(r"role\S*,? .*does not exist", error.message, re.IGNORECASE)
    return error.facts.get("code") == "InvalidParameterException" and bool(told)
