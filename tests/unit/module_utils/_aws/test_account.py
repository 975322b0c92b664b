# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.account import caller
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws
from support import aws as simulated


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[simulated.Aws]:
    with simulated.running() as simulator:
        simulator.into(monkeypatch)
        yield simulator


def test_a_user(simulator: simulated.Aws) -> None:
    found = caller(Aws(Access("eu-central-1")))
    assert (found.account_id, found.partition, found.region) == (simulator.account_id, "aws", "eu-central-1")
    assert found.arn == found.principal_arn
    assert [call.operation for call in simulator.log] == ["GetCallerIdentity"]


def test_a_session_is_of_the_role_with_its_path(simulator: simulated.Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = simulator.client("iam").create_role(RoleName="deploy", Path="/ci/", AssumeRolePolicyDocument=json.dumps(trusted))["Role"]["Arn"]
    keys = simulator.client("sts").assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
    for name, key in (("AWS_ACCESS_KEY_ID", "AccessKeyId"), ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"), ("AWS_SESSION_TOKEN", "SessionToken")):
        monkeypatch.setenv(name, keys[key])
    found = caller(Aws(Access("eu-central-1")))
    assert found.arn.endswith(":assumed-role/deploy/ada")
    assert found.principal_arn == role
