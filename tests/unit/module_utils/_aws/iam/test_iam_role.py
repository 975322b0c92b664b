# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles in IAM, asked from outside with boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.iam.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.iam.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, NotFound
from support.aws_core import TAGS, Account, account


def trust(service: str, *actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions or ["sts:AssumeRole"])}]}


READ = {"Version": "2012-10-17", "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["*"]}]}
NODE: dict[str, Any] = {
    "name": "shop-node",
    "description": "nodes",
    "trust": trust("ec2.amazonaws.com"),
    "managed_policies": ["arn:aws:iam::123456789012:policy/shop/one"],
    "instance_profile": True,
    "max_session": 7200,
}
POD: dict[str, Any] = {
    "name": "shop-pod",
    "path": "/shop/",
    "trust": trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession"),
    "inline_policies": {"read": READ},
}
BOTH = [NODE, POD]


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        for name in ("one", "two"):
            found.client("iam").create_policy(PolicyName=name, Path="/shop/", PolicyDocument=json.dumps(READ))
        yield found


def of(name: str) -> str:
    return f"arn:aws:iam::123456789012:policy/shop/{name}"


def attached(iam: Account, name: str) -> set[str]:
    return {each["PolicyArn"] for each in iam.client("iam").list_attached_role_policies(RoleName=name)["AttachedPolicies"]}


def test_made_and_then_left_alone(iam: Account) -> None:
    with iam.counted() as first:
        made = iam.run(roles=BOTH, tags=TAGS)
    assert made.changed
    assert first == {
        "GetAccountAuthorizationDetails": 1,
        "!CreateRole": 2,
        "!AttachRolePolicy": 1,
        "!PutRolePolicy": 1,
        "!CreateInstanceProfile": 1,
        "!AddRoleToInstanceProfile": 1,
    }
    client = iam.client("iam")
    node, pod = (client.get_role(RoleName=name)["Role"] for name in ("shop-node", "shop-pod"))
    assert (node["Description"], node["MaxSessionDuration"], node["AssumeRolePolicyDocument"]) == ("nodes", 7200, trust("ec2.amazonaws.com"))
    assert {each["Key"]: each["Value"] for each in node["Tags"]} == TAGS
    assert attached(iam, "shop-node") == {of("one")}
    assert client.get_role_policy(RoleName="shop-pod", PolicyName="read")["PolicyDocument"] == READ
    profile = client.get_instance_profile(InstanceProfileName="shop-node")["InstanceProfile"]
    assert [each["RoleName"] for each in profile["Roles"]] == ["shop-node"]
    assert made.roles == {
        "shop-node": {"arn": node["Arn"], "instance_profile_arn": profile["Arn"]},
        "shop-pod": {"arn": pod["Arn"], "instance_profile_arn": ""},
    }
    with iam.counted() as second:
        again = iam.run(roles=BOTH, tags=TAGS)
    assert (again.changed, again.actions, again.roles) == (False, (), made.roles)
    assert second == {"GetAccountAuthorizationDetails": 1, "ListRoles": 1}


def test_without_description_and_session_one_call_is_enough(iam: Account) -> None:
    iam.run(roles=[POD])
    with iam.counted() as calls:
        assert not iam.run(roles=[POD]).changed
    assert calls == {"GetAccountAuthorizationDetails": 1}


def test_check_mode_foresees_it(iam: Account) -> None:
    with iam.counted() as calls:
        foreseen = iam.run(check=True, roles=BOTH, tags=TAGS)
    assert iam.writes(calls) == []
    assert foreseen.roles["shop-node"] == {"arn": LATER, "instance_profile_arn": LATER}
    made = iam.run(roles=BOTH, tags=TAGS)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)
    assert made.before == {"shop-node": {}, "shop-pod": {}}


