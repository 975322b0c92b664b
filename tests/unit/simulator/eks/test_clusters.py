# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.config import Config
from cryptography import x509
from support.eks import Account, refused

from simulator.eks.control_plane import ControlPlane
from simulator.faults import Fault

INVALID, IN_USE = "InvalidParameterException", "ResourceInUseException"


def test_a_cluster_is_created_in_its_time(account: Account) -> None:
    created = account.create(tags={"team": "a"})
    assert created["status"] == "CREATING"
    assert "endpoint" not in created
    assert created["certificateAuthority"] == {}
    assert account.describe()["status"] == "CREATING"
    account.aws.clock.advance(account.state.timing.cluster - 1)
    assert account.describe()["status"] == "CREATING"
    account.aws.clock.advance(1)
    assert account.describe()["status"] == "ACTIVE"


def test_a_cluster_shows_all_that_aws_shows(account: Account) -> None:
    shown = account.cluster(tags={"team": "a"})
    assert set(shown) == {
        "name", "arn", "createdAt", "version", "endpoint", "roleArn", "resourcesVpcConfig", "kubernetesNetworkConfig", "logging", "identity", "status",
        "certificateAuthority", "platformVersion", "tags", "health", "accessConfig", "upgradePolicy", "deletionProtection", "controlPlaneScalingConfig",
    }  # fmt: skip
    assert shown["arn"] == f"arn:aws:eks:{account.aws.region}:{account.aws.account_id}:cluster/one"
    assert shown["version"] == "1.35"
    assert shown["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert shown["accessConfig"] == {"authenticationMode": "API"}
    assert shown["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.")
    vpc = shown["resourcesVpcConfig"]
    assert vpc["vpcId"] == account.vpc
    assert vpc["endpointPublicAccess"]
    assert not vpc["endpointPrivateAccess"]
    assert vpc["publicAccessCidrs"] == ["0.0.0.0/0"]
    assert account.aws.client("ec2").describe_security_groups(GroupIds=[vpc["clusterSecurityGroupId"]])["SecurityGroups"]


def test_only_the_answer_to_the_creation_tells_of_the_creator_s_rights(account: Account) -> None:
    assert account.create()["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is True
    account.later()
    assert "bootstrapClusterCreatorAdminPermissions" not in account.describe()["accessConfig"]


def test_the_authority_is_a_certificate(account: Account) -> None:
    pem = base64.b64decode(account.cluster()["certificateAuthority"]["data"])
    authority = x509.load_pem_x509_certificate(pem)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.not_valid_before_utc < account.aws.clock.now() < authority.not_valid_after_utc


def test_the_control_plane_can_be_a_real_one(account: Account) -> None:
    account.state.control_plane = lambda name, region, now: ControlPlane("https://127.0.0.1:6443", "cGVt", f"https://127.0.0.1/{name}")
    shown = account.cluster()
    assert (shown["endpoint"], shown["certificateAuthority"]["data"]) == ("https://127.0.0.1:6443", "cGVt")
    assert shown["identity"]["oidc"]["issuer"] == "https://127.0.0.1/one"


def test_a_name_is_taken_once(account: Account) -> None:
    account.create()
    assert refused(account.create) == (IN_USE, "Cluster already exists with name: one")


def test_the_same_token_is_the_same_call(account: Account) -> None:
    account.create(clientRequestToken="t")
    account.create(clientRequestToken="t")
    assert account.eks.list_clusters()["clusters"] == ["one"]


def test_a_cluster_is_made_once_though_its_answer_got_lost(account: Account) -> None:
    account.aws.faults.append(Fault("lost", "eks", "CreateCluster"))
    patient = account.aws.client("eks", config=Config(retries={"total_max_attempts": 3}))
    patient.create_cluster(name="one", roleArn=account.role, resourcesVpcConfig={"subnetIds": account.subnets})
    assert account.eks.list_clusters()["clusters"] == ["one"]


def test_a_token_is_forgotten_with_its_cluster(account: Account) -> None:
    account.cluster(clientRequestToken="t")
    account.eks.delete_cluster(name="one")
    account.later()
    account.create(clientRequestToken="t")
    assert account.eks.list_clusters()["clusters"] == ["one"]


def test_clusters_are_listed_in_pages(account: Account) -> None:
    for name in ("c", "a", "b"):
        account.create(name)
    first = account.eks.list_clusters(maxResults=2)
    assert first["clusters"] == ["a", "b"]
    second = account.eks.list_clusters(maxResults=2, nextToken=first["nextToken"])
    assert second["clusters"] == ["c"]
    assert "nextToken" not in second
    assert refused(account.eks.list_clusters, nextToken="nonsense")[0] == INVALID


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "1.30"}, "unsupported Kubernetes version"),
        ({"version": "1.99"}, "unsupported Kubernetes version"),
        ({"version": "1.35.2"}, "unsupported Kubernetes version"),
        ({"accessConfig": {"bootstrapClusterCreatorAdminPermissions": False}}, "bootstrapClusterCreatorAdminPermissions must be true"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.4.0/22"}}, "overlaps with the VPC CIDR"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "100.64.0.0/16"}}, "must be within"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "192.168.0.0/28"}}, "must be between /24 and /12"),
        ({"roleArn": "arn:aws:iam::123456789012:role/none"}, "could not be assumed because it does not exist"),
        ({"encryptionConfig": [{"resources": ["secrets"], "provider": {}}]}, "KeyArn is required"),
        ({"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "arn:aws:kms:eu-central-1:123456789012:key/none"}}]}, "does not exist"),
        ({"encryptionConfig": [{"resources": ["pods"], "provider": {"keyArn": "arn:aws:kms:eu-central-1:123456789012:key/none"}}]}, "only supported resource"),
        ({"kubernetesNetworkConfig": {"serviceIpv4Cidr": "nonsense"}}, "is not a valid CIDR"),
        ({"kubernetesNetworkConfig": {"ipFamily": "ipv6", "serviceIpv4Cidr": "172.20.0.0/16"}}, "cannot be specified when ipFamily is ipv6"),
        ({"tags": {"aws:x": "y"}}, "aws: prefixed tag key names"),
    ],
)
def test_a_wrong_configuration_is_refused(account: Account, change: dict[str, Any], message: str) -> None:
    code, said = refused(account.create, **change)
    assert code == INVALID
    assert message in said
    assert account.eks.list_clusters()["clusters"] == []


def test_the_role_must_trust_eks(account: Account) -> None:
    code, said = refused(account.create, roleArn=account.node_role)
    assert code == INVALID
    assert "the trusted entity is not correct" in said


def test_subnets_must_be_there_and_in_two_zones_of_one_vpc(account: Account) -> None:
    def with_subnets(*ids: str) -> tuple[str, str]:
        return refused(account.create, resourcesVpcConfig={"subnetIds": list(ids)})

    one, other = account.subnets[:2]
    assert with_subnets(one)[1] == "Subnets specified must be in at least two different AZs"
    assert with_subnets(one, account.subnet("a", 9))[1] == "Subnets specified must be in at least two different AZs"
    assert "The subnet ID 'subnet-0' does not exist" in with_subnets(one, "subnet-0")[1]
    foreign = account.aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert with_subnets(one, account.subnet("b", 7, foreign))[1] == "Subnets specified must belong to the same VPC"
    group = account.aws.client("ec2").create_security_group(GroupName="g", Description="g", VpcId=foreign)["GroupId"]
    for ids, message in ((["sg-0"], "The security group 'sg-0' does not exist"), ([group], "same VPC as the subnets"), (["sg-0"] * 6, "up to 5")):
        assert message in refused(account.create, resourcesVpcConfig={"subnetIds": [one, other], "securityGroupIds": ids})[1]


def test_some_zones_have_no_control_planes(account: Account) -> None:
    ec2, eks = (account.aws.client(service, region_name="us-east-1") for service in ("ec2", "eks"))
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    zones = {zone["ZoneId"]: zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]}
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=zones[zone])["Subnet"]["SubnetId"]
        for number, zone in enumerate(("use1-az1", "use1-az3"))
    ]
    with pytest.raises(eks.exceptions.UnsupportedAvailabilityZoneException) as caught:
        eks.create_cluster(name="one", roleArn=account.role, resourcesVpcConfig={"subnetIds": subnets})
    assert zones["use1-az3"] not in caught.value.response["validZones"]
    assert zones["use1-az1"] in caught.value.response["validZones"]
    assert caught.value.response["clusterName"] == "one"


