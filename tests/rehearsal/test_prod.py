# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Production from nothing to its answer and back to nothing, on this machine: one test after the other, on one rehearsal.

The environment is prod as its inventory has it, and a secret beside, for its services have none: whoever delivers secrets is to be made, too.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from support.tree import CHECKOUT, load_yaml

from simulator.record import Call, writes
from simulator.rehearsal import account, process
from simulator.rehearsal.report import Asked, Ran
from simulator.rehearsal.run import Rehearsal, Wanted

SECRET = {"slipway_secrets": [{"name": "api-key", "deliver": {"service": "hello", "namespace": "hello"}}]}
BESIDE = ("--extra-vars", json.dumps(SECRET))

# What prod does not want. Everything else of its playbook is executed.
NOT_WANTED = {
    "Start building the cluster's node image beside everything else": "cluster_provider is eks",
    "Kind": "cluster_provider is eks",
    "slipway.platform.secrets : Have the definitions of External Secrets at hand": "the machine's cache has them",
    "slipway.platform.image : Sign them": "no key that signs is named",
    "slipway.platform.release : Say at the digests what was deployed": "no key that signs is named",
    "slipway.platform.eks : Have the namespaces that developers work in": "nobody is a developer",
    "slipway.platform.eks : Let developers change what is theirs": "nobody is a developer",
    "slipway.platform.eks : Have the node groups": "nodes are Auto Mode's",
    "slipway.platform.eks : Bring the node groups to the version of the cluster": "nodes are Auto Mode's",
}

# A run that finds everything asks nothing twice, but for these: each is what several modules begin with.
AGAIN = {
    "sts GetCallerIdentity": 5,
    "ecr GetAuthorizationToken": 5,  # one for each module that pushes
    "eks DescribeCluster": 2,  # the cluster's module, and its kubeconfig's
    "iam GetAccountAuthorizationDetails": 2,
    "iam ListRoles": 2,
    "kms ListAliases": 2,
    "route53 ListHostedZonesByName": 4,
    "route53 ListResourceRecordSets": 4,
}
MOST_CALLS = 130


@pytest.fixture(scope="module")
def prod() -> Iterator[Rehearsal]:
    """Begins with nothing, and leaves nothing."""
    rehearsal = Rehearsal(CHECKOUT, "prod")
    rehearsal.down()
    yield rehearsal
    rehearsal.down()


def rehearsed(prod: Rehearsal, *arguments: str, playbook: str = "site.yml") -> tuple[Ran, Asked]:
    """Every run ends well, and asks AWS nothing that its models don't know."""
    ran, asked = prod.rehearse(Wanted(playbook, (*BESIDE, *arguments)))
    assert (ran.status, ran.totals.get("failures"), list(asked.violations)) == (0, 0, [])
    return ran, asked


def client(prod: Rehearsal) -> Client:
    """Of the real cluster's administrator, who is nobody of AWS."""
    found = Client(connect(prod.folders.kubeconfig, 1))
    found.until = found.clock() + 60
    return found


def test_check_mode_writes_nothing(prod: Rehearsal) -> None:
    ran, asked = rehearsed(prod, "--check")
    assert ran.totals["changed"] > 20, "it says what would be made"
    assert writes(asked.calls) == {}
    assert not [each for each in client(prod).find(BUILT_IN["", "v1", "Namespace"]) if each["metadata"]["name"] == "hello"]


def test_production_is_made(prod: Rehearsal) -> None:
    ran, asked = rehearsed(prod)
    skipped = {str(each["name"]) for each in ran.tasks if each["status"] == "skipped"} - {"Read what the roles returned"}
    assert skipped - NOT_WANTED.keys() == set(), "these tasks of prod were not rehearsed"
    assert {"eks Cluster slipway-prod", "rds DBInstance slipway-prod", "ecr Repository hello"} <= writes(asked.calls).keys()