SAME: list[dict[str, Any]] = [
    {"trust": json.dumps(POD["trust"], indent=2)},
    {"trust": {**POD["trust"], "Statement": {**POD["trust"]["Statement"][0], "Action": ["sts:TagSession", "sts:AssumeRole"]}}},
    {"inline_policies": {"read": {**READ, "Statement": [{**READ["Statement"][0], "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}]}}},
    {"inline_policies": {"read": json.dumps(READ)}},
    {"inline_policies": None, "trust": None},
]


@pytest.mark.parametrize("more", SAME)
def test_what_means_the_same_is_the_same(iam: Account, more: dict[str, Any]) -> None:
    iam.run(roles=[POD])
    assert not iam.run(roles=[{**POD, **more}]).changed


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"trust": trust("eks.amazonaws.com")}, ["!UpdateAssumeRolePolicy"]),
    ({"description": "all nodes"}, ["!UpdateRole"]),
    ({"description": ""}, ["!UpdateRole"]),
    ({"max_session": 3600}, ["!UpdateRole"]),
    ({"managed_policies": [of("one"), of("two")]}, ["!AttachRolePolicy"]),
    ({"managed_policies": [of("two")]}, ["!AttachRolePolicy", "!DetachRolePolicy"]),
    ({"managed_policies": []}, ["!DetachRolePolicy"]),
    ({"inline_policies": {"read": READ}}, ["!PutRolePolicy"]),
    ({"permissions_boundary": of("two")}, ["!PutRolePermissionsBoundary"]),
    ({"instance_profile": False}, ["!DeleteInstanceProfile", "!RemoveRoleFromInstanceProfile"]),
    ({"tags": {"team": "shop"}}, ["!TagRole"]),
]


@pytest.mark.parametrize(("more", "writes"), CHANGES, ids=[",".join(more) for more, _writes in CHANGES])
def test_what_differs_is_changed(iam: Account, more: dict[str, Any], writes: list[str]) -> None:
    iam.run(roles=[NODE], tags=TAGS)
    changed = [{**NODE, **more}]
    foreseen = iam.run(check=True, roles=changed, tags=TAGS)
    with iam.counted() as calls:
        result = iam.run(roles=changed, tags=TAGS)
    assert iam.writes(calls) == writes
    assert (result.changed, result.after, result.actions) == (True, foreseen.after, foreseen.actions)
    assert not iam.run(roles=changed, tags=TAGS).changed


def test_a_field_that_is_left_out_keeps_its_value(iam: Account) -> None:
    iam.run(roles=[NODE])
    iam.run(roles=[{**NODE, "description": "all nodes", "max_session": None}])
    assert iam.client("iam").get_role(RoleName="shop-node")["Role"]["MaxSessionDuration"] == 7200


def test_a_boundary_and_a_policy_go_when_they_are_empty(iam: Account) -> None:
    iam.run(roles=[{**POD, "permissions_boundary": of("one")}])
    with iam.counted() as calls:
        iam.run(roles=[{**POD, "permissions_boundary": "", "inline_policies": {}}])
    assert iam.writes(calls) == ["!DeleteRolePermissionsBoundary", "!DeleteRolePolicy"]


def test_tags_of_others_stay(iam: Account) -> None:
    iam.run(roles=[POD], tags=TAGS)
    iam.client("iam").tag_role(RoleName="shop-pod", Tags=[{"Key": "cost", "Value": "7"}, {"Key": "slipway:old", "Value": "1"}])
    assert iam.run(roles=[POD], tags=TAGS).actions == ("untag role shop-pod",)
    assert {each["Key"] for each in iam.client("iam").list_role_tags(RoleName="shop-pod")["Tags"]} == {*TAGS, "cost"}


def test_policies_of_aws_have_names(iam: Account) -> None:
    foreseen = iam.run(check=True, roles=[{**POD, "managed_policies": ["AmazonEKSClusterPolicy"], "permissions_boundary": "PowerUserAccess"}])
    assert foreseen.after["shop-pod"]["managed_policies"] == ["arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"]
    assert foreseen.after["shop-pod"]["permissions_boundary"] == "arn:aws:iam::aws:policy/PowerUserAccess"


def test_an_interrupted_run_is_continued(iam: Account) -> None:
    for operation in ("AttachRolePolicy", "AddRoleToInstanceProfile"):
        iam.fault("error", "iam", operation, code="ServiceFailure", status=400)
        with pytest.raises(Exception, match="ServiceFailure"):
            iam.run(roles=[NODE])
    iam.run(roles=[NODE])
    assert not iam.run(roles=[NODE]).changed
    assert attached(iam, "shop-node") == {of("one")}


def test_what_iam_does_not_know_yet_is_waited_for(iam: Account) -> None:
    iam.fault("error", "iam", "CreateRole", times=2, code="MalformedPolicyDocument", message="Invalid principal in policy")
    iam.fault("absent", "iam", "AttachRolePolicy", times=2)
    iam.fault("throttled", "iam", "AddRoleToInstanceProfile")
    iam.run(roles=[NODE])
    assert "create role shop-node: IAM does not know a principal yet" in iam.lines
    assert not iam.run(roles=[NODE]).changed


def test_a_policy_that_is_none_is_told_at_once(iam: Account) -> None:
    with pytest.raises(NotFound, match="Nothing"):
        iam.run(roles=[{**POD, "managed_policies": ["Nothing"]}])
    assert iam.simulated.clock.slept == []


def test_removed_with_what_it_has(iam: Account) -> None:
    iam.run(roles=BOTH)
    client = iam.client("iam")
    client.create_instance_profile(InstanceProfileName="others")
    client.add_role_to_instance_profile(InstanceProfileName="others", RoleName="shop-node")
    names = [{"name": each["name"]} for each in BOTH]
    foreseen = iam.run(check=True, roles=names, state="absent")
    iam.fault("error", "iam", "DeleteRole", times=2, code="DeleteConflict", status=409)  # for a while after its policies are off
    gone = iam.run(roles=names, state="absent")
    assert (gone.changed, gone.actions, gone.roles) == (True, foreseen.actions, {})
    assert [each["RoleName"] for each in client.list_roles()["Roles"]] == []
    assert [each["InstanceProfileName"] for each in client.list_instance_profiles()["InstanceProfiles"]] == ["others"]
    with iam.counted() as calls:
        assert not iam.run(roles=names, state="absent").changed
    assert calls == {"GetAccountAuthorizationDetails": 1}


def test_being_refused_is_no_absence(iam: Account) -> None:
    iam.fault("error", "iam", "GetAccountAuthorizationDetails", code="AccessDenied", status=403)
    with pytest.raises(Denied, match="allow iam:GetAccountAuthorizationDetails to who asks"):
        iam.run(roles=BOTH)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"name": "a b"}, "roles: 'a b' can't be a name"),
        ({"path": "shop"}, r"roles: shop-pod\.path: 'shop' can't be one; write / or /shop/"),
        ({"max_session": 60}, r"roles: shop-pod\.max_session: 60 is not from 3600 to 43200 seconds"),
        ({"trust": "{"}, r"roles: shop-pod\.trust: is no JSON"),
        ({"inline_policies": {"x": {}}}, r"roles: shop-pod\.inline_policies: x is empty"),
        ({"inline_policies": {"x": {"Statement": ["x" * 11000]}}}, r"11\d\d\d characters together, and IAM takes 10240"),
    ],
)
def test_bad_input_never_reaches_aws(iam: Account, more: dict[str, Any], told: str) -> None:
    with iam.counted() as calls, pytest.raises(InvalidInput, match=told):
        iam.run(roles=[{**POD, **more}])
    assert not calls


def test_what_cannot_be_is_refused_before_anything_is_touched(iam: Account) -> None:
    iam.run(roles=[POD])
    with iam.counted() as calls:
        with pytest.raises(InvalidInput, match="shop-node is not there yet and has no trust"):
            iam.run(roles=[POD, {**NODE, "trust": None}])
        with pytest.raises(InvalidInput, match="shop-pod has path /shop/ and can't have /"):
            iam.run(roles=[{**POD, "path": "/"}, NODE])
        with pytest.raises(InvalidInput, match="roles: shop-pod is there twice"):
            iam.run(roles=[POD, POD])
    assert iam.writes(calls) == []
