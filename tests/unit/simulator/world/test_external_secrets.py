# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ExternalSecrets of a cluster, looked at by what stands for their operator: from Secrets Manager to Secrets."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.adopted import Rehearsed, rehearsed

from simulator.world.external_secrets import FINALIZER, ExternalSecrets

Object = dict[str, Any]
ROOT = "/apis/external-secrets.io/v1"
READ = {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], "Resource": "*"}
PASSWORD = "do-not-tell-anybody"


class Operated:
    """The operator's stand-in, and short words for what tests do with it."""

    def __init__(self, world: Rehearsed) -> None:
        self.world, self.api = world, world.api
        self.manager = world.aws.client("secretsmanager")
        self.operator = ExternalSecrets(world.aws.simulator, world.adopted, world.report)
        world.namespace("shop", team="orders")

    def store(self, kind: str = "ClusterSecretStore", **spec: Any) -> None:
        aws = {"service": "SecretsManager", "region": self.world.aws.region} | spec.pop("aws", {})
        name = {"name": "aws", "uid": f"uid-{kind}"} | ({"namespace": "shop"} if kind == "SecretStore" else {})
        path = f"{ROOT}/namespaces/shop/secretstores/aws" if kind == "SecretStore" else f"{ROOT}/clustersecretstores/aws"
        content = {"apiVersion": "external-secrets.io/v1", "kind": kind, "metadata": name, "spec": {"provider": {"aws": aws}} | spec}
        self.api.put(path, content)

    def external(self, name: str = "db", **spec: Any) -> None:
        given: Object = {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws"}, "refreshInterval": "1m0s"} | spec
        if "data" not in given and "dataFrom" not in given:
            given["dataFrom"] = [{"extract": {"key": "shop/db"}}]
        old = self.api.objects.get(self.path(name), {})
        metadata = {**old.get("metadata", {}), "name": name, "namespace": "shop"}
        content = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata, "spec": given}
        self.api.put(self.path(name), content | ({"status": old["status"]} if "status" in old else {}))

    def path(self, name: str = "db") -> str:
        return f"{ROOT}/namespaces/shop/externalsecrets/{name}"

    def put(self, name: str = "shop/db", **values: Any) -> None:
        text = json.dumps(values)
        try:
            self.manager.create_secret(Name=name, SecretString=text)
        except self.manager.exceptions.ResourceExistsException:
            self.manager.put_secret_value(SecretId=name, SecretString=text)

    def look(self) -> list[str]:
        return self.operator.look()

    def secret(self, name: str = "db") -> Object | None:
        return self.api.objects.get(f"/api/v1/namespaces/shop/secrets/{name}")

    def data(self, name: str = "db") -> dict[str, str]:
        found = self.secret(name)
        assert found is not None
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}

    def ready(self, path: str = "") -> tuple[str, str, str]:
        conditions = self.api.objects[path or self.path()]["status"]["conditions"]
        found = next(each for each in conditions if each["type"] == "Ready")
        return found["status"], found["reason"], found["message"]


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Operated]:
    """Nobody may read anything."""
    with rehearsed(tmp_path) as world:
        yield Operated(world)


@pytest.fixture
def operated(bare: Operated) -> Operated:
    """The operator's account may read all secrets, a store is there, and a secret."""
    bare.world.associate(bare.world.role("operator", READ))
    bare.store()
    bare.put(username="orders", password=PASSWORD)
    return bare


def test_a_secret_arrives(operated: Operated) -> None:
    operated.external()
    assert operated.look() == ["ClusterSecretStore aws", "Secret shop/db"]
    assert operated.data() == {"username": "orders", "password": PASSWORD}
    assert operated.ready() == ("True", "SecretSynced", "secret synced")
    assert operated.ready(f"{ROOT}/clustersecretstores/aws") == ("True", "Valid", "store validated")
    status = operated.api.objects[operated.path()]["status"]
    assert status["binding"] == {"name": "db"}
    assert status["refreshTime"] == "2026-11-21T12:10:00Z"
    assert status["syncedResourceVersion"].startswith("1-")
    secret = operated.secret()
    assert secret is not None
    assert secret["metadata"]["labels"]["reconcile.external-secrets.io/managed"] == "true"
    assert secret["metadata"]["ownerReferences"][0]["uid"] == operated.api.objects[operated.path()]["metadata"]["uid"]
    assert operated.api.objects[operated.path()]["metadata"]["finalizers"] == [FINALIZER]
    assert operated.world.events() == ["store validated", "secret created"]


