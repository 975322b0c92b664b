# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from support.aws import ACCESS_KEY, SECRET_KEY
from support.eks import Account, refused

from simulator.eks.access_keys import of_moto
from simulator.eks.authorization import Grant, access_of
from simulator.eks.tokens import BadToken, principal_of

INVALID, BAD, ABSENT = "InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"
POLICY = "arn:aws:eks::aws:cluster-access-policy/{}"
CREATOR = "arn:aws:iam::123456789012:user/simulated"
WHOLE = {"type": "cluster"}


@pytest.fixture
def developer(account: Account) -> str:
    """A role with a path."""
    account.cluster()
    return account.role_for("developer", path="/team/a/")


def entry(account: Account, arn: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = account.eks.create_access_entry(clusterName="one", principalArn=arn, **more)["accessEntry"]
    return made


def test_who_creates_a_cluster_administers_it_if_that_was_asked_for(account: Account) -> None:
    account.cluster()
    assert CREATOR in account.eks.list_access_entries(clusterName="one")["accessEntries"]
    found = account.eks.list_associated_access_policies(clusterName="one", principalArn=CREATOR)["associatedAccessPolicies"]
    assert [policy["policyArn"] for policy in found] == [POLICY.format("AmazonEKSClusterAdminPolicy")]
    account.cluster("two", accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False})
    assert CREATOR not in account.eks.list_access_entries(clusterName="two")["accessEntries"]


def test_an_entry_has_all_its_members(account: Account, developer: str) -> None:
    made = entry(account, developer, kubernetesGroups=["devs"], tags={"a": "b"})
    assert made["username"] == "arn:aws:sts::123456789012:assumed-role/developer/{{SessionName}}"
    assert made["type"] == "STANDARD"
    assert made["kubernetesGroups"] == ["devs"]
    assert made["accessEntryArn"].startswith("arn:aws:eks:eu-central-1:123456789012:access-entry/one/role/123456789012/team/a/developer/")
    assert account.eks.describe_access_entry(clusterName="one", principalArn=developer)["accessEntry"] == made


def test_entries_need_the_api(account: Account) -> None:
    account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    expected = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
    assert refused(account.eks.list_access_entries, clusterName="one") == (BAD, expected)


@pytest.mark.parametrize(
    ("arn", "more"),
    [
        ("arn:aws:iam::123456789012:role/none", {}),
        ("arn:aws:iam::123456789012:user/none", {}),
        ("arn:aws:iam::123456789012:root", {}),
        ("arn:aws:sts::123456789012:assumed-role/cluster/session", {}),
        ("arn:aws:iam::999999999999:role/foreign", {"type": "EC2_LINUX"}),
        ("nonsense", {}),
    ],
)
def test_a_principal_must_be_one_that_lasts(account: Account, arn: str, more: dict[str, str]) -> None:
    account.cluster()
    assert refused(entry, account=account, arn=arn, **more) == (INVALID, "The specified principalArn is invalid: invalid principal.")


def test_principals_of_other_accounts_can_come_in(account: Account) -> None:
    account.cluster()
    assert entry(account, "arn:aws:iam::999999999999:role/foreign")["type"] == "STANDARD"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"kubernetesGroups": ["system:masters"]}, "The kubernetes group name system:masters is invalid, it cannot start with system:"),
        ({"username": "system:admin"}, "The username system:admin is invalid, it cannot start with system:"),
        ({"username": "eks:x"}, "it cannot start with eks:"),
        ({"username": "john{{SessionName}}"}, "it must contain a colon before"),
        ({"type": "EC2_LINUX", "kubernetesGroups": ["a"]}, "cannot be specified for type EC2_LINUX"),
        ({"type": "MAINFRAME"}, "The specified type is invalid: MAINFRAME"),
    ],
)
def test_names_that_are_not_free_are_refused(account: Account, developer: str, more: dict[str, Any], message: str) -> None:
    code, said = refused(entry, account=account, arn=developer, **more)
    assert code == INVALID
    assert message in said


def test_types_of_nodes_have_their_groups(account: Account) -> None:
    account.cluster()
    made = entry(account, account.node_role, type="EC2_LINUX")
    assert (made["username"], made["kubernetesGroups"]) == ("system:node:{{EC2PrivateDNSName}}", ["system:nodes"])
    asked = {"clusterName": "one", "principalArn": account.node_role}
    assert refused(account.eks.update_access_entry, **asked, kubernetesGroups=["a"])[0] == BAD
    scope = {"policyArn": POLICY.format("AmazonEKSViewPolicy"), "accessScope": WHOLE}
    assert refused(account.eks.associate_access_policy, **asked, **scope)[0] == BAD


