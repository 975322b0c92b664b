# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real cluster as that of a simulated EKS: CreateCluster takes over the one that a kubeconfig leads to, DeleteCluster only forgets it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from simulator.application import Simulator
from simulator.backend import Backend
from simulator.eks.backend import Eks, state_of
from simulator.eks.control_plane import ControlPlane, generated
from simulator.eks.errors import invalid_request
from simulator.eks.state import Cluster, EksState


@dataclass(frozen=True)
class Held:
    """Which cluster of which account and region the real one is."""

    account: str
    region: str
    name: str


class Adopted:
    """``kubeconfig``: of an administrator; it may come to be later than this, but before a cluster is created."""

    def __init__(self, simulator: Simulator, kubeconfig: Path) -> None:
        self._simulator, self.kubeconfig = simulator, kubeconfig
        self._held: Held | None = None
        self._endpoint = ""

    @property
    def held(self) -> tuple[Held, Cluster] | None:
        """None while EKS has no cluster that the real one stands for. Whoever looks into it holds the simulator's lock."""
        if self._held is None:
            return None
        state = state_of(self._simulator.world, self._held.account, self._held.region)
        cluster = state.clusters.get(self._held.name)
        return (self._held, cluster) if cluster and cluster.shown.get("endpoint") == self._endpoint else None

    def attach(self, state: EksState, account: str, region: str) -> None:
        state.control_plane = lambda name, _region, now: self._plane(Held(account, region, name), now)

    def problem(self) -> str:
        """Why no cluster can be created now; "" if one can."""
        try:
            _cluster_of(self.kubeconfig)
        except (OSError, ValueError, KeyError, TypeError, StopIteration, yaml.YAMLError) as error:
            return f"the real cluster of this simulated EKS can't be taken over: its kubeconfig {self.kubeconfig} can't be used ({type(error).__name__})"
        return ""

    def _plane(self, held: Held, now: datetime) -> ControlPlane:
        """Of the first cluster; others are made up, as there is one real cluster only."""
        made_up = generated(held.name, held.region, now)
        if self.held and self._held != held:
            return made_up
        endpoint, authority = _cluster_of(self.kubeconfig)
        self._held, self._endpoint = held, endpoint
        return ControlPlane(endpoint, authority, made_up.issuer)


class RealEks(Eks):
    """EKS whose cluster is real, as far as there is one."""

    adopted: Adopted

    def call_action(self) -> tuple[int, dict[str, Any], str]:
        self.adopted.attach(self.state(EksState), self.current_account, self.region)
        problem = self.adopted.problem() if self._get_action() == "CreateCluster" else ""
        if problem:
            error = invalid_request(problem)
            return self._answer(error.status, error.body, error.code)
        return super().call_action()


def backend(adopted: Adopted) -> type[Backend]:
    """The backend that takes this cluster over."""
    return type("ClusterEks", (RealEks,), {"adopted": adopted})


def _cluster_of(kubeconfig: Path) -> tuple[str, str]:
    """Endpoint and authority (base64 of PEM) of the current context."""
    document = yaml.safe_load(kubeconfig.read_text())
    context = next(each["context"] for each in document["contexts"] if each["name"] == document["current-context"])
    cluster = next(each["cluster"] for each in document["clusters"] if each["name"] == context["cluster"])
    authority = cluster.get("certificate-authority-data")
    if not authority and "certificate-authority" in cluster:
        authority = base64.b64encode((kubeconfig.parent / cluster["certificate-authority"]).read_bytes()).decode()
    return str(cluster["server"]).rstrip("/"), str(authority or "")
