# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons of the simulated EKS in the real cluster: which of them is there, and why each of the others is not.

Nothing is installed: what the cluster has by itself counts as the add-on, and stays when the add-on is deleted, as EKS's own stays with ``preserve``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN

from simulator.application import Simulator
from simulator.world.eks import Adopted
from simulator.world.parts import NOT_RUN, REAL, STAND_IN, Part

Object = dict[str, Any]
_SECONDS = 10.0


@dataclass(frozen=True)
class Row:
    """``workload``: kind, namespace and name of what the cluster has of it; None: ``reason`` says why it has nothing."""

    workload: tuple[str, str, str] | None = None
    state: str = NOT_RUN
    reason: str = ""


TABLE: Mapping[str, Row] = {
    "coredns": Row(("Deployment", "kube-system", "coredns")),
    "kube-proxy": Row(("DaemonSet", "kube-system", "kube-proxy")),
    "vpc-cni": Row(reason="pods get their addresses from the cluster's own network; there is no VPC for them to be in"),
    "eks-pod-identity-agent": Row(state=STAND_IN, reason="associations decide what the stand-in of External Secrets may read; pods get no AWS credentials"),
    "aws-ebs-csi-driver": Row(reason="volumes are folders of the nodes: there is no EBS"),
    "metrics-server": Row(
        ("Deployment", "kube-system", "metrics-server"),
        reason="the node image has none: it can be built from source, and no role does; autoscalers keep their replicas",
    ),
    "kube-state-metrics": Row(reason="it can't be built from what Go's module proxy has"),
    "cert-manager": Row(reason="it can't be built from what Go's module proxy has"),
    "external-dns": Row(reason="no role makes records by it: Route 53 is written by the playbook"),
    "amazon-cloudwatch-observability": Row(reason="there is no CloudWatch to take what it would send"),
    "aws-secrets-store-csi-driver-provider": Row(reason="the driver can't be built here; External Secrets has a stand-in"),
}
_UNKNOWN = Row(reason="the simulator knows nothing of it but what EKS's catalogue says")


class Addons:
    """``parts``: for the registry of parts."""

    def __init__(self, simulator: Simulator, adopted: Adopted) -> None:
        self._simulator, self._adopted = simulator, adopted

    def parts(self) -> list[Part]:
        """One for each add-on that EKS has now; if the cluster doesn't answer, that is the reason."""
        with self._simulator.lock:
            held = self._adopted.held
            addons = [dict(each) for each in held[1].addons.values()] if held else []
        return [part_of(addon, self._workload) for addon in addons]

    def _workload(self, kind: str, namespace: str, name: str) -> Object | None:
        """Raises SlipwayError."""
        client = Client(connect(self._adopted.kubeconfig, 1))
        client.until = client.clock() + _SECONDS
        return client.get(BUILT_IN["apps", "v1", kind], namespace, name)


def part_of(addon: Mapping[str, Any], workload: Callable[[str, str, str], Object | None]) -> Part:
    """``workload``: kind, namespace and name to the object, None if it is not there; raises SlipwayError."""
    name = f"EKS add-on {addon['addonName']}"
    row = TABLE.get(str(addon["addonName"]), _UNKNOWN)
    if row.workload is None:
        return Part(name, row.state, row.reason)
    where = f"{row.workload[0]} {row.workload[1]}/{row.workload[2]}"
    try:
        found = workload(*row.workload)
    except SlipwayError as error:
        return Part(name, NOT_RUN, f"whether {where} is there could not be seen: {error.message}")
    if found is None:
        return Part(name, NOT_RUN, row.reason or f"the cluster has no {where}")
    ready, wanted = _running(found)
    told = f"the cluster's own {where}, {_images(found)}, {ready} of {wanted} ready; EKS was asked for {addon['addonVersion']}"
    return Part(name, REAL, f"{told}, and its configuration changes nothing" if addon.get("configurationValues") else told)


def _running(found: Object) -> tuple[int, int]:
    """Ready pods, and how many there should be."""
    status = found.get("status") or {}
    if found["kind"] == "DaemonSet":
        return int(status.get("numberReady", 0)), int(status.get("desiredNumberScheduled", 0))
    return int(status.get("readyReplicas", 0)), int(found["spec"].get("replicas", 1))


def _images(found: Object) -> str:
    return ", ".join(str(each["image"]) for each in found["spec"]["template"]["spec"]["containers"])
