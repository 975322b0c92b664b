# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to happen, decided from what is there and what is wanted, without AWS."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import plan, state
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.versions import Offered, Support, minor, one_up
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import causes, not_spread
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.wanted import Wanted
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

OFFERED = Offered((Support("1.36", "STANDARD_SUPPORT"), Support("1.35", "STANDARD_SUPPORT", True), Support("1.34", "EXTENDED_SUPPORT")))
CLUSTER: dict[str, Any] = {
    "name": "one",
    "version": "1.35",
    "roleArn": "arn:aws:iam::123456789012:role/cluster",
    "resourcesVpcConfig": {"subnetIds": ["b", "a"], "endpointPublicAccess": True, "endpointPrivateAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]},
    "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
    "upgradePolicy": {"supportType": "EXTENDED"},
    "computeConfig": {"enabled": True, "nodePools": ["system"], "nodeRoleArn": "arn:aws:iam::123456789012:role/node"},
    "storageConfig": {"blockStorage": {"enabled": True}},
    "kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "10.100.0.0/16", "elasticLoadBalancing": {"enabled": True}},
}


def update(**settings: Any) -> plan.Plan:
    return plan.update(state.seen(CLUSTER), {}, Wanted("one", settings), OFFERED, "eu-central-1")


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [
        ({"logs": ["api"]}, {"logging": state.logging(["api"])}),
        (
            {"endpoint": {"private": True}},
            {"resourcesVpcConfig": {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]}},
        ),
        ({"endpoint": {"public": False, "private": True}}, {"resourcesVpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True}}),
        ({"access_mode": "API"}, {"accessConfig": {"authenticationMode": "API"}}),
        (
            {"auto_mode": {"enabled": False}},
            {
                "computeConfig": {"enabled": False},
                "storageConfig": {"blockStorage": {"enabled": False}},
                "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": False}},
            },
        ),
        (
            {"auto_mode": {"enabled": True, "gateway_api": True}},
            {
                "computeConfig": {"enabled": True, "nodePools": ["system"], "nodeRoleArn": "arn:aws:iam::123456789012:role/node"},
                "storageConfig": {"blockStorage": {"enabled": True}},
                "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True, "gatewayApi": {"crds": {"managed": True}}}},
            },
        ),
        (
            {"auto_mode": {"enabled": True, "node_pools": []}},
            {
                "computeConfig": {"enabled": True, "nodePools": []},
                "storageConfig": {"blockStorage": {"enabled": True}},
                "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True, "gatewayApi": {"crds": {"managed": False}}}},
            },
        ),
    ],
)
def test_a_change_is_one_request_of_one_kind(settings: dict[str, Any], parameters: dict[str, Any]) -> None:
    (step,) = update(**settings).steps
    assert step.parameters == {"name": "one"} | parameters


@pytest.mark.parametrize(
    "settings",
    [{"subnets": ["a", "b"]}, {"logs": []}, {"kms_key": ""}, {"auto_mode": {"enabled": True}}, {"endpoint": {"public": True}}, {"version": "1.35"}, {}],
)
def test_what_is_so_already_needs_nothing(settings: dict[str, Any]) -> None:
    planned = update(**settings)
    assert (planned.steps, planned.before) == ((), planned.after)


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ({"version": "1.36", "upgrade_policy": "STANDARD", "logs": ["api"]}, ["logs", "version 1.36", "upgrade policy"]),
        ({"version": "1.36", "deletion_protection": True, "zonal_shift": True}, ["deletion protection", "zonal shift", "version 1.36"]),
        ({"security_groups": ["x"], "subnets": ["c", "d"], "endpoint": {"private": True}}, ["endpoint", "subnets", "security groups"]),
    ],
)
def test_the_order_is_safe(settings: dict[str, Any], order: list[str]) -> None:
    assert [step.what for step in update(**settings).steps] == order


@pytest.mark.parametrize(("now", "wanted"), [("1.34", "1.36"), ("1.35", "1.34")])
def test_versions_go_one_up_or_not_at_all(now: str, wanted: str) -> None:
    with pytest.raises(Conflict):
        one_up(now, wanted)


def test_versions_are_numbers_and_not_texts() -> None:
    one_up("1.9", "1.10")
    assert minor("1.10") > minor("1.9")
    for wrong in ("1", "1.34.1", "v1.34", "", "1.3x"):
        with pytest.raises(InvalidInput):
            minor(wrong)


def test_causes_have_what_eks_says_and_what_to_do() -> None:
    told = causes([{"code": "AccessDenied", "message": "no", "resourceIds": ["r-1"]}, {"errorCode": "New", "errorMessage": "well"}])
    assert told == "AccessDenied: no (r-1); look at the policies of the role, and at service control policies; New: well"
    assert causes([]) == ""


@pytest.mark.parametrize(
    ("message", "waits"),
    [
        ("Role with arn: x, could not be assumed because it does not exist or the trusted entity is not correct", True),
        ("roleArn, arn:aws:iam::123456789012:role/x, does not exist", True),
        ("Role provided in the request does not exist.", True),
        ("The subnet ID 'subnet-1' does not exist", False),
        ("Subnets specified must be in at least two different AZs", False),
    ],
)
def test_only_a_role_that_is_not_known_yet_is_waited_for(message: str, waits: bool) -> None:
    assert not_spread(InvalidInput(message, code="InvalidParameterException")) is waits
    assert not not_spread(InvalidInput(message, code="Other"))
