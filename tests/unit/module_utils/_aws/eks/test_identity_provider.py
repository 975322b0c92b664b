# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenID Connect provider of a cluster: made, found again, refused or replaced where it differs, and gone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, NotReady
from support.eks_core import TAGS, Rig

from simulator.faults import Fault

SSO = {
    "cluster": "one",
    "issuer_url": "https://login.example.com/realms/team",
    "client_id": "kubernetes",
    "username_claim": "email",
    "username_prefix": "sso:",
    "groups_claim": "groups",
    "groups_prefix": "sso:",
    "required_claims": {"team": "platform"},
    "tags": TAGS,
}


def run(rig: Rig, check: bool = False, **more: Any) -> Any:
    return rig.run("provider", check, **(SSO | more))


def found(rig: Rig, name: str = "sso") -> dict[str, Any]:
    config = {"type": "oidc", "name": name}
    described: dict[str, Any] = rig.eks.describe_identity_provider_config(clusterName="one", identityProviderConfig=config)["identityProviderConfig"]["oidc"]
    return described


def test_a_provider_and_a_second_run(rig: Rig) -> None:
    with rig.nothing_written():
        empty = run(rig, check=True)
    rig.cluster()
    with rig.nothing_written():
        planned = run(rig, check=True)
    made = run(rig)
    assert (empty.before, empty.after, empty.actions) == (planned.before, planned.after, planned.actions) == (made.before, made.after, made.actions)
    assert (made.actions, made.name) == (("associate sso",), "sso")
    shown = found(rig)
    assert made.arn == shown["identityProviderConfigArn"]
    assert (shown["issuerUrl"], shown["clientId"], shown["usernameClaim"], shown["usernamePrefix"]) == (SSO["issuer_url"], "kubernetes", "email", "sso:")
    assert (shown["groupsClaim"], shown["groupsPrefix"], shown["requiredClaims"], shown["tags"]) == ("groups", "sso:", {"team": "platform"}, TAGS)
    assert any("identity provider sso, association: InProgress" in line for line in rig.lines)
    with rig.calls() as calls:
        assert not run(rig).changed
    assert calls == {"ListIdentityProviderConfigs": 1, "DescribeIdentityProviderConfig": 1}


def test_what_is_left_out_is_not_compared(rig: Rig) -> None:
    rig.cluster()
    run(rig, name="login")
    assert not rig.run("provider", cluster="one", client_id="kubernetes", tags=TAGS).changed


def test_tags_are_all_that_changes_in_place(rig: Rig) -> None:
    rig.cluster()
    run(rig, tags=TAGS | {"slipway:old": "1", "theirs": "stays"})
    with rig.nothing_written():
        planned = run(rig, check=True, tags=TAGS | {"cost": "7"})
    begin = len(rig.aws.log)
    done = run(rig, tags=TAGS | {"cost": "7"})
    assert (planned.before, planned.after, planned.actions) == (done.before, done.after, done.actions)
    assert done.actions == ("tags of sso",)
    assert [call.operation for call in rig.aws.log[begin:] if call.write] == ["TagResource", "UntagResource"]
    assert found(rig)["tags"] == TAGS | {"cost": "7", "theirs": "stays"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"client_id": "other"}, "client_id of the identity provider sso of one is 'kubernetes', and 'other' is wanted; EKS has one provider"),
        ({"groups_claim": ""}, "groups_claim of the identity provider sso of one is 'groups', and '' is wanted"),
        ({"required_claims": {}}, "required_claims of the identity provider"),
        ({"name": "second"}, "name of the identity provider sso of one is 'sso', and 'second' is wanted"),
    ],
)
def test_another_one_is_refused_or_replaced(rig: Rig, change: dict[str, Any], says: str) -> None:
    rig.cluster()
    run(rig)
    with rig.nothing_written():
        with pytest.raises(Conflict, match=says):
            run(rig, **change)
        with pytest.raises(Conflict, match=says):
            run(rig, check=True, **change)
        planned = run(rig, check=True, replace=True, **change)
    name = change.get("name", "sso")
    done = run(rig, replace=True, **change)
    assert (planned.before, planned.after, planned.actions) == (done.before, done.after, done.actions)
    assert done.actions == ("disassociate sso", f"associate {name}")
    assert found(rig, name)["usernamePrefix"] == "sso:"
    assert not run(rig, **change).changed


