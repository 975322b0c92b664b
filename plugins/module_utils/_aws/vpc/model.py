# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a network: what is wanted, what is there, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

State = Mapping[str, Any]
"""What is compared of one resource, as JSON; it names other resources of the set and never has an id of them."""

Key = tuple[str, str]
"""A kind and a name in it: ("subnet", "public-eu-central-1a")."""

VPC, SUBNET, GATEWAY, ADDRESS, NAT = "vpc", "subnet", "internet gateway", "address", "NAT gateway"
TABLE, ROUTE, ENDPOINT, GROUP, RULES, FLOW = "route table", "default route", "endpoint", "security group", "rules of security group", "flow log"

STAGES = ((VPC,), (SUBNET, GATEWAY, ADDRESS, GROUP), (TABLE, RULES), (NAT, ENDPOINT, FLOW), (ROUTE,))
"""What is made after what; within a stage nothing needs another. It is removed the other way round."""

PUBLIC, PRIVATE = "public", "private"
ISOLATED = "isolated-"
"""Before the name of each set of subnets without a way out."""
INTERNET, ENDPOINTS, DEFAULT = "internet", "endpoints", "default"
"""Names of what there is one of: the internet gateway, the group of the interface endpoints, the VPC's own security group."""


@dataclass(frozen=True)
class Rule:
    """``ports``: "443", "8000-8100", "" for all; ``source``: a CIDR, a group of the set, or the id of a group or prefix list."""

    protocol: str
    ports: str
    source: str
    description: str = ""

    def state(self) -> dict[str, str]:
        return {"protocol": self.protocol, "ports": self.ports, "source": self.source, "description": self.description}


@dataclass(frozen=True)
class Group:
    """None: the description, or the rules of this direction, are not touched."""

    name: str
    description: str | None = None
    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FlowLog:
    log_group: str
    role_arn: str
    traffic: str = "ALL"


@dataclass(frozen=True)
class Request:
    """None of ``endpoints``, ``interface_endpoints``, ``groups``: what there is of them stays; ``flow_log`` likewise.

    ``subnets``: CIDRs by tier (PUBLIC, PRIVATE, ISOLATED and a name) and zone; ``subnet_tags``: by tier; ``nat``: zones that have a gateway of their own.
    """

    name: str
    environment: str
    cidr: str = ""
    zones: tuple[str, ...] = ()
    subnets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    subnet_tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    nat: tuple[str, ...] = ()
    dns_support: bool = True
    dns_hostnames: bool = True
    endpoints: tuple[str, ...] | None = None
    interface_endpoints: tuple[str, ...] | None = None
    groups: tuple[Group, ...] | None = None
    empty_default_group: bool = True
    flow_log: FlowLog | None = None
    peers: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    purge_tags: bool = False
    timeout: float = 600

    def ours(self, name: str = "") -> dict[str, str]:
        """The tags by which a resource of the set is found again; without a name those of the VPC itself."""
        full = f"{self.name}/{name}" if name else self.name
        return {"slipway:environment": self.environment, "slipway:name": full}


@dataclass(frozen=True)
class Found:
    """``broken``: why AWS failed to make it; it is there in name only, and another takes its place."""

    id: str
    state: State
    broken: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What AWS has. ``raw``: by operation, as AWS said it."""

    vpc_id: str = ""
    found: Mapping[Key, Found] = field(default_factory=dict)
    raw: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)

    def states(self) -> dict[Key, State]:
        return {key: each.state for key, each in self.found.items() if not each.broken}


@dataclass(frozen=True)
class Change:
    """One resource before and after; None where there is none. ``id``: of what is there, be it broken; ``why``: it is broken, for people."""

    key: Key
    before: State | None
    after: State | None
    id: str = ""
    why: str = ""

    @property
    def name(self) -> str:
        return self.key[1]

    @property
    def now(self) -> State:
        """Before, of what is there."""
        return self.before or {}

    @property
    def then(self) -> State:
        """After, of what shall be."""
        return self.after or {}

    def __str__(self) -> str:
        verb = "create" if self.before is None else "delete" if self.after is None else "update"
        return f"{verb} {' '.join(self.key)}{f' ({self.why})' if self.why else ''}"
