# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in Secrets Manager, asked from outside with boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.secrets.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.secrets.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, SlipwayError
from support.aws_core import TAGS, Account, account

CACHE = {
    "name": "shop/cache",
    "values": {"username": "shop"},
    "generate": {"password": {"length": 40}},
    "compose": {"url": "rediss://${username}:${password}@cache:6379"},
}
BY_HAND = {"name": "shop/payment", "description": "put there by hand"}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": ["secretsmanager:GetSecretValue"], "Resource": ["*"]},
    ],
}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield found


def value(store: Account, name: str = "shop/cache", stage: str = "AWSCURRENT") -> Any:
    return json.loads(store.client("secretsmanager").get_secret_value(SecretId=name, VersionStage=stage)["SecretString"])


def described(store: Account, name: str = "shop/cache") -> dict[str, Any]:
    found: dict[str, Any] = store.client("secretsmanager").describe_secret(SecretId=name)
    return found


def test_made_once_and_kept(store: Account) -> None:
    with store.counted() as calls:
        result = store.run(secrets=[CACHE, BY_HAND], tags=TAGS)
    assert calls == {"DescribeSecret": 2, "!CreateSecret": 2}
    made = value(store)
    assert (made["username"], len(made["password"])) == ("shop", 40)
    assert made["url"] == f"rediss://shop:{made['password']}@cache:6379"
    current = described(store)
    assert {each["Key"]: each["Value"] for each in current["Tags"]} == TAGS
    [version] = current["VersionIdsToStages"]
    assert result.secrets[0] == {"name": "shop/cache", "arn": current["ARN"], "version_id": version, "previous_version_id": ""}
    assert result.after["shop/cache"]["value"] == {"entries": ["password", "url", "username"], "version_id": version}
    assert not described(store, "shop/payment").get("VersionIdsToStages")
    with store.counted() as second:
        again = store.run(secrets=[CACHE, BY_HAND], tags=TAGS)
    assert (again.changed, again.secrets) == (False, result.secrets)
    assert second == {"DescribeSecret": 2, "BatchGetSecretValue": 1}
    assert value(store) == made


def test_no_value_comes_out(store: Account, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.write_text("PLANTED-VALUE")
    planted.chmod(0o600)
    wanted = [CACHE, {"name": "shop/file", "file": str(planted)}]
    store.fault("error", "secretsmanager", "PutSecretValue", code="InternalServiceError", status=500, times=2)
    results = [store.run(check=True, secrets=wanted), store.run(secrets=wanted), store.run(check=True, secrets=wanted, rotate=True)]
    before = value(store)
    with pytest.raises(SlipwayError) as caught:
        store.run(secrets=wanted, rotate=True)
    results += [store.run(secrets=wanted, rotate=True), store.run(secrets=wanted, state="absent")]
    shown = f"{results} {[each.diff for each in results]} {store.lines} {caught.value!r} {caught.value.facts}"
    for secret in ("PLANTED-VALUE", before["password"]):
        assert secret not in shown
        assert secret not in repr([vars(call) for call in store.simulated.log])


def test_check_mode_foresees(store: Account) -> None:
    with store.counted() as calls:
        foreseen = store.run(check=True, secrets=[{**CACHE, "policy": POLICY, "kms_key": LATER}, BY_HAND], tags=TAGS)
    assert store.writes(calls) == []
    assert foreseen.secrets[0] == {"name": "shop/cache", "arn": LATER, "version_id": LATER, "previous_version_id": ""}
    foreseen = store.run(check=True, secrets=[CACHE, BY_HAND], tags=TAGS)
    done = store.run(secrets=[CACHE, BY_HAND], tags=TAGS)
    assert foreseen.actions == done.actions
    assert foreseen.before == done.before
    assert without_ids(foreseen.after) == without_ids(done.after)


def without_ids(state: Any) -> Any:
    return {key: without_ids(each) for key, each in state.items() if key != "version_id"} if isinstance(state, dict) else state


def test_rotation(store: Account) -> None:
    first = store.run(secrets=[CACHE, BY_HAND]).secrets[0]["version_id"]
    old = value(store)
    foreseen = store.run(check=True, secrets=[{**CACHE, "rotate": True}, BY_HAND])
    assert (foreseen.changed, value(store)) == (True, old)
    with store.counted() as calls:
        done = store.run(secrets=[CACHE, BY_HAND], rotate=True)
    assert store.writes(calls) == ["!PutSecretValue"]
    assert foreseen.actions == done.actions == ("put a new version of secret shop/cache",)
    assert done.secrets[0]["previous_version_id"] == first
    new = value(store)
    assert new["password"] != old["password"]
    assert new["url"].endswith(f"{new['password']}@cache:6379")
    assert value(store, stage="AWSPREVIOUS") == old
    assert not store.run(secrets=[CACHE, BY_HAND]).changed


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"values": {"username": "orders"}}, ["!PutSecretValue"]),
    ({"generate": {"password": {}, "salt": {}}}, ["!PutSecretValue"]),
    ({"description": "of the cache"}, ["!UpdateSecret"]),
    ({"policy": POLICY}, ["!PutResourcePolicy"]),
    ({"replica_regions": ["eu-west-1"]}, ["!ReplicateSecretToRegions"]),
    ({"tags": {"team": "shop"}}, ["!TagResource"]),
]


