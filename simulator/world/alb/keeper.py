# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancing of EKS Auto Mode in the real cluster, from when EKS has one with it until the world ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN

from simulator.application import Simulator
from simulator.eks.state import Cluster
from simulator.world.alb import definitions
from simulator.world.alb.controller import Controller, Surroundings
from simulator.world.alb.elb import Elb
from simulator.world.eks import Adopted, Held
from simulator.world.threads import looking

_DEFINITION = BUILT_IN["apiextensions.k8s.io", "v1", "CustomResourceDefinition"]


class Keeper:
    """``gateway_api``: folder with the CustomResourceDefinitions of the Gateway API, which EKS brings where its cluster says so; None: they are there.

    ``look()`` is not for two threads.
    """

    def __init__(self, simulator: Simulator, adopted: Adopted, around: Surroundings, gateway_api: Path | None, report: Callable[[str], None]) -> None:
        self._simulator, self._adopted, self._around, self._report = simulator, adopted, around, report
        self._gateway_api = gateway_api
        self._controller: Controller | None = None
        self._held: Held | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """In a thread, about once a second. At the end nothing serves any more."""
        try:
            with looking(self.look, "load balancers", lambda why: self._report(f"load balancers are not as Gateways want them yet: {why}")):
                yield
        finally:
            self.stop()

    def look(self) -> None:
        """Raises SlipwayError if the cluster doesn't answer; the next look tries again."""
        with self._simulator.lock:
            held = self._adopted.held
            balanced, managed = _balancing(held[1]) if held else (False, False)
        if held is None or held[0] != self._held:
            self.stop()
        if held is None or not balanced:
            return
        if self._controller is None:
            client = Client(connect(self._adopted.kubeconfig))
            self._define(client, managed)
            self._controller, self._held = Controller(client, Elb(self._simulator, held[0]), self._around), held[0]
        self._controller.look()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
        self._controller = None

    def _define(self, client: Client, managed: bool) -> None:
        files = sorted(self._gateway_api.glob("*.yaml")) if managed and self._gateway_api else []
        documents = [each for file in files for each in yaml.safe_load_all(file.read_text()) if each and each["kind"] == _DEFINITION.kind]
        for each in (*documents, *definitions()):
            client.apply(_DEFINITION, each, force=True)


def _balancing(cluster: Cluster) -> tuple[bool, bool]:
    """Whether Auto Mode makes load balancers, and whether it brings the Gateway API."""
    found = (cluster.shown.get("kubernetesNetworkConfig") or {}).get("elasticLoadBalancing") or {}
    return bool(found.get("enabled")), bool(((found.get("gatewayApi") or {}).get("crds") or {}).get("managed"))
