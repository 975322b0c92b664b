# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role postgres sends to a cluster and returns for a server in RDS, rendered by Ansible's own templating."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from support.pod_security import violations
from support.roles import variable

INPUTS: dict[str, Any] = {
    "postgres_provider": "rds",
    "postgres_registry": {"host": "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "pull_secret_file": ""},
    "postgres_name": "slipway-prod",
    "postgres_network": {"vpc_id": "vpc-1", "subnets": ["subnet-1", "subnet-2"], "security_groups": ["sg-1"], "cidrs": ["10.20.0.0/16"]},
    "__postgres_image": {"images": {"postgres-client": {"reference": "registry/slipway/postgres-client@sha256:abc"}}},
    "__postgres_instance": {"endpoint": "shop.rds.example", "arn": "arn:rds", "secret_arn": "arn:secret", "engine_version": "17.6", "pending": {}},
    "__postgres_databases": {"bindings": [{"service": "hello"}], "orphans": []},
}


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    init_plugin_loader()


def render(name: str, **inputs: Any) -> Any:
    return variable("postgres", name, **(INPUTS | inputs))


def objects(**inputs: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(item["kind"], item["metadata"]["name"]): item for item in render("__postgres_client_objects", **inputs)}


def test_the_pod_that_asks_holds_no_secret_and_meets_the_restricted_standard() -> None:
    made = objects()
    spec = made["StatefulSet", "postgres-client"]["spec"]["template"]["spec"]
    assert violations(spec) == []
    assert spec["volumes"] == [{"name": "authorities", "configMap": {"name": "postgres-ca"}}]
    assert "env" not in spec["containers"][0]
    assert not [kind for kind, _name in made if kind == "Secret"]


def test_it_reaches_names_and_the_database_and_nobody_reaches_it() -> None:
    policy = objects()["NetworkPolicy", "postgres-client"]["spec"]
    names, database = policy["egress"]
    assert {each["port"] for each in names["ports"]} == {53}
    assert database == {"ports": [{"port": 5432, "protocol": "TCP"}], "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}
    assert "ingress" not in policy
    assert objects()["NetworkPolicy", "default-deny"]["spec"]["podSelector"] == {}


def test_other_authorities_are_another_pod(tmp_path: Path) -> None:
    def template(content: str) -> tuple[Any, Any]:
        (tmp_path / "ca.crt").write_text(content)
        made = objects(postgres_ca_file=str(tmp_path / "ca.crt"))
        return made["ConfigMap", "postgres-ca"]["data"]["ca.crt"], made["StatefulSet", "postgres-client"]["spec"]["template"]["metadata"]["annotations"]

    one, another = template("one"), template("another")
    assert (one[0], another[0]) == ("one", "another")
    assert one[1] != another[1]


def test_the_result_says_where_the_server_is_and_how_it_is_asked() -> None:
    found = {**render("__postgres_result"), **render("__postgres_result_of[postgres_provider]")}
    assert (found["provider"], found["host"], found["port"]) == ("rds", "shop.rds.example", 5432)
    assert (found["cidrs"], found["secret_arn"], found["instance_arn"]) == (["10.20.0.0/16"], "arn:secret", "arn:rds")
    assert found["psql"] == {
        "namespace": "postgres",
        "pod": "postgres-client-0",
        "administrator": {"host": "shop.rds.example", "port": 5432, "secret_arn": "arn:secret", "ca_file": "/etc/postgresql-ca/ca.crt"},
    }
    assert "namespace" not in found, "or network policies would look for its pods"


def test_logs_are_kept_for_as_long_as_is_said() -> None:
    assert render("__postgres_log_groups", postgres_log_retention_days=14) == [
        {"name": "/aws/rds/instance/slipway-prod/postgresql", "retention": 14},
        {"name": "/aws/rds/instance/slipway-prod/upgrade", "retention": 14},
    ]
