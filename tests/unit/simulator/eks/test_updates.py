# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from support.eks import Account, refused

INVALID, IN_USE = "InvalidParameterException", "ResourceInUseException"


def test_an_update_is_in_progress_and_then_done(account: Account) -> None:
    account.cluster()
    begun = account.update(logging={"clusterLogging": [{"types": ["audit"], "enabled": True}]})
    assert (begun["type"], begun["status"], begun["errors"]) == ("LoggingUpdate", "InProgress", [])
    assert [param["type"] for param in begun["params"]] == ["ClusterLogging"]
    assert account.describe()["status"] == "UPDATING"
    assert account.describe()["logging"]["clusterLogging"][0]["enabled"] is False
    account.aws.clock.advance(account.state.timing.update)
    assert account.update_status(begun)["status"] == "Successful"
    shown = account.describe()
    assert shown["status"] == "ACTIVE"
    assert shown["logging"]["clusterLogging"][0] == {"types": ["audit"], "enabled": True}


def test_there_is_one_update_at_a_time(account: Account) -> None:
    account.cluster()
    begun = account.update(deletionProtection=True)
    expected = f"Cannot EndpointAccessUpdate because cluster one currently has update {begun['id']} in progress"
    assert refused(account.update, resourcesVpcConfig={"endpointPrivateAccess": True}) == (IN_USE, expected)
    assert refused(account.eks.update_cluster_version, name="one", version="1.36")[0] == IN_USE
    account.later()
    account.update(resourcesVpcConfig={"endpointPrivateAccess": True})


def test_one_call_makes_one_kind_of_change(account: Account) -> None:
    account.cluster()
    only_one = (INVALID, "Only one type of update can be allowed.")
    logging = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    assert refused(account.update, logging=logging, deletionProtection=True) == only_one
    assert refused(account.update, resourcesVpcConfig={"endpointPrivateAccess": True, "subnetIds": account.subnets[:2]}) == only_one
    assert refused(account.update, resourcesVpcConfig={"endpointPrivateAccess": True}, logging=logging) == only_one
    assert refused(account.update)[0] == INVALID
    assert account.eks.list_updates(name="one")["updateIds"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logging": {"clusterLogging": [{"types": ["audit"], "enabled": False}]}}, "No changes needed for the logging config provided"),
        (
            {"resourcesVpcConfig": {"endpointPublicAccess": True}},
            "Cluster is already at the desired configuration with endpointPrivateAccess: false , endpointPublicAccess: true, "
            "and Public Endpoint Restrictions: [0.0.0.0/0]",
        ),
        ({"deletionProtection": False}, "Cluster is already at the desired configuration with deletionProtection: false"),
        ({"upgradePolicy": {"supportType": "EXTENDED"}}, "Cluster is already at the desired configuration with supportType: EXTENDED"),
        ({"accessConfig": {"authenticationMode": "API"}}, "Unsupported authentication mode update from API to API"),
        ({"zonalShiftConfig": {"enabled": True}}, "Cluster is already at the desired configuration with zonalShiftConfig: {'enabled': True}"),
        ({"kubeApiServerConfig": {"eventTtl": "30m"}}, "Cluster is already at the desired configuration with kubeApiServerConfig"),
        (
            {"resourcesVpcConfig": {"controlPlaneEgressMode": "AWS_MANAGED"}},
            "Cluster is already at the desired configuration with controlPlaneEgressMode: AWS_MANAGED",
        ),
        (
            {"resourcesVpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]}},
            "publicAccessCidrs cannot be specified when endpointPublicAccess is false",
        ),
        ({"resourcesVpcConfig": {"endpointPublicAccess": False}}, "Private and public endpoint access cannot be false"),
        ({"resourcesVpcConfig": {"publicAccessCidrs": ["10.0.0.0/99"]}}, "The following CIDRs are invalid in publicAccessCidrs: [10.0.0.0/99]"),
    ],
)
def test_nothing_to_change_or_nothing_that_could_be(account: Account, change: dict[str, Any], message: str) -> None:
    account.cluster(zonalShiftConfig={"enabled": True}, kubeApiServerConfig={"eventTtl": "30m"})
    assert refused(account.update, **change) == (INVALID, message)


@pytest.mark.parametrize(
    ("change", "member", "after"),
    [
        ({"upgradePolicy": {"supportType": "STANDARD"}}, "upgradePolicy", {"supportType": "STANDARD"}),
        ({"zonalShiftConfig": {"enabled": True}}, "zonalShiftConfig", {"enabled": True}),
        ({"deletionProtection": True}, "deletionProtection", True),
        ({"controlPlaneScalingConfig": {"tier": "tier-xl"}}, "controlPlaneScalingConfig", {"tier": "tier-xl"}),
    ],
)
def test_what_is_changed_is_shown(account: Account, change: dict[str, Any], member: str, after: Any) -> None:
    account.cluster()
    account.update(**change)
    account.later()
    assert account.describe()[member] == after


