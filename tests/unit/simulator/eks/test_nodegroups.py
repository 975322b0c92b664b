# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from support.eks import Account, refused

INVALID, IN_USE, ABSENT = "InvalidParameterException", "ResourceInUseException", "ResourceNotFoundException"
GROUP = {"clusterName": "one", "nodegroupName": "g"}


@pytest.fixture
def ready(account: Account) -> Account:
    account.cluster()
    return account


def create(account: Account, **more: Any) -> dict[str, Any]:
    arguments = {**GROUP, "subnets": account.subnets, "nodeRole": account.node_role} | more
    made: dict[str, Any] = account.eks.create_nodegroup(**arguments)["nodegroup"]
    return made


def describe(account: Account) -> dict[str, Any]:
    shown: dict[str, Any] = account.eks.describe_nodegroup(**GROUP)["nodegroup"]
    return shown


def test_a_node_group_is_created_in_its_time(ready: Account) -> None:
    assert create(ready)["status"] == "CREATING"
    ready.later()
    shown = describe(ready)
    assert set(shown) == {
        "nodegroupName", "nodegroupArn", "clusterName", "version", "releaseVersion", "createdAt", "modifiedAt", "status", "capacityType", "scalingConfig",
        "instanceTypes", "subnets", "amiType", "nodeRole", "labels", "taints", "resources", "diskSize", "health", "updateConfig", "nodeRepairConfig", "tags",
    }  # fmt: skip
    assert (shown["status"], shown["version"]) == ("ACTIVE", "1.35")
    assert shown["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "DEFAULT"}
    assert ready.eks.list_nodegroups(clusterName="one")["nodegroups"] == ["g"]
    assert ready.node_role in ready.eks.list_access_entries(clusterName="one")["accessEntries"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"version": "1.34"}, "Kubernetes version of the node group must be that of the cluster: 1.35"),
        ({"scalingConfig": {"minSize": 3, "maxSize": 5, "desiredSize": 2}}, "Minimum capacity 3 can't be greater than desired size 2"),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 3}}, "desired capacity 3 can't be greater than max size 2"),
        ({"subnets": ["subnet-0"]}, "The subnet ID 'subnet-0' does not exist"),
        ({"nodeRole": "arn:aws:iam::123456789012:role/none"}, "could not be assumed because it does not exist"),
        ({"launchTemplate": {"id": "lt-1"}, "diskSize": 30}, "Disk size must be specified within the launch template."),
        ({"launchTemplate": {"id": "lt-1"}, "remoteAccess": {"ec2SshKey": "k"}}, "Remote access configuration cannot be specified with a launch template."),
        ({"launchTemplate": {"id": "lt-1", "name": "n"}}, "by either its name or its id"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 1}}, "Only one of maxUnavailable and maxUnavailablePercentage"),
    ],
)
def test_a_wrong_node_group_is_refused(ready: Account, more: dict[str, Any], message: str) -> None:
    code, said = refused(create, account=ready, **more)
    assert code == INVALID
    assert message in said


def test_nodes_are_in_the_cluster_s_vpc(ready: Account) -> None:
    vpc = ready.aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert refused(create, account=ready, subnets=[ready.subnet("a", 1, vpc)])[1] == "Subnets are not in the VPC of the cluster"


def test_changes_of_a_node_group_that_can_t_be(ready: Account) -> None:
    create(ready)
    ready.later()
    assert "No changes needed" in refused(ready.eks.update_nodegroup_config, **GROUP)[1]
    assert "must be that of the cluster, 1.35" in refused(ready.eks.update_nodegroup_version, **GROUP, version="1.34")[1]
    assert "created without one" in refused(ready.eks.update_nodegroup_version, **GROUP, launchTemplate={"id": "lt-1"})[1]
    assert refused(ready.eks.list_updates, name="one", nodegroupName="none")[0] == ABSENT


def test_a_node_group_is_there_once(ready: Account) -> None:
    create(ready)
    assert refused(create, account=ready) == (IN_USE, "NodeGroup already exists with name g and cluster name one")


