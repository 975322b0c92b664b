# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories, databases, secrets, certificates and records as tasks: what comes out, and what a new user gets wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support import aws
from support.actions import run

TAGS = {"slipway:environment": "prod", "slipway:name": "shop"}
DATABASE = {"name": "shop", "engine_version": "17", "instance_class": "db.t4g.small", "subnets": ["subnet-1", "subnet-2"]}
TASKS: list[tuple[str, dict[str, Any]]] = [
    ("ecr_repository", {"repositories": [{"name": "shop/web"}], "tags": TAGS}),
    ("rds_instance", {**DATABASE, "tags": TAGS}),
    ("secretsmanager_secret", {"secrets": [{"name": "shop/session", "generate": {"key": {}}}], "tags": TAGS}),
    ("acm_certificate", {"domain": "shop.example.com", "zone": "example.com", "tags": TAGS}),
    ("route53_record", {"zone": "example.com", "records": [{"name": "www.example.com", "type": "A", "values": ["192.0.2.1"]}]}),
]


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[aws.Aws]:
    with aws.running() as found:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        found.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
        yield found


@pytest.mark.parametrize(("name", "args"), TASKS)
def test_a_plan_on_an_empty_account(simulated: aws.Aws, name: str, args: dict[str, Any]) -> None:
    result = run(name, check_mode=True, region=simulated.region, endpoint_url=simulated.url, **args)
    assert not result.get("failed"), result.get("msg")
    assert (result["changed"], bool(result["actions"])) == (True, True)
    assert result["diff"]["before"] != result["diff"]["after"]
    json.dumps(result)  # Ansible sends it on as JSON


def test_a_secret_of_a_task_comes_out_nowhere(simulated: aws.Aws) -> None:
    name, args = TASKS[2]
    results = [run(name, region=simulated.region, endpoint_url=simulated.url, **args), run(name, region=simulated.region, endpoint_url=simulated.url, **args)]
    assert [each["changed"] for each in results] == [True, False]
    value = json.loads(simulated.client("secretsmanager").get_secret_value(SecretId="shop/session")["SecretString"])["key"]
    assert len(value) == 32
    assert value not in json.dumps(results)


@pytest.mark.parametrize(
    ("name", "args", "says"),
    [
        ("ecr_repository", {"repositories": [{"name": "shop", "immutible": True}]}, "did you mean `immutable`?"),
        ("rds_instance", {**DATABASE, "password": "hunter2"}, "unknown option 'password'"),
        ("rds_instance", {**DATABASE, "region": "eu-centrall-1x"}, "is no name of a region"),
        ("secretsmanager_secret", {"secrets": [{"name": "a", "value": "hunter2"}]}, "did you mean `values`?"),
        ("acm_certificate", {"domain": "shop.example.com", "zone": "example.org"}, "not in zone example.org"),
        ("route53_record", {"zone": "example.com", "records": [{"name": "www.example.com", "type": "A", "value": "192.0.2.1"}]}, "did you mean `values`?"),
    ],
)
def test_wrong_input_is_told(simulated: aws.Aws, name: str, args: dict[str, Any], says: str) -> None:
    result = run(name, **{"region": simulated.region, "endpoint_url": simulated.url, **args})
    assert result["failed"]
    assert says in result["msg"]
    assert "hunter2" not in json.dumps(result)
