# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment on AWS in this process: made by the roles themselves, with a cluster's API and what stands for its load balancing; and its playbooks."""

from __future__ import annotations

import copy
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from support import kube_api
from support.alb import TRAEFIK, define
from support.aws import Aws
from support.kube_api import KubeApi
from support.playbooks import ansible_playbook
from support.tree import CHECKOUT

from simulator.eks.backend import state_of
from simulator.eks.control_plane import ControlPlane, generated
from simulator.world.alb.controller import Controller, Surroundings
from simulator.world.alb.elb import Elb
from simulator.world.authority import Authority
from simulator.world.eks import Held
from simulator.world.places import Places

ACCOUNTS = {"prod": "444455556666", "dev": "111122223333", "stage": "111122223333"}
MAKE = CHECKOUT / "tests/fixtures/teardown/make.yml"
PEOPLE = ("slipway-admins", "slipway-developers", "slipway-readers")


class Cluster(KubeApi):
    """With what a cluster's own controllers do: finalizers hold, and what is in a namespace goes with it. ``gone``: nobody answers any more."""

    def _delete(self, path: str, body: dict[str, Any], dry: bool) -> tuple[int, Any]:
        live = self.objects.get(path)
        if live and not dry and live["metadata"].get("finalizers"):
            live["metadata"].setdefault("deletionTimestamp", "2026-11-21T12:00:00Z")
            return 200, copy.deepcopy(live)
        answer = super()._delete(path, body, dry)
        if live and not dry and live["kind"] == "Namespace":
            for inside in [each for each in self.objects if f"/namespaces/{live['metadata']['name']}/" in each]:
                del self.objects[inside]
        return answer

    def _store(self, path: str, live: dict[str, Any], manager: str, operation: str, dry: bool = False, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        stored = super()._store(path, live, manager, operation, dry, fields)
        metadata = stored["metadata"]
        if not dry and metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            del self.objects[path]
        return stored


class Environment:
    """``run``: a playbook as a user would start it. ``log``: operations of AWS that wrote, in order."""

    def __init__(self, aws: Aws, kube: KubeApi, folder: Path, name: str = "prod") -> None:
        self.aws, self.kube, self.folder, self.name = aws, kube, folder, name
        self.state_dir = folder / "state"
        self.called = f"{name}{os.getpid()}"  # the lock is the machine's, and others may rehearse
        self.namespace = "hello" if name == "prod" else f"hello-{self.called}"
        state = state_of(aws.world, aws.account_id, aws.region)
        state.control_plane = self._plane
        domain = "example.com" if name == "prod" else f"{name}.example.com"
        self.zone = aws.client("route53").create_hosted_zone(Name=domain, CallerReference=name)["HostedZone"]["Id"].rpartition("/")[2]
        self._people()
        define(kube)
        around = Surroundings(Places(), Authority(folder / "tls").files, folder / "balancers", TRAEFIK, aws.clock)
        held = Held(aws.account_id, aws.region, "slipway-prod" if name == "prod" else "slipway-nonprod")
        self.controller = Controller(Client(connect(kube.kubeconfig(folder))), Elb(aws.simulator, held), around)

    def _plane(self, name: str, region: str, now: Any) -> ControlPlane:
        made_up = generated(name, region, now)
        return ControlPlane(self.kube.url, made_up.authority, made_up.issuer)

    def _people(self) -> None:
        """Whom the account has before anybody runs anything."""
        iam = self.aws.client("iam")
        iam.create_user(UserName="simulated")
        for name in PEOPLE:
            iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")

    @property
    def writes(self) -> list[str]:
        return [call.operation for call in self.aws.log if call.write]

    @property
    def deleted(self) -> list[str]:
        """Paths of what was deleted in the cluster, in order."""
        return [line.removeprefix("DELETE ") for line in self.kube.log if line.startswith("DELETE")]

    def left(self) -> dict[str, list[str]]:
        """What costs, or would be in the next one's way, as boto3 tells it, by kind; empty for nothing."""
        ec2, elb = self.aws.client("ec2"), self.aws.client("elbv2")
        records = self.aws.client("route53").list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        found = {
            "cluster": self.aws.client("eks").list_clusters()["clusters"],
            "network": [each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"] if not each["IsDefault"]],
            "group": [each["GroupName"] for each in ec2.describe_security_groups()["SecurityGroups"] if each["GroupName"] != "default"],
            "address": [each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]],
            "gateway": [each["NatGatewayId"] for each in ec2.describe_nat_gateways()["NatGateways"] if each["State"] != "deleted"],
            "interface": [each["NetworkInterfaceId"] for each in ec2.describe_network_interfaces()["NetworkInterfaces"]],
            "balancer": [each["LoadBalancerName"] for each in elb.describe_load_balancers()["LoadBalancers"]],
            "targets": [each["TargetGroupName"] for each in elb.describe_target_groups()["TargetGroups"]],
            "database": [each["DBInstanceIdentifier"] for each in self.aws.client("rds").describe_db_instances()["DBInstances"]],
            "certificate": [each["DomainName"] for each in self.aws.client("acm").list_certificates()["CertificateSummaryList"]],
            "logs": [each["logGroupName"] for each in self.aws.client("logs").describe_log_groups()["logGroups"]],
            "role": [each["RoleName"] for each in self.aws.client("iam").list_roles()["Roles"] if each["RoleName"] not in PEOPLE],
            "record": [each["Name"] for each in records if each["Type"] not in ("NS", "SOA")],
        }
        return {kind: names for kind, names in found.items() if names}

    def make(self) -> None:
        done = self.run(MAKE)
        assert done.returncode == 0, done.stdout + done.stderr
        self.aws.log.clear()
        self.kube.log.clear()

    def teardown(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run(CHECKOUT / "teardown.yml", *arguments, **more)

    def run(self, playbook: Path, *arguments: str, until: Callable[[], bool] | None = None, **extra: Any) -> subprocess.CompletedProcess[str]:
        """``until``: when the run is killed. A minute of AWS passes between two looks of the controller."""
        given = {"slipway_state_dir": str(self.state_dir), "slipway_environment": self.called, "slipway_namespace": self.namespace}
        given |= {"slipway_secrets": [{"name": "session"}], **extra}
        environ = {**self.aws.environ, "TMPDIR": str(self.folder)}  # what a killed run leaves

        def meanwhile() -> bool:
            if until and until():
                return True
            if not self.kube.faults:  # a cluster that nobody reaches has no controller either
                self.controller.look()
            self.aws.clock.advance(60)
            return False

        return ansible_playbook("-i", CHECKOUT / self.name, playbook, *arguments, extra=given, environ=environ, meanwhile=meanwhile, seconds=600)


@contextmanager
def environment(aws: Aws, folder: Path, name: str = "prod") -> Iterator[Environment]:
    with kube_api.running(Cluster()) as kube:
        made = Environment(aws, kube, folder, name)
        try:
            yield made
        finally:
            made.controller.stop()
