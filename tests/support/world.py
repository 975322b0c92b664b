# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS with its world around it, in this process; clients meet it as they would meet AWS: by its own names."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from support.aws import REGION

from simulator.application import Simulator
from simulator.clock import ManualClock
from simulator.world import run, settings
from simulator.world.run import State


class World:
    """``simulator`` and ``state``: for whoever looks behind; ``client`` needs the environment of ``into``."""

    def __init__(self, simulator: Simulator, state: State, clock: ManualClock, folder: Path) -> None:
        self.simulator, self.state, self.clock, self.folder = simulator, state, clock, folder

    def into(self, environment: pytest.MonkeyPatch) -> None:
        """This process's environment: what the state says, and nothing of the user's."""
        for name in (name for name in os.environ if name.startswith("AWS_")):
            environment.delenv(name)
        for name, value in {**self.state.environment, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}.items():
            environment.setenv(name, value)

    def client(self, service: str, **options: Any) -> Any:
        """boto3's, that tries once; no endpoint is given."""
        session = boto3.session.Session(region_name=options.pop("region_name", REGION))
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30).merge(options.pop("config", None) or Config())
        return session.client(service, config=config, **options)

    def get(self, url: str) -> tuple[int, Any, bytes]:
        """Status, headers and body, by the proxy; urllib's own opener would remember that of an earlier test."""
        try:
            with urllib.request.build_opener().open(url, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def cluster(self, name: str = "prod", **more: Any) -> dict[str, Any]:
        """An EKS cluster that is ACTIVE, with a network and a role of its own."""
        ec2, iam, eks = (self.client(service) for service in ("ec2", "iam", "eks"))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        statement = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = iam.create_role(RoleName=f"{name}-cluster", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
        eks.create_cluster(name=name, roleArn=role, resourcesVpcConfig={"subnetIds": subnets}, **{"accessConfig": access, **more})
        self.clock.advance(3600)
        found: dict[str, Any] = eks.describe_cluster(name=name)["cluster"]
        return found


@contextmanager
def running(folder: Path, clock: ManualClock | None = None, **given: Any) -> Iterator[World]:
    """``given``: settings.json. Not two at a time, and not beside support.aws; it ends with an error if something went against the service models."""
    clock = clock or ManualClock()
    simulator = Simulator(clock=clock)
    simulator.reset()
    folder.mkdir(exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(given))
    with run.running(simulator, folder, settings.read(folder / "settings.json")) as state:
        yield World(simulator, state, clock, folder)
    assert not simulator.violations, "\n".join(map(str, simulator.violations))
