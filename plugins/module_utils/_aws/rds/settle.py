# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for an instance. Its states: "Viewing DB instance status" in the RDS User Guide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import wait
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds import fields
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.rds.read import instance as describe
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

SETTLED = {"available", "storage-optimization"}
"""It answers, and takes changes; storage is still being moved in the second, for hours."""
FAILED = {
    "failed": "RDS could not make it, and it can't be mended: delete it (state: absent, final_snapshot: false), or restore a snapshot",
    "inaccessible-encryption-credentials": "its KMS key is disabled, deleted, or not granted: enable the key, then start the instance",
    "inaccessible-encryption-credentials-recoverable": "its KMS key is disabled, or not granted: enable the key within 7 days, then start the instance",
    "incompatible-network": "its subnets have no free address, or are gone",
    "incompatible-option-group": "its option group does not fit; have RDS use the default one",
    "incompatible-parameters": "a parameter does not fit its class or version: correct parameters, and reboot it",
    "incompatible-restore": "the snapshot can't be restored",
    "insufficient-capacity": "AWS has none of this class in these zones now: try again later, or another class or zone",
    "restore-error": "the restore failed",
    "stopped": "somebody stopped it: start it (aws rds start-db-instance), and run again",
    "storage-full": "its storage is full: raise storage_gib, with apply_immediately: true",
}
_NO_SNAPSHOT = {"failed", "incompatible-restore", "incompatible-network"}
"""DeleteDBInstance: in these it can be deleted only without a final snapshot."""


def status(instance: Mapping[str, Any]) -> str:
    return str(instance.get("DBInstanceStatus", ""))


def can_be_kept(instance: Mapping[str, Any]) -> bool:
    return status(instance) not in _NO_SNAPSHOT


def settled(aws: Aws, request: Request, done: Callable[[Mapping[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
    """The instance, once it is in peace and ``done``. Raises ``NotReady`` with the cause, in RDS's words where its events have some."""

    def look() -> wait.Seen[dict[str, Any]]:
        there = describe(aws, request.name)
        if there is None:
            return wait.Seen({}, "not there yet")
        state = status(there)
        if state in FAILED:
            return wait.Seen(there, state, failure=f"{FAILED[state]}{_events(aws, request.name)}")
        secret = (there.get("MasterUserSecret") or {}).get("SecretStatus", "active")
        ready = state in SETTLED and bool((there.get("Endpoint") or {}).get("Address")) and secret in ("active", "impaired")
        return wait.Seen(there, state if not ready else f"{state}, changes begin", done=ready and done(there))

    return wait.until_done(aws, f"instance {request.name}", look, request.timeout)


def reached(request: Request, differs: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether RDS took the changes: for some seconds after ModifyDBInstance it shows none of them, and its state is still "available"."""

    looked_at = dict(differs)
    if "engine_version" in differs and not request.apply_immediately:
        looked_at.pop("parameter_group", None)  # it goes with the version, and is not among what waits

    def done(instance: Mapping[str, Any]) -> bool:
        show = fields.now if request.apply_immediately else fields.later
        return all(_fits(name, show(instance, name), value) for name, value in looked_at.items())

    return done


def unprotected(aws: Aws, request: Request) -> None:
    """Until RDS has lifted the deletion protection; a state that is a failure is none here."""

    def look() -> wait.Seen[None]:
        there = describe(aws, request.name) or {}
        return wait.Seen(None, status(there), done=not there.get("DeletionProtection") and status(there) in (*SETTLED, *FAILED, ""))

    wait.until_done(aws, f"instance {request.name}", look, request.timeout)


def gone(aws: Aws, request: Request) -> None:
    def look() -> wait.Seen[None]:
        there = describe(aws, request.name)
        return wait.Seen(None, status(there) if there else "gone", done=there is None)

    wait.until_done(aws, f"instance {request.name}", look, request.timeout)


def _fits(name: str, value: Any, wanted: Any) -> bool:
    if name == "engine_version":
        return f"{value}.".startswith(f"{wanted}.")
    return bool(value >= wanted if name == "storage_gib" else value == wanted)  # RDS rounds storage up


def _events(aws: Aws, name: str) -> str:
    """The last of what RDS said in the last day; it explains a failure, so that it can't be had is no failure of its own."""
    try:
        events = aws.call("rds", "describe_events", SourceIdentifier=name, SourceType="db-instance", Duration=24 * 60).get("Events") or []
    except SlipwayError:
        return ""
    told = [str(each["Message"]) for each in events[-2:] if each.get("Message")]
    return f"; RDS says: {' '.join(told)}" if told else ""
