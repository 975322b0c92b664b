# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may enter: entries made, changed, purged, and never more than that."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.purge import is_caller
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound
from support.eks_core import TAGS, Rig

from simulator.faults import Fault

VIEW, ADMIN = "AmazonEKSViewPolicy", "AmazonEKSClusterAdminPolicy"


def role(rig: Rig, name: str) -> str:
    return rig.make_role(name, "ec2.amazonaws.com")


def policies(rig: Rig, principal: str) -> dict[str, Any]:
    found = rig.eks.list_associated_access_policies(clusterName="one", principalArn=principal)["associatedAccessPolicies"]
    return {each["policyArn"].rpartition("/")[2]: each["accessScope"].get("namespaces") or each["accessScope"]["type"] for each in found}


def everything(rig: Rig) -> list[dict[str, Any]]:
    return [
        {"principal_arn": role(rig, "admin"), "policies": [{"policy": ADMIN}]},
        {
            "principal_arn": role(rig, "developer"),
            "groups": ["slipway-developers"],
            "username": "dev:{{SessionName}}",
            "policies": [{"policy": VIEW, "namespaces": ["shop-*", "shop"]}],
        },
        {"principal_arn": role(rig, "self-made-node"), "type": "EC2_LINUX"},
    ]


def test_entries_with_groups_and_policies_and_a_second_run(rig: Rig) -> None:
    rig.cluster()
    wanted = everything(rig)
    developer = wanted[1]["principal_arn"]
    with rig.nothing_written():
        planned = rig.run("entries", True, cluster="one", entries=wanted, tags=TAGS)
    made = rig.run("entries", cluster="one", entries=wanted, tags=TAGS)
    assert (planned.before, planned.after, planned.actions) == (made.before, made.after, made.actions)
    found = rig.eks.describe_access_entry(clusterName="one", principalArn=developer)["accessEntry"]
    assert (found["kubernetesGroups"], found["username"], found["tags"]) == (["slipway-developers"], "dev:{{SessionName}}", TAGS)
    assert policies(rig, developer) == {VIEW: ["shop", "shop-*"]}
    assert policies(rig, wanted[0]["principal_arn"]) == {ADMIN: "cluster"}
    with rig.calls() as calls:
        assert not rig.run("entries", cluster="one", entries=wanted, tags=TAGS).changed
    assert calls == {"ListAccessEntries": 1, "DescribeAccessEntry": 3, "ListAssociatedAccessPolicies": 3}


def test_check_mode_where_there_is_no_cluster_yet(rig: Rig) -> None:
    wanted = everything(rig)
    with rig.nothing_written():
        planned = rig.run("entries", True, cluster="one", entries=wanted, tags=TAGS)
    rig.cluster()
    assert rig.run("entries", cluster="one", entries=wanted, tags=TAGS).after == planned.after


def test_without_a_cluster_it_says_so(rig: Rig) -> None:
    with pytest.raises(NotFound, match="there is no cluster one in eu-central-1; make it first, with eks_cluster"):
        rig.run("entries", cluster="one", entries=[])


@pytest.mark.parametrize(
    ("before", "after", "updates"),
    [
        ({"groups": ["a"]}, {"groups": ["b", "a"]}, {"UpdateAccessEntry": 1}),
        ({"groups": ["a"]}, {"groups": []}, {"UpdateAccessEntry": 1}),
        ({"username": "a"}, {"username": "b"}, {"UpdateAccessEntry": 1}),
        ({"policies": [{"policy": VIEW}]}, {"policies": []}, {"DisassociateAccessPolicy": 1}),
        ({"policies": [{"policy": VIEW}]}, {"policies": [{"policy": VIEW, "namespaces": ["shop"]}]}, {"AssociateAccessPolicy": 1}),
        ({"policies": [{"policy": VIEW}]}, {"policies": [{"policy": ADMIN}]}, {"AssociateAccessPolicy": 1, "DisassociateAccessPolicy": 1}),
    ],
)
def test_only_what_differs_is_written(rig: Rig, before: dict[str, Any], after: dict[str, Any], updates: dict[str, int]) -> None:
    rig.cluster()
    arn = role(rig, "developer")
    rig.run("entries", cluster="one", entries=[{"principal_arn": arn, **before}])
    begin = len(rig.aws.log)
    assert rig.run("entries", cluster="one", entries=[{"principal_arn": arn, **after}]).changed
    written = [call.operation for call in rig.aws.log[begin:] if call.write]
    assert sorted(written) == sorted(updates)
    assert not rig.run("entries", cluster="one", entries=[{"principal_arn": arn, **after}]).changed