def test_a_node_group_is_changed(ready: Account) -> None:
    create(ready, labels={"a": "1", "b": "2"}, taints=[{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}])
    assert refused(ready.eks.update_nodegroup_config, **GROUP, scalingConfig={"desiredSize": 1})[0] == "InvalidRequestException"
    ready.later()
    begun = ready.eks.update_nodegroup_config(
        **GROUP,
        scalingConfig={"minSize": 2, "maxSize": 6, "desiredSize": 3},
        labels={"addOrUpdateLabels": {"a": "3"}, "removeLabels": ["b"]},
        taints={"removeTaints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}]},
        updateConfig={"maxUnavailablePercentage": 50},
    )["update"]
    assert begun["type"] == "ConfigUpdate"
    assert refused(ready.eks.update_nodegroup_config, **GROUP, scalingConfig={"desiredSize": 4})[0] == IN_USE
    assert refused(ready.eks.delete_nodegroup, **GROUP)[0] == IN_USE
    ready.later()
    shown = describe(ready)
    assert shown["scalingConfig"] == {"minSize": 2, "maxSize": 6, "desiredSize": 3}
    assert (shown["labels"], shown["taints"]) == ({"a": "3"}, [])
    assert shown["updateConfig"] == {"updateStrategy": "DEFAULT", "maxUnavailablePercentage": 50}
    assert ready.update_status(begun, nodegroupName="g")["status"] == "Successful"
    assert ready.eks.list_updates(name="one", nodegroupName="g")["updateIds"] == [begun["id"]]


def test_a_node_group_can_fail(ready: Account) -> None:
    ready.state.faults.fail_nodegroup("one", "g", "AsgInstanceLaunchFailures", "no capacity", "i-1")
    create(ready)
    ready.later()
    shown = describe(ready)
    assert (shown["status"], shown["health"]["issues"][0]["code"]) == ("CREATE_FAILED", "AsgInstanceLaunchFailures")


def test_a_node_group_is_deleted(ready: Account) -> None:
    create(ready)
    ready.later()
    assert ready.eks.delete_nodegroup(**GROUP)["nodegroup"]["status"] == "DELETING"
    ready.later()
    assert refused(describe, account=ready) == (ABSENT, "No node group found for name: g.")


OIDC = {"identityProviderConfigName": "sso", "issuerUrl": "https://sso.example.org", "clientId": "kubernetes"}
SSO = {"clusterName": "one", "identityProviderConfig": {"type": "oidc", "name": "sso"}}


def test_an_identity_provider_comes_and_goes(ready: Account) -> None:
    begun = ready.eks.associate_identity_provider_config(clusterName="one", oidc=OIDC | {"groupsPrefix": "sso:"}, tags={"a": "b"})
    assert (begun["update"]["type"], begun["tags"]) == ("AssociateIdentityProviderConfig", {"a": "b"})
    assert ready.eks.describe_identity_provider_config(**SSO)["identityProviderConfig"]["oidc"]["status"] == "CREATING"
    ready.later()
    shown = ready.eks.describe_identity_provider_config(**SSO)["identityProviderConfig"]["oidc"]
    assert (shown["status"], shown["usernameClaim"], shown["groupsPrefix"]) == ("ACTIVE", "sub", "sso:")
    assert ready.eks.list_identity_provider_configs(clusterName="one")["identityProviderConfigs"] == [{"type": "oidc", "name": "sso"}]
    another = OIDC | {"identityProviderConfigName": "other"}
    assert refused(ready.eks.associate_identity_provider_config, clusterName="one", oidc=another)[0] == IN_USE
    wrong = {"clusterName": "one", "identityProviderConfig": {"type": "saml", "name": "sso"}}
    assert refused(ready.eks.describe_identity_provider_config, **wrong)[0] == INVALID
    ready.eks.disassociate_identity_provider_config(**SSO)
    ready.later()
    assert refused(ready.eks.describe_identity_provider_config, **SSO)[0] == ABSENT


@pytest.mark.parametrize("change", [{"issuerUrl": "http://sso.example.org"}, {"issuerUrl": "https://sso.example.org?x=1"}, {"usernamePrefix": "system:"}])
def test_an_identity_provider_that_can_t_be(ready: Account, change: dict[str, str]) -> None:
    assert refused(ready.eks.associate_identity_provider_config, clusterName="one", oidc=OIDC | change)[0] == INVALID


def test_everything_with_an_arn_has_tags(ready: Account) -> None:
    arns = [ready.describe()["arn"], create(ready)["nodegroupArn"], ready.eks.create_addon(clusterName="one", addonName="vpc-cni")["addon"]["addonArn"]]
    entries = ready.eks.list_access_entries(clusterName="one")["accessEntries"]
    arns.append(ready.eks.describe_access_entry(clusterName="one", principalArn=entries[0])["accessEntry"]["accessEntryArn"])
    for arn in arns:
        ready.eks.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        ready.eks.tag_resource(resourceArn=arn, tags={"a": "3"})
        ready.eks.untag_resource(resourceArn=arn, tagKeys=["b", "none"])
        assert ready.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "3"}
    assert ready.describe()["tags"] == {"a": "3"}


def test_tags_of_nothing_and_tags_of_aws(ready: Account) -> None:
    arn = ready.describe()["arn"]
    assert refused(ready.eks.tag_resource, resourceArn=arn.replace("/one", "/none"), tags={"a": "b"})[0] == "NotFoundException"
    assert refused(ready.eks.list_tags_for_resource, resourceArn="arn:aws:s3:::bucket")[0] == "BadRequestException"
    assert refused(ready.eks.tag_resource, resourceArn=arn, tags={"aws:a": "b"})[0] == "BadRequestException"
    ready.eks.tag_resource(resourceArn=arn, tags={f"k{number}": "v" for number in range(50)})
    assert refused(ready.eks.tag_resource, resourceArn=arn, tags={"k50": "v"})[0] == "BadRequestException"
