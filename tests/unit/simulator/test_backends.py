# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend of our own: where it is entered, what it keeps, and the clock that it has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from moto.core.responses import ActionResult
from support.aws import Aws, running

from simulator.backend import Backend


class Subscriptions:
    def __init__(self) -> None:
        self.ready: dict[str, datetime] = {}


class Pricing(Backend):
    """A service that moto has otherwise, in two operations of our own."""

    def __init__(self) -> None:
        super().__init__(service_name="pricing")

    def describe_services(self) -> Any:
        known = self.state(Subscriptions).ready
        code = self._get_param("ServiceCode")
        known.setdefault(code, self.clock.now())
        age = (self.clock.now() - known[code]).total_seconds()
        return ActionResult({"Services": [{"ServiceCode": code, "AttributeNames": [f"{age:.0f}", self.region, self.current_account]}]})


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running(backends={"pricing": Pricing}) as aws:
        yield aws


def ask(aws: Aws) -> list[str]:
    answer = aws.client("pricing", region_name="us-east-1").describe_services(ServiceCode="AmazonEKS")
    names: list[str] = answer["Services"][0]["AttributeNames"]
    return names


def test_a_backend_keeps_state_and_has_the_clock(aws: Aws) -> None:
    assert ask(aws) == ["0", "us-east-1", "123456789012"]
    aws.clock.sleep(600)
    assert ask(aws)[0] == "600"


def test_the_next_test_begins_empty() -> None:
    for account in ("123456789012", "210987654321"):
        with running(backends={"pricing": Pricing}, account_id=account) as aws:
            assert ask(aws) == ["0", "us-east-1", account]


def test_everything_else_is_motos(aws: Aws) -> None:
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    assert aws.client("ec2").describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["CidrBlock"] == "10.0.0.0/16"
