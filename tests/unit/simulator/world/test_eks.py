# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real cluster behind EKS: its endpoint, who comes in by the entries, and what they may do there."""

from __future__ import annotations

import base64
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.token import assumed, token
from botocore.exceptions import ClientError
from support import kube_api
from support.kube_api import KubeApi
from support.world import REGION, World, running

from simulator.world.reconciler import Reconciler

RBAC = "/apis/rbac.authorization.k8s.io/v1"
AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with kube_api.running() as found:
        yield found


@pytest.fixture
def world(api: KubeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    kubeconfig = api.kubeconfig(tmp_path)
    with running(tmp_path / "world", kubeconfig=str(kubeconfig)) as found:
        found.into(monkeypatch)
        yield found


def review(world: World, value: str) -> dict[str, Any]:
    """What the API server would ask: only the webhook's kubeconfig is used."""
    cluster = json.loads(Path(world.state.webhook_file).read_text())["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": value}}
    request = urllib.request.Request(cluster["server"], json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:
        found = json.load(answer)
    assert (found["apiVersion"], found["kind"]) == ("authentication.k8s.io/v1", "TokenReview")
    status: dict[str, Any] = found["status"]
    return status


def caller(world: World) -> str:
    return str(world.client("sts").get_caller_identity()["Arn"])


def user(world: World, name: str) -> tuple[str, Any]:
    """The ARN of a user, and a session with that user's key."""
    iam = world.client("iam")
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    session = botocore.session.get_session()
    session.set_credentials(key["AccessKeyId"], key["SecretAccessKey"])
    return arn, session


def own(cluster: str = "prod", session: Any = None) -> str:
    return token(session or botocore.session.get_session(), cluster, REGION)


def associate(world: World, arn: str, policy: str, *namespaces: str) -> None:
    scope = {"type": "namespace", "namespaces": list(namespaces)} if namespaces else {"type": "cluster"}
    policy_arn = f"arn:aws:eks::aws:cluster-access-policy/{policy}"
    world.client("eks").associate_access_policy(clusterName="prod", principalArn=arn, policyArn=policy_arn, accessScope=scope)


def eventually(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_the_cluster_is_the_real_one(world: World, api: KubeApi) -> None:
    cluster = world.cluster()
    assert (cluster["status"], cluster["endpoint"]) == ("ACTIVE", api.url)
    assert cluster["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.eu-central-1.amazonaws.com/id/")


def test_its_authority_too_and_a_second_cluster_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = {"server": "https://127.0.0.1:16443/", "certificate-authority-data": AUTHORITY}
    names = {"clusters": [{"name": "kind", "cluster": cluster}], "contexts": [{"name": "kind", "context": {"cluster": "kind", "user": "kind"}}]}
    with running(tmp_path / "world", kubeconfig=str(tmp_path / "later")) as world:
        world.into(monkeypatch)
        with pytest.raises(ClientError, match="later can't be used") as caught:
            world.cluster("early")
        assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
        (tmp_path / "later").write_text(json.dumps({**names, "current-context": "kind"}))
        found = world.cluster("one")
        assert (found["endpoint"], found["certificateAuthority"]["data"]) == ("https://127.0.0.1:16443", AUTHORITY)
        assert world.cluster("two")["endpoint"].endswith(".eks.amazonaws.com")
        world.client("eks").delete_cluster(name="one")
        world.clock.advance(3600)
        assert world.cluster("three")["endpoint"] == "https://127.0.0.1:16443", "what is deleted is forgotten, and the cluster is free again"


def test_a_token_is_good_while_its_owner_has_an_entry(world: World) -> None:
    value, eks = own(), world.client("eks")
    assert review(world, value) == {"authenticated": False, "error": "there is no such cluster in EKS"}
    world.cluster()
    arn, session = user(world, "ada")
    value = own(session=session)
    assert review(world, value) == {"authenticated": False, "error": f"{arn} has no access entry in the cluster prod"}
    eks.create_access_entry(clusterName="prod", principalArn=arn, kubernetesGroups=["developers"])
    associate(world, arn, "AmazonEKSViewPolicy")
    associate(world, arn, "AmazonEKSEditPolicy", "orders", "shop-*")
    found = review(world, value)
    assert found["authenticated"]
    policies = [f"eks:access-policy:AmazonEKS{each}" for each in ("ViewPolicy", "EditPolicy:orders", "EditPolicy:shop-*")]
    assert (found["user"]["username"], found["user"]["groups"]) == (arn, ["developers", *policies])
    assert found["user"]["extra"]["arn"] == [arn]
    assert not review(world, own("stage", session))["authenticated"], "a token is for one cluster"
    eks.delete_access_entry(clusterName="prod", principalArn=arn)
    assert review(world, value) == {"authenticated": False, "error": f"{arn} has no access entry in the cluster prod"}


def test_the_key_that_the_world_gave_and_a_role_that_was_assumed(world: World) -> None:
    world.cluster()
    arn, eks = caller(world), world.client("eks")
    role = world.client("iam").create_role(RoleName="readers", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))["Role"]["Arn"]
    eks.create_access_entry(clusterName="prod", principalArn=role)
    session = assumed(botocore.session.get_session(), role, REGION, None)
    found = review(world, own(session=session))
    assert found["user"]["username"].endswith(":assumed-role/readers/slipway")
    assert found["user"]["extra"]["canonicalArn"] == [role]
    assert arn.endswith(":user/simulated")
    assert review(world, own())["error"] == f"{arn} has no access entry in the cluster prod", "it is known, and may nothing"
    key = Path(world.state.credentials_file).read_text().partition("aws_secret_access_key = ")[2].strip()
    stranger = botocore.session.get_session()
    stranger.set_credentials(str(botocore.session.get_session().get_credentials().access_key), f"{key}x")
    assert "the signature is wrong" in review(world, own(session=stranger))["error"]


def test_what_is_no_token_and_no_review(world: World) -> None:
    world.cluster()
    assert review(world, "k8s-aws-v1.secretsecret")["error"] == "the token is not base64"
    assert not review(world, "")["authenticated"]
    cluster = json.loads(Path(world.state.webhook_file).read_text())["clusters"][0]["cluster"]
    context = ssl.create_default_context(cafile=world.state.ca_file)
    for body in (b"", b"{}", b"[]", b'{"apiVersion": "authentication.k8s.io/v1beta1", "kind": "TokenReview", "spec": {"token": ""}}', b"x" * 70_000):
        with pytest.raises(urllib.error.HTTPError, match="400") as caught, urllib.request.urlopen(cluster["server"], body, timeout=30, context=context):
            pass
        caught.value.close()


def test_policies_are_bound_in_the_cluster(world: World, api: KubeApi) -> None:
    world.cluster()
    arn, _ = user(world, "ada")
    world.client("eks").create_access_entry(clusterName="prod", principalArn=arn)
    for policy, *namespaces in (["AmazonEKSClusterAdminPolicy"], ["AmazonEKSSecretReaderPolicy", "default"], ["AmazonEKSViewPolicy", "shop-*"]):
        associate(world, arn, policy, *namespaces)
    admin = f"{RBAC}/clusterrolebindings/eks:access-policy:AmazonEKSClusterAdminPolicy"
    reader = f"{RBAC}/namespaces/default/rolebindings/eks:access-policy:AmazonEKSSecretReaderPolicy"
    eventually(lambda: admin in api.objects and reader in api.objects)
    assert api.objects[admin]["roleRef"]["name"] == "cluster-admin"
    assert [each["name"] for each in api.objects[admin]["subjects"]] == ["eks:access-policy:AmazonEKSClusterAdminPolicy"]
    role = api.objects[f"{RBAC}/clusterroles/{api.objects[reader]['roleRef']['name']}"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}]
    begun = time.monotonic()
    world.client("eks").disassociate_access_policy(
        clusterName="prod", principalArn=arn, policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    )
    eventually(lambda: admin not in api.objects)
    assert time.monotonic() - begun < 10
    world.client("eks").delete_cluster(name="prod")
    world.clock.advance(3600)
    world.client("eks").list_clusters()
    eventually(lambda: not any(path.startswith(RBAC) for path in api.objects))