def test_a_second_look_writes_nothing(operated: Operated) -> None:
    operated.external()
    operated.look()
    written = operated.api.writes()
    assert operated.look() == []
    assert operated.api.writes() == written


def test_the_hash_of_the_data_is_the_operators(operated: Operated) -> None:
    """SHA3-224 of map[a:[98]]: so a real operator that takes over leaves the Secret alone."""
    operated.put("shop/one", a="b")
    operated.external(dataFrom=[{"extract": {"key": "shop/one"}}])
    operated.look()
    secret = operated.secret()
    assert secret is not None
    assert secret["metadata"]["annotations"]["reconcile.external-secrets.io/data-hash"] == "3d68ac4f0d85ffe803e634fb03f14fd77986f865492d17edb91584b5"


def test_a_rotated_value_arrives_after_the_interval(operated: Operated) -> None:
    operated.external()
    operated.look()
    operated.put(username="orders", password="another")
    operated.world.aws.clock.advance(59)
    assert operated.look() == []
    operated.world.aws.clock.advance(1)
    assert operated.look() == ["Secret shop/db"]
    assert operated.data()["password"] == "another"
    assert operated.world.events()[-1] == "secret updated"


def test_a_change_of_the_object_is_followed_at_once(operated: Operated) -> None:
    operated.external()
    operated.look()
    operated.external(data=[{"secretKey": "word", "remoteRef": {"key": "shop/db", "property": "password"}}])
    assert operated.look() == ["Secret shop/db"]
    assert operated.data() == {"word": PASSWORD}


def test_an_interval_of_zero_is_once(operated: Operated) -> None:
    operated.external(refreshInterval="0s")
    operated.look()
    operated.put(password="another")
    operated.world.aws.clock.advance(1e6)
    assert operated.look() == []


def test_what_somebody_changed_is_put_right(operated: Operated) -> None:
    operated.external()
    operated.look()
    secret = operated.secret()
    assert secret is not None
    operated.api.put("/api/v1/namespaces/shop/secrets/db", secret | {"data": {"password": "eA=="}})
    assert operated.look() == ["Secret shop/db"]
    assert operated.data()["password"] == PASSWORD


def test_a_deleted_secret_comes_back(operated: Operated) -> None:
    operated.external()
    operated.look()
    del operated.api.objects["/api/v1/namespaces/shop/secrets/db"]
    assert operated.look() == ["Secret shop/db"]


def test_the_template_says_type_metadata_and_data(operated: Operated) -> None:
    template = {
        "type": "servicebinding.io/postgresql",
        "metadata": {"labels": {"for": "{{ .username }}"}, "annotations": {"note": "plain"}},
        "data": {"url": 'postgres://{{ .username }}:{{ index . "password" | toString }}@db', "b64": "{{ .username | b64enc }}"},
    }
    operated.external(target={"name": "binding", "template": template})
    operated.look()
    secret = operated.secret("binding")
    assert secret is not None
    assert secret["type"] == "servicebinding.io/postgresql"
    assert secret["metadata"]["labels"]["for"] == "orders"
    assert secret["metadata"]["annotations"]["note"] == "plain"
    assert operated.data("binding") == {"url": f"postgres://orders:{PASSWORD}@db", "b64": "b3JkZXJz"}
    operated.external(target={"name": "binding", "template": template | {"mergePolicy": "Merge"}})
    operated.look()
    assert sorted(operated.data("binding")) == ["b64", "password", "url", "username"]


def test_a_template_without_its_key_is_an_error(operated: Operated) -> None:
    operated.external(target={"template": {"data": {"url": "{{ .host }}"}}})
    operated.look()
    assert operated.ready() == ("False", "SecretSyncedError", "could not update secret")
    assert 'map has no entry for key "host"' in operated.world.events("Warning")[-1]
    assert operated.secret() is None


def test_another_target_name_removes_the_first(operated: Operated) -> None:
    operated.external()
    operated.look()
    operated.external(target={"name": "other"})
    operated.look()
    assert operated.secret() is None
    assert operated.data("other")["password"] == PASSWORD


