# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is estimated, as options of the module and as the core takes it. Defaults are those of the roles; a test holds them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.nodes import Pods
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_MIB = 2**20
OF_ROLES = {
    "external-secrets": (10, 64 * _MIB),
    "gateway": (50, 64 * _MIB),
    "postgres": (100, 256 * _MIB),
    "postgres-client": (10, 16 * _MIB),
    "postgres-exporter": (10, 24 * _MIB),
    "redis": (25, 32 * _MIB),
}
"""Requests of the pods that roles bring, from their templates with the defaults; a test reads them there."""
_OF_ADDONS = {"metrics-server": (2, 100, 200 * _MIB)}
"""Pods of add-ons: their number and requests as the add-on of EKS comes. Those that are not here ask for nothing, or their requests are not known."""

OPTIONS: dict[str, Any] = {
    "environment": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "services": {"type": "dict", "default": {}},
    "pods": {"type": "dict", "default": {}},
    "cluster": {
        "type": "dict",
        "options": {
            "version": {"type": "str", "default": "1.35"},
            "zones": {"type": "list", "elements": "str", "required": True},
            "nat": {"type": "str", "choices": ["none", "single", "one_per_zone"], "default": "single"},
            "interface_endpoints": {"type": "list", "elements": "str", "default": []},
            "nodes": {"type": "str", "choices": ["auto", "managed"], "default": "auto"},
            "nodegroups": {"type": "list", "elements": "dict", "default": []},
            "addons": {"type": "list", "elements": "dict", "default": [{"name": "metrics-server"}, {"name": "kube-state-metrics"}]},
            "shared_as": {"type": "str", "default": ""},
        },
    },
    "database": {
        "type": "dict",
        "options": {
            "instance_class": {"type": "str", "default": "db.t4g.medium"},
            "multi_az": {"type": "bool", "default": True},
            "storage_gib": {"type": "int", "default": 20},
            "kms_key": {"type": "str", "default": ""},
        },
    },
    "load_balancer": {"type": "str", "choices": ["none", "internal", "internet-facing"], "default": "none"},
    "secrets": {"type": "int", "default": 0},
    "registry": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class NodeGroup:
    """``spot``: of a price that changes. ``nodes``: None if the group does not say how many."""

    name: str
    instance_type: str
    nodes: int | None
    volume_gib: int
    spot: bool


@dataclass(frozen=True)
class Cluster:
    """``nodegroups``: None for Auto Mode. ``shared_as``: "" if no other environment is on it. Of ``zones`` and ``nat`` gateways their number."""

    version: str
    zones: int
    nat: int
    endpoints: int
    nodegroups: tuple[NodeGroup, ...] | None
    shared_as: str


@dataclass(frozen=True)
class Database:
    instance_class: str
    multi_az: bool
    storage_gib: int
    own_key: bool


@dataclass(frozen=True)
class Request:
    environment: str
    region: str
    pods: tuple[Pods, ...] = ()
    cluster: Cluster | None = None
    database: Database | None = None
    load_balancer: str = "none"
    secrets: int = 0
    registry: bool = False


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput`` for what can't be counted, and for pods that no role brings."""
    if params["secrets"] < 0:
        raise InvalidInput(f"secrets: {params['secrets']} can't be; write 0 or more")
    cluster, database = params["cluster"], params["database"]
    return Request(
        environment=params["environment"],
        region=params["region"],
        pods=tuple(_pods(params)),
        cluster=_cluster(cluster) if cluster else None,
        database=_database(database) if database else None,
        load_balancer=params["load_balancer"],
        secrets=params["secrets"],
        registry=params["registry"],
    )


def _pods(params: Mapping[str, Any]) -> Iterator[Pods]:
    for name, service in params["services"].items():
        yield Pods(name, service["replicas"], round(service["requests"]["cpu"] * 1000), service["requests"]["memory"])
    for name, count in params["pods"].items():
        if name not in OF_ROLES:
            raise InvalidInput(f"pods: no role brings {name!r}; {did_you_mean(name, OF_ROLES)}")
        yield Pods(name, int(count), *OF_ROLES[name])
    for addon in params["cluster"]["addons"] if params["cluster"] else ():
        if addon.get("name") in _OF_ADDONS:
            yield Pods(addon["name"], *_OF_ADDONS[addon["name"]])


def _cluster(given: Mapping[str, Any]) -> Cluster:
    zones = len(given["zones"])
    return Cluster(
        version=given["version"],
        zones=zones,
        nat={"none": 0, "single": 1, "one_per_zone": zones}[given["nat"]],
        endpoints=len(given["interface_endpoints"]) * zones,
        nodegroups=None if given["nodes"] == "auto" else tuple(_nodegroup(each) for each in given["nodegroups"]),
        shared_as=given["shared_as"],
    )


def _nodegroup(given: Mapping[str, Any]) -> NodeGroup:
    """EKS takes what is left out: API reference, CreateNodegroup. Of several types the first is the one it tries first."""
    scaling = given.get("scaling") or {}
    return NodeGroup(
        name=str(given.get("name", "")),
        instance_type=(given.get("instance_types") or ["t3.medium"])[0],
        nodes=scaling.get("desired", scaling.get("min")),
        volume_gib=given.get("disk_size") or 20,
        spot=given.get("capacity_type") == "SPOT",
    )


def _database(given: Mapping[str, Any]) -> Database:
    return Database(given["instance_class"], given["multi_az"], given["storage_gib"], own_key=not given["kms_key"])
