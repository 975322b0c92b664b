# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where subnets lie: by the rule that the documentation states, or as given; and what is refused, in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.vpc.cidr import overlapping, subnets
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

ZONES = ("a", "b", "c")


def test_the_rule() -> None:
    found = subnets("10.20.0.0/16", ZONES, {})
    assert found["private"] == {"a": "10.20.0.0/19", "b": "10.20.32.0/19", "c": "10.20.64.0/19"}
    assert found["public"] == {"a": "10.20.192.0/22", "b": "10.20.196.0/22", "c": "10.20.200.0/22"}


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "172.16.32.0/20", "192.168.0.0/22"])
def test_a_zone_more_moves_nothing(cidr: str) -> None:
    six = subnets(cidr, "abcdef", {})
    for count in range(1, 6):
        fewer = subnets(cidr, "abcdef"[:count], {})
        assert all(six[tier][zone] == text for tier, row in fewer.items() for zone, text in row.items())


def test_isolated_sets_have_the_last_eighth_and_another_moves_nothing() -> None:
    four = subnets("10.20.0.0/16", ZONES, {f"isolated-{name}": [] for name in ("dev", "stage", "x", "y")})
    assert four["isolated-dev"] == {"a": "10.20.224.0/24", "b": "10.20.225.0/24", "c": "10.20.226.0/24"}
    assert four["isolated-stage"]["a"] == "10.20.232.0/24"
    assert subnets("10.20.0.0/16", "ab", {"isolated-dev": []})["isolated-dev"] == {"a": "10.20.224.0/24", "b": "10.20.225.0/24"}
    assert subnets("10.0.0.0/20", "abcdef", {"isolated-dev": []})["isolated-dev"]["f"] == "10.0.14.80/28"


def test_one_tier_can_be_given() -> None:
    found = subnets("10.0.0.0/16", ZONES, {"public": ["10.0.224.0/24", "10.0.225.0/24", "10.0.226.0/24"]})
    assert (found["public"]["b"], found["private"]["b"]) == ("10.0.225.0/24", "10.0.32.0/19")


@pytest.mark.parametrize(
    ("cidr", "zones", "given", "told"),
    [
        ("10.0.0.1/16", ZONES, {}, "cidr: 10.0.0.1/16 is an address in 10.0.0.0/16; write 10.0.0.0/16"),
        ("ten", ZONES, {}, "cidr: 'ten' is no range of IPv4; write one such as 10.0.0.0/16"),
        ("10.0.0.0/8", ZONES, {}, "cidr: 10.0.0.0/8 is too large; AWS has ranges from /16 to /28"),
        ("10.0.0.0/29", ZONES, {}, "cidr: 10.0.0.0/29 is too small; AWS has ranges from /16 to /28"),
        ("10.0.0.0/24", ZONES, {}, "cidr: 10.0.0.0/24 with 3 zones can't be cut by the rule (/22 and 6 zones at most); give public.cidrs"),
        ("10.0.0.0/16", "abcdefg", {}, "cidr: 10.0.0.0/16 with 7 zones can't be cut by the rule (/22 and 6 zones at most); give public.cidrs"),
        ("10.0.0.0/16", ZONES, {"private": ["10.0.0.0/24"]}, "private.cidrs: 1 for 3 zones; write one for each zone, in the order of zones, or none at all"),
        ("10.0.0.0/16", "a", {"private": ["10.1.0.0/24"]}, "private subnet of a: 10.1.0.0/24 is outside of the VPC's 10.0.0.0/16; write a part of it"),
        ("10.0.0.0/16", "a", {"private": ["10.0.0.0/30"]}, "private.cidrs: 10.0.0.0/30 is too small; AWS has ranges from /16 to /28"),
        (
            "10.0.0.0/16",
            "a",
            {"private": ["10.0.192.0/24"]},
            "private subnet of a: 10.0.192.0/24 overlaps 10.0.192.0/22, the public subnet of a; write ranges that lie apart",
        ),
        (
            "10.0.0.0/21",
            "ab",
            {"isolated-dev": []},
            "isolated: dev has no room in 10.0.0.0/21 by the rule (/20, 6 zones and 4 sets at most); give its cidrs",
        ),
    ],
)
def test_what_cannot_be(cidr: str, zones: Sequence[str], given: Mapping[str, Sequence[str]], told: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        subnets(cidr, zones, given)
    assert caught.value.message == told


def test_overlapping() -> None:
    assert overlapping("10.0.0.0/16", {"x": "10.0.4.0/24", "y": "10.1.0.0/16", "z": "10.0.0.0/15"}) == ["x", "z"]
