# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moto does as AWS does: the services that roles use, from making to deleting, with every message held against the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.aws import Aws, running

TAGS = [{"Key": "slipway:environment", "Value": "test"}]
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture
def aws() -> Iterator[Aws]:
    with running() as aws:
        yield aws


def absent(client: Any, code: str, method: str, **parameters: Any) -> None:
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, method)(**parameters)
    assert caught.value.response["Error"]["Code"] == code


def tagged(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGS}]


def test_ec2(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone, TagSpecifications=tagged("subnet"))["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
    ]
    gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway"))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table"))["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])["AssociationId"]
    group = ec2.create_security_group(GroupName="database", Description="d", VpcId=vpc, TagSpecifications=tagged("security-group"))["GroupId"]
    rule = [{"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    found = ec2.describe_vpcs(Filters=[{"Name": "tag:slipway:environment", "Values": ["test"]}])["Vpcs"]
    assert [each["VpcId"] for each in found] == [vpc]
    for method in ("subnets", "route_tables", "security_groups", "security_group_rules", "network_interfaces", "volumes", "instances", "regions"):
        getattr(ec2, f"describe_{method}")()
    absent(ec2, "InvalidVpcID.NotFound", "describe_vpcs", VpcIds=["vpc-00000000"])
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
    ec2.delete_security_group(GroupId=group)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert vpc not in repr(ec2.describe_vpcs())


def test_iam(aws: Aws) -> None:
    iam = aws.client("iam")
    managed = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=TRUST, Tags=TAGS, MaxSessionDuration=3600)
    iam.attach_role_policy(RoleName="cluster", PolicyArn=managed)
    assert iam.list_attached_role_policies(RoleName="cluster")["AttachedPolicies"][0]["PolicyArn"] == managed
    iam.put_role_policy(RoleName="cluster", PolicyName="p", PolicyDocument=POLICY)
    iam.get_role_policy(RoleName="cluster", PolicyName="p")
    iam.delete_role_policy(RoleName="cluster", PolicyName="p")
    iam.update_assume_role_policy(RoleName="cluster", PolicyDocument=TRUST)
    own = iam.create_policy(PolicyName="own", PolicyDocument=POLICY, Tags=TAGS)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=own, PolicyDocument=POLICY, SetAsDefault=True)
    iam.get_policy_version(PolicyArn=own, VersionId="v2")
    iam.list_policies(Scope="Local")
    iam.create_instance_profile(InstanceProfileName="node")
    iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="cluster")
    iam.get_instance_profile(InstanceProfileName="node")
    iam.create_service_linked_role(AWSServiceName="eks.amazonaws.com")
    iam.create_open_id_connect_provider(Url="https://oidc.example.test", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["a" * 40])
    absent(iam, "NoSuchEntity", "get_role", RoleName="nobody")
    iam.remove_role_from_instance_profile(InstanceProfileName="node", RoleName="cluster")
    iam.detach_role_policy(RoleName="cluster", PolicyArn=managed)
    iam.delete_role(RoleName="cluster")


def test_kms(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key(Description="d", Tags=[{"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/orders", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key)
    kms.get_key_rotation_status(KeyId=key)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=POLICY)
    kms.list_resource_tags(KeyId=key)
    cipher = kms.encrypt(KeyId="alias/orders", Plaintext=b"text")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=cipher)["Plaintext"] == b"text"
    absent(kms, "NotFoundException", "describe_key", KeyId="alias/nobody")


def test_ecr(aws: Aws) -> None:
    ecr = aws.client("ecr")
    moving = {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "main*"}]}
    arn = ecr.create_repository(repositoryName="shop/orders", tags=TAGS, **moving)["repository"]["repositoryArn"]
    rule = {"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "expire"}}
    ecr.put_lifecycle_policy(repositoryName="shop/orders", lifecyclePolicyText=json.dumps({"rules": [rule]}))
    ecr.set_repository_policy(repositoryName="shop/orders", policyText=POLICY)
    ecr.list_tags_for_resource(resourceArn=arn)
    for method in ("get_lifecycle_policy", "get_repository_policy", "list_images", "describe_images"):
        getattr(ecr, method)(repositoryName="shop/orders")
    absent(ecr, "RepositoryNotFoundException", "describe_repositories", repositoryNames=["nobody"])
    absent(ecr, "RepositoryAlreadyExistsException", "create_repository", repositoryName="shop/orders")
    ecr.delete_lifecycle_policy(repositoryName="shop/orders")
    absent(ecr, "LifecyclePolicyNotFoundException", "get_lifecycle_policy", repositoryName="shop/orders")
    ecr.delete_repository(repositoryName="shop/orders", force=True)


def test_secrets_manager(aws: Aws) -> None:
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="orders/database", SecretString="one", Tags=TAGS)
    secrets.put_secret_value(SecretId="orders/database", SecretString="two")
    assert secrets.get_secret_value(SecretId="orders/database", VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    secrets.list_secret_version_ids(SecretId="orders/database")
    secrets.put_resource_policy(SecretId="orders/database", ResourcePolicy=POLICY)
    secrets.get_resource_policy(SecretId="orders/database")
    secrets.get_random_password(PasswordLength=20)
    absent(secrets, "ResourceNotFoundException", "get_secret_value", SecretId="nobody")
    secrets.delete_secret(SecretId="orders/database", RecoveryWindowInDays=7)
    secrets.restore_secret(SecretId="orders/database")
    secrets.delete_secret(SecretId="orders/database", ForceDeleteWithoutRecovery=True)


def test_certificates_and_records(aws: Aws) -> None:
    acm, route53 = aws.client("acm"), aws.client("route53")
    arn = acm.request_certificate(DomainName="shop.example.test", ValidationMethod="DNS", Tags=TAGS)["CertificateArn"]
    aws.clock.advance(10)  # ACM makes up the records in some seconds
    certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    zone = route53.create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]["Id"]
    record = certificate["DomainValidationOptions"][0]["ResourceRecord"]
    change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}}
    made = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})["ChangeInfo"]["Id"]
    route53.get_change(Id=made)
    assert record["Name"] in repr(route53.list_resource_record_sets(HostedZoneId=zone))
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.rpartition("/")[2], AddTags=TAGS)
    route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.rpartition("/")[2])
    absent(route53, "NoSuchHostedZone", "get_hosted_zone", Id="Z0000000000")
    absent(route53, "HostedZoneNotEmpty", "delete_hosted_zone", Id=zone)
    acm.list_certificates(Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})
    acm.delete_certificate(CertificateArn=arn)
    absent(acm, "ResourceNotFoundException", "describe_certificate", CertificateArn=arn)