@pytest.mark.parametrize(
    ("remote", "value"),
    [
        ({"property": "password"}, PASSWORD),
        ({"property": "a.b"}, "dotted"),
        ({"property": "deep.er"}, "down"),
        ({"property": "count"}, "7"),
        ({"property": "part"}, "1.5"),
        ({"property": "deep"}, '{"er": "down"}'),
        ({"property": "coded", "decodingStrategy": "Base64"}, "hello"),
        ({"property": "coded", "decodingStrategy": "Auto"}, "hello"),
    ],
)
def test_properties(operated: Operated, remote: Object, value: str) -> None:
    content = {"password": PASSWORD, "a.b": "dotted", "deep": {"er": "down"}, "count": 7, "part": 1.5, "coded": "aGVsbG8="}
    operated.manager.create_secret(Name="shop/props", SecretString=json.dumps(content))
    operated.external(data=[{"secretKey": "it", "remoteRef": {"key": "shop/props"} | remote}])
    operated.look()
    assert operated.data() == {"it": value}


def test_a_property_that_is_not_there(operated: Operated) -> None:
    operated.external(data=[{"secretKey": "it", "remoteRef": {"key": "shop/db", "property": "host"}}])
    operated.look()
    assert operated.ready() == ("False", "SecretSyncedError", "could not get secret data from provider")
    assert operated.world.events("Warning") == ["error processing spec.data[0] (key: shop/db), err: key host does not exist in secret shop/db"]


def test_extract_takes_what_is_no_string_as_it_is_written_and_keys_as_they_can_be(operated: Operated) -> None:
    operated.manager.create_secret(Name="shop/odd", SecretString='{"a b": "x", "n": [1,  2], "none": null}')
    operated.external(dataFrom=[{"extract": {"key": "shop/odd"}}])
    operated.look()
    assert operated.data() == {"a_b": "x", "n": "[1,  2]", "none": "null"}


def test_binary_and_whole_values(operated: Operated) -> None:
    operated.manager.create_secret(Name="shop/binary", SecretBinary=b"bytes")
    operated.external(data=[{"secretKey": "whole", "remoteRef": {"key": "shop/binary"}}])
    operated.look()
    assert operated.data() == {"whole": "bytes"}


def test_versions_by_stage_and_by_id(operated: Operated) -> None:
    first = operated.manager.describe_secret(SecretId="shop/db")["VersionIdsToStages"]
    operated.put(password="second")
    previous = {"secretKey": "previous", "remoteRef": {"key": "shop/db", "property": "password", "version": "AWSPREVIOUS"}}
    by_id = {"secretKey": "id", "remoteRef": {"key": "shop/db", "property": "password", "version": f"uuid/{next(iter(first))}"}}
    current = {"secretKey": "now", "remoteRef": {"key": "shop/db", "property": "password"}}
    operated.external(data=[previous, by_id, current])
    operated.look()
    assert operated.data() == {"previous": PASSWORD, "id": PASSWORD, "now": "second"}


# -- who may


def test_without_an_association_the_store_is_not_ready(bare: Operated) -> None:
    bare.store()
    bare.put(password=PASSWORD)
    bare.external()
    bare.look()
    assert bare.ready(f"{ROOT}/clustersecretstores/aws") == ("False", "InvalidProviderConfig", "unable to validate store")
    assert bare.ready() == ("False", "SecretSyncedError", "could not get secret data from provider")
    told = "no credentials for service account external-secrets/external-secrets: it has no Pod Identity association in the cluster one"
    assert told in bare.world.events("Warning")[0]
    assert any(told in each for each in bare.world.reports)
    assert bare.secret() is None
    bare.world.associate(bare.world.role("operator", READ))
    bare.look()
    assert bare.ready()[0] == "True"


