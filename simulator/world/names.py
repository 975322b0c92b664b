# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What names mean in a simulated AWS: the records of Route 53, and the places of databases and load balancers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.rds.models import rds_backends
from moto.route53.models import route53_backends

from simulator.application import Simulator
from simulator.world import hosts
from simulator.world.places import Place, Places

TTL = 5
_CHAIN = 8  # as many names may lead to each other


@dataclass(frozen=True)
class Record:
    """``value``: as a zone file has it."""

    name: str
    type: str
    value: str
    ttl: int = TTL


@dataclass(frozen=True)
class Answer:
    """``zone``: the hosted zone that knows; "" if nobody does, and then somebody else is to be asked. ``exists``: whether the name does."""

    records: tuple[Record, ...] = ()
    zone: str = ""
    exists: bool = False


class Names:
    """``service``: the IPv4 address at which services of AWS are reached by who has no proxy; "" if nobody shall."""

    def __init__(self, simulator: Simulator, places: Places, service: str = "") -> None:
        self._simulator, self._places, self._service = simulator, places, service

    def place(self, name: str) -> Place | None:
        """Where something real stands behind a name: after all records that lead there."""
        for _ in range(_CHAIN):
            name = name.lower().rstrip(".")
            direct = self._direct(name)
            if direct:
                return direct
            answer = self._in_zones(name, "A")
            leads = next((record for record in answer.records if record.type in ("A", "CNAME", "ALIAS")), None)
            if leads is None:
                return None
            if leads.type == "A":
                return Place(leads.value)
            name = leads.value
        return None

    def known(self, name: str) -> bool:
        """Whether the name is in a hosted zone or has a place: nobody else is to be asked for it."""
        name = name.lower().rstrip(".")
        return self._direct(name) is not None or bool(self._in_zones(name, "A").zone)

    def answer(self, name: str, kind: str) -> Answer:
        """As a name server answers: chains of CNAMEs are followed as far as they are known here, an alias is what it leads to."""
        name, zone, found = name.lower().rstrip("."), "", list[Record]()
        for _ in range(_CHAIN):
            answer = self._one(name, kind)
            zone = zone or answer.zone
            if not answer.zone or not answer.records:
                return Answer(tuple(found), zone, bool(found) or answer.exists)
            first = answer.records[0]
            if first.type == "CNAME" and kind != "CNAME":
                found.append(first)
                name = first.value.lower().rstrip(".")
                continue
            return Answer((*found, *answer.records), zone, True)
        return Answer(tuple(found), zone, True)

    def _one(self, name: str, kind: str) -> Answer:
        direct = self._direct(name)
        if direct:
            return Answer((Record(name, "A", direct.address),) if kind == "A" else (), "amazonaws.com", True)
        answer = self._in_zones(name, kind)
        if answer.zone:
            alias = answer.records[0] if answer.records and answer.records[0].type == "ALIAS" else None
            if alias is None:
                return answer
            place = self.place(alias.value)
            return Answer((Record(name, "A", place.address),) if place and kind == "A" else (), answer.zone, True)
        if hosts.is_aws(name):
            there = bool(self._service) and not hosts.is_instance(name)
            return Answer((Record(name, "A", self._service),) if there and kind == "A" else (), "amazonaws.com", there)
        return answer

    def _direct(self, name: str) -> Place | None:
        found = self._places.find(name)
        return None if found and ".rds." in name and hosts.is_aws(name) and name not in self._databases() else found

    def _databases(self) -> set[str]:
        with self._simulator.lock:
            backends = [backend for account in rds_backends.values() for backend in account.values()]
            return {str(instance.address).lower() for backend in backends for instance in backend.databases.values()}

    def _in_zones(self, name: str, kind: str) -> Answer:
        with self._simulator.lock:
            zones = [zone for account in route53_backends.values() for backend in account.values() for zone in backend.zones.values()]
            held = [zone for zone in zones if f".{name}.".endswith(f".{zone.name.rstrip('.').lower()}.")]
            if not held:
                return Answer()
            zone = max(held, key=lambda each: len(each.name))
            return _answer_of(zone.name.rstrip("."), [_plain(each) for each in zone.rrsets], name, kind)


def _plain(record: Any) -> tuple[str, str, list[str], int, str]:
    """Name, type, values, seconds and the alias's target of a record set of moto's."""
    name = str(record.name).rstrip(".").lower().replace("\\052", "*")
    target = str((record.alias_target or {}).get("DNSName", "")).rstrip(".")
    values = [str(value["Value"] if isinstance(value, dict) else value) for value in record.records or ()]  # moto's own SOA is written otherwise
    return name, str(record.type), values, int(record.ttl or TTL), target


def _answer_of(zone: str, records: list[tuple[str, str, list[str], int, str]], name: str, kind: str) -> Answer:
    """Route 53, "Supported DNS record types": the name itself, else a star in place of its first labels (RFC 4592)."""
    below = [name, *(f"*.{name.split('.', number)[number]}" for number in range(1, name.count(".") + 1))]
    owner = next((each for each in below if any(record[0] == each for record in records)), "")
    if not owner:
        inside = any(record[0].endswith(f".{name}") for record in records)
        return Answer((), zone, inside or name == zone.lower())
    of_name = [record for record in records if record[0] == owner]
    chosen = next((record for record in of_name if record[1] == kind), None) or next((record for record in of_name if record[1] == "CNAME"), None)
    if chosen is None:
        return Answer((), zone, True)
    _, type_, values, ttl, target = chosen
    if target:
        return Answer((Record(name, "ALIAS", target),), zone, True)
    return Answer(tuple(Record(name, type_, value, ttl) for value in values), zone, True)
