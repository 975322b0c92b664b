# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the things are that names of AWS stand for: the database behind RDS's names, the gateway behind those of load balancers."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Place:
    """``address``: of IPv4, what DNS answers. ``ports``: which port stands for one that is asked for, as "port" or "host:port" for who comes by the proxy;
    one that is not among them is asked for as it is."""

    address: str
    ports: Mapping[int, str] = field(default_factory=dict)

    def target(self, port: int) -> tuple[str, int]:
        host, _, mapped = self.ports.get(port, str(port)).rpartition(":")
        return host or self.address, int(mapped)


def read(document: Any) -> Place:
    """From JSON: {"address": "10.89.0.1", "ports": {"443": "127.0.0.1:8443"}}. Raises ValueError."""
    if not isinstance(document, dict) or not {"address"} <= document.keys() <= {"address", "ports"}:
        raise ValueError('a place is {"address": an IPv4 address, "ports": {"443": "8443" or "host:8443"}}')
    place = Place(str(ipaddress.IPv4Address(document["address"])), {int(port): str(to) for port, to in (document.get("ports") or {}).items()})
    for port in place.ports:
        place.target(port)
    return place


class Places:
    """By name or by pattern of names ("*.rds.amazonaws.com"; a star stands for dots, too); a name wins over patterns, the longest pattern over others."""

    def __init__(self, given: Mapping[str, Place] | None = None) -> None:
        self._lock = threading.Lock()
        self._known = {_name(name): place for name, place in (given or {}).items()}

    def put(self, name: str, place: Place) -> None:
        with self._lock:
            self._known[_name(name)] = place

    def remove(self, name: str) -> None:
        with self._lock:
            self._known.pop(_name(name), None)

    def find(self, name: str) -> Place | None:
        name = _name(name)
        with self._lock:
            patterns = sorted((known for known in self._known if fnmatchcase(name, known)), key=len)
            return self._known.get(name) or (self._known[patterns[-1]] if patterns else None)

    def shown(self) -> dict[str, Any]:
        with self._lock:
            return {name: asdict(place) for name, place in sorted(self._known.items())}


def _name(name: str) -> str:
    return name.lower().rstrip(".").removeprefix("dualstack.")
