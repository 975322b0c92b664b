# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster holds that is about load balancers, as it was read at one moment; the kinds, and small readings of them.

Source: Gateway API v1 (https://gateway-api.sigs.k8s.io/reference/spec/).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind, Object

CONTROLLER = "eks.amazonaws.com/gateway-alb"
FINALIZER = "gateway.eks.amazonaws.com/alb"
GROUP = "gateway.networking.k8s.io"
PARAMETERS = "eks.amazonaws.com"
PROTOCOLS = ("HTTP", "HTTPS")  # of listeners that an ALB can have
CLASS, GATEWAY, ROUTE = (
    Kind(GROUP, "v1", "GatewayClass", "gatewayclasses", False),
    Kind(GROUP, "v1", "Gateway", "gateways", True),
    Kind(GROUP, "v1", "HTTPRoute", "httproutes", True),
)
GRANT = Kind(GROUP, "v1beta1", "ReferenceGrant", "referencegrants", True)
BALANCER = Kind(PARAMETERS, "v1", "LoadBalancerConfiguration", "loadbalancerconfigurations", True)
TARGETS = Kind(PARAMETERS, "v1", "TargetGroupConfiguration", "targetgroupconfigurations", True)
NAMESPACE, NODE, SERVICE = BUILT_IN["", "v1", "Namespace"], BUILT_IN["", "v1", "Node"], BUILT_IN["", "v1", "Service"]
SLICE = BUILT_IN["discovery.k8s.io", "v1", "EndpointSlice"]
READ = (CLASS, GATEWAY, ROUTE, GRANT, BALANCER, TARGETS, NAMESPACE, NODE, SERVICE, SLICE)


@dataclass(frozen=True)
class Snapshot:
    """By kind, namespace and name."""

    objects: Mapping[tuple[str, str, str], Object] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Snapshot:
        return cls({(each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each for each in objects})

    def all(self, kind: Kind, namespace: str | None = None) -> list[Object]:
        return [each for (name, where, _), each in sorted(self.objects.items()) if name == kind.kind and namespace in (None, where)]

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self.objects.get((kind.kind, namespace, name))

    def classes(self) -> list[Object]:
        """The classes that are ours."""
        return [each for each in self.all(CLASS) if each["spec"].get("controllerName") == CONTROLLER]

    def gateways(self) -> list[Object]:
        """The Gateways of our classes, those that are being deleted too."""
        ours = {each["metadata"]["name"] for each in self.classes()}
        return [each for each in self.all(GATEWAY) if each["spec"].get("gatewayClassName") in ours]


def both(one: str, other: str) -> str:
    """The host name that two have in common: the longer where a star (for one label or more) stands for the other. "" is any name, "-" is none."""
    if not one or not other or one == other:
        return one or other
    for wide, narrow in ((one, other), (other, one)):
        if wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:]):
            return narrow
    return "-"


def owner(live: Object) -> tuple[str, str]:
    return live["metadata"].get("namespace", ""), live["metadata"]["name"]