def test_services_are_not_in_the_range_of_the_vpc(account: Account) -> None:
    assert account.cluster()["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == "172.20.0.0/16"


def test_all_logs_or_some_are_exported(account: Account) -> None:
    shown = account.cluster(logging={"clusterLogging": [{"types": ["audit", "api"], "enabled": True}]})
    assert shown["logging"]["clusterLogging"] == [
        {"types": ["api", "audit"], "enabled": True},
        {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
    ]


def test_secrets_are_encrypted_with_a_key_that_is_there(account: Account) -> None:
    key = account.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    shown = account.cluster(encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": key}}])
    assert shown["encryptionConfig"] == [{"resources": ["secrets"], "provider": {"keyArn": key}}]


def test_auto_mode(account: Account) -> None:
    shown = account.cluster(**account.auto())
    assert shown["computeConfig"] == {"enabled": True, "nodePools": ["system"], "nodeRoleArn": account.node_role}
    assert shown["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert shown["kubernetesNetworkConfig"]["elasticLoadBalancing"] == {"enabled": True}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"storageConfig": {"blockStorage": {"enabled": False}}}, "either fully enabled or fully disabled"),
        ({"kubernetesNetworkConfig": {}}, "either fully enabled or fully disabled"),
        ({"bootstrapSelfManagedAddons": True}, "bootstrapSelfManagedAddons must be set to false"),
        ({"accessConfig": {"authenticationMode": "CONFIG_MAP"}}, "authenticationMode must be API or API_AND_CONFIG_MAP"),
        ({"computeConfig": {"enabled": True, "nodePools": ["system"]}}, "nodePool list cannot be populated"),
        ({"computeConfig": {"enabled": True, "nodeRoleArn": "ROLE"}}, "nodePool value(s) must be provided"),
        ({"computeConfig": {"enabled": True, "nodePools": ["gpu"], "nodeRoleArn": "ROLE"}}, "nodePools must be among"),
    ],
)
def test_auto_mode_goes_together(account: Account, change: dict[str, Any], message: str) -> None:
    if change.get("computeConfig", {}).get("nodeRoleArn"):
        change = {"computeConfig": change["computeConfig"] | {"nodeRoleArn": account.node_role}}
    code, said = refused(account.create, **account.auto(**change))
    assert code == INVALID
    assert message in said


def test_without_auto_mode_there_are_no_pools(account: Account) -> None:
    off = {"enabled": False}
    parts = {"storageConfig": {"blockStorage": off}, "kubernetesNetworkConfig": {"elasticLoadBalancing": off}}
    code, said = refused(account.create, computeConfig=off | {"nodePools": ["system"]}, **parts)
    assert (code, said) == (INVALID, "When Compute Config is disabled, nodeRoleArn and nodePools must not be specified.")
    assert account.cluster(computeConfig=off, **parts)["computeConfig"] == {"enabled": False, "nodePools": []}


def test_what_is_not_there_is_no_absence(account: Account) -> None:
    account.cluster()
    selectors = [{"namespace": "a"}]
    asked = {"clusterName": "one", "fargateProfileName": "f", "podExecutionRoleArn": account.role, "selectors": selectors}
    assert refused(account.eks.create_fargate_profile, **asked)[0] == "NotImplemented"
    assert account.aws.violations
    account.aws.violations.clear()


def test_a_cluster_can_fail(account: Account) -> None:
    account.state.faults.fail_cluster("one", "InsufficientFreeAddresses", "no addresses left", "subnet-1")
    shown = account.cluster()
    assert shown["status"] == "FAILED"
    assert shown["health"]["issues"] == [{"code": "InsufficientFreeAddresses", "message": "no addresses left", "resourceIds": ["subnet-1"]}]
    assert refused(account.eks.create_addon, clusterName="one", addonName="vpc-cni")[0] == "InvalidRequestException"
    account.eks.delete_cluster(name="one")
    account.later()
    assert account.cluster()["status"] == "ACTIVE"


def test_a_cluster_can_stay_half_made(account: Account) -> None:
    account.state.faults.hold("one")
    account.create()
    account.later()
    assert account.describe()["status"] == "CREATING"
    account.state.faults.release("one", account.aws.clock.now())
    assert account.describe()["status"] == "ACTIVE"


def test_a_cluster_is_deleted_in_its_time(account: Account) -> None:
    group = account.cluster()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert account.eks.delete_cluster(name="one")["cluster"]["status"] == "DELETING"
    assert account.describe()["status"] == "DELETING"
    account.aws.clock.advance(account.state.timing.deletion)
    assert refused(account.describe) == ("ResourceNotFoundException", "No cluster found for name: one.")
    assert refused(account.eks.delete_cluster, name="one")[0] == "ResourceNotFoundException"
    groups = account.aws.client("ec2").describe_security_groups()["SecurityGroups"]
    assert group not in [found["GroupId"] for found in groups]


def test_a_cluster_in_the_making_is_not_deleted(account: Account) -> None:
    account.create()
    assert refused(account.eks.delete_cluster, name="one")[0] == IN_USE


def test_a_protected_cluster_is_not_deleted(account: Account) -> None:
    account.cluster(deletionProtection=True)
    code, said = refused(account.eks.delete_cluster, name="one")
    assert code == "InvalidRequestException"
    assert "deletion protection" in said
    account.update(deletionProtection=False)
    account.later()
    account.eks.delete_cluster(name="one")


def test_a_cluster_with_node_groups_or_an_update_is_not_deleted(account: Account) -> None:
    account.cluster()
    account.update(deletionProtection=True)
    assert refused(account.eks.delete_cluster, name="one")[1] == "Cannot delete because cluster one currently has an update in progress"
    account.later()
    account.update(deletionProtection=False)
    account.later()
    account.eks.create_nodegroup(clusterName="one", nodegroupName="g", subnets=account.subnets, nodeRole=account.node_role)
    assert refused(account.eks.delete_cluster, name="one") == (IN_USE, "Cluster has nodegroups attached")


def test_errors_have_every_member_of_their_shape(account: Account) -> None:
    with pytest.raises(account.eks.exceptions.ResourceNotFoundException) as caught:
        account.eks.describe_cluster(name="none")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["clusterName"] == "none"
