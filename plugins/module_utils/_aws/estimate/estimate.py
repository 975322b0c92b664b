# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimate: a line for each thing that costs by the hour or the month, what costs by use, and what is in neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate import nodes
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.line import Line, line, total
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.options import Cluster, Database, NodeGroup, Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.prices import STANDARD_SUPPORT, known
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.say import Item, item, table

NOT_IN = (
    "traffic (out of AWS, between zones, through NAT gateways and endpoints)",
    "capacity units of the load balancer",
    "requests (KMS, Secrets Manager, Route 53)",
    "pods beyond the replicas that the inventory says",
    "volumes of pods",
    "storage that grows",
    "what rotation adds to keys",
    "the hosted zone, which is there already",
    "taxes and discounts",
)


@dataclass(frozen=True)
class Result:
    """``total`` and ``items`` in dollars a month. ``complete``: whether all items are known; if not, it costs at least the total.

    ``prices``: ``region``, and ``oldest`` and ``newest``: between which days (ISO 8601) the prices were AWS's; "" if none is known. ``lines``: for a person.
    """

    total: float
    complete: bool
    items: tuple[Item, ...]
    by_use: tuple[Item, ...]
    not_in: tuple[str, ...]
    notes: tuple[str, ...]
    prices: dict[str, str]
    lines: tuple[str, ...]
    changed: bool = False


def estimate(request: Request, today: date) -> Result:
    """``today``: when Kubernetes' version has outlived its standard support, the control plane costs more."""
    every = tuple(_lines(request, today))
    counted, by_use = tuple(each for each in every if not each.by_use), tuple(each for each in every if each.by_use)
    notes = tuple(_notes(request, today))
    days = sorted(each.price.source.day.isoformat() for each in every if each.price)
    prices = {"region": request.region, "oldest": days[0] if days else "", "newest": days[-1] if days else ""}
    complete = all(each.known for each in counted)
    return Result(
        total=float(total(counted)),
        complete=complete,
        items=tuple(item(each) for each in counted),
        by_use=tuple(item(each) for each in by_use),
        not_in=NOT_IN,
        notes=notes,
        prices=prices,
        lines=tuple(table(request.environment, counted, by_use, NOT_IN, notes, prices)),
    )


def _lines(request: Request, today: date) -> Iterator[Line]:
    region, cluster, database = request.region, request.cluster, request.database
    if cluster:
        yield from _control_plane(cluster, region, today)
        yield from _nodes(cluster, request)
        yield from _some("NAT gateways", cluster.nat, region, "nat")
        yield from _some("interface endpoints, one in each zone", cluster.endpoints, region, "endpoint")
    yield from _some("Application Load Balancer", int(request.load_balancer != "none"), region, "alb")
    yield from _some("public IPv4 addresses", _addresses(request), region, "ipv4")
    if database:
        yield from _database(database, region)
    yield from _some("KMS keys", bool(cluster) + bool(database and database.own_key), region, "kms")
    # RDS keeps the password of the master user there.
    yield from _some("secrets in Secrets Manager", request.secrets + bool(database), region, "secret")
    if cluster or database:
        yield line("logs in CloudWatch", None, region, "logs")
    if request.registry:
        yield line("images in ECR", None, region, "ecr")


def _some(name: str, count: int | None, region: str, price: str) -> Iterator[Line]:
    if count != 0:
        yield line(name, count, region, price)


def _addresses(request: Request) -> int | None:
    """A NAT gateway has one, and a load balancer one in each zone. None if the zones are not known."""
    facing = request.load_balancer == "internet-facing"
    if request.cluster is None:
        return None if facing else 0
    return request.cluster.nat + (request.cluster.zones if facing else 0)


def _control_plane(cluster: Cluster, region: str, today: date) -> Iterator[Line]:
    yield line("EKS control plane", 1, region, "eks")
    ends = STANDARD_SUPPORT.get(cluster.version)
    if ends is None:
        yield Line(f"support of Kubernetes {cluster.version}", 1, None)
    elif today >= ends:
        yield line(f"extended support of Kubernetes {cluster.version}", 1, region, "eks-extended")


def _nodes(cluster: Cluster, request: Request) -> Iterator[Line]:
    if cluster.nodegroups is None:
        yield from nodes.lines(request.pods, cluster.zones, request.region)
        return
    for group in cluster.nodegroups:
        yield from _nodegroup(group, request.region)


def _nodegroup(group: NodeGroup, region: str) -> Iterator[Line]:
    name = f"nodes of {group.name}, {group.instance_type}{' on spot' if group.spot else ''}"
    yield Line(name, group.nodes, None if group.spot else known(region, group.instance_type))
    yield line(f"volumes of {group.name}, GiB", None if group.nodes is None else group.nodes * group.volume_gib, region, "ebs-gp3")


def _database(database: Database, region: str) -> Iterator[Line]:
    twice = "with its standby" if database.multi_az else "one zone"
    kind = f"multi:{database.instance_class}" if database.multi_az else database.instance_class
    yield line(f"RDS PostgreSQL, {database.instance_class}, {twice}", 1, region, kind)
    yield line(f"RDS storage, gp3, {twice}, GiB", database.storage_gib, region, "rds-gp3-multi" if database.multi_az else "rds-gp3")
    yield line(f"backups beyond {database.storage_gib} GiB", None, region, "rds-backup")


def _notes(request: Request, today: date) -> Iterator[str]:
    cluster = request.cluster
    if cluster and cluster.shared_as:
        yield f"the cluster is shared ({cluster.shared_as}): it is counted whole here, and its nodes for the pods of {request.environment} alone"
    if cluster and today >= STANDARD_SUPPORT.get(cluster.version, date.max):
        yield f"standard support of Kubernetes {cluster.version} ended on {STANDARD_SUPPORT[cluster.version]}: an upgrade ends its surcharge"
    if cluster and cluster.nodegroups is None and request.pods:
        yield "nodes are those that Auto Mode would take if pods share them well; it may take others, and more"