@pytest.mark.parametrize(("change", "writes"), CHANGES)
def test_one_change_is_one_write(store: Account, change: dict[str, Any], writes: list[str]) -> None:
    store.run(secrets=[CACHE], tags=TAGS)
    old = value(store)
    foreseen = store.run(check=True, secrets=[{**CACHE, **change}], tags=TAGS)
    with store.counted() as calls:
        done = store.run(secrets=[{**CACHE, **change}], tags=TAGS)
    assert store.writes(calls) == writes
    assert (foreseen.actions, without_ids(foreseen.after)) == (done.actions, without_ids(done.after))
    assert value(store)["password"] == old["password"]
    assert not store.run(secrets=[{**CACHE, **change}], tags=TAGS).changed


def test_policies_and_copies_go(store: Account) -> None:
    store.run(secrets=[{**CACHE, "policy": POLICY, "replica_regions": ["eu-west-1"]}])
    with store.counted() as calls:
        assert store.run(secrets=[{**CACHE, "policy": {}, "replica_regions": []}]).changed
    assert store.writes(calls) == ["!DeleteResourcePolicy", "!RemoveRegionsFromReplication"]
    assert not store.run(secrets=[{**CACHE, "policy": {}, "replica_regions": []}]).changed


def test_a_key_by_any_of_its_names(store: Account) -> None:
    key = store.client("kms").create_key()["KeyMetadata"]
    store.client("kms").create_alias(AliasName="alias/shop", TargetKeyId=key["KeyId"])
    assert store.run(secrets=[{**CACHE, "kms_key": "alias/shop"}]).changed
    for name in ("alias/shop", key["Arn"], key["KeyId"]):
        assert not store.run(secrets=[{**CACHE, "kms_key": name}]).changed
    with store.counted() as calls:
        store.run(secrets=[{**CACHE, "kms_key": "alias/aws/secretsmanager"}])
    assert store.writes(calls) == ["!UpdateSecret"]


