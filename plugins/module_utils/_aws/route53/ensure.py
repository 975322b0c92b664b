# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records are as wanted, and those of others as they were: the one call behind the module ``route53_record``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import wait
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53 import zones
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.records import Record, found, host
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.zones import Zone
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

_OWNER = re.compile(r"heritage=external-dns.*external-dns/owner=([^,\"]+)")
Sets = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Result(Converged):
    """``records``: name and type of each that is wanted."""

    zone: str = ""
    zone_id: str = ""
    records: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """One record; ``action``: UPSERT or DELETE with ``set``, or "" where nothing differs."""

    record: Record
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    action: str = ""
    set: Mapping[str, Any] = field(default_factory=dict)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    zone = zones.find(aws, request.place)
    outside = [record.name for record in request.records if not zone.holds(record.name)]
    if outside:
        raise InvalidInput(f"records: {', '.join(outside)}: not in zone {zone.name}; correct the name, or choose another zone")
    names = sorted({record.name for record in request.records})
    there = dict(zip(names, aws.together(lambda name: _at(aws, zone, name), names), strict=True))
    changes = [_decide(request, record, there[record.name], zone) for record in request.records]
    todo = [change for change in changes if change.action]
    if todo and not check_mode:
        _apply(aws, zone, todo, request)
    return Result(
        before={change.record.key: dict(change.before) for change in changes},
        after={change.record.key: dict(change.after) for change in changes},
        actions=tuple(f"{'set' if change.action == 'UPSERT' else 'delete'} {change.record.key} in zone {zone.name}" for change in todo),
        zone=zone.name,
        zone_id=zone.id,
        records=[{"name": record.name, "type": record.type} for record in request.records if request.present],
    )


def _at(aws: Aws, zone: Zone, name: str) -> Sets:
    """All that a name has. Names are listed in order, so that a large zone takes no more than a small one."""
    if zone.id == LATER:
        return []
    answer = aws.call("route53", "list_resource_record_sets", HostedZoneId=zone.id, StartRecordName=f"{name}.", MaxItems="100")
    return [each for each in answer["ResourceRecordSets"] if host(each["Name"]) == name]


def _decide(request: Request, record: Record, there: Sets, zone: Zone) -> Change:
    same = [each for each in there if each["Type"] == record.type]
    routed = [each["SetIdentifier"] for each in same if "SetIdentifier" in each]
    where = f"{record.key} in zone {zone.name}"
    if routed:
        raise Conflict(f"{where} is routed by a policy ({', '.join(routed)}), and stays as it is; delete it there, or choose another name", record=record.key)
    before = found(same[0]) if same else None
    differs = bool(before and record.says and before.state() != record.state())
    if before and differs and not request.overwrite:
        raise Conflict(f"{where} is there with another content{_owner(there)}: {_told(before)}; write overwrite: true to make it yours", record=record.key)
    now = before.state() if before else {}
    if not request.present:
        return Change(record, now, {}, "DELETE", same[0]) if before else Change(record, {}, {})
    others = [each["Type"] for each in there if "CNAME" in (record.type, each["Type"]) and each["Type"] != record.type]
    if others:
        raise Conflict(f"{where} can't stand beside {', '.join(others)} of the same name (RFC 1034, 3.6.2); delete one of them", record=record.key)
    if before and not differs:
        return Change(record, now, now)
    return Change(record, now, record.state(), "UPSERT", record.set())


def _told(record: Record) -> str:
    state = record.state()
    return f"alias of {state['alias']['dns_name']}" if record.alias else f"{', '.join(state['values'])} (ttl {state['ttl']})"


def _owner(there: Sets) -> str:
    """Whom external-dns says that the name is of, in a TXT record of that name."""
    texts = [each["Value"] for item in there if item["Type"] == "TXT" for each in item.get("ResourceRecords") or ()]
    owners = [match[1] for match in map(_OWNER.search, texts) if match]
    return f" (external-dns keeps it for {owners[0]})" if owners else ""


def _apply(aws: Aws, zone: Zone, changes: Sequence[Change], request: Request) -> None:
    batch = {"Comment": "slipway", "Changes": [{"Action": change.action, "ResourceRecordSet": change.set} for change in changes]}
    asked = aws.call("route53", "change_resource_record_sets", HostedZoneId=zone.id, ChangeBatch=batch)["ChangeInfo"]
    if not request.wait or asked["Status"] == "INSYNC":
        return

    def look() -> wait.Seen[None]:
        status = aws.call("route53", "get_change", Id=asked["Id"])["ChangeInfo"]["Status"]
        return wait.Seen(None, status, done=status == "INSYNC")

    wait.until_done(aws, f"records of zone {zone.name}", look, request.timeout)
