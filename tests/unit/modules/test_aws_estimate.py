# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aws_estimate as a task, and as a run calls it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.actions import run
from support.playbooks import ansible_playbook
from support.tree import CHECKOUT, load_yaml

DATABASE: dict[str, Any] = {"environment": "prod", "region": "us-east-1", "database": {"instance_class": "db.m7g.large", "multi_az": False}}


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def test_check_mode_says_the_same() -> None:
    result, checked = run("aws_estimate", **DATABASE), run("aws_estimate", check_mode=True, **DATABASE)
    assert result == checked
    assert (result["changed"], result["total"], result["complete"]) == (False, 126.34, True)  # 730 x 0.168 + 20 x 0.115 + 1 + 0.40
    json.dumps(result)  # Ansible sends it on as JSON


def test_mistakes_are_told() -> None:
    assert run("aws_estimate", **DATABASE, clusters={})["msg"].startswith("unknown option 'clusters'; did you mean")
    assert "missing required arguments: zones found in cluster" in run("aws_estimate", **DATABASE, cluster={"nat": "single"})["msg"]
    assert run("aws_estimate", **DATABASE, pods={"web": 1})["msg"].startswith("pods: no role brings 'web'")


def test_a_run_for_prod_shows_it(tmp_path: Path) -> None:
    """The task as it stands, with the inventory as it is."""
    asks = next(task for task in load_yaml(CHECKOUT / "playbooks/tasks/look.yml") if "slipway.platform.score_info" in task)
    (says,) = load_yaml(CHECKOUT / "playbooks/tasks/estimate.yml")
    play = {"hosts": "all", "gather_facts": False, "vars_files": [str(CHECKOUT / "playbooks/vars.yml")], "tasks": [asks, says | {"register": "found"}]}
    play["tasks"].append({"ansible.builtin.copy": {"content": "{{ found | to_json }}", "dest": str(tmp_path / "found.json"), "mode": "0600"}})
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    done = ansible_playbook("-i", CHECKOUT / "prod", tmp_path / "play.yml")
    assert done.returncode == 0, done.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    inventory = load_yaml(CHECKOUT / "inventories/prod/group_vars/all.yml")
    items = {each["item"]: each["quantity"] for each in found["items"]}
    assert found["complete"] is True
    assert items["NAT gateways"] == len(inventory["eks_zones"])
    assert items[f"RDS PostgreSQL, {inventory['postgres_instance_class']}, with its standby"] == 1
    assert items["Application Load Balancer"] == 1
    assert found["prices"]["region"] == inventory["aws_region"]
    assert found["lines"][1].strip() in done.stdout