def test_the_endpoint_is_closed_and_opened(account: Account) -> None:
    account.cluster()
    account.update(resourcesVpcConfig={"endpointPrivateAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]})
    account.later()
    assert account.describe()["resourcesVpcConfig"]["publicAccessCidrs"] == ["192.0.2.0/24"]
    account.update(resourcesVpcConfig={"endpointPublicAccess": False})
    account.later()
    vpc = account.describe()["resourcesVpcConfig"]
    assert (vpc["endpointPublicAccess"], vpc["endpointPrivateAccess"], vpc["publicAccessCidrs"]) == (False, True, [])


def test_subnets_are_replaced(account: Account) -> None:
    account.cluster()
    assert "at least two different AZs" in refused(account.update, resourcesVpcConfig={"subnetIds": account.subnets[:1]})[1]
    assert "already at the desired configuration" in refused(account.update, resourcesVpcConfig={"subnetIds": account.subnets[::-1]})[1]
    vpc = account.aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    foreign = [account.subnet(zone, number, vpc) for number, zone in enumerate("ab")]
    assert "must belong to the VPC of the cluster" in refused(account.update, resourcesVpcConfig={"subnetIds": foreign})[1]
    begun = account.update(resourcesVpcConfig={"subnetIds": account.subnets[:2]})
    account.later()
    assert begun["type"] == "VpcConfigUpdate"
    assert account.describe()["resourcesVpcConfig"]["subnetIds"] == account.subnets[:2]


def test_egress_is_not_given_back(account: Account) -> None:
    account.cluster()
    account.update(resourcesVpcConfig={"controlPlaneEgressMode": "CUSTOMER_ROUTED"})
    account.later()
    assert account.describe()["resourcesVpcConfig"]["controlPlaneEgressMode"] == "CUSTOMER_ROUTED"
    assert "back to AWS_MANAGED" in refused(account.update, resourcesVpcConfig={"controlPlaneEgressMode": "AWS_MANAGED"})[1]


def test_the_authentication_mode_goes_forward_step_by_step(account: Account) -> None:
    account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})

    def to(mode: str) -> str:
        return refused(account.update, accessConfig={"authenticationMode": mode})[1]

    assert to("API") == "Unsupported authentication mode update from CONFIG_MAP to API"
    account.update(accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    account.later()
    assert any("user/simulated" in arn for arn in account.eks.list_access_entries(clusterName="one")["accessEntries"])
    assert to("CONFIG_MAP") == "Unsupported authentication mode update from API_AND_CONFIG_MAP to CONFIG_MAP"
    account.update(accessConfig={"authenticationMode": "API"})
    account.later()
    assert to("API_AND_CONFIG_MAP") == "Unsupported authentication mode update from API to API_AND_CONFIG_MAP"


def test_auto_mode_is_turned_on_and_off(account: Account) -> None:
    account.cluster()
    parts = {key: value for key, value in account.auto().items() if key != "bootstrapSelfManagedAddons"}
    assert "either fully enabled" in refused(account.update, computeConfig=parts["computeConfig"])[1]
    assert account.update(**parts)["type"] == "AutoModeUpdate"
    account.later()
    assert account.describe()["computeConfig"]["enabled"] is True
    assert "already at the desired configuration" in refused(account.update, **parts)[1]
    assert account.node_role in account.eks.list_access_entries(clusterName="one")["accessEntries"]
    other = parts["computeConfig"] | {"nodeRoleArn": account.make_role("other-node", "ec2.amazonaws.com")}
    assert "nodeRoleArn cannot be changed" in refused(account.update, **parts | {"computeConfig": other})[1]
    off = {"enabled": False}
    account.update(computeConfig=off, storageConfig={"blockStorage": off}, kubernetesNetworkConfig={"elasticLoadBalancing": off})
    account.later()
    assert account.describe()["computeConfig"] == {"enabled": False, "nodePools": []}


def test_auto_mode_needs_access_entries(account: Account) -> None:
    account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    parts = {key: value for key, value in account.auto().items() if key != "bootstrapSelfManagedAddons"}
    assert "authenticationMode must be API" in refused(account.update, **parts)[1]


def test_an_update_can_fail(account: Account) -> None:
    account.cluster()
    account.state.faults.fail_update("one", "VersionUpdate", "IpNotAvailable", "no addresses", "subnet-1")
    begun = account.eks.update_cluster_version(name="one", version="1.36")["update"]
    account.later()
    shown = account.update_status(begun)
    assert shown["status"] == "Failed"
    assert shown["errors"] == [{"errorCode": "IpNotAvailable", "errorMessage": "no addresses", "resourceIds": ["subnet-1"]}]
    assert (account.describe()["status"], account.describe()["version"]) == ("ACTIVE", "1.35")
    account.eks.update_cluster_version(name="one", version="1.36")
    account.later()
    assert account.describe()["version"] == "1.36"


def test_updates_are_listed_by_what_they_are_of(account: Account) -> None:
    account.cluster()
    first = account.update(deletionProtection=True)
    account.later()
    second = account.update(deletionProtection=False)
    assert account.eks.list_updates(name="one")["updateIds"] == [first["id"], second["id"]]
    page = account.eks.list_updates(name="one", maxResults=1)
    assert account.eks.list_updates(name="one", nextToken=page["nextToken"])["updateIds"] == [second["id"]]
    assert refused(account.eks.list_updates, name="one", addonName="none")[0] == "ResourceNotFoundException"
    assert refused(account.eks.describe_update, name="one", updateId="none")[0] == "ResourceNotFoundException"


def test_encryption_is_for_ever(account: Account) -> None:
    account.cluster()
    assert refused(account.eks.associate_encryption_config, clusterName="one", encryptionConfig=[])[1] == "KeyArn is required"
    key = account.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    begun = account.eks.associate_encryption_config(clusterName="one", encryptionConfig=config)["update"]
    assert begun["type"] == "AssociateEncryptionConfig"
    account.later()
    assert account.describe()["encryptionConfig"] == config
    assert refused(account.eks.associate_encryption_config, clusterName="one", encryptionConfig=config) == (
        INVALID,
        "Encryption is already enabled on the cluster",
    )


def test_the_service_model_is_kept_to(account: Account) -> None:
    account.cluster()
    assert refused(account.update, upgradePolicy={"supportType": "FOREVER"})[0] == INVALID
    assert account.aws.violations
    account.aws.violations.clear()
