# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster holds that is about load balancers, as it was read at one moment; the kinds, and small readings of them.

Source: Gateway API v1 (https://gateway-api.sigs.k8s.io/reference/spec/).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind, Object

CONTROLLER = "eks.amazonaws.com/gateway-alb"
FINALIZER = "gateway.eks.amazonaws.com/alb"
_GROUP = "gateway.networking.k8s.io"
PARAMETERS = "eks.amazonaws.com"
CLASS, GATEWAY, ROUTE = (
    Kind(_GROUP, "v1", "GatewayClass", "gatewayclasses", False),
    Kind(_GROUP, "v1", "Gateway", "gateways", True),
    Kind(_GROUP, "v1", "HTTPRoute", "httproutes", True),
)
GRANT = Kind(_GROUP, "v1beta1", "ReferenceGrant", "referencegrants", True)
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


def selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A label selector of Kubernetes; an empty one selects everything."""
    wanted = (selector.get("matchLabels") or {}).items()
    return all(labels.get(key) == value for key, value in wanted) and all(_expression(each, labels) for each in selector.get("matchExpressions") or [])


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[expression["operator"]]


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