def test_an_entry_is_made_once_changed_and_deleted(account: Account, developer: str) -> None:
    asked = {"clusterName": "one", "principalArn": developer}
    before = entry(account, developer)
    expected = "The specified access entry resource is already in use on this cluster."
    assert refused(entry, account=account, arn=developer) == ("ResourceInUseException", expected)
    account.aws.clock.advance(5)
    changed = account.eks.update_access_entry(**asked, kubernetesGroups=["devs"], username="dev:{{SessionName}}")["accessEntry"]
    assert (changed["kubernetesGroups"], changed["username"]) == (["devs"], "dev:{{SessionName}}")
    assert changed["modifiedAt"] > before["modifiedAt"]
    account.eks.delete_access_entry(**asked)
    code, said = refused(account.eks.describe_access_entry, **asked)
    assert code == ABSENT
    assert said.startswith("The specified principalArn could not be found.")
    assert refused(account.eks.delete_access_entry, **asked)[0] == ABSENT


def test_the_service_s_own_entry_is_left_alone(account: Account) -> None:
    account.cluster()
    linked = next(arn for arn in account.eks.list_access_entries(clusterName="one")["accessEntries"] if "/aws-service-role/" in arn)
    assert refused(account.eks.delete_access_entry, clusterName="one", principalArn=linked)[0] == BAD
    assert refused(entry, account=account, arn=linked)[1].endswith("of a Service Linked Role")


def test_policies_are_scoped_rescoped_and_taken_away(account: Account, developer: str) -> None:
    entry(account, developer)
    asked = {"clusterName": "one", "principalArn": developer, "policyArn": POLICY.format("AmazonEKSEditPolicy")}
    made = account.eks.associate_access_policy(**asked, accessScope={"type": "namespace", "namespaces": ["a"]})
    assert made["associatedAccessPolicy"]["accessScope"] == {"type": "namespace", "namespaces": ["a"]}
    account.eks.associate_access_policy(**asked, accessScope={"type": "namespace", "namespaces": ["a", "b"]})
    found = account.eks.list_associated_access_policies(clusterName="one", principalArn=developer)
    assert [policy["accessScope"]["namespaces"] for policy in found["associatedAccessPolicies"]] == [["a", "b"]]
    assert account.eks.list_access_entries(clusterName="one", associatedPolicyArn=asked["policyArn"])["accessEntries"] == [developer]
    account.eks.disassociate_access_policy(**asked)
    assert refused(account.eks.disassociate_access_policy, **asked)[0] == ABSENT


@pytest.mark.parametrize(
    ("policy", "scope"),
    [
        ("AmazonEKSNoPolicy", WHOLE),
        ("AmazonEKSViewPolicy", {"type": "namespace"}),
        ("AmazonEKSViewPolicy", {"type": "cluster", "namespaces": ["a"]}),
    ],
)
def test_a_policy_that_is_none_or_a_scope_that_is_none(account: Account, developer: str, policy: str, scope: dict[str, Any]) -> None:
    entry(account, developer)
    asked = {"clusterName": "one", "principalArn": developer, "policyArn": POLICY.format(policy), "accessScope": scope}
    assert refused(account.eks.associate_access_policy, **asked)[0] == INVALID


def test_policies_and_entries_are_listed_in_pages(account: Account) -> None:
    account.cluster()
    pages = account.eks.get_paginator("list_access_policies").paginate(PaginationConfig={"PageSize": 4})
    names = [policy["name"] for page in pages for policy in page["accessPolicies"]]
    assert len(names) == len(set(names)) > 10
    assert {"AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy"} <= set(names)
    first = account.eks.list_access_entries(clusterName="one", maxResults=1)
    assert account.eks.list_access_entries(clusterName="one", nextToken=first["nextToken"])["accessEntries"] == [CREATOR]


