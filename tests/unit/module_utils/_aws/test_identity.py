# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is touched that the inventory does not mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.identity import Meant, findings
from support import aws as simulated

ROLE = "arn:aws:iam::{}:role/cluster"


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[simulated.Aws]:
    with simulated.running() as simulator:
        for name, value in simulator.environ.items():
            monkeypatch.setenv(name, value)
        yield simulator


@pytest.fixture
def aws(simulator: simulated.Aws) -> Aws:
    return Aws(Access(simulator.region, attempts=1))


def made(simulator: simulated.Aws, **tags: str) -> str:
    """A cluster; its endpoint."""
    ec2, iam = simulator.client("ec2"), simulator.client("iam")
    trusted = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="cluster", AssumeRolePolicyDocument=json.dumps(trusted))
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]][:2]
    eks = simulator.client("eks")
    eks.create_cluster(name="prod", roleArn=ROLE.format(simulator.account_id), resourcesVpcConfig={"subnetIds": subnets}, **({"tags": tags} if tags else {}))
    simulator.clock.advance(3600)
    return str(eks.describe_cluster(name="prod")["cluster"]["endpoint"])


def kubeconfig(folder: Path, server: str) -> Path:
    path = folder / "kubeconfig"
    path.write_text(f"clusters: [{{cluster: {{server: '{server}'}}}}]\n")
    return path


def test_what_is_meant_is_not_there_yet(simulator: simulated.Aws, aws: Aws, tmp_path: Path) -> None:
    assert findings(aws, Meant("prod", simulator.account_id, "prod", tmp_path / "kubeconfig")) == []


def test_another_account_is_not_touched(aws: Aws) -> None:
    (found,) = findings(aws, Meant("prod", "999999999999", "prod"))
    assert "of AWS account 123456789012" in found
    assert "means account 999999999999" in found


def test_a_cluster_of_ours(simulator: simulated.Aws, aws: Aws, tmp_path: Path) -> None:
    endpoint = made(simulator, **{"slipway:cluster": "prod"})
    assert findings(aws, Meant("prod", simulator.account_id, "prod", kubeconfig(tmp_path, endpoint))) == []


@pytest.mark.parametrize("tags", [{}, {"slipway:cluster": "dev"}])
def test_a_cluster_of_others(simulator: simulated.Aws, aws: Aws, tags: dict[str, str]) -> None:
    made(simulator, **tags)
    (found,) = findings(aws, Meant("prod", simulator.account_id, "prod"))
    assert "was not made by this project" in found


def test_a_kubeconfig_of_another_cluster(simulator: simulated.Aws, aws: Aws, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "https://other.example:6443")
    (found,) = findings(aws, Meant("prod", simulator.account_id, "prod", path))
    assert "there is no cluster prod in eu-central-1" in found
    made(simulator, **{"slipway:cluster": "prod"})
    (found,) = findings(aws, Meant("prod", simulator.account_id, "prod", path))
    assert "is of a cluster at https://other.example:6443" in found
    path.write_text("no kubeconfig")
    (found,) = findings(aws, Meant("prod", simulator.account_id, "prod", path))
    assert "can't be read" in found


def test_without_credentials(aws: Aws, simulator: simulated.Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    (found,) = findings(aws, Meant("prod", simulator.account_id))
    assert "there are no credentials for AWS here" in found


def test_a_region_that_nobody_knows_is_told_once_aws_can_not_be_asked(simulator: simulated.Aws) -> None:
    (found,) = findings(Aws(Access("eu-centrl-1", attempts=1)), Meant("prod", simulator.account_id, "prod"))
    assert "; and botocore here knows no region 'eu-centrl-1': did you mean `eu-central-1`?" in found