def test_a_policy_is_given_before_another_is_taken(rig: Rig) -> None:
    rig.cluster()
    arn = role(rig, "developer")
    rig.run("entries", cluster="one", entries=[{"principal_arn": arn, "policies": [{"policy": VIEW}]}])
    rig.run("entries", cluster="one", entries=[{"principal_arn": arn, "policies": [{"policy": ADMIN}]}])
    assert [call.operation for call in rig.aws.log if call.write][-2:] == ["AssociateAccessPolicy", "DisassociateAccessPolicy"]


def test_what_is_left_out_is_left_alone(rig: Rig) -> None:
    rig.cluster()
    wanted = everything(rig)
    rig.run("entries", cluster="one", entries=wanted)
    assert not rig.run("entries", cluster="one", entries=[{"principal_arn": wanted[1]["principal_arn"]}]).changed


def test_purge_leaves_what_aws_made_and_who_asks(rig: Rig) -> None:
    caller = rig.aws.client("sts").get_caller_identity()["Arn"]
    rig.cluster(accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True}, **rig.auto())
    stranger, admin = role(rig, "stranger"), role(rig, "admin")
    rig.eks.create_access_entry(clusterName="one", principalArn=stranger)
    with rig.nothing_written():
        planned = rig.run("entries", True, cluster="one", entries=[{"principal_arn": admin}], purge=True)
    result = rig.run("entries", cluster="one", entries=[{"principal_arn": admin}], purge=True)
    assert (planned.actions, planned.before, planned.kept) == (result.actions, result.before, result.kept)
    assert result.actions == (f"create {admin}", f"delete {stranger}")
    assert {each["principal_arn"].rpartition("/")[2]: each["reason"] for each in result.kept} == {
        "AWSServiceRoleForAmazonEKS": "AWS made it, for a service",
        "node": "it is of the type EC2, for nodes",
        caller.rpartition("/")[2]: "it is who runs this",
    }
    assert stranger not in rig.eks.list_access_entries(clusterName="one")["accessEntries"]
    assert not rig.run("entries", cluster="one", entries=[{"principal_arn": admin}], purge=True).changed


def test_purge_can_be_kept_to_ones_own(rig: Rig) -> None:
    rig.cluster()
    ours, theirs = role(rig, "ours"), role(rig, "theirs")
    rig.run("entries", cluster="one", entries=[{"principal_arn": ours}], tags={"slipway:environment": "dev"})
    rig.run("entries", cluster="one", entries=[{"principal_arn": theirs}], tags={"slipway:environment": "stage"})
    result = rig.run("entries", cluster="one", entries=[], purge=True, purge_only={"slipway:environment": "dev"})
    assert result.actions == (f"delete {ours}",)


@pytest.mark.parametrize(
    ("caller", "same"),
    [
        ("arn:aws:iam::123456789012:role/team/deploy", True),
        ("arn:aws:sts::123456789012:assumed-role/deploy/run-7", True),
        ("arn:aws:sts::999999999999:assumed-role/deploy/run-7", False),
        ("arn:aws:sts::123456789012:assumed-role/other/deploy", False),
        ("arn:aws:sts::123456789012:federated-user/deploy", False),
    ],
)
def test_who_asks_is_known_by_its_role(caller: str, same: bool) -> None:
    assert is_caller("arn:aws:iam::123456789012:role/team/deploy", caller) is same


