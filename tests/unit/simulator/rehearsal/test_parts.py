# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal decides and says, without a cluster: ports, names, prerequisites, the report."""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.aws import running
from support.tree import CHECKOUT

from simulator.record import Call
from simulator.rehearsal import account, facts, process, report, resolver
from simulator.rehearsal.facts import Facts, RehearsalError
from simulator.rehearsal.run import Rehearsal
from simulator.world.parts import REAL, Part

COREFILE = """.:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
}
"""


def call(service: str, operation: str, resource: str, write: bool = False, source: str = "moto") -> Call:
    return Call("2026-11-22T00:00:00+00:00", service, "eu-central-1", "1", operation, write, resource, 200, "", source, {}, 1.0, "")


# -- ports


def test_ports_are_a_free_block_and_stay(tmp_path: Path) -> None:
    file = tmp_path / "prod.aws" / "ports.json"
    usual = facts.ports(tmp_path / "usual.json", "prod", lambda _: True)
    found = facts.ports(file, "prod", lambda port: port != usual.api)
    assert {found.registry, found.pull, found.api}.isdisjoint({usual.registry, usual.pull, usual.api}), "a block of which one is taken is not used"
    assert facts.ports(file, "prod", lambda _: False) == found, "what listens there now is this rehearsal"
    assert facts.ports(tmp_path / "dev.json", "dev", lambda _: True) != usual, "two that begin at the same time"


def test_no_free_ports(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="no free ports"):
        facts.ports(tmp_path / "ports.json", "prod", lambda _: False)
    assert not (tmp_path / "ports.json").exists()


def test_facts_come_back_as_the_playbook_wrote_them(tmp_path: Path) -> None:
    known = Facts("444455556666", "eu-central-1", "", "example.com", ("arn:aws:iam::444455556666:role/admins",))
    (tmp_path / "facts.json").write_text(json.dumps(asdict(known)))
    assert facts.read(tmp_path / "facts.json") == known


# -- names


def test_pods_ask_the_simulated_aws() -> None:
    wanted = resolver.forwarded(COREFILE, "10.89.0.1:5353")
    assert wanted == COREFILE.replace("/etc/resolv.conf", "10.89.0.1:5353")
    assert resolver.forwarded(wanted, "10.89.0.1:5353") == wanted
    assert resolver.forwarded("    forward . 1.1.1.1\n", "10.89.0.1:5353") == "    forward . 10.89.0.1:5353\n"


def test_a_coredns_that_forwards_nothing() -> None:
    with pytest.raises(RehearsalError, match="forwards nothing"):
        resolver.forwarded(".:53 {\n    errors\n}\n", "10.89.0.1:53")


# -- the account


def test_an_account_has_its_zone_and_its_people() -> None:
    people = ("arn:aws:iam::123456789012:role/team/admins", "arn:aws:iam::123456789012:user/ada")
    with running() as aws:
        known = Facts("123456789012", "eu-central-1", "", "example.com", people)
        keys = "[default]\naws_access_key_id = AKIASIMULATOR0000001\naws_secret_access_key = simulated/simulated/simulated/simulated0\n"
        assert account.prepare(aws.url, keys, known) == ["the hosted zone example.com, delegated", "the role admins", "the user ada"]
        before = dict(aws.writes)
        assert sorted(before) == ["iam Role admins", "iam User ada", "route53 HostedZone example.com."]
        account.prepare(aws.url, keys, known)
        assert aws.writes == before, "what is there is left alone"


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        ("arn:aws:iam::999999999999:role/admins", "belongs to account 999999999999"),
        ("arn:aws:sts::123456789012:assumed-role/a/b", "is no role and no user"),
        ("admins", "is no role and no user"),
    ],
)
def test_people_who_cannot_be(arn: str, said: str) -> None:
    with running() as aws, pytest.raises(RehearsalError, match=said):
        account.prepare(aws.url, "aws_access_key_id = A\naws_secret_access_key = B\n", Facts("123456789012", "eu-central-1", "", "", (arn,)))


def test_the_profile_of_the_inventory_has_the_key_and_no_other() -> None:
    keys = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n"
    assert account.with_profile(keys, "") == keys
    found = configparser.ConfigParser()
    found.read_string(account.with_profile(keys, "company-prod"))
    assert found.sections() == ["company-prod"]
    assert dict(found["company-prod"]) == {"aws_access_key_id": "A", "aws_secret_access_key": "B"}


# -- the report


def test_what_a_run_ends_with() -> None:
    made = [
        call("eks", "DescribeCluster", "Cluster prod"),
        call("eks", "CreateCluster", "Cluster prod", write=True, source="own"),
        call("ec2", "CreateSubnet", "Subnet vpc-1", write=True),
        call("ec2", "CreateSubnet", "Subnet vpc-1", write=True),
    ]
    tasks = [
        {"name": "Have the cluster", "status": "changed", "why": ""},
        {"name": "Kind", "status": "skipped", "why": "cluster_provider == 'kind'"},
    ]
    ran = report.Ran("site.yml", 0, 61.4, tasks, {"changed": 1, "failures": 0})
    asked = report.Asked(made, ["eks CreateCluster: no such parameter"], [Part("ECR", REAL, "a registry")], ["PostgreSQL is another"])
    said = report.lines(ran, asked, ["curl https://hello.example.com/"])
    assert said[0] == "Rehearsed: site.yml in 61 s, status 0, changed 1, failures 0"
    text = "\n".join(said)
    for line in (
        "AWS was asked: 4 calls, 3 of them writes",
        "  ec2     2 calls    2 writes",
        "  ec2 Subnet vpc-1: CreateSubnet (2x)",
        "  eks Cluster prod: CreateCluster",
        "Tasks: 1 executed, 1 skipped:",
        "  Kind: cluster_provider == 'kind'",
        "  PostgreSQL is another",
        "Against AWS's models: 1",
        "  eks CreateCluster: no such parameter",
        "  curl https://hello.example.com/",
    ):
        assert f"\n{line}" in text