def test_without_the_agent_there_are_no_credentials(operated: Operated) -> None:
    operated.world.account.inside().shown["computeConfig"]["enabled"] = False
    operated.look()
    assert "has no add-on eks-pod-identity-agent" in operated.world.events("Warning")[0]


ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"
TAG = {"StringEquals": {"secretsmanager:ResourceTag/team": "${aws:PrincipalTag/kubernetes-namespace}"}}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([READ | {"Resource": f"{ARN}shop/*"}], True),
        ([READ | {"Resource": f"{ARN}shop/db-??????"}], True),
        ([READ | {"Resource": f"{ARN}shop/db"}], False),
        ([READ | {"Action": "secretsmanager:Get*"}], True),
        ([READ | {"Action": "secretsmanager:DescribeSecret"}], False),
        ([READ, READ | {"Effect": "Deny", "Resource": f"{ARN}shop/*"}], False),
        ([READ | {"Condition": TAG}], True),
        ([READ | {"Condition": {"StringEquals": {"secretsmanager:ResourceTag/team": "others"}}}], False),
        ([READ | {"Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSPREVIOUS"}}}], False),
        ([READ | {"Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}}], False),
    ],
)
def test_the_roles_policy_decides(bare: Operated, statements: list[Object], allowed: bool) -> None:
    bare.world.associate(bare.world.role("operator", *statements))
    bare.manager.create_secret(Name="shop/db", SecretString="{}", Tags=[{"Key": "team", "Value": "external-secrets"}])
    bare.store()
    bare.external(data=[{"secretKey": "all", "remoteRef": {"key": "shop/db"}}])
    bare.look()
    assert (bare.ready()[0] == "True") is allowed
    if not allowed:
        assert "secretsmanager:GetSecretValue" in bare.world.events("Warning")[-1]


def test_a_refusal_names_who_what_and_where(bare: Operated) -> None:
    bare.world.associate(bare.world.role("operator", READ | {"Resource": f"{ARN}other/*"}))
    bare.put(password=PASSWORD)
    bare.store()
    bare.external()
    bare.look()
    refused = bare.world.events("Warning")[-1]
    assert "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/operator/eks-one-external-secrets is not authorized" in refused
    assert f"on resource: {ARN}shop/db-" in refused


def test_who_may_not_read_is_not_told_what_is_not_there(bare: Operated) -> None:
    bare.world.associate(bare.world.role("operator", READ | {"Resource": f"{ARN}other/*"}))
    bare.store()
    bare.external()
    bare.look()
    assert "AccessDeniedException" in bare.world.events("Warning")[-1]


def test_a_key_of_ones_own_needs_decrypt(bare: Operated) -> None:
    key = bare.world.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    bare.world.associate(bare.world.role("operator", READ))
    bare.manager.create_secret(Name="shop/db", SecretString="{}", KmsKeyId=key)
    bare.store()
    bare.external(data=[{"secretKey": "all", "remoteRef": {"key": "shop/db"}}])
    bare.look()
    assert f"not authorized to perform: kms:Decrypt on resource: {key}" in bare.world.events("Warning")[-1]
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}
    bare.world.role("operator", READ, {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": via})
    bare.look()
    assert bare.ready()[0] == "True"


def test_a_secrets_own_policy_can_forbid(operated: Operated) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    operated.manager.put_resource_policy(SecretId="shop/db", ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    operated.external()
    operated.look()
    assert "with an explicit deny" in operated.world.events("Warning")[-1]


def test_a_store_may_have_a_role_of_its_own(bare: Operated) -> None:
    """The operator's role has to be let, and the other has to let it."""
    own = bare.world.account.role_for("operator", "pods.eks.amazonaws.com")
    bare.world.associate(own)
    bare.put(password=PASSWORD)
    iam = bare.world.aws.client("iam")
    trust: Object = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": own}, "Action": "sts:AssumeRole"}]}
    nobody = {**trust, "Statement": [trust["Statement"][0] | {"Effect": "Deny"}]}
    team = iam.create_role(RoleName="team", AssumeRolePolicyDocument=json.dumps(nobody))["Role"]["Arn"]
    iam.put_role_policy(RoleName="team", PolicyName="read", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [READ]}))
    bare.store(aws={"role": team})
    bare.external()
    bare.look()
    assert f"is not authorized to perform: sts:AssumeRole on resource: {team}" in bare.world.events("Warning")[0]
    iam.update_assume_role_policy(RoleName="team", PolicyDocument=json.dumps(trust))
    bare.look()
    assert bare.ready()[0] == "True"


def test_a_service_account_of_the_stores_own_cannot_have_pod_identity(operated: Operated) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}}
    operated.api.put("/api/v1/namespaces/shop/serviceaccounts/orders", account)
    operated.world.associate(operated.world.role("orders", READ), "shop", "orders")
    operated.store("SecretStore", aws={"auth": {"jwt": {"serviceAccountRef": {"name": "orders"}}}})
    operated.external(secretStoreRef={"name": "aws"})
    operated.look()
    assert operated.ready(f"{ROOT}/namespaces/shop/secretstores/aws") == ("False", "InvalidProviderConfig", "unable to create client")
    told = "an IAM role must be associated with service account orders (namespace: shop); with Pod Identity leave spec.provider.aws.auth out"
    assert told in operated.world.events("Warning")
    assert 'SecretStore "aws" is not ready' in operated.world.events("Warning")[-1]


