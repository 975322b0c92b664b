# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for EKS as tasks, from their options to what Ansible gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import actions
from support.aws import SECRET_KEY
from support.eks_core import Rig
from support.eks_core import rig as made


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with made(monkeypatch) as found:
        yield found


def test_a_cluster_in_check_mode(rig: Rig) -> None:
    result = actions.run("eks_cluster", True, **rig.aws.params(), name="one", role_arn=rig.role, subnets=rig.subnets, version="1.35", kms_key="alias/x")
    assert (result["changed"], result["actions"], result["support"]["status"]) == (True, ("create",), "STANDARD_SUPPORT")
    assert "can't be undone" in result["warnings"][0]
    assert "role_arn" in result["diff"]["after"]


def test_what_aws_refuses_is_the_tasks_failure(rig: Rig) -> None:
    result = actions.run("eks_cluster", **rig.aws.params(), name="one", role_arn=rig.role, subnets=rig.subnets, version="1.2")
    assert result["failed"]
    assert "EKS does not offer Kubernetes '1.2'" in result["msg"]


def test_looking(rig: Rig) -> None:
    rig.cluster(version="1.35")
    result = actions.run("eks_cluster_info", **rig.aws.params(), name="one")
    assert (result["changed"], result["status"], result["settings"]["version"]) == (False, "ACTIVE", "1.35")
    assert result["insights"][0]["status"] == "PASSING"


def test_what_belongs_to_a_cluster(rig: Rig, tmp_path: Path) -> None:
    rig.cluster(**rig.auto(version="1.35"))
    where = {**rig.aws.params(), "cluster": "one"}
    role = rig.make_role("pods", "pods.eks.amazonaws.com")
    for name, options in (
        ("eks_access_entry", {"entries": [{"principal_arn": role, "policies": [{"policy": "AmazonEKSViewPolicy", "namespaces": ["shop"]}]}]}),
        ("eks_pod_identity_association", {"associations": [{"namespace": "shop", "service_account": "web", "role_arn": role}]}),
        ("eks_addon", {"addons": [{"name": "metrics-server"}], "wait": False}),
        ("eks_kubeconfig", {"path": str(tmp_path / "kubeconfig")}),
    ):
        result = actions.run(name, **where, **options)
        assert (name, result.get("msg"), result["changed"]) == (name, None, True)
        assert SECRET_KEY not in repr(result)
    planned = actions.run("eks_nodegroup", True, **where, nodegroups=[{"name": "workers", "role_arn": rig.node_role, "subnets": rig.subnets}])
    assert planned["actions"] == ("create workers",)


def test_an_unknown_option_is_told_with_its_place(rig: Rig) -> None:
    result = actions.run("eks_access_entry", **rig.aws.params(), cluster="one", entries=[{"principal": "x"}])
    assert "entries: unknown option 'principal'; did you mean" in result["msg"]
