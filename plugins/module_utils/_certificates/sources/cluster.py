# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that a cluster itself runs on, as far as they can be had from outside.

the kubeconfig        the authority and the client certificate of the context
the API server        as the kubeconfig reaches it, verified as kubectl does, also where it is one that a cloud runs (EKS)
each node             by TLS at its address, where it can be reached: its kubelet, and on control planes its API server and its etcd (which show
                      theirs to anybody)
the API               the authorities of clients and of the front proxy
files of nodes        all that kubeadm and the kubelet keep, where a node's file system can be read (nodes.py), or a node asked for them (kind.py)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._certificates import inventory
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints import run
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wanted import Endpoint
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import ClusterPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import content, kind, kubeconfig, nodes, paths
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._k8s import listing
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Object

_NODE, _CONFIG_MAP, _SLICE = BUILT_IN["", "v1", "Node"], BUILT_IN["", "v1", "ConfigMap"], BUILT_IN["discovery.k8s.io", "v1", "EndpointSlice"]
_AUTHORITIES = {"client-ca-file": "authority of clients", "requestheader-client-ca-file": "authority of the front proxy"}
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_IN_CLUSTER = "kubernetes.default.svc"  # by this name every pod asks for the API server
_KUBELET, _API_SERVER, _ETCD, _ETCD_PEER = 10250, 6443, 2379, 2380


def collect(parts: Sequence[ClusterPart], request: Request, context: Context) -> Iterator[Found]:
    """The certificates of the clusters. What can't be reached is a row of its own, and the rest goes on."""
    for part in parts:
        if part.kind:
            yield from kind.found(part.kind, thresholds=part.thresholds)
        row = Found("cluster", part.kubeconfig, {"path": part.kubeconfig}, thresholds=part.thresholds)
        try:
            data = paths.content(Path(part.kubeconfig).expanduser())
            server = kubeconfig.server(data, part.context)
        except (paths.Unreadable, ValueError) as error:
            yield replace(row, problems=(Problem(getattr(error, "code", "damaged"), str(error)),))
            continue
        if server is None:
            yield replace(row, problems=(Problem("unreadable", f"it has no context {part.context or 'that is current'} with a server"),))
        else:
            yield from _Cluster(part, request, context, server, row).all(data)


@dataclass(frozen=True)
class _Place:
    """A TLS server of the cluster. ``optional``: where nobody listens, there is none."""

    name: str
    kind: str
    endpoint: Endpoint
    optional: bool = False