@pytest.mark.parametrize(("conditions", "allowed"), [([{"namespaces": ["shop"]}], True), ([{"namespaces": ["other"]}], False)])
def test_a_cluster_store_is_for_some_namespaces(operated: Operated, conditions: list[Object], allowed: bool) -> None:
    operated.store(conditions=conditions)
    operated.external()
    operated.look()
    assert (operated.ready()[0] == "True") is allowed


def test_a_cluster_store_is_for_namespaces_by_label(operated: Operated) -> None:
    operated.store(conditions=[{"namespaceSelector": {"matchLabels": {"team": "others"}}}])
    operated.external()
    operated.look()
    assert 'not allowed from namespace "shop": denied by spec.condition' in operated.world.events("Warning")[-1]
    operated.store(conditions=[{"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["orders"]}]}}])
    operated.look()
    operated.look()
    assert operated.ready()[0] == "True"


def test_a_store_that_is_not_there(operated: Operated) -> None:
    operated.external(secretStoreRef={"name": "nowhere"})
    operated.look()
    assert 'could not get SecretStore "nowhere"' in operated.world.events("Warning")[-1]


# -- what becomes of the Secret


def test_merge_waits_for_the_secret_and_keeps_what_it_has(operated: Operated) -> None:
    operated.external(target={"creationPolicy": "Merge"})
    operated.look()
    assert operated.ready() == ("True", "SecretMissing", "secret will not be created due to CreationPolicy=Merge")
    own = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"}, "data": {"own": "eA=="}}
    operated.api.put("/api/v1/namespaces/shop/secrets/db", own)
    operated.world.aws.clock.advance(60)
    operated.look()
    assert operated.data() == {"own": "x", "username": "orders", "password": PASSWORD}
    secret = operated.secret()
    assert secret is not None
    assert not secret["metadata"].get("ownerReferences")


def test_orphan_has_no_owner(operated: Operated) -> None:
    operated.external(target={"creationPolicy": "Orphan"})
    operated.look()
    secret = operated.secret()
    assert secret is not None
    assert not secret["metadata"].get("ownerReferences")
    assert "reconcile.external-secrets.io/created-by" not in secret["metadata"]["labels"]
    operated.world.aws.clock.advance(60)
    assert operated.look() == []


def test_none_writes_nothing(operated: Operated) -> None:
    operated.external(target={"creationPolicy": "None"})
    operated.look()
    assert operated.ready()[0] == "True"
    assert operated.secret() is None


def test_two_do_not_fight_for_one_secret(operated: Operated) -> None:
    operated.external(target={"name": "shared"})
    operated.look()
    operated.external("second", target={"name": "shared"})
    operated.look()
    assert operated.ready(operated.path("second")) == ("False", "SecretSyncedError", "target is owned by another ExternalSecret")


def test_an_immutable_secret_is_left(operated: Operated) -> None:
    operated.external(target={"immutable": True})
    operated.look()
    secret = operated.secret()
    assert secret is not None
    assert secret["immutable"] is True
    operated.external(target={})
    operated.put(password="another")
    operated.look()
    assert operated.ready() == ("False", "SecretSyncedError", "could not update secret, target is immutable")
    assert operated.data()["password"] == PASSWORD


def test_a_secret_that_went_from_aws(operated: Operated) -> None:
    """Retain keeps it, and says that something is wrong; Delete deletes it."""
    operated.external()
    operated.look()
    operated.manager.delete_secret(SecretId="shop/db", ForceDeleteWithoutRecovery=True)
    operated.world.aws.clock.advance(60)
    operated.look()
    assert operated.ready() == ("False", "SecretSyncedError", "could not get secret data from provider")
    assert operated.world.events("Warning") == ["error processing spec.dataFrom[0].extract, err: Secret does not exist"]
    assert operated.data()["password"] == PASSWORD
    operated.external(target={"deletionPolicy": "Delete"})
    operated.look()
    assert operated.ready() == ("True", "SecretDeleted", "secret deleted due to DeletionPolicy=Delete")
    assert operated.secret() is None


def test_with_the_external_secret_goes_what_is_to_go(operated: Operated) -> None:
    operated.external(target={"deletionPolicy": "Delete"})
    operated.look()
    live = operated.api.objects[operated.path()]
    operated.api.put(operated.path(), live | {"metadata": live["metadata"] | {"deletionTimestamp": "2026-11-21T12:00:00Z"}})
    operated.look()
    assert operated.secret() is None
    assert "finalizers" not in operated.api.objects[operated.path()]["metadata"]


# -- what is not understood is said


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"dataFrom": [{"find": {"name": {"regexp": ".*"}}}]}, "spec.dataFrom[0].find"),
        ({"dataFrom": [{"extract": {"key": "shop/db"}, "rewrite": [{"regexp": {"source": "a", "target": "b"}}]}]}, "spec.dataFrom[0].rewrite"),
        ({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "Password", "name": "x"}}}]}, "spec.dataFrom[0].sourceRef.generatorRef"),
        ({"target": {"template": {"templateFrom": [{"literal": "x"}]}}}, "spec.target.template.templateFrom"),
        ({"target": {"template": {"data": {"a": "{{ range . }}{{ end }}"}}}}, "the template {{ range . }}"),
        ({"target": {"manifest": {"apiVersion": "v1", "kind": "ConfigMap"}}}, "spec.target.manifest"),
        ({"target": {"deletionPolicy": "Delete", "creationPolicy": "Merge"}}, "deletionPolicy=Delete must not be used"),
        ({"dataFrom": [{"extract": {"key": "shop/db", "metadataPolicy": "Fetch"}}]}, "metadataPolicy Fetch"),
        ({"refreshInterval": "one minute"}, "spec.refreshInterval is one minute"),
        ({"data": [], "dataFrom": []}, "either data or dataFrom"),
    ],
)
def test_what_is_not_understood_is_told(operated: Operated, spec: Object, told: str) -> None:
    operated.external(**spec)
    operated.look()
    status, reason, message = operated.ready()
    assert (status, reason) == ("False", "SecretSyncedError")
    assert told in message
    assert any(told in each for each in operated.world.reports)
    assert operated.secret() is None


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ({"aws": {"service": "ParameterStore"}}, "spec.provider.aws.service ParameterStore"),
        ({"aws": {"auth": {"secretRef": {"accessKeyIDSecretRef": {"name": "x"}}}}}, "spec.provider.aws.auth.secretRef"),
        ({"aws": {"externalID": "x"}}, "spec.provider.aws.externalID"),
        ({"provider": {"vault": {"server": "https://x"}}}, "spec.provider.vault"),
    ],
)
def test_what_a_store_has_that_is_not_understood_is_told(operated: Operated, provider: Object, told: str) -> None:
    operated.store(**provider)
    operated.look()
    status, _, message = operated.ready(f"{ROOT}/clustersecretstores/aws")
    assert status == "False"
    assert told in message


