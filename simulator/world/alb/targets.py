# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the data plane reaches pods: a NodePort for each backend, in a namespace of our own, whose endpoints are those of the Service behind a route.

An ALB has the pods' own addresses. From this machine the network of pods has no route, the nodes' has; so the endpoints are written into slices beside
a Service without a selector, and the namespaces of the services stay as they are. (Service proxies of the API server change what passes: Host, HTML.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Kind, Object

from simulator.world.alb.model import NAMESPACE, NODE, SERVICE, SLICE, Snapshot
from simulator.world.alb.rules import Backend

PLACE = "simulated-elb"
_OURS = {"app.kubernetes.io/managed-by": "simulated-elb"}
_BY = {"endpointslice.kubernetes.io/managed-by": "simulated-elb"}


class Targets:
    """The NodePorts of all load balancers."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._written: dict[tuple[str, str], Object] = {}

    def ensure(self, snapshot: Snapshot, backends: Iterable[Backend]) -> dict[Backend, list[str]]:
        """URLs by backend, of those whose Service and port are there."""
        wanted = {backend: _name(backend) for backend in sorted(set(backends)) if _port(snapshot, backend) is not None}
        if wanted or self._written:
            self._write(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE, "labels": _OURS}})
        nodes = [address for node in snapshot.all(NODE) if _ready(node) for address in _addresses(node)]
        found = {}
        for backend, name in wanted.items():
            live = self._write(SERVICE, _service(name)) or snapshot.find(SERVICE, PLACE, name) or {}
            self._write(SLICE, _slice(name, backend, snapshot))
            ports = [each["nodePort"] for each in (live.get("spec") or {}).get("ports") or [] if each.get("nodePort")]
            found[backend] = [f"http://{node}:{ports[0]}" for node in nodes] if ports else []
        self._forget(snapshot, set(wanted.values()))
        return found

    def _write(self, kind: Kind, manifest: Object) -> Object | None:
        """What the server made of it; None if it has had this before."""
        key = (kind.kind, manifest["metadata"]["name"])
        if self._written.get(key) == manifest:
            return None
        applied = self._client.apply(kind, manifest, force=True).object
        self._written[key] = manifest
        return applied

    def _forget(self, snapshot: Snapshot, wanted: set[str]) -> None:
        for kind in (SERVICE, SLICE):
            for each in snapshot.all(kind, PLACE):
                name = each["metadata"]["name"]
                if name not in wanted:
                    self._client.delete(kind, PLACE, name)
                    self._written.pop((kind.kind, name), None)


def addresses(snapshot: Snapshot, backend: Backend) -> list[tuple[str, int]]:
    """Of its pods that are ready, with their port."""
    found = []
    for each in _slices(snapshot, backend):
        port = _slice_port(each, backend, snapshot)
        ready = [end for end in each.get("endpoints") or [] if (end.get("conditions") or {}).get("ready", True)]
        found += [(address, int(port["port"])) for end in ready for address in end["addresses"] if port]
    return sorted(found)


def _port(snapshot: Snapshot, backend: Backend) -> Object | None:
    service = snapshot.find(SERVICE, backend[0], backend[1]) or {"spec": {}}
    return next((each for each in service["spec"].get("ports") or [] if each["port"] == backend[2]), None)


def _slices(snapshot: Snapshot, backend: Backend) -> list[Object]:
    every = snapshot.all(SLICE, backend[0])
    return [each for each in every if (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == backend[1]]


def _slice_port(live: Object, backend: Backend, snapshot: Snapshot) -> Object | None:
    name = (_port(snapshot, backend) or {}).get("name") or ""
    return next((each for each in live.get("ports") or [] if (each.get("name") or "") == name), None)


def _service(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": PLACE, "labels": _OURS},
        "spec": {"type": "NodePort", "ports": [{"name": "http", "port": 80, "protocol": "TCP", "appProtocol": "http"}]},
    }


def _slice(name: str, backend: Backend, snapshot: Snapshot) -> Object:
    """With those that are leaving, too: kube-proxy sends them what nobody else can take, as it does for the Service itself."""
    kept, port = [], 0
    for each in _slices(snapshot, backend):
        own = _slice_port(each, backend, snapshot)
        if own and each.get("addressType") == "IPv4":
            port = int(own["port"])
            kept += [{key: end[key] for key in ("addresses", "conditions", "nodeName", "zone") if key in end} for end in each.get("endpoints") or []]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": PLACE, "labels": {**_OURS, **_BY, "kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": sorted(kept, key=lambda end: end["addresses"]),
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}] if port else [],
    }


def _name(backend: Backend) -> str:
    return "tg-" + hashlib.sha256("/".join(map(str, backend)).encode()).hexdigest()[:16]


def _ready(node: Object) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in (node.get("status") or {}).get("conditions") or [])


def _addresses(node: Object) -> list[str]:
    return [each["address"] for each in (node.get("status") or {}).get("addresses") or [] if each["type"] == "InternalIP" and ":" not in each["address"]]
