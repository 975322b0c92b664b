# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are lost: what AWS may have made is not made a second time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import Unreachable
from support import aws as simulated

from simulator.faults import Fault


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[simulated.Aws]:
    with simulated.running() as simulator:
        simulator.into(monkeypatch)
        yield simulator


def test_what_has_no_token_is_asked_for_once(simulator: simulated.Aws) -> None:
    simulator.faults.append(Fault("lost", "ec2", "AllocateAddress"))
    with pytest.raises(Unreachable) as raised:
        Aws(Access("eu-central-1")).call("ec2", "allocate_address", Domain="vpc")
    said = "AWS ec2 AllocateAddress in eu-central-1: the answer was lost (ConnectionClosedError), so it may be done or not; repeat the run, "
    assert raised.value.message == said + "which looks first and goes on from there"
    assert len(simulator.client("ec2").describe_addresses()["Addresses"]) == 1
    assert simulator.counts["ec2 AllocateAddress"] == 1


def test_a_token_makes_it_once_however_often_it_is_asked_for(simulator: simulated.Aws) -> None:
    simulator.faults.append(Fault("lost", "secretsmanager", "CreateSecret", times=2))
    arn = Aws(Access("eu-central-1")).call("secretsmanager", "create_secret", Name="shop/session", SecretString="x" * 24)["ARN"]
    assert [each["ARN"] for each in simulator.client("secretsmanager").list_secrets()["SecretList"]] == [arn]
    assert simulator.counts["secretsmanager CreateSecret"] == 3


@pytest.mark.parametrize("kind", ["throttled", "failed"])
def test_what_aws_says_that_it_did_not_do_is_asked_for_again(simulator: simulated.Aws, kind: str) -> None:
    simulator.faults.append(Fault(kind, "ec2", "AllocateAddress"))
    Aws(Access("eu-central-1")).call("ec2", "allocate_address", Domain="vpc")
    assert len(simulator.client("ec2").describe_addresses()["Addresses"]) == 1


@pytest.mark.parametrize("kind", ["lost", "dropped"])
def test_a_question_is_asked_again(simulator: simulated.Aws, kind: str) -> None:
    simulator.faults.append(Fault(kind, "ec2", "DescribeAddresses"))
    assert Aws(Access("eu-central-1")).listed("ec2", "describe_addresses", "Addresses") == []