def test_it_answers_over_https(prod: Rehearsal) -> None:
    state = process.state(prod.folders.world)
    summary = json.loads((prod.folders.state / "summary.json").read_text())
    handlers = (
        urllib.request.ProxyHandler({"https": state["environment"]["HTTPS_PROXY"]}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=state["ca_file"])),
    )
    answers = {}
    for service in summary["services"]:
        with urllib.request.build_opener(*handlers).open(service["url"], timeout=30) as answer:
            answers[service["url"]] = (answer.status, answer.read().decode())
    assert answers.keys() == {"https://hello.example.com/", "https://herald.example.com/"}
    assert {status for status, _ in answers.values()} == {200}
    hello, herald = answers["https://hello.example.com/"][1], answers["https://herald.example.com/"][1]
    assert "<h1>Hello, world!</h1>" in hello
    assert "eu-central-1" in hello, "a pod in a zone of the inventory answered"
    assert "Hello, world!" in herald, "one service reaches the other"


def test_what_secrets_manager_has_is_in_the_cluster(prod: Rehearsal) -> None:
    found = client(prod).get(BUILT_IN["", "v1", "Secret"], "hello", "api-key")
    assert found is not None
    assert len(found["data"]["value"]) > 20


def test_a_second_run_changes_nothing_and_asks_once(prod: Rehearsal) -> None:
    ran, asked = rehearsed(prod)
    assert [each["name"] for each in ran.tasks if each["status"] == "changed"] == []
    assert (ran.totals["changed"], writes(asked.calls)) == (0, {})
    assert asked_too_often(asked.calls) == {}
    assert len(asked.calls) <= MOST_CALLS


def test_a_minor_version_up(prod: Rehearsal) -> None:
    version = load_yaml(CHECKOUT / "inventories/prod/group_vars/all.yml")["eks_version"]
    major, minor = version.split(".")
    ran, asked = rehearsed(prod, "--extra-vars", f"eks_version={major}.{int(minor) + 1}")
    written = writes(asked.calls)
    assert written.pop("eks InsightsRefresh slipway-prod") == ["StartInsightsRefresh"], "insights first"
    assert written.pop("eks ClusterVersion slipway-prod") == ["UpdateClusterVersion"]
    assert {operation for operations in written.values() for operation in operations} <= {"UpdateAddon"}
    assert "slipway.platform.release : Release them" not in {each["name"] for each in ran.tasks if each["status"] == "changed"}, "services stay as they are"


def test_teardown_leaves_nothing(prod: Rehearsal) -> None:
    rehearsed(prod, "--extra-vars", "confirm=prod", playbook="playbooks/teardown.yml")
    state = process.state(prod.folders.world)
    client = account.clients(state["url"], Path(state["credentials_file"]).read_text(), "eu-central-1")
    assert client("eks").list_clusters()["clusters"] == []
    assert client("rds").describe_db_instances()["DBInstances"] == []
    assert client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert [each["VpcId"] for each in client("ec2").describe_vpcs()["Vpcs"] if not each["IsDefault"]] == []
    assert [each["RoleName"] for each in client("iam").list_roles()["Roles"] if each["RoleName"].startswith("slipway-prod")] == []
    zone = client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    kept = {each["Type"] for each in client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]}
    assert kept == {"NS", "SOA"}, "the zone is the account's, the records were ours"
    assert [each["DBSnapshotIdentifier"] for each in client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]] == ["slipway-prod-final"]


def test_nothing_is_left_on_the_machine(prod: Rehearsal) -> None:
    folders = prod.folders
    prod.down()
    for folder in (folders.around, folders.state):
        told = subprocess.run(
            [sys.executable, CHECKOUT / "molecule/shared/leftovers.py", folders.name, folder], capture_output=True, text=True, timeout=120, check=False
        )
        assert (told.returncode, told.stdout.strip()) == (0, "")
    assert process.running(folders.world) == []
    assert not list(Path("/tmp").glob("rds-*")), "no server of an instance runs any more"


def asked_too_often(calls: Sequence[Call]) -> dict[str, int]:
    """How often the same was asked for, where that was more than once and more than is known."""
    same = Counter((f"{each.service} {each.operation}", json.dumps(each.parameters, sort_keys=True)) for each in calls)
    return {f"{operation} {parameters}": number for (operation, parameters), number in same.items() if number > AGAIN.get(operation, 1)}