def test_s3(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="shop-logs", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket="shop-logs", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(Bucket="shop-logs", Policy=POLICY)
    s3.put_bucket_tagging(Bucket="shop-logs", Tagging={"TagSet": TAGS})
    s3.put_public_access_block(Bucket="shop-logs", PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    s3.put_object(Bucket="shop-logs", Key="a/b c+d", Body=b"text")
    assert s3.get_object(Bucket="shop-logs", Key="a/b c+d")["Body"].read() == b"text"
    assert s3.head_object(Bucket="shop-logs", Key="a/b c+d")["ContentLength"] == 4
    for method in ("get_bucket_versioning", "get_bucket_policy", "get_bucket_tagging", "get_public_access_block", "list_objects_v2", "list_object_versions"):
        getattr(s3, method)(Bucket="shop-logs")
    absent(s3, "NoSuchKey", "get_object", Bucket="shop-logs", Key="nothing")
    absent(s3, "404", "head_bucket", Bucket="nobodys-bucket")
    s3.delete_objects(Bucket="shop-logs", Delete={"Objects": [{"Key": "a/b c+d"}]})


def test_what_watches(aws: Aws) -> None:
    logs, watch, topics, budgets = (aws.client(name) for name in ("logs", "cloudwatch", "sns", "budgets"))
    logs.create_log_group(logGroupName="/aws/eks/orders", tags={"a": "b"})
    logs.put_retention_policy(logGroupName="/aws/eks/orders", retentionInDays=30)
    assert logs.describe_log_groups(logGroupNamePrefix="/aws")["logGroups"][0]["retentionInDays"] == 30
    topic = topics.create_topic(Name="alerts", Tags=TAGS)["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.test")
    alarm = {"AlarmName": "cpu", "MetricName": "CPUUtilization", "Namespace": "AWS/RDS", "Statistic": "Average", "Period": 60}
    watch.put_metric_alarm(**alarm, EvaluationPeriods=1, Threshold=80.0, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic], Tags=TAGS)
    assert [each["AlarmName"] for each in watch.describe_alarms()["MetricAlarms"]] == ["cpu"]
    budget = {"BudgetName": "month", "BudgetLimit": {"Amount": "500", "Unit": "USD"}, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
    budgets.create_budget(AccountId=aws.account_id, Budget=budget)
    budgets.describe_budget(AccountId=aws.account_id, BudgetName="month")
    absent(budgets, "NotFoundException", "describe_budget", AccountId=aws.account_id, BudgetName="year")


def test_load_balancers(aws: Aws) -> None:
    ec2, balancers = aws.client("ec2"), aws.client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-central-1{zone}")["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    balancer = balancers.create_load_balancer(Name="shop", Subnets=subnets, Tags=TAGS)["LoadBalancers"][0]["LoadBalancerArn"]
    targets = balancers.create_target_group(Name="shop", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": targets}]
    balancers.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=forward)
    balancers.describe_listeners(LoadBalancerArn=balancer)
    balancers.describe_target_health(TargetGroupArn=targets)
    balancers.describe_tags(ResourceArns=[balancer])
    found = aws.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": "slipway:environment", "Values": ["test"]}])
    assert balancer in [each["ResourceARN"] for each in found["ResourceTagMappingList"]]
    absent(balancers, "LoadBalancerNotFound", "describe_load_balancers", Names=["nobody"])
    balancers.delete_load_balancer(LoadBalancerArn=balancer)
    balancers.delete_target_group(TargetGroupArn=targets)