def test_a_file(store: Account, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("one\n")
    path.chmod(0o644)
    with pytest.raises(InvalidInput, match=rf"secret shop/file: file: {path} is secret, and others on this machine can read it; chmod 600"):
        store.run(secrets=[{"name": "shop/file", "file": str(path)}])
    path.chmod(0o600)
    store.run(secrets=[{"name": "shop/file", "file": str(path)}])
    assert store.client("secretsmanager").get_secret_value(SecretId="shop/file")["SecretString"] == "one\n"
    assert not store.run(secrets=[{"name": "shop/file", "file": str(path)}]).changed
    path.write_text("two\n")
    assert store.run(secrets=[{"name": "shop/file", "file": str(path)}]).changed
    assert store.client("secretsmanager").get_secret_value(SecretId="shop/file")["SecretString"] == "two\n"


def test_a_value_put_by_hand_is_left_alone_and_so_are_entries_of_others(store: Account) -> None:
    store.run(secrets=[CACHE, BY_HAND])
    api = store.client("secretsmanager")
    api.put_secret_value(SecretId="shop/payment", SecretString="by hand")
    api.put_secret_value(SecretId="shop/cache", SecretString=json.dumps({**value(store), "extra": "1"}))
    assert not store.run(secrets=[CACHE, BY_HAND]).changed
    store.run(secrets=[CACHE, BY_HAND], rotate=True)
    assert value(store)["extra"] == "1"
    assert api.get_secret_value(SecretId="shop/payment")["SecretString"] == "by hand"
    with pytest.raises(Conflict, match="secret shop/payment has a value that is no JSON object"):
        store.run(secrets=[{**CACHE, "name": "shop/payment"}])


def test_a_value_that_the_batch_leaves_out_is_not_made_anew(store: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    store.run(secrets=[CACHE])
    made, call = value(store), store.aws.call

    def without_values(service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        answer = call(service, operation, **parameters)
        return {**answer, "SecretValues": []} if operation == "batch_get_secret_value" else answer

    monkeypatch.setattr(store.aws, "call", without_values)
    assert not store.run(secrets=[CACHE]).changed
    assert value(store) == made
    store.fault("error", "secretsmanager", "GetSecretValue", code="DecryptionFailure", status=400)
    with pytest.raises(SlipwayError, match="DecryptionFailure"), store.counted() as calls:
        store.run(secrets=[CACHE])
    assert store.writes(calls) == []


def test_a_value_of_octets_is_not_written_over(store: Account) -> None:
    store.run(secrets=[BY_HAND])
    store.client("secretsmanager").put_secret_value(SecretId="shop/payment", SecretBinary=b"\x00")
    with pytest.raises(Conflict, match="secret shop/payment has a value that is no JSON object"):
        store.run(secrets=[{**CACHE, "name": "shop/payment"}])


def test_deleted_and_wanted_again(store: Account) -> None:
    store.run(secrets=[CACHE, BY_HAND], tags=TAGS)
    old = value(store)
    foreseen = store.run(check=True, secrets=[CACHE, BY_HAND], state="absent")
    done = store.run(secrets=[CACHE, BY_HAND], state="absent", recovery_days=7)
    assert (foreseen.before, foreseen.after) == (done.before, done.after)
    assert described(store)["DeletedDate"]
    with store.counted() as calls:
        assert not store.run(secrets=[CACHE, BY_HAND], state="absent").changed
    assert store.writes(calls) == []
    foreseen = store.run(check=True, secrets=[CACHE], tags=TAGS)
    back = store.run(secrets=[CACHE], tags=TAGS)
    assert back.changed
    assert (foreseen.before, foreseen.after, foreseen.actions) == (back.before, back.after, back.actions)
    assert back.actions == ("restore secret shop/cache",)
    assert value(store) == old


def test_gone_at_once(store: Account) -> None:
    store.run(secrets=[{**CACHE, "replica_regions": ["eu-west-1"]}])
    assert store.run(secrets=[CACHE], state="absent", recovery_days=0).changed
    assert store.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    assert not store.run(secrets=[CACHE], state="absent", recovery_days=0).changed
    text = "You can't create this secret because a secret with this name is already scheduled for deletion."
    store.fault("error", "secretsmanager", "CreateSecret", code="InvalidRequestException", message=text, times=3)
    assert store.run(secrets=[CACHE]).changed


def test_an_interrupted_run(store: Account) -> None:
    store.fault("error", "secretsmanager", "PutResourcePolicy", code="InternalServiceError", status=500, times=2)
    with pytest.raises(SlipwayError):
        store.run(secrets=[{**CACHE, "policy": POLICY}])
    made = value(store)
    with store.counted() as calls:
        assert store.run(secrets=[{**CACHE, "policy": POLICY}]).changed
    assert store.writes(calls) == ["!PutResourcePolicy"]
    assert value(store) == made


def test_the_copy_of_another_region(store: Account) -> None:
    api = store.simulated.client("secretsmanager", region_name="eu-west-1")
    api.create_secret(Name="shop/cache", SecretString="{}", AddReplicaRegions=[{"Region": "eu-central-1"}])
    with pytest.raises(Conflict, match="is a copy of the one in eu-west-1; write region: eu-west-1"):
        store.run(secrets=[CACHE])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"secrets": [{"name": "rds!db-1"}]}, "secret rds!db-1: name: "),
        ({"secrets": [{"name": "shop-abcdef"}]}, "name: a hyphen and six characters"),
        ({"secrets": [{**CACHE, "file": "/none"}]}, "file and values, generate, compose are there"),
        ({"secrets": [{"name": "x", "file": "/none"}]}, "secret x: file: /none can't be read"),
        ({"secrets": [{**BY_HAND, "rotate": True}]}, "rotate: nothing of it is generated"),
        ({"secrets": [{"name": "x", "generate": {"a": {"length": 3}}}]}, "at least 16 characters"),
        ({"secrets": [{"name": "x", "policy": "{"}]}, "secret x: policy: is no JSON"),
        ({"secrets": [BY_HAND], "recovery_days": 3}, "recovery_days: 3: write 7 to 30"),
        ({"secrets": [BY_HAND, {**BY_HAND}]}, "shop/payment is there twice"),
    ],
)
def test_wrong_input(store: Account, wrong: dict[str, Any], says: str) -> None:
    with store.counted() as calls, pytest.raises(InvalidInput, match=says):
        store.run(**wrong)
    assert not calls
