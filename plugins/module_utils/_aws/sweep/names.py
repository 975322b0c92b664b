# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records by which host names lead to load balancers that go: they go first, so that no name leads to what somebody else may get next.

One that leads elsewhere is somebody's who has the name now: it is told and never deleted, since nothing here shows that what it leads to is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53 import zones
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.options import Place
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.records import host
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep import ec2
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep.model import Aliases, Kind, Left, Query
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep.others import delete_record
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound

_TYPES = ("A", "AAAA", "CNAME")
ELSEWHERE = "record elsewhere"


def records(kind: str, ours: bool) -> Callable[[Aws, Query], list[Left]]:
    """Those that lead to load balancers of the query, or the others."""

    def find(aws: Aws, query: Query) -> list[Left]:
        if not query.aliases:
            return []
        claimed = {host(left.raw["DNSName"]) for left in ec2.LOAD_BALANCERS(aws, query)}
        return [left for each in query.aliases for left in _of_zone(aws, each, claimed | {host(name) for name in each.targets}, kind, ours)]

    return find


def _of_zone(aws: Aws, wanted: Aliases, targets: set[str], kind: str, ours: bool) -> Iterator[Left]:
    try:
        zone = zones.find(aws, Place(wanted.zone_id, host(wanted.zone), private=False))
    except NotFound:
        return  # a zone that is gone has no records
    for name in wanted.names:
        answer = aws.call("route53", "list_resource_record_sets", HostedZoneId=zone.id, StartRecordName=f"{name}.", MaxItems="100")
        for each in answer["ResourceRecordSets"]:
            if host(each["Name"]) == host(name) and each["Type"] in _TYPES:
                target = _target(each)
                if (target in targets and "AliasTarget" in each) == ours:
                    yield Left(kind, f"{name} {each['Type']}", because=f"leads to {target}", raw={"zone": zone.id, "record": each})


def _target(record: dict[str, Any]) -> str:
    if "AliasTarget" in record:
        return host(record["AliasTarget"]["DNSName"]).removeprefix("dualstack.")
    return ", ".join(each["Value"] for each in record.get("ResourceRecords") or ())


KINDS: tuple[Kind, ...] = (
    Kind("alias record", -1, records("alias record", ours=True), delete_record),
    Kind(ELSEWHERE, 7, records(ELSEWHERE, ours=False)),
)
