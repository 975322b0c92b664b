# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal has to know of an environment, as machine.yml wrote it down; and where everything of it lies."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class RehearsalError(Exception):
    """Why nothing can be rehearsed, and what to do."""


@dataclass(frozen=True)
class Folders:
    """``state``: the environment's own, as a run on AWS would have it; ``around``: what stands for AWS."""

    checkout: Path
    environment: str

    @property
    def state(self) -> Path:
        return self.checkout / ".slipway" / "rehearsal" / self.environment

    @property
    def around(self) -> Path:
        return self.state.with_name(f"{self.environment}.aws")

    @property
    def world(self) -> Path:
        return self.around / "world"

    @property
    def kubeconfig(self) -> Path:
        return self.around / "kubeconfig"

    @property
    def ports(self) -> Path:
        return self.around / "ports.json"

    @property
    def facts(self) -> Path:
        return self.around / "facts.json"

    @property
    def record(self) -> Path:
        return self.around / "tasks.json"

    @property
    def credentials(self) -> Path:
        return self.around / "credentials"

    @property
    def variables(self) -> Path:
        return self.around / "environment"

    @property
    def inventory(self) -> Path:
        return self.checkout / "inventories" / self.environment

    @property
    def name(self) -> str:
        """Of the cluster, of the podman network, and before the names of all containers."""
        return f"slipway-rehearsal-{self.environment}"


@dataclass(frozen=True)
class Facts:
    """``zone``: the hosted zone by name, "" if none is wanted; ``people``: ARNs of who gets access to the cluster."""

    account: str
    region: str
    profile: str
    zone: str
    people: tuple[str, ...]


def read(file: Path) -> Facts:
    found = json.loads(file.read_text())
    return Facts(**{**found, "people": tuple(found["people"])})


@dataclass(frozen=True)
class Ports:
    """Of 127.0.0.1: the registry's two, and the API of the cluster."""

    registry: int
    pull: int
    api: int


_FIRST = Ports(5201, 5202, 18443)  # beside those of the local environment and of the scenarios
_STEP, _BLOCKS = 10, 20


def ports(file: Path, environment: str, free: Callable[[int], bool]) -> Ports:
    """Those of the last time, else a block of which all are free, which ``file`` then remembers: a cluster keeps its port. Raises RehearsalError.

    Each environment begins elsewhere to look, so that two which begin at the same time don't both find the same ones free.
    """
    if file.exists():
        return Ports(**json.loads(file.read_text()))
    own = zlib.crc32(environment.encode())
    offsets = [_STEP * ((own + number) % _BLOCKS) for number in range(_BLOCKS)]
    blocks = [Ports(_FIRST.registry + offset, _FIRST.pull + offset, _FIRST.api + offset) for offset in offsets]
    found = next((each for each in blocks if all(map(free, (each.registry, each.pull, each.api)))), None)
    if found is None:
        raise RehearsalError(
            f"there are no free ports for a registry and a cluster from {_FIRST.registry} and {_FIRST.api} on; end a rehearsal: make rehearse-down"
        )
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(json.dumps(found.__dict__))
    return found