def test_what_is_left_out_stays_when_it_is_replaced(rig: Rig) -> None:
    rig.cluster()
    run(rig)
    rig.run("provider", cluster="one", client_id="other", replace=True)
    assert (found(rig)["clientId"], found(rig)["groupsPrefix"]) == ("other", "sso:")


def test_gone_and_gone_again(rig: Rig) -> None:
    assert not rig.run("provider", cluster="one", state="absent").changed, "there is no cluster"
    rig.cluster()
    run(rig)
    assert not rig.run("provider", cluster="one", state="absent", name="another").changed
    with rig.nothing_written():
        planned = rig.run("provider", True, cluster="one", state="absent")
    done = rig.run("provider", cluster="one", state="absent")
    assert planned.actions == done.actions == ("disassociate sso",)
    assert rig.eks.list_identity_provider_configs(clusterName="one")["identityProviderConfigs"] == []
    assert not rig.run("provider", cluster="one", state="absent").changed


def test_an_association_that_fails_says_why_and_is_tried_again(rig: Rig) -> None:
    rig.cluster()
    rig.state.faults.fail_update("one", "AssociateIdentityProviderConfig", "OperationNotPermitted", "The issuer could not be reached")
    with pytest.raises(NotReady, match="identity provider sso, association in eu-central-1: Failed: OperationNotPermitted: The issuer could not be reached"):
        run(rig)
    assert run(rig).changed


def test_an_interrupted_run_is_waited_for(rig: Rig) -> None:
    rig.cluster()
    oidc = {"identityProviderConfigName": "sso", "issuerUrl": SSO["issuer_url"], "clientId": "kubernetes"}
    rig.eks.associate_identity_provider_config(clusterName="one", oidc=oidc)
    assert not rig.run("provider", cluster="one", client_id="kubernetes").changed
    assert found(rig)["status"] == "ACTIVE"
    rig.eks.disassociate_identity_provider_config(clusterName="one", identityProviderConfig={"type": "oidc", "name": "sso"})
    assert run(rig).actions == ("associate sso",)


def test_while_eks_works_on_something_else_it_waits(rig: Rig) -> None:
    rig.cluster()
    message = "Cannot AssociateIdentityProviderConfig because cluster one currently has update x in progress"
    rig.aws.faults.append(Fault("error", "eks", "AssociateIdentityProviderConfig", times=2, code="ResourceInUseException", status=409, message=message))
    rig.aws.faults.append(Fault("throttled", "eks", "DescribeIdentityProviderConfig"))
    assert run(rig).changed


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"issuer_url": "login.example.com"}, "issuer_url: 'login.example.com' can be no issuer; write what your provider's tokens say in iss"),
        ({"issuer_url": "https://login.example.com?x=1"}, r"has no \?query"),
        ({"groups_prefix": "system:"}, "groups_prefix: names that begin with system: are Kubernetes' own"),
        ({"client_id": None, "issuer_url": None}, "issuer_url and client_id: the cluster one has no identity provider; give what it is made with"),
    ],
)
def test_what_can_not_be_is_said_before_anything_is_touched(rig: Rig, change: dict[str, Any], says: str) -> None:
    rig.cluster()
    with rig.nothing_written(), pytest.raises(InvalidInput, match=says):
        run(rig, **change)


def test_no_cluster(rig: Rig) -> None:
    with pytest.raises(NotFound, match="there is no cluster one in eu-central-1; make it first"):
        run(rig)
