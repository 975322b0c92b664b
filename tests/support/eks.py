# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty AWS with a network and the roles that EKS needs, seen through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.aws import Aws

from simulator.clock import ManualClock
from simulator.eks.backend import state_of
from simulator.eks.state import Cluster, EksState


class Account:
    """What the tests do over and over. ``refused`` is how EKS says no: its code and its message."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.eks = aws.client("eks")
        self._iam = aws.client("iam")
        self._roles: dict[str, str] = {}
        ec2 = aws.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [self.subnet(zone, number) for number, zone in enumerate("abc")]
        self.role = self.make_role("cluster", "eks.amazonaws.com")
        self.node_role = self.make_role("node", "ec2.amazonaws.com")

    def renew(self) -> None:
        """Forgets the clusters, and the time that has passed."""
        self.aws.world.reset()
        self.aws.clock = self.aws.world.clock = ManualClock()
        assert not self.aws.violations

    @property
    def state(self) -> EksState:
        return state_of(self.aws.world, self.aws.account_id, self.aws.region)

    def inside(self, name: str = "one") -> Cluster:
        return self.state.clusters[name]

    def subnet(self, zone: str, number: int, vpc: str = "") -> str:
        made = self.aws.client("ec2").create_subnet(VpcId=vpc or self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{self.aws.region}{zone}")
        return str(made["Subnet"]["SubnetId"])

    def make_role(self, name: str, service: str, path: str = "/") -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return str(self._iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)["Role"]["Arn"])

    def role_for(self, name: str, service: str = "ec2.amazonaws.com", path: str = "/") -> str:
        """The role of this name, made when a test first asks for it."""
        if name not in self._roles:
            self._roles[name] = self.make_role(name, service, path)
        return self._roles[name]

    def create(self, name: str = "one", **more: Any) -> dict[str, Any]:
        """A cluster in the making, with access entries unless ``more`` says otherwise."""
        arguments = {"roleArn": self.role, "resourcesVpcConfig": {"subnetIds": self.subnets}, "accessConfig": {"authenticationMode": "API"}} | more
        created: dict[str, Any] = self.eks.create_cluster(name=name, **arguments)["cluster"]
        return created

    def cluster(self, name: str = "one", **more: Any) -> dict[str, Any]:
        """A cluster that is ACTIVE."""
        self.create(name, **more)
        self.aws.clock.advance(self.state.timing.cluster)
        return self.describe(name)

    def auto(self, **more: Any) -> dict[str, Any]:
        """The parameters of Auto Mode."""
        return {
            "bootstrapSelfManagedAddons": False,
            "computeConfig": {"enabled": True, "nodePools": ["system"], "nodeRoleArn": self.node_role},
            "storageConfig": {"blockStorage": {"enabled": True}},
            "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
        } | more

    def describe(self, name: str = "one") -> dict[str, Any]:
        described: dict[str, Any] = self.eks.describe_cluster(name=name)["cluster"]
        return described

    def later(self) -> None:
        """So late that everything that was begun is done."""
        self.aws.clock.advance(3600)

    def update(self, **change: Any) -> dict[str, Any]:
        begun: dict[str, Any] = self.eks.update_cluster_config(name="one", **change)["update"]
        return begun

    def update_status(self, update: dict[str, Any], **of: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.eks.describe_update(name="one", updateId=update["id"], **of)["update"]
        return shown


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]