class _Cluster:
    def __init__(self, part: ClusterPart, request: Request, context: Context, server: kubeconfig.Server, row: Found) -> None:
        self._part, self._request, self._context, self._server = part, request, context, server
        self._row = replace(row, name=server.context, labels={"cluster": server.context})
        self._roots: tuple[Certificate, ...] = ()

    def all(self, data: bytes) -> Iterator[Found]:
        path = Path(self._part.kubeconfig).expanduser()
        row = replace(self._row, name=f"{self._row.name} kubeconfig", labels={**self._row.labels, "path": str(path)})
        for each in kubeconfig.found(data, row, path.parent, self._part.context):
            if each.labels["kind"] == "cluster":
                self._roots += each.chain
            yield each
        places = [place for place in (self._endpoint(),) if place]
        try:
            client = Client(connect(path, 1, self._part.context), clock=self._context.clock, sleep=self._context.sleep)
            client.until = self._context.clock() + self._request.timeout
            places += self._nodes(client) if self._part.nodes else []
            yield from self._authorities(client)
        except SlipwayError as error:
            yield self._failed("nodes", inventory.problem(error, "nodes"))
        yield from self._shown(places)
        for root in self._part.node_roots:
            yield from nodes.found(Path(root), self._roots, self._row)

    def _endpoint(self) -> _Place | None:
        """The API server as kubectl reaches it; None for one without TLS."""
        server = self._server
        url, proxy = urlsplit(server.url), urlsplit(server.proxy)
        if url.scheme != "https" or not url.hostname:
            return None
        name = server.server_name or ("" if _is_address(url.hostname) else url.hostname)
        through = f"{proxy.hostname}:{proxy.port or 80}" if proxy.hostname else None
        verify = server.verified and self._request.verify
        return _Place(f"API server {url.netloc.rpartition('@')[2]}", "api-server", Endpoint(url.hostname, url.port or 443, name, proxy=through, verify=verify))

    def _nodes(self, client: Client) -> list[_Place]:
        servers = self._api_servers(client)
        places = []
        for node in listing.each(client, _NODE):
            name, labels = node["metadata"]["name"], node["metadata"].get("labels") or {}
            address = _internal_address(node)
            if not address:
                continue
            port = _at(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port") or _KUBELET
            # Who calls a kubelet mostly trusts whatever it shows: by default it signs its certificate itself.
            places.append(_Place(f"kubelet of {name}", "kubelet", Endpoint(address, port, verify=False)))
            if address in servers or any(label in labels for label in _CONTROL_PLANE):
                own = Endpoint(address, servers.get(address, _API_SERVER), _IN_CLUSTER, verify=self._request.verify)
                places.append(_Place(f"API server of {name}", "api-server", own, optional=address not in servers))
                places.append(_Place(f"etcd of {name}", "etcd", Endpoint(address, _ETCD, verify=False), optional=True))
                places.append(_Place(f"etcd peer of {name}", "etcd-peer", Endpoint(address, _ETCD_PEER, verify=False), optional=True))
        return places

    def _api_servers(self, client: Client) -> dict[str, int]:
        """Addresses and ports of the API servers, which register themselves."""
        found: dict[str, int] = {}
        for item in listing.each(client, _SLICE, "default", labels="kubernetes.io/service-name=kubernetes"):
            port = next((port["port"] for port in item.get("ports") or [] if port.get("port")), _API_SERVER)
            found |= {address: port for endpoint in item.get("endpoints") or [] for address in endpoint.get("addresses") or []}
        return found

    def _authorities(self, client: Client) -> Iterator[Found]:
        """What API servers publish for those who extend them; a cluster that hides it has no such object."""
        published = client.get(_CONFIG_MAP, "kube-system", "extension-apiserver-authentication") or {}
        for key, name in _AUTHORITIES.items():
            value = (published.get("data") or {}).get(key)
            if value:
                row = replace(self._row, name=f"{self._row.name} {name}", labels={**self._row.labels, "kind": "authority", "key": key})
                yield from content.rows(content.parse(value.encode()), row)

    def _shown(self, places: Sequence[_Place]) -> Iterator[Found]:
        by_endpoint = {_key(place.endpoint): place for place in places}
        for each in run.collect([place.endpoint for place in places], self._request, self._context):
            place = by_endpoint[each.labels["host"], each.labels["port"], each.labels.get("server_name", "")]
            if place.optional and not each.chain and any(problem.code == "refused" for problem in each.problems):
                continue
            labels = {**self._row.labels, "kind": place.kind, **{key: value for key, value in each.labels.items() if key in ("host", "port", "address")}}
            roots = self._roots if place.endpoint.verify else ()
            row = self._row
            yield replace(each, source=row.source, name=f"{row.name} {place.name}", labels=labels, roots=roots, thresholds=row.thresholds)

    def _failed(self, what: str, problem: Problem) -> Found:
        return replace(self._row, name=f"{self._row.name} {what}", labels={**self._row.labels, "kind": what}, problems=(problem,))


def _key(endpoint: Endpoint) -> tuple[str, str, str]:
    return endpoint.host, str(endpoint.port), endpoint.server_name


def _internal_address(node: Object) -> str:
    addresses = _at(node, "status", "addresses") or []
    return next((each["address"] for each in addresses if each.get("type") == "InternalIP" and _is_address(each.get("address", ""))), "")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _at(item: Any, *keys: str) -> Any:
    for key in keys:
        item = item.get(key) if isinstance(item, Mapping) else None
    return item