def test_who_assumes_a_role_is_what_its_entry_says(account: Account, developer: str) -> None:
    entry(account, developer, kubernetesGroups=["devs"])
    asked = {"clusterName": "one", "principalArn": developer}
    scope = {"type": "namespace", "namespaces": ["a"]}
    account.eks.associate_access_policy(**asked, policyArn=POLICY.format("AmazonEKSEditPolicy"), accessScope=scope)
    account.eks.associate_access_policy(**asked, policyArn=POLICY.format("AmazonEKSViewPolicy"), accessScope=WHOLE)
    access = access_of(account.inside(), "arn:aws:sts::123456789012:assumed-role/developer/jane@example.org")
    assert access is not None
    assert access.username == "arn:aws:sts::123456789012:assumed-role/developer/jane-example.org"
    assert access.groups == ("devs",)
    assert access.grants == (Grant("AmazonEKSEditPolicy", ("a",), "edit"), Grant("AmazonEKSViewPolicy", None, "view"))
    assert access.entry == developer


def test_others_are_nobody(account: Account, developer: str) -> None:
    entry(account, developer)
    cluster = account.inside()
    assert access_of(cluster, "arn:aws:sts::123456789012:assumed-role/other/s") is None
    assert access_of(cluster, "arn:aws:sts::999999999999:assumed-role/developer/s") is None
    assert access_of(cluster, "arn:aws:iam::123456789012:user/developer") is None
    assert access_of(cluster, "arn:aws:iam::123456789012:root") is None
    account.eks.delete_access_entry(clusterName="one", principalArn=developer)
    assert access_of(cluster, "arn:aws:sts::123456789012:assumed-role/developer/s") is None


def test_names_are_filled_in(account: Account, developer: str) -> None:
    entry(account, developer, username="dev:{{SessionNameRaw}}")
    access = access_of(account.inside(), "arn:aws:sts::123456789012:assumed-role/developer/jane@example.org")
    assert access is not None
    assert access.username == "dev:jane@example.org"
    entry(account, account.node_role, type="EC2_LINUX")
    node = access_of(account.inside(), "arn:aws:sts::123456789012:assumed-role/node/i-0abc", lambda instance: f"ip-10-0-0-1.{instance}")
    assert node is not None
    assert (node.username, node.groups) == ("system:node:ip-10-0-0-1.i-0abc", ("system:nodes",))


def test_without_entries_only_the_creator_is_known(account: Account) -> None:
    account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    access = access_of(account.inside(), CREATOR)
    assert access is not None
    assert (access.username, access.groups) == ("kubernetes-admin", ("system:masters",))
    assert access_of(account.inside(), "arn:aws:sts::123456789012:assumed-role/node/s") is None


def test_a_token_of_a_session_leads_to_its_entry(account: Account, developer: str) -> None:
    """From end to end: STS gives a session, its call is signed as the AWS CLI signs it, and the entry says who that is."""
    entry(account, developer, kubernetesGroups=["devs"])
    session = account.aws.client("sts").assume_role(RoleArn=developer, RoleSessionName="jane")["Credentials"]
    sts = account.aws.client(
        "sts",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    arn = principal_of(token_of(sts), "one", datetime.now(UTC), partial(of_moto, account.aws.account_id), {account.aws.url})
    access = access_of(account.inside(), arn)
    assert arn == sts.get_caller_identity()["Arn"]
    assert access is not None
    assert (access.username, access.groups) == ("arn:aws:sts::123456789012:assumed-role/developer/jane", ("devs",))


def test_a_token_of_the_simulator_s_own_user(account: Account) -> None:
    account.cluster()
    keys = partial(of_moto, account.aws.account_id, others={ACCESS_KEY: SECRET_KEY})
    token = token_of(account.aws.client("sts"))
    arn = principal_of(token, "one", datetime.now(UTC), keys, {account.aws.url})
    assert arn == account.aws.client("sts").get_caller_identity()["Arn"] == CREATOR
    access = access_of(account.inside(), arn)
    assert access is not None
    assert access.grants == (Grant("AmazonEKSClusterAdminPolicy", None, "cluster-admin"),)
    with pytest.raises(BadToken, match="is not known"):
        principal_of(token, "one", datetime.now(UTC), partial(of_moto, account.aws.account_id), {account.aws.url})


def token_of(sts: Any, cluster: str = "one") -> str:
    """As ``aws eks get-token`` makes it."""

    def name(request: Any, **_more: Any) -> None:
        request.headers["x-k8s-aws-id"] = cluster

    sts.meta.events.register("before-sign.sts.GetCallerIdentity", name)
    url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    sts.meta.events.unregister("before-sign.sts.GetCallerIdentity", name)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
