# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed node groups: made, scaled, moved to another version, and refused what they can't be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotReady
from support.eks_core import TAGS, Rig

TAINT = {"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}


def workers(rig: Rig, **more: Any) -> dict[str, Any]:
    return {"name": "workers", "role_arn": rig.node_role, "subnets": rig.subnets, **more}


def full(rig: Rig) -> dict[str, Any]:
    return workers(
        rig,
        instance_types=["m7g.large", "m6g.large"],
        ami_type="BOTTLEROCKET_ARM_64",
        capacity_type="SPOT",
        disk_size=40,
        version="cluster",
        scaling={"min": 1, "max": 4, "desired": 2},
        labels={"pool": "workers"},
        taints=[TAINT],
        max_unavailable="33%",
        repair=True,
    )


def run(rig: Rig, *groups: dict[str, Any], check: bool = False, **more: Any) -> Any:
    return rig.run("nodegroups", check, **({"cluster": "one", "nodegroups": list(groups), "tags": TAGS} | more))


def found(rig: Rig) -> dict[str, Any]:
    described: dict[str, Any] = rig.eks.describe_nodegroup(clusterName="one", nodegroupName="workers")["nodegroup"]
    return described


def test_a_node_group_with_everything_and_a_second_run(rig: Rig) -> None:
    rig.cluster()
    with rig.nothing_written():
        planned = run(rig, full(rig), check=True)
    made = run(rig, full(rig))
    assert (planned.before, planned.after, planned.actions) == (made.before, made.after, made.actions)
    group = found(rig)
    assert (group["capacityType"], group["diskSize"], group["instanceTypes"]) == ("SPOT", 40, ["m7g.large", "m6g.large"])
    assert group["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 2}
    assert (group["labels"], group["taints"], group["tags"]) == ({"pool": "workers"}, [TAINT], TAGS)
    assert (group["updateConfig"]["maxUnavailablePercentage"], group["nodeRepairConfig"]["enabled"]) == (33, True)
    assert (made.nodegroups[0]["status"], made.warnings) == ("ACTIVE", ())
    with rig.calls() as calls:
        assert not run(rig, full(rig)).changed
    assert calls == {"ListNodegroups": 1, "DescribeNodegroup": 1, "DescribeCluster": 1}


def test_check_mode_where_there_is_no_cluster_yet(rig: Rig) -> None:
    with rig.nothing_written():
        assert run(rig, full(rig), check=True).actions == ("create workers",)


@pytest.mark.parametrize(
    ("change", "members"),
    [
        ({"scaling": {"min": 2, "max": 6}}, {"scalingConfig": {"minSize": 2, "maxSize": 6, "desiredSize": 2}}),
        ({"scaling": {"min": 3, "max": 6}}, {"scalingConfig": {"minSize": 3, "maxSize": 6, "desiredSize": 3}}),
        ({"scaling": {"max": 1}}, {"scalingConfig": {"minSize": 1, "maxSize": 1, "desiredSize": 1}}),
        ({"scaling": {"desired": 4}}, {"scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 4}}),
        ({"labels": {"new": "1"}}, {"labels": {"addOrUpdateLabels": {"new": "1"}, "removeLabels": ["pool"]}}),
        ({"labels": {}}, {"labels": {"removeLabels": ["pool"]}}),
        ({"taints": []}, {"taints": {"removeTaints": [TAINT]}}),
        ({"taints": [TAINT | {"value": "no"}]}, {"taints": {"addOrUpdateTaints": [TAINT | {"value": "no"}]}}),
        ({"max_unavailable": "2"}, {"updateConfig": {"maxUnavailable": 2}}),
        ({"repair": False}, {"nodeRepairConfig": {"enabled": False}}),
    ],
)
def test_one_setting_is_one_update_with_nothing_else_in_it(rig: Rig, change: dict[str, Any], members: dict[str, Any]) -> None:
    rig.cluster()
    run(rig, full(rig))
    begin = len(rig.aws.log)
    assert run(rig, full(rig) | change).actions == ("change workers: settings",)
    (call,) = [call for call in rig.aws.log[begin:] if call.write]
    sent = {key: value for key, value in call.parameters.items() if key not in ("clusterName", "nodegroupName", "clientRequestToken")}
    assert sent == members
    assert not run(rig, full(rig) | change).changed


def test_what_an_autoscaler_decides_is_left_to_it(rig: Rig) -> None:
    rig.cluster()
    wanted = workers(rig, scaling={"min": 1, "max": 9})
    run(rig, wanted)
    rig.inside().nodegroups["workers"]["scalingConfig"]["desiredSize"] = 7
    assert not run(rig, wanted).changed


def test_nodes_follow_the_cluster_to_its_version(rig: Rig) -> None:
    rig.ensure()
    run(rig, full(rig))
    rig.ensure(version="1.35")
    with rig.nothing_written():
        planned = run(rig, full(rig), check=True)
    result = run(rig, full(rig))
    assert planned.actions == result.actions == ("change workers: version 1.35",)
    assert (planned.before, planned.after) == (result.before, result.after)
    assert found(rig)["version"] == "1.35"
    assert not run(rig, full(rig)).changed


def test_another_image_of_the_same_version(rig: Rig) -> None:
    rig.cluster(version="1.34")
    run(rig, workers(rig))
    before = found(rig)["releaseVersion"]
    newer = before[:-1] + str((int(before[-1]) + 1) % 10)
    assert run(rig, workers(rig, release_version=newer)).actions == (f"change workers: version {newer}",)
    assert found(rig)["releaseVersion"] == newer


def test_how_many_may_be_missing_is_said_before_nodes_are_replaced(rig: Rig) -> None:
    rig.ensure()
    run(rig, full(rig))
    rig.ensure(version="1.35")
    begin = len(rig.aws.log)
    run(rig, full(rig) | {"max_unavailable": "1"})
    assert [call.operation for call in rig.aws.log[begin:] if call.write] == ["UpdateNodegroupConfig", "UpdateNodegroupVersion"]


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"instance_types": ["t3.micro"]}, "instance_types"),
        ({"ami_type": "AL2023_ARM_64_STANDARD"}, "ami_type"),
        ({"disk_size": 80}, "disk_size"),
        ({"capacity_type": "ON_DEMAND"}, "capacity_type"),
        ({"role_arn": "arn:aws:iam::123456789012:role/other"}, "role_arn"),
    ],
)
def test_what_a_node_group_keeps_is_refused(rig: Rig, change: dict[str, Any], option: str) -> None:
    rig.cluster()
    run(rig, full(rig))
    with rig.nothing_written(), pytest.raises(Conflict, match=f"{option} of workers is .* which EKS can't change; make another node group beside it"):
        run(rig, full(rig) | change | {"labels": {}})


