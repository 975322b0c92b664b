# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as wanted: read, plan, refuse, apply. The one call behind the module ``vpc``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc import base, groups, slow
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import (
    ADDRESS,
    ENDPOINT,
    FLOW,
    GATEWAY,
    GROUP,
    INTERNET,
    ISOLATED,
    NAT,
    PRIVATE,
    PUBLIC,
    ROUTE,
    RULES,
    STAGES,
    SUBNET,
    TABLE,
    VPC,
    Change,
    Request,
)
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.plan import plan
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.read import name_of, read
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.refuse import refuse
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.work import Kind, Work, retag

Settled = Callable[[Work, str, str], None]
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        VPC: base.VPCS,
        SUBNET: base.SUBNETS,
        GATEWAY: base.GATEWAYS,
        ADDRESS: base.ADDRESSES,
        GROUP: groups.GROUPS,
        TABLE: base.TABLES,
        RULES: groups.RULES_OF_GROUPS,
        NAT: slow.NATS,
        ENDPOINT: slow.ENDPOINTS,
        FLOW: base.FLOWS,
        ROUTE: slow.ROUTES,
    }
)


@dataclass(frozen=True)
class Result(Converged):
    """Ids by name: subnets and NAT gateways by zone, endpoints by service. ``isolated_subnets``: by set, ids by zone, and CIDRs. Empty after a removal."""

    vpc_id: str = ""
    cidr: str = ""
    zones: list[str] = field(default_factory=list)
    public_subnets: dict[str, str] = field(default_factory=dict)
    private_subnets: dict[str, str] = field(default_factory=dict)
    isolated_subnets: dict[str, dict[str, Any]] = field(default_factory=dict)
    security_groups: dict[str, str] = field(default_factory=dict)
    route_tables: dict[str, str] = field(default_factory=dict)
    nat_gateways: dict[str, str] = field(default_factory=dict)
    nat_addresses: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)
    internet_gateway: str = ""


def converge(aws: Aws, request: Request, check_mode: bool) -> Result:
    """Raises what refuse.py says before anything is touched, and ``NotReady`` with AWS's cause for what fails on its way."""
    snapshot = read(aws, request)
    changes = plan(request, snapshot)
    refuse(aws, request, snapshot, changes)
    work = Work(aws, request, snapshot)
    if not check_mode:
        _apply(work, changes)
    return _result(work, changes)


def _apply(work: Work, changes: Sequence[Change]) -> None:
    """What is no longer wanted goes last, when nothing leads to it any more."""
    _settle(work, changes)
    different = [change for change in changes if change.before != change.after]
    for stage in STAGES:
        work.aws.together(lambda change: _make(work, change), [each for each in different if each.key[0] in stage and each.after is not None])
    for stage in reversed(STAGES):
        work.aws.together(lambda change: KINDS[change.key[0]].delete(work, change), [each for each in different if each.key[0] in stage and each.after is None])


def _settle(work: Work, changes: Sequence[Change]) -> None:
    """What an interrupted run left on its way arrives first."""
    wanted = {change.id for change in changes if change.before is not None and change.after is not None}

    def settle(each: tuple[dict[str, str], str, Settled, Settled]) -> None:
        raw, field, ready, gone = each
        name, state = name_of(work.request, raw), raw["State"].lower()
        if state == "deleting" and name:
            gone(work, raw[field], name)
        elif state == "pending" and raw[field] in wanted:
            ready(work, raw[field], name)

    raw = work.snapshot.raw
    nats = [(each, "NatGatewayId", slow.nat_ready, slow.nat_gone) for each in raw.get(NAT, ())]
    work.aws.together(settle, [*nats, *((each, "VpcEndpointId", slow.endpoint_ready, slow.endpoint_gone) for each in raw.get(ENDPOINT, ()))])


def _make(work: Work, change: Change) -> None:
    kind = KINDS[change.key[0]]
    if change.before is None:
        if change.why:
            kind.delete(work, change)
        work.ids[change.key] = kind.create(work, change)
        return
    if kind.update:
        kind.update(work, change)
    if "tags" in change.then and work.ids[change.key] == change.id:
        retag(work, change)


def _result(work: Work, changes: Sequence[Change]) -> Result:
    request = work.request
    before = {" ".join(change.key): change.now for change in changes}
    after = {" ".join(change.key): change.then for change in changes}
    actions = tuple(str(change) for change in changes if change.before != change.after)
    if not request.cidr:
        return Result(before, after, actions)

    def ids(kind: str, prefix: str = "") -> dict[str, str]:
        names = [change.key[1] for change in changes if change.key[0] == kind and change.after is not None and change.key[1].startswith(prefix)]
        return {name.removeprefix(prefix): work.ids.get((kind, name), LATER) for name in names}

    return Result(
        before,
        after,
        actions,
        vpc_id=work.ids.get((VPC, request.name), LATER),
        cidr=request.cidr,
        zones=list(request.zones),
        public_subnets=ids(SUBNET, f"{PUBLIC}-"),
        private_subnets=ids(SUBNET, f"{PRIVATE}-"),
        isolated_subnets={
            tier.removeprefix(ISOLATED): {"ids": ids(SUBNET, f"{tier}-"), "cidrs": list(row.values())}
            for tier, row in request.subnets.items()
            if tier.startswith(ISOLATED)
        },
        security_groups=ids(GROUP),
        route_tables=ids(TABLE),
        nat_gateways=ids(NAT, "nat-"),
        nat_addresses={name: work.addresses.get(f"nat-{name}", LATER) for name in ids(ADDRESS, "nat-")},
        endpoints=ids(ENDPOINT),
        internet_gateway=ids(GATEWAY).get(INTERNET, LATER),
    )