def test_namespaces_that_come_and_changes_by_others(api: KubeApi, world: World) -> None:
    world.cluster()
    arn, _ = user(world, "ada")
    world.client("eks").create_access_entry(clusterName="prod", principalArn=arn)
    associate(world, arn, "AmazonEKSViewPolicy", "shop-*")
    backend: Any = world.simulator.backends["eks"]
    said: list[str] = []
    reconciler = Reconciler(world.simulator, backend.adopted, said.append)
    binding = f"{RBAC}/namespaces/shop-1/rolebindings/eks:access-policy:AmazonEKSViewPolicy"
    reconciler.look()
    assert binding not in api.objects
    api.put("/api/v1/namespaces/shop-1", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop-1"}})
    for _ in range(15):
        reconciler.look()
    assert [each["name"] for each in api.objects[binding]["subjects"]] == ["eks:access-policy:AmazonEKSViewPolicy:shop-*"]
    before = len(api.writes())
    for _ in range(15):
        assert reconciler.look() == []
    assert len(api.writes()) == before, "what is as it should be is not written again"
    api.objects[binding]["subjects"] = []
    for _ in range(15):
        reconciler.look()
    assert api.objects[binding]["subjects"]
    assert "access policies that are accepted and mean nothing in the real cluster: AmazonEKSClusterInsightsPolicy" in said[0]


def test_a_cluster_that_is_away_is_said(world: World, api: KubeApi) -> None:
    world.cluster()
    api.faults.append(kube_api.Fault("GET", "clusterroles", 403, {"message": "no"}, times=1000))
    arn, _ = user(world, "ada")
    world.client("eks").create_access_entry(clusterName="prod", principalArn=arn)
    associate(world, arn, "AmazonEKSViewPolicy")

    def reports() -> list[str]:
        with urllib.request.urlopen(f"{world.state.url}/_simulator/world", timeout=30) as answer:
            found: list[str] = json.load(answer)["reports"]
        return found

    eventually(lambda: any(each.startswith("access entries are not in the cluster yet") for each in reports()))


def test_tokens_are_of_real_time(world: World) -> None:
    """The simulated clock stands in another year, or runs sixty times as fast: clients' clocks don't."""
    world.cluster()
    arn, session = user(world, "ada")
    world.client("eks").create_access_entry(clusterName="prod", principalArn=arn)
    assert abs(world.clock.now() - datetime.now(UTC)) > timedelta(minutes=30)
    assert review(world, own(session=session))["authenticated"]
