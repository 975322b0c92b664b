# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as values: in the form that Route 53 takes, and in the one form in which two are compared. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT")
_HOSTS = ("CNAME", "MX", "NS", "SRV")
_TEXT = 255  # octets of one string of a TXT record (RFC 1035, 3.3)


@dataclass(frozen=True)
class Record:
    """``name`` without the last dot; ``values`` as a zone file has them. Without values and alias: whatever is there (to delete it)."""

    name: str
    type: str
    ttl: int = 300
    values: tuple[str, ...] = ()
    alias: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        return f"{self.name} {self.type}"

    @property
    def says(self) -> bool:
        """Whether it has content to compare."""
        return bool(self.values or self.alias)

    def state(self) -> dict[str, Any]:
        if self.alias:
            return {"alias": {**self.alias, "dns_name": host(self.alias["dns_name"])}}
        return {"ttl": self.ttl, "values": sorted(_plain(self.type, value) for value in self.values)}

    def set(self) -> dict[str, Any]:
        """A ResourceRecordSet."""
        common = {"Name": f"{self.name}.", "Type": self.type}
        if self.alias:
            health = bool(self.alias.get("evaluate_target_health"))
            return common | {"AliasTarget": {"HostedZoneId": self.alias["zone_id"], "DNSName": self.alias["dns_name"], "EvaluateTargetHealth": health}}
        values = [text(value) if self.type == "TXT" else value for value in self.values]
        return common | {"TTL": self.ttl, "ResourceRecords": [{"Value": value} for value in values]}


def host(name: str) -> str:
    """A name as it is compared; Route 53 writes * as \\052."""
    return name.lower().removesuffix(".").replace("\\052", "*") if name != LATER else name


def found(item: Mapping[str, Any]) -> Record:
    """A ResourceRecordSet of Route 53."""
    target = item.get("AliasTarget")
    alias = {"dns_name": target["DNSName"], "zone_id": target["HostedZoneId"], "evaluate_target_health": target["EvaluateTargetHealth"]} if target else None
    values = tuple(each["Value"] for each in item.get("ResourceRecords") or ())
    return Record(host(item["Name"]), item["Type"], int(item.get("TTL") or 0), values, alias)


def wanted(item: Mapping[str, Any]) -> Record:
    """Raises ``InvalidInput`` for what can't be a record."""
    alias, values = item.get("alias"), tuple(dict.fromkeys(item.get("values") or ()))
    if alias and values:
        raise InvalidInput("alias and values are there; write one of them")
    if alias and item["type"] not in ("A", "AAAA"):
        raise InvalidInput("alias: only A and AAAA have one")
    if item["type"] == "CNAME" and len(values) > 1:
        raise InvalidInput("values: a CNAME has one")
    for value in values:
        _check(item["type"], value)
    return Record(host(item["name"]), item["type"], item["ttl"], values, dict(alias) if alias else None)


def text(value: str) -> str:
    """A TXT value in quotes, in strings of 255 octets; one that is in quotes already stays."""
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return value
    escaped = [char if char not in '"\\' else f"\\{char}" for char in value]
    strings, length = [""], 0
    for raw, char in zip(value, escaped, strict=True):
        octets = len(raw.encode())
        if length + octets > _TEXT:
            strings.append("")
            length = 0
        strings[-1] += char
        length += octets
    return " ".join(f'"{each}"' for each in strings)


def _check(kind: str, value: str) -> None:
    if value == LATER or kind not in ("A", "AAAA"):
        return
    try:
        ipaddress.IPv4Address(value) if kind == "A" else ipaddress.IPv6Address(value)
    except ValueError:
        raise InvalidInput(f"values: {value!r} is no address for {kind}") from None


def _plain(kind: str, value: str) -> str:
    if kind == "TXT":
        return text(value)
    if kind == "AAAA" and value != LATER:
        return str(ipaddress.IPv6Address(value))
    return host(value) if kind in _HOSTS else value
