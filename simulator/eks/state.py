# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS keeps of an account in a region. Resources are kept as the API shows them; times are datetimes until they are written."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.eks.control_plane import ControlPlane, generated
from simulator.eks.errors import invalid_request, not_found
from simulator.eks.faults import Faults
from simulator.eks.neighbours import Neighbours
from simulator.eks.timeline import Timeline

Json = dict[str, Any]


@dataclass(frozen=True)
class Timing:
    """How long things take, in seconds of the simulator's clock; AWS needs minutes."""

    cluster: float = 600
    deletion: float = 300
    update: float = 120
    version: float = 600
    addon: float = 60
    nodegroup: float = 180
    refresh: float = 60


@dataclass
class Update:
    """An asynchronous change; ``shown`` is what DescribeUpdate shows, ``of`` the kind and the name of what it is about ("" for the cluster)."""

    shown: Json
    of: tuple[str, str] = ("cluster", "")


@dataclass
class Cluster:
    """``shown`` is what DescribeCluster shows; resources of the cluster go by their names, and policies of an access entry by their ARNs.

    ``findings``: the insights' checks, and the version of Kubernetes that they are for, as they were when EKS last looked (``refreshes``).
    """

    shown: Json
    creator: str = ""
    bootstrap_admin: bool = True
    updates: dict[str, Update] = field(default_factory=dict)
    entries: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, dict[str, Json]] = field(default_factory=dict)
    addons: dict[str, Json] = field(default_factory=dict)
    associations: dict[str, Json] = field(default_factory=dict)
    nodegroups: dict[str, Json] = field(default_factory=dict)
    providers: dict[str, Json] = field(default_factory=dict)
    refreshes: Json = field(default_factory=dict)
    findings: tuple[str, list[Any]] = ("", [])

    @property
    def name(self) -> str:
        return str(self.shown["name"])

    @property
    def version(self) -> str:
        return str(self.shown["version"])

    @property
    def mode(self) -> str:
        return str(self.shown["accessConfig"]["authenticationMode"])

    @property
    def auto(self) -> bool:
        """Whether EKS Auto Mode makes the nodes."""
        return bool((self.shown.get("computeConfig") or {}).get("enabled"))

    def arn_of(self, kind: str, rest: str) -> str:
        """The ARN of a resource of this cluster."""
        return f"{str(self.shown['arn']).replace(':cluster/', f':{kind}/')}/{rest}"


class EksState:
    """``control_plane`` says what the endpoint, the authority and the issuer of a new cluster are; whoever has a real cluster sets it."""

    def __init__(self) -> None:
        self.clusters: dict[str, Cluster] = {}
        self.timeline = Timeline()
        self.faults = Faults()
        self.timing = Timing()
        self.control_plane: Callable[[str, str, datetime], ControlPlane] = generated
        self.answers: dict[tuple[str, str], tuple[Json, Json]] = {}


@dataclass(frozen=True)
class Scene:
    """One call: where it goes, who makes it, and when. ``caller`` is an IAM ARN, or the STS ARN of an assumed role."""

    state: EksState
    neighbours: Neighbours
    now: datetime
    account: str
    partition: str
    region: str
    caller: str

    def cluster(self, name: str) -> Cluster:
        if name not in self.state.clusters:
            raise not_found(f"No cluster found for name: {name}.", clusterName=name)
        return self.state.clusters[name]

    def standing(self, name: str, **about: Any) -> Cluster:
        """A cluster that can be worked on: neither in the making, nor failed, nor on its way out."""
        cluster = self.cluster(name)
        if cluster.shown["status"] not in ("ACTIVE", "UPDATING"):
            raise invalid_request(f"Cluster '{name}' is not in ACTIVE status", clusterName=name, **about)
        return cluster

    def later(self, seconds: float, what: Callable[[datetime], None], *, held: str = "") -> None:
        """Does ``what`` after ``seconds``; if the cluster named ``held`` is held by then, when it is released."""

        def due(when: datetime) -> None:
            if held in self.state.faults.held:
                self.state.faults.waiting.append((held, what))
            else:
                what(when)

        self.state.timeline.at(self.now + timedelta(seconds=seconds), due)


def new_id() -> str:
    return str(uuid.uuid4())
