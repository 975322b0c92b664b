# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where subnets lie in a VPC's range: by a rule, or as given; either is checked before anything is touched.

The rule cuts the range into eight. The n-th zone's private subnet is the n-th eighth; the seventh eighth is cut into eight again, for the public
ones. The last is cut into four, one for each isolated set, and each of these into eight, one for each zone. So six zones and four sets have room, and what is
added at the end moves nothing. 10.0.0.0/16 has private subnets of /19 (8,187 addresses each: pods have addresses of their own), public ones of /22
and isolated ones of /24.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.model import ISOLATED, PRIVATE, PUBLIC
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_SIZES = range(16, 29)  # prefix lengths of a VPC and of a subnet, by the Amazon VPC user guide
_SMALLEST, _SMALLEST_ISOLATED = 22, 20  # its public, its isolated subnets by the rule are /28
_MOST_ZONES, _MOST_SETS = 6, 4


def network(text: str, where: str) -> IPv4Network:
    """Raises ``InvalidInput`` for what is no range, or none that a VPC or a subnet can have. ``where``: the option."""
    try:
        found = IPv4Network(text, strict=False)
    except ValueError:
        raise InvalidInput(f"{where}: {text!r} is no range of IPv4; write one such as 10.0.0.0/16") from None
    if str(found) != text:
        raise InvalidInput(f"{where}: {text} is an address in {found}; write {found}")
    if found.prefixlen not in _SIZES:
        raise InvalidInput(f"{where}: {text} is too {'large' if found.prefixlen < 16 else 'small'}; AWS has ranges from /16 to /28")
    return found


def subnets(cidr: str, zones: Sequence[str], given: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """CIDRs by tier and zone. ``given``: by tier, in the order of the zones, empty for the rule's. Raises ``InvalidInput``."""
    whole = network(cidr, "cidr")
    isolated = [tier for tier in given if tier.startswith(ISOLATED)]
    chosen = {tier: _tier(whole, tier, zones, given.get(tier) or ()) for tier in (PUBLIC, PRIVATE)}
    chosen |= {tier: _isolated(whole, tier, number, zones, given[tier]) for number, tier in enumerate(isolated)}
    _apart(whole, {f"{tier} subnet of {zone}": each for tier, row in chosen.items() for zone, each in row.items()})
    return {tier: {zone: str(each) for zone, each in row.items()} for tier, row in chosen.items()}


def overlapping(cidr: str, others: Mapping[str, str]) -> list[str]:
    """Names of the ranges that have addresses of this one."""
    return sorted(name for name, other in others.items() if IPv4Network(cidr).overlaps(IPv4Network(other)))


def _tier(whole: IPv4Network, tier: str, zones: Sequence[str], given: Sequence[str]) -> dict[str, IPv4Network]:
    if given:
        return _given(tier, zones, given)
    if whole.prefixlen > _SMALLEST or len(zones) > _MOST_ZONES:
        raise InvalidInput(f"cidr: {whole} with {len(zones)} zones can't be cut by the rule (/{_SMALLEST} and {_MOST_ZONES} zones at most); give {tier}.cidrs")
    eighths = list(whole.subnets(3))
    parts = eighths if tier == PRIVATE else list(eighths[_MOST_ZONES].subnets(3))
    return dict(zip(zones, parts, strict=False))


def _isolated(whole: IPv4Network, tier: str, number: int, zones: Sequence[str], given: Sequence[str]) -> dict[str, IPv4Network]:
    if given:
        return _given(tier, zones, given)
    if whole.prefixlen > _SMALLEST_ISOLATED or len(zones) > _MOST_ZONES or number >= _MOST_SETS:
        raise InvalidInput(
            f"isolated: {tier.removeprefix(ISOLATED)} has no room in {whole} by the rule (/{_SMALLEST_ISOLATED}, {_MOST_ZONES} zones and {_MOST_SETS} sets "
            "at most); give its cidrs"
        )
    quarter = list(list(whole.subnets(3))[-1].subnets(2))[number]
    return dict(zip(zones, quarter.subnets(3), strict=False))


def _given(tier: str, zones: Sequence[str], given: Sequence[str]) -> dict[str, IPv4Network]:
    if len(given) != len(zones):
        raise InvalidInput(f"{tier}.cidrs: {len(given)} for {len(zones)} zones; write one for each zone, in the order of zones, or none at all")
    return {zone: network(text, f"{tier}.cidrs") for zone, text in zip(zones, given, strict=True)}


def _apart(whole: IPv4Network, chosen: Mapping[str, IPv4Network]) -> None:
    seen: dict[str, IPv4Network] = {}
    for name, each in chosen.items():
        if not each.subnet_of(whole):
            raise InvalidInput(f"{name}: {each} is outside of the VPC's {whole}; write a part of it")
        taken = next((other for other, there in seen.items() if there.overlaps(each)), None)
        if taken:
            raise InvalidInput(f"{name}: {each} overlaps {seen[taken]}, the {taken}; write ranges that lie apart")
        seen[name] = each