def test_versions_that_can_not_be_are_refused(rig: Rig) -> None:
    rig.cluster(version="1.34")
    run(rig, workers(rig))
    with rig.nothing_written(), pytest.raises(Conflict, match=r"workers has 1.34, and 1.33 is wanted; node groups do not go back"):
        run(rig, workers(rig, version="1.33"))
    with rig.nothing_written(), pytest.raises(Conflict, match=r"1.35 is wanted for workers, and the cluster has 1.34; upgrade the cluster first"):
        run(rig, workers(rig, version="1.35"))


def test_one_that_is_never_made_says_why_and_is_made_anew(rig: Rig) -> None:
    rig.cluster()
    rig.state.faults.fail_nodegroup("one", "workers", "NodeCreationFailure", "Instances failed to join the kubernetes cluster", "i-0123")
    with pytest.raises(NotReady, match=r"CREATE_FAILED: NodeCreationFailure: Instances failed to join the kubernetes cluster \(i-0123\); nodes started"):
        run(rig, full(rig))
    assert run(rig, full(rig)).changed
    assert found(rig)["status"] == "ACTIVE"


def test_an_update_that_fails_says_why(rig: Rig) -> None:
    rig.ensure()
    run(rig, full(rig))
    rig.ensure(version="1.35")
    rig.state.faults.fail_update("one", "VersionUpdate", "PodEvictionFailure", "Reached max retries while trying to evict pods", "ip-10-0-0-1")
    with pytest.raises(NotReady, match=r"node group workers, version in eu-central-1: Failed: PodEvictionFailure: .*make room for it, or set force"):
        run(rig, full(rig))


def test_several_at_once_and_gone_again(rig: Rig) -> None:
    rig.cluster()
    both = [workers(rig), workers(rig) | {"name": "second"}]
    assert len(run(rig, *both).actions) == 2
    result = run(rig, *both, state="absent")
    assert (len(result.actions), result.after) == (2, {})
    assert rig.eks.list_nodegroups(clusterName="one")["nodegroups"] == []
    assert not run(rig, *both, state="absent").changed


def test_an_interrupted_run_is_waited_for(rig: Rig) -> None:
    rig.cluster()
    rig.eks.create_nodegroup(clusterName="one", nodegroupName="workers", subnets=rig.subnets, nodeRole=rig.node_role, tags=TAGS)
    assert not run(rig, workers(rig)).changed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scaling": {"min": 3, "max": 2}}, r"nodegroups\[0\]: scaling: write 0 <= min <= desired <= max"),
        ({"max_unavailable": "0"}, "max_unavailable: '0' is neither a number of nodes, 1 to 100, nor a share"),
        ({"version": "newest"}, "version: 'newest' is no version of Kubernetes"),
        ({"role_arn": None}, "there is no node group workers; give its role_arn"),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_touched(rig: Rig, change: dict[str, Any], says: str) -> None:
    rig.cluster()
    with rig.nothing_written(), pytest.raises(InvalidInput, match=says):
        run(rig, workers(rig) | change)


def test_a_plan_of_an_upgrade_knows_the_version_that_the_cluster_will_have(rig: Rig) -> None:
    rig.ensure()
    run(rig, full(rig))
    with rig.nothing_written(), rig.calls() as calls:
        planned = run(rig, full(rig), check=True, cluster_version="1.35")
    assert planned.actions == ("change workers: version 1.35",)
    assert calls == {"ListNodegroups": 1, "DescribeNodegroup": 1}
