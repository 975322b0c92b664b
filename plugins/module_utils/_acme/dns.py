# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who writes the TXT records of dns-01: a program of the user's, or Route 53."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._acme.proof import Elsewhere, Listening, Records, Solver, Webroot
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import HTTP, Challenge
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import access
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_HOOK = 300.0  # seconds for a program to write or remove one record
_SPREAD = 300.0  # seconds for Route 53 to tell all of its name servers; it takes about one minute
_TTL = 60


def solver(challenge: Challenge, sleep: Callable[[float], None], progress: Callable[[str], None]) -> Solver:
    """How names are proven, as a request wants it."""
    if challenge.type == HTTP:
        if challenge.listen:
            return Listening(challenge.listen)
        return Webroot(challenge.webroot) if challenge.webroot else Elsewhere()
    if challenge.route53 is not None:
        return Records(Route53(Aws(access(dict(challenge.route53)), progress)).change, challenge.settle, sleep)
    return Records(Hook(challenge.hook), challenge.settle, sleep)


class Hook:
    """``<program> present|withdraw <name> <value> ...``: present ends when the record is served with all of the values, withdraw removes these."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv

    def __call__(self, verb: str, name: str, values: Sequence[str]) -> None:
        _command.run([*self._argv, verb, name, *values], deadline=_HOOK)


class Route53:
    """API reference: ListHostedZonesByName, ListResourceRecordSets, ChangeResourceRecordSets, GetChange. Values of others at the same name stay."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def change(self, verb: str, name: str, values: Sequence[str]) -> None:
        zone = self._zone(name)
        before = self._record(zone, name)
        there = {each["Value"] for each in before.get("ResourceRecords", ())} if before else set()
        quoted = {f'"{value}"' for value in values}
        wanted = there | quoted if verb == "present" else there - quoted
        if wanted == there:
            return
        if wanted:
            record = {"Name": name, "Type": "TXT", "TTL": _TTL, "ResourceRecords": [{"Value": value} for value in sorted(wanted)]}
            self._apply(zone, name, "UPSERT", record, wait=verb == "present")
        else:
            self._apply(zone, name, "DELETE", before or {}, wait=False)

    def _zone(self, name: str) -> str:
        """The public zone that has the longest part of the name."""
        zones = self._aws.listed("route53", "list_hosted_zones", "HostedZones")
        public = {each["Name"].rstrip("."): each["Id"] for each in zones if not (each.get("Config") or {}).get("PrivateZone")}
        labels = name.split(".")
        for start in range(len(labels)):
            zone = ".".join(labels[start:])
            if zone in public:
                return str(public[zone])
        raise InvalidInput(f"challenge: no public zone of this account in Route 53 has {name}; choose the account with route53.profile, or use a hook")

    def _record(self, zone: str, name: str) -> dict[str, Any] | None:
        answer = self._aws.call("route53", "list_resource_record_sets", HostedZoneId=zone, StartRecordName=name, StartRecordType="TXT", MaxItems="1")
        return next((each for each in answer["ResourceRecordSets"] if each["Name"].rstrip(".") == name and each["Type"] == "TXT"), None)

    def _apply(self, zone: str, name: str, action: str, record: dict[str, Any], wait: bool) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        made = self._aws.call("route53", "change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]["Id"]
        if wait:
            until_done(self._aws, f"record {name}", lambda: self._spread(made), _SPREAD)

    def _spread(self, change: str) -> Seen[None]:
        status = self._aws.call("route53", "get_change", Id=change)["ChangeInfo"]["Status"]
        return Seen(None, status, status == "INSYNC")
