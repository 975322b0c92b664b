# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""teardown.yml as a user starts it, against environments that the roles made on the simulated AWS."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._k8s.apply import apply
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.plan import Request
from support import aws
from support.environment import ACCOUNTS, Environment, environment
from support.kube_api import Fault


@contextmanager
def made(folder: Path, name: str) -> Iterator[Environment]:
    with aws.running(account_id=ACCOUNTS[name]) as simulated, environment(simulated, folder, name) as found:
        found.make()
        yield found


@pytest.fixture
def prod(tmp_path: Path) -> Iterator[Environment]:
    with made(tmp_path, "prod") as found:
        yield found


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Environment]:
    with made(tmp_path, "dev") as found:
        yield found


def plain(shown: str) -> str:
    """Lines that Ansible broke are whole again."""
    return re.sub(r"\s+", " ", shown)


def test_it_lists_asks_removes_and_ends_with_nothing_left(prod: Environment) -> None:
    listed = prod.teardown("--check")
    assert listed.returncode == 0, listed.stdout
    assert (prod.writes, prod.deleted) == ([], []), "check mode writes nothing"
    for line in (
        "Gateway ingress/gateway",
        "Namespace hello",
        "alias record hello.example.com A",
        "VPC vpc-",
        "cluster arn:aws:eks:",
        "role slipway-prod-nodes",
    ):
        assert f"- '- {line}" in listed.stdout
    assert f"database snapshot slipway-{prod.called}-final, the last of slipway-{prod.called}" in plain(listed.stdout)
    shutil.rmtree(prod.state_dir)  # another machine has none of it

    for wrong, told in ({}, "nothing was typed, so nothing was touched"), ({"confirm": "prodd"}, "prodd is not the name of this environment"):
        refused = prod.teardown(**wrong)
        assert refused.returncode != 0
        assert told in plain(refused.stdout)
        assert f"add -e confirm={prod.called}" in plain(refused.stdout)
        assert (prod.writes, prod.deleted) == ([], [])

    # It is killed twice, as a machine that fails would, and started again.
    for last in ("DeleteDBInstance", "DeleteCluster"):
        assert prod.teardown(confirm=prod.called, until=lambda last=last: last in prod.writes).returncode != 0  # type: ignore[misc]
    done = prod.teardown(confirm=prod.called)
    assert done.returncode == 0, done.stdout
    assert f"nothing of {prod.called} is left" in plain(done.stdout)
    assert prod.left() == {}

    order = [prod.writes.index(name) for name in ("ChangeResourceRecordSets", "DeleteCertificate", "DeletePodIdentityAssociation", "DeleteDBInstance")]
    order += [prod.writes.index(name) for name in ("DeleteCluster", "DeleteNatGateway", "DeleteVpc", "ScheduleKeyDeletion")]
    assert order == sorted(order)
    names = [path.rpartition("/")[2] for path in prod.deleted]
    assert names[0] == "gateway"
    assert names.index("hello") < names.index("external-secrets")
    assert "DeleteLoadBalancer" not in prod.writes, "the controller took it away"
    snapshots = prod.aws.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert [each["DBSnapshotIdentifier"] for each in snapshots] == [f"slipway-{prod.called}-final"]
    kept = plain(done.stdout).rpartition(f"nothing of {prod.called} is left")[2]
    for text in (f"database snapshot slipway-{prod.called}-final; remove it: aws rds delete-db-snapshot", "key alias/slipway-prod-secrets until 20"):
        assert text in kept
    assert re.search(rf"- secret slipway/{prod.called}/session-\w+ until 20[0-9-]+; remove it at once: aws secretsmanager delete-secret", kept)

    prod.aws.log.clear()
    again = prod.teardown()
    assert (again.returncode, prod.writes) == (0, []), again.stdout
    assert "changed=0" in again.stdout
    assert f"nothing of {prod.called} is left" in plain(again.stdout)


def test_a_cluster_that_nobody_reaches_holds_nothing_up(prod: Environment) -> None:
    prod.kube.faults.append(Fault("", "/", 503, {"kind": "Status", "message": "gone"}, times=10**6))
    done = prod.teardown(confirm=prod.called, slipway_purge=True)
    assert done.returncode == 0, done.stdout
    assert "not looked at: what is in cluster slipway-prod: " in plain(done.stdout)
    assert prod.left() == {}
    assert prod.writes.index("ChangeResourceRecordSets") < prod.writes.index("DeleteLoadBalancer")
    assert prod.writes.index("DeleteCluster") < prod.writes.index("DeleteLoadBalancer"), "its controller would make another one"
    assert prod.aws.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"] == []
    assert prod.aws.client("ecr").describe_repositories()["repositories"] == []
    assert prod.aws.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"] == []


def test_a_cluster_goes_with_the_last_who_use_it(dev: Environment) -> None:
    client = Client(connect(dev.kube.kubeconfig(dev.folder)))
    apply(client, Request("hello", "hello-stage", ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}},)), lambda _line: None)
    done = dev.teardown(confirm=dev.called)
    assert done.returncode == 0, done.stdout
    assert "cluster slipway-nonprod, in which there is still hello-stage" in plain(done.stdout)
    assert "/api/v1/namespaces/hello-stage" in dev.kube.objects
    assert f"/api/v1/namespaces/{dev.namespace}" not in dev.kube.objects
    left = dev.left()
    assert left.keys() == {"cluster", "network", "group", "address", "gateway", "interface", "logs", "role"}
    assert not [name for names in left.values() for name in names if dev.called in name]
    dev.aws.log.clear()
    again = dev.teardown()
    assert (again.returncode, dev.writes) == (0, []), again.stdout

    dev.kube.faults.append(Fault("", "/", 503, {"kind": "Status", "message": "gone"}, times=10**6))
    unknown = dev.teardown("--check")
    assert "cluster slipway-nonprod, in which there is still what was not looked at" in plain(unknown.stdout), "unknown is not empty"
    dev.kube.faults.clear()

    del dev.kube.objects["/api/v1/namespaces/hello-stage"]
    dev.kube.objects.pop("/api/v1/namespaces/hello-stage/secrets/applyset-hello")
    assert dev.teardown(confirm=dev.called).returncode == 0
    assert dev.left() == {}
    assert dev.aws.client("ecr").describe_repositories()["repositories"], "the registry is of several"
