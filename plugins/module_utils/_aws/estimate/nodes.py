# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes EKS Auto Mode would take for pods: as many and as large as their requests need, of what is cheapest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.line import Line, line, total
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.prices import known

_MIB = 2**20
_FAMILIES = ("c5a", "c6a", "m5a", "m6a", "m7i", "r5a", "r6a")
"""What the node pool general-purpose may take (C, M and R, from generation 5, amd64, on demand) and the table has; EKS user guide, "Built-in NodePools"."""
_CPUS = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
_GIB_FOR_A_CPU = {"c": 2, "m": 4, "r": 8}
VOLUME_GIB = 80
"""The volume of a node of Auto Mode: EKS user guide, "Node Class Specification", ephemeralStorage."""


@dataclass(frozen=True)
class Pods:
    """Alike, ``count`` of them, each with requests: ``cpu`` in thousandths of a core, ``memory`` in bytes."""

    name: str
    count: int
    cpu: int
    memory: int


@dataclass(frozen=True)
class _Type:
    """An instance type with what it leaves for pods, in the units of their requests."""

    name: str
    cpu: int
    memory: int


def lines(pods: Sequence[Pods], zones: int, region: str) -> tuple[Line, ...]:
    """Instances, the fee of Auto Mode, and volumes.

    The cheapest choice, so that one more pod never makes it cheaper. Pods are taken to be spread over the zones, and their kinds to share nodes well.
    """
    running = [each for each in pods if each.count > 0]
    if not running:
        return ()
    choices = [choice for kind in _types() if (choice := _choice(kind, running, zones, region))]
    return min(choices, key=total, default=(Line("nodes of Auto Mode", None, None),))


def _choice(kind: _Type, pods: Sequence[Pods], zones: int, region: str) -> tuple[Line, ...]:
    price, fee = known(region, kind.name), known(region, "auto-mode")
    if price is None or fee is None or any(each.cpu > kind.cpu or each.memory > kind.memory for each in pods):
        return ()
    spread = min(zones, max(each.count for each in pods))
    # Of a node that holds three pods of a kind and a half, each takes a third. Kinds share nodes.
    cpu = sum((Fraction(each.count, kind.cpu // each.cpu) for each in pods if each.cpu), Fraction(0))
    memory = sum((Fraction(each.count, kind.memory // each.memory) for each in pods if each.memory), Fraction(0))
    count = max(spread, ceil(cpu), ceil(memory))
    return (
        Line(f"nodes, {kind.name}", count, price),
        Line("Auto Mode on them", count, replace(fee, usd=price.usd * fee.usd, unit=price.unit)),
        line("volumes of nodes, GiB", count * VOLUME_GIB, region, "ebs-gp3"),
    )


def _types() -> list[_Type]:
    return [_left(f"{family}.{size}", cpus, cpus * _GIB_FOR_A_CPU[family[0]]) for family in _FAMILIES for size, cpus in _CPUS.items()]


def _left(name: str, cpus: int, gib: int) -> _Type:
    """Without what the machine, the kubelet and the threshold of eviction keep: Karpenter, pkg/providers/instancetype/types.go, for 110 pods."""
    reserved = 60 + 10 + 5 * min(cpus - 2, 2) + 2.5 * max(cpus - 4, 0)
    memory = gib * 1024 * _MIB * 925 // 1000 - (11 * 110 + 255 + 100) * _MIB
    return _Type(name, cpus * 1000 - ceil(reserved), memory)