def test_stores_of_another_controller_are_left_alone(operated: Operated) -> None:
    operated.store(controller="mine")
    operated.external()
    assert operated.look() == []
    assert "another controller's" in operated.world.reports[0]


def test_values_stand_nowhere_but_in_secrets(operated: Operated) -> None:
    operated.manager.create_secret(Name="shop/plain", SecretString=PASSWORD)
    operated.external()
    operated.external("text", dataFrom=[{"extract": {"key": "shop/plain"}}])
    operated.external("number", target={"template": {"data": {"a": "{{ .password | b64dec }}"}}})
    operated.look()
    shown = {path: each for path, each in operated.api.objects.items() if "/secrets/" not in path}
    assert operated.data()["password"] == PASSWORD
    assert PASSWORD not in json.dumps(shown)
    assert PASSWORD not in json.dumps(operated.world.reports)


def test_before_the_definitions_are_there_nothing_is_to_do(bare: Operated) -> None:
    bare.store()
    bare.api.objects.clear()
    assert bare.look() == []


def test_it_says_that_it_stands_for_the_operator(bare: Operated) -> None:
    assert [(part.name, part.state) for part in bare.operator.parts()] == [("External Secrets Operator", "stand-in")]


def test_it_looks_by_itself_until_it_is_ended(operated: Operated) -> None:
    seen = threading.Event()
    operated.api.on_write = lambda _api, path, _live: seen.set() if path.endswith("/secrets/db") else None
    operated.external()
    with operated.operator.running():
        assert seen.wait(20)
    assert operated.data()["password"] == PASSWORD


def test_no_cluster_no_look(bare: Operated) -> None:
    bare.external()
    bare.world.account.renew()
    asked = len(bare.api.log)
    assert bare.look() == []
    assert len(bare.api.log) == asked