def test_absent_entries_go_and_go_again(rig: Rig) -> None:
    rig.cluster()
    wanted = everything(rig)
    rig.run("entries", cluster="one", entries=wanted)
    result = rig.run("entries", cluster="one", entries=wanted, state="absent")
    assert len(result.actions) == len(wanted)
    assert not rig.run("entries", cluster="one", entries=wanted, state="absent").changed
    rig.eks.delete_cluster(name="one")
    rig.later()
    assert not rig.run("entries", cluster="one", entries=wanted, state="absent").changed


def test_tags_of_others_stay(rig: Rig) -> None:
    rig.cluster()
    arn = role(rig, "developer")
    rig.run("entries", cluster="one", entries=[{"principal_arn": arn}], tags=TAGS)
    entry = rig.eks.describe_access_entry(clusterName="one", principalArn=arn)["accessEntry"]["accessEntryArn"]
    rig.eks.tag_resource(resourceArn=entry, tags={"team": "blue", "slipway:old": "x"})
    assert rig.run("entries", cluster="one", entries=[{"principal_arn": arn}], tags=TAGS).changed
    assert rig.eks.describe_access_entry(clusterName="one", principalArn=arn)["accessEntry"]["tags"] == TAGS | {"team": "blue"}


def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(rig: Rig) -> None:
    rig.cluster()
    message = "The specified principalArn is invalid: invalid principal."
    rig.aws.faults.append(Fault("error", "eks", "CreateAccessEntry", times=2, code="InvalidParameterException", message=message))
    assert rig.run("entries", cluster="one", entries=[{"principal_arn": role(rig, "developer")}]).changed


def test_another_type_is_refused(rig: Rig) -> None:
    rig.cluster()
    arn = role(rig, "developer")
    rig.run("entries", cluster="one", entries=[{"principal_arn": arn}])
    with rig.nothing_written(), pytest.raises(Conflict, match="is of the type STANDARD, and EC2_LINUX is wanted, which EKS can't change; delete it"):
        rig.run("entries", cluster="one", entries=[{"principal_arn": arn, "type": "EC2_LINUX"}])


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"principal_arn": "arn:aws:sts::123456789012:assumed-role/dev/me"}, r"entries\[0\]: principal_arn: .* is a session; write the role's own ARN"),
        ({"principal_arn": "dev"}, r"entries\[0\]: principal_arn: 'dev' is no ARN of an IAM role or user"),
        ({"groups": ["system:masters"]}, r"groups: 'system:masters' begins with a word that EKS keeps for itself"),
        ({"username": "eks:me"}, "username: 'eks:me' begins with"),
        ({"type": "EC2_LINUX", "groups": ["a"]}, "leave out username and groups"),
        ({"type": "EC2_LINUX", "policies": [{"policy": VIEW}]}, "takes no policies"),
        ({"policies": [{"policy": VIEW, "namespaces": ["a"]}, {"policy": VIEW, "namespaces": ["b"]}]}, f"{VIEW} stands there twice; .* put its namespaces"),
        ({"policies": [{"policy": "AmazonEKSVewPolicy"}]}, "EKS has no access policy AmazonEKSVewPolicy; did you mean .AmazonEKSViewPolicy.?"),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_touched(rig: Rig, entry: dict[str, Any], says: str) -> None:
    rig.cluster()
    wanted = [{"principal_arn": rig.node_role, **entry}]
    with rig.nothing_written(), pytest.raises(InvalidInput, match=says):
        rig.run("entries", cluster="one", entries=wanted)


def test_a_principal_that_stands_there_twice_is_refused(rig: Rig) -> None:
    with pytest.raises(InvalidInput, match="stands there twice"):
        rig.run("entries", cluster="one", entries=[{"principal_arn": rig.role}, {"principal_arn": rig.role}])


def test_a_principal_that_never_comes_to_be_is_named(rig: Rig) -> None:
    rig.cluster()
    with pytest.raises(InvalidInput, match="entries: arn:aws:iam::123456789012:role/tpyo is no role or user that EKS in eu-central-1 knows; make it first, or"):
        rig.run("entries", cluster="one", entries=[{"principal_arn": "arn:aws:iam::123456789012:role/tpyo"}])