def test_a_run_that_did_nothing() -> None:
    said = report.lines(report.Ran("site.yml", 4, 0.6), report.Asked([], [], [], []), [])
    assert said[0] == "Rehearsed: site.yml in 1 s, status 4"
    assert {"Written: nothing", "Tasks: 0 executed, 0 skipped", "Against AWS's models: nothing"} <= set(said)


def plugin() -> Any:
    path = CHECKOUT / "simulator" / "rehearsal" / "callback" / "rehearsal.py"
    spec = importlib.util.spec_from_file_location("rehearsal_callback", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CallbackModule()


def test_a_task_that_ran_once_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_REHEARSAL_RECORD", str(tmp_path / "tasks.json"))
    noting = plugin()

    def result(name: str, **said: Any) -> Any:
        return SimpleNamespace(task=SimpleNamespace(get_path=lambda: f"{name}.yml:1", get_name=lambda: name), result=said)

    noting.v2_runner_on_skipped(result("a", false_condition="x == 'y'"))
    noting.v2_runner_on_skipped(result("b", skip_reason="No items in the list"))
    noting.v2_runner_on_ok(result("b", changed=True))
    noting.v2_runner_on_ok(result("b", changed=False))
    noting.v2_runner_on_failed(result("c"))
    stats = {"ok": {"localhost": 3}, "changed": {"localhost": 1}, "skipped": {}, "failures": {"localhost": 1}, "dark": {}, "rescued": {}}
    noting.v2_playbook_on_stats(SimpleNamespace(**stats))
    noted = json.loads((tmp_path / "tasks.json").read_text())
    assert [(each["name"], each["status"], each["why"]) for each in noted["tasks"]] == [("a", "skipped", "x == 'y'"), ("b", "changed", ""), ("c", "failed", "")]
    assert noted["totals"]["changed"] == 1


# -- the process


def fake_process(proc: Path, pid: int, *words: str) -> None:
    (proc / str(pid)).mkdir(parents=True)
    (proc / str(pid) / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")


def test_a_simulator_is_known_by_its_folder(tmp_path: Path) -> None:
    fake_process(tmp_path, 12, "python", "-m", "simulator", "--world", "/srv/prod.aws/world", "--speed", "60")
    fake_process(tmp_path, 13, "python", "-m", "simulator", "--world", "/srv/stage.aws/world")
    fake_process(tmp_path, 14, "tail", "-f", "/srv/prod.aws/world/log")
    assert process.running(Path("/srv/prod.aws/world"), tmp_path) == [12]
    assert process.running(Path("/srv/dev.aws/world"), tmp_path) == []


def test_a_simulated_aws_starts_once_and_ends(tmp_path: Path) -> None:
    world = tmp_path / "world"
    try:
        assert process.start(world, {"address": "127.0.0.1"}, "444455556666", "eu-central-1")
        pid = process.state(world)["pid"]
        assert not process.start(world, {"address": "127.0.0.1"}, "444455556666", "eu-central-1"), "it is there"
        assert process.running(world) == [pid]
        os.kill(pid, 9)
        while process.running(world):
            pass
        assert not process.ready(world), "what its state says is of a process that is gone"
        assert process.start(world, {"address": "127.0.0.1"}, "444455556666", "eu-central-1")
    finally:
        process.stop(world)
    assert process.running(world) == []
    assert process.state(world) == {}


def test_a_simulated_aws_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(process.ProcessError, match="it has nonsense"):
        process.start(tmp_path / "world", {"nonsense": 1}, "", "")
    assert process.running(tmp_path / "world") == []


# -- the command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "there is no environment (none was named); there are dev, local, prod, stage"),
        (("prdo",), "there is no environment prdo"),
        (("prod", "--playbook", "sight.yml"), "there is no playbook sight.yml"),
        (("prod", "--faults", "none.json"), "there is no file none.json"),
    ],
)
def test_what_cannot_be_rehearsed_touches_nothing(arguments: tuple[str, ...], said: str) -> None:
    told = subprocess.run([sys.executable, "-m", "simulator.rehearsal", *arguments], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert f"rehearse: {said}" in told.stderr


def test_an_environment_of_this_machine_is_not_rehearsed() -> None:
    folder = CHECKOUT / ".slipway" / "rehearsal" / "local.aws"
    with pytest.raises(RehearsalError) as caught:
        Rehearsal(CHECKOUT, "local", say=lambda _: None).have()
    said = str(caught.value)
    assert said.startswith("local is not rehearsed: its cluster_provider is kind and its registry_provider local, and")
    assert len(said.splitlines()) == 1
    assert not folder.exists(), "nothing was begun"
