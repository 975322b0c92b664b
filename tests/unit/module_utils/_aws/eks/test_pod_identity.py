# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles for pods."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from support.eks_core import TAGS, Rig

from simulator.faults import Fault

TARGET = "arn:aws:iam::999999999999:role/archive"


def pods_role(rig: Rig, name: str) -> str:
    return rig.make_role(name, "pods.eks.amazonaws.com")


def wanted(rig: Rig) -> list[dict[str, Any]]:
    return [
        {"namespace": "shop", "service_account": "web", "role_arn": pods_role(rig, "web")},
        {"namespace": "shop", "service_account": "worker", "role_arn": pods_role(rig, "worker"), "target_role_arn": TARGET, "session_tags": False},
    ]


def found(rig: Rig) -> dict[str, dict[str, Any]]:
    summaries = rig.eks.list_pod_identity_associations(clusterName="one")["associations"]
    described = [rig.eks.describe_pod_identity_association(clusterName="one", associationId=each["associationId"])["association"] for each in summaries]
    return {f"{each['namespace']}/{each['serviceAccount']}": each for each in described}


def test_associations_and_a_second_run(rig: Rig) -> None:
    asked = wanted(rig)
    with rig.nothing_written():
        empty = rig.run("associations", True, cluster="one", associations=asked, tags=TAGS)
    rig.cluster()
    made = rig.run("associations", cluster="one", associations=asked, tags=TAGS)
    assert (empty.after, empty.actions) == (made.after, made.actions)
    there = found(rig)
    assert there["shop/web"]["roleArn"] == asked[0]["role_arn"]
    assert (there["shop/worker"]["targetRoleArn"], there["shop/worker"]["disableSessionTags"]) == (TARGET, True)
    assert there["shop/web"]["tags"] == TAGS
    with rig.calls() as calls:
        assert not rig.run("associations", cluster="one", associations=asked, tags=TAGS).changed
    assert calls == {"ListPodIdentityAssociations": 1, "DescribePodIdentityAssociation": 2}


@pytest.mark.parametrize(
    ("option", "value", "member", "shown"),
    [
        ("target_role_arn", "", "targetRoleArn", None),
        ("session_tags", True, "disableSessionTags", False),
    ],
)
def test_a_change_is_one_update_of_the_same_association(rig: Rig, option: str, value: Any, member: str, shown: Any) -> None:
    rig.cluster()
    asked = wanted(rig)[1]
    rig.run("associations", cluster="one", associations=[asked])
    before = found(rig)["shop/worker"]["associationId"]
    assert rig.run("associations", cluster="one", associations=[asked | {option: value}]).actions == ("change shop/worker",)
    after = found(rig)["shop/worker"]
    assert (after["associationId"], after.get(member)) == (before, shown)
    assert not rig.run("associations", cluster="one", associations=[asked | {option: value}]).changed


def test_another_role(rig: Rig) -> None:
    rig.cluster()
    asked = wanted(rig)[0]
    rig.run("associations", cluster="one", associations=[asked])
    other = pods_role(rig, "other")
    rig.run("associations", cluster="one", associations=[asked | {"role_arn": other}])
    assert found(rig)["shop/web"]["roleArn"] == other


def test_purge_leaves_those_of_add_ons_and_of_others(rig: Rig) -> None:
    rig.cluster(**rig.auto())
    owned = {"serviceAccount": "external-dns", "roleArn": pods_role(rig, "dns")}
    rig.eks.create_addon(clusterName="one", addonName="external-dns", podIdentityAssociations=[owned])
    rig.later()
    asked = wanted(rig)
    rig.run("associations", cluster="one", associations=[asked[0]], tags={"slipway:environment": "dev"})
    rig.run("associations", cluster="one", associations=[asked[1]], tags={"slipway:environment": "stage"})
    result = rig.run("associations", cluster="one", associations=[], purge=True, purge_only={"slipway:environment": "dev"})
    assert result.actions == ("delete shop/web",)
    assert {each["association"]: each["reason"] for each in result.kept} == {
        "external-dns/external-dns": "it belongs to the add-on external-dns",
        "shop/worker": "it does not carry the tags of purge_only",
    }
    assert rig.run("associations", cluster="one", associations=[], purge=True).actions == ("delete shop/worker",)
    with pytest.raises(Conflict, match="external-dns/external-dns belongs to the add-on external-dns; set pod_identity of that add-on"):
        rig.run("associations", cluster="one", associations=[{"namespace": "external-dns", "service_account": "external-dns", "role_arn": owned["roleArn"]}])


def test_absent_ones_go_and_go_again(rig: Rig) -> None:
    rig.cluster()
    asked = wanted(rig)
    rig.run("associations", cluster="one", associations=asked)
    names = [{key: each[key] for key in ("namespace", "service_account")} for each in asked]
    assert len(rig.run("associations", cluster="one", associations=names, state="absent").actions) == 2
    assert found(rig) == {}
    assert not rig.run("associations", cluster="one", associations=names, state="absent").changed


def test_a_role_that_is_not_there_yet_is_waited_for(rig: Rig) -> None:
    rig.cluster()
    message = "Role provided in the request does not exist."
    rig.aws.faults.append(Fault("error", "eks", "CreatePodIdentityAssociation", times=2, code="InvalidParameterException", message=message))
    assert rig.run("associations", cluster="one", associations=wanted(rig)).changed


def test_wrong_input(rig: Rig) -> None:
    one = {"namespace": "shop", "service_account": "web"}
    with pytest.raises(InvalidInput, match=r"associations\[0\].role_arn: shop/web needs a role"):
        rig.run("associations", cluster="one", associations=[one])
    with pytest.raises(InvalidInput, match=r"associations\[1\]: shop/web stands there twice"):
        rig.run("associations", cluster="one", associations=[one | {"role_arn": rig.role}] * 2)
