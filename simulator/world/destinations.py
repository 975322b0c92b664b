# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a connection to a name goes: to the simulator, to the registry in front of which it stands, to a place, or on to the real network."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.world import hosts
from simulator.world.names import Names

TRUSTSTORE = "truststore.pki.rds.amazonaws.com"  # where RDS publishes its authorities
_HTTPS, _HTTP = 443, 80


class NowhereError(Exception):
    """Why nobody answers to a name, for who asked."""


@dataclass(frozen=True)
class Destination:
    """``ends_tls``: TLS ends with us, and what is behind speaks plainly. ``real``: it is the real network's."""

    address: tuple[str, int]
    ends_tls: bool = False
    real: bool = False


@dataclass(frozen=True)
class Destinations:
    """``simulator`` and ``registry``: where each serves HTTP on this machine; no registry: None."""

    names: Names
    simulator: tuple[str, int]
    registry: tuple[str, int] | None = None

    def find(self, host: str, port: int) -> Destination:
        """Raises NowhereError."""
        host = host.lower().rstrip(".")
        if hosts.registry_of(host):
            if self.registry is None:
                raise NowhereError(f"{host}: there is no registry behind the simulated ECR")
            return _ours(host, port, self.registry)
        place = self.names.place(host)
        if place:
            return Destination(place.target(port))
        if host == TRUSTSTORE or (hosts.is_aws(host) and not hosts.is_instance(host)):
            return _ours(host, port, self.simulator)
        if hosts.is_aws(host) or self.names.known(host):
            raise NowhereError(f"{host}: the simulated AWS has nothing real behind this name")
        return Destination((host, port), real=True)


def _ours(host: str, port: int, address: tuple[str, int]) -> Destination:
    if port not in (_HTTPS, _HTTP):
        raise NowhereError(f"{host}: AWS is simulated on the ports {_HTTPS} and {_HTTP}, not on {port}")
    return Destination(address, ends_tls=port == _HTTPS)
