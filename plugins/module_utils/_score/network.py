# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkPolicies: a namespace denies everything, and each service is let through exactly what its score.yaml implies."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest, selector
from ansible_collections.slipway.platform.plugins.module_utils._score.inputs import Binding, Gateway
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import Resource

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_DNS_PODS: Manifest = {"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "kube-system"}}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}


def default_deny(namespace: str, labels: dict[str, str]) -> Manifest:
    """No pod of the namespace is reached or reaches out, until a policy says so."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": namespace, "labels": labels},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def policies(context: Context) -> list[Manifest]:
    """The service's flows, and for its migration the same way out and no way in."""
    found = [_policy(context, context.name, "service", _ingress(context), _egress(context, calls=True))]
    if context.workload.migration:
        found.append(_policy(context, f"{context.name}-migrate", "migration", [], _egress(context, calls=False)))
    return found


def _policy(context: Context, name: str, component: str, ingress: list[Manifest], egress: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": context.metadata(name, component),
        "spec": {
            "egress": egress,
            **({"ingress": ingress} if ingress else {}),
            "podSelector": {"matchLabels": context.selector(component)},
            "policyTypes": ["Ingress", "Egress"],
        },
    }


def _ingress(context: Context) -> list[Manifest]:
    """From the gateway to the routed ports, from services that call this one to the port they call."""
    rules: list[Manifest] = []
    routed = sorted({(route.port.target, route.port.protocol) for route in context.routes})
    if routed and context.gateway:
        rules.append({"from": _from_gateway(context.gateway), "ports": [_port(*port) for port in routed]})
    for caller in sorted(context.others.values(), key=lambda workload: workload.name):
        called = set()
        for resource in caller.of_type("service"):
            port = context.workload.port(resource.params.get("port"))
            if caller.dependency(resource) == context.name and port is not None:
                called.add((port.target, port.protocol))
        if called:
            rules.append({"from": [{"podSelector": {"matchLabels": selector(caller.name)}}], "ports": [_port(*port) for port in sorted(called)]})
    return rules


def _from_gateway(gateway: Gateway) -> list[Manifest]:
    """Its pods; or, of one that is no pod but a load balancer outside the cluster, its addresses."""
    if gateway.cidrs:
        return [{"ipBlock": {"cidr": cidr}} for cidr in gateway.cidrs]
    source: Manifest = {"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: gateway.pod_namespace}}}
    if gateway.pod_labels:
        source["podSelector"] = {"matchLabels": dict(gateway.pod_labels)}
    return [source]


def _egress(context: Context, calls: bool) -> list[Manifest]:
    """To DNS, to what is bound, and to the services that are called."""
    rules = [_dns(context.settings.dns)]
    for resource, binding in context.bound:
        if resource.type != "secret":
            rules.append({"ports": [_port(_backing_port(binding, context, resource), "TCP")], "to": _backing(binding, context, resource)})
    for name, port in context.dependencies if calls else []:
        rules.append({"ports": [_port(port.target, port.protocol)], "to": [{"podSelector": {"matchLabels": selector(name)}}]})
    return rules


def _dns(addresses: Sequence[str]) -> Manifest:
    """Pods of the cluster, and addresses where no pod answers: EKS Auto Mode resolves names on the node itself, without a Service or a label."""
    peers = [_DNS_PODS, *({"ipBlock": {"cidr": str(ip_network(address))}} for address in addresses)]
    return {"ports": [_port(53, "UDP"), _port(53, "TCP")], "to": peers}


def _port(number: int, protocol: str) -> Manifest:
    return {"port": number, "protocol": protocol}


def _backing_port(binding: Binding, context: Context, resource: Resource) -> int:
    if binding.backing.port is None:
        raise InvalidInput(f"the binding of {context.name}.{resource.name} does not say its port, so no NetworkPolicy can let it through")
    return binding.backing.port


def _backing(binding: Binding, context: Context, resource: Resource) -> list[Manifest]:
    """Pods by namespace and labels, or addresses outside the cluster; never "anywhere"."""
    backing = binding.backing
    if backing.namespace:
        peer: Manifest = {"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: backing.namespace}}}
        return [peer | ({"podSelector": {"matchLabels": dict(backing.pod_labels)}} if backing.pod_labels else {})]
    if backing.cidrs:
        return [{"ipBlock": {"cidr": cidr}} for cidr in backing.cidrs]
    name = f"{context.name}.{resource.name}"
    raise InvalidInput(f"the binding of {name} says neither the namespace of its pods nor its addresses (cidrs), so no NetworkPolicy can let it through")
