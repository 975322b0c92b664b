# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in KMS, asked from outside with boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.kms.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.kms.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, NotFound
from support.aws_core import TAGS, Account, account

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}],
}
SECRETS: dict[str, Any] = {"alias": "shop-secrets", "description": "secrets", "policy": POLICY, "rotation": True}
LOGS: dict[str, Any] = {"alias": "alias/shop-logs"}


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield found


def about(kms: Account, name: str) -> dict[str, Any]:
    found: dict[str, Any] = kms.client("kms").describe_key(KeyId=name)["KeyMetadata"]
    return found


def tags_of(kms: Account, name: str) -> dict[str, str]:
    return {each["TagKey"]: each["TagValue"] for each in kms.client("kms").list_resource_tags(KeyId=about(kms, name)["KeyId"])["Tags"]}


def test_made_and_then_left_alone(kms: Account) -> None:
    with kms.counted() as first:
        made = kms.run(keys=[SECRETS, LOGS], tags=TAGS)
    assert made.changed
    assert kms.writes(first) == ["!CreateAlias", "!CreateKey", "!EnableKeyRotation"]
    assert first["!CreateKey"] == 2
    key = about(kms, "alias/shop-secrets")
    assert (key["Description"], key["KeyState"]) == ("secrets", "Enabled")
    assert kms.client("kms").get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
    assert tags_of(kms, "alias/shop-secrets") == {**TAGS, "slipway:alias": "shop-secrets"}
    assert made.keys["shop-secrets"] == {"id": key["KeyId"], "arn": key["Arn"]}
    with kms.counted() as second:
        again = kms.run(keys=[SECRETS, LOGS], tags=TAGS)
    assert (again.changed, again.actions, again.keys) == (False, (), made.keys)
    assert second == {"ListAliases": 1, "DescribeKey": 2, "GetKeyPolicy": 1, "GetKeyRotationStatus": 1, "ListResourceTags": 2}


def test_check_mode_foresees_it(kms: Account) -> None:
    with kms.counted() as calls:
        foreseen = kms.run(check=True, keys=[SECRETS, LOGS], tags=TAGS)
    assert kms.writes(calls) == []
    assert foreseen.keys["shop-logs"] == {"id": LATER, "arn": LATER}
    made = kms.run(keys=[SECRETS, LOGS], tags=TAGS)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)


@pytest.mark.parametrize(
    "policy",
    [json.dumps(POLICY, indent=1), {**POLICY, "Statement": {**POLICY["Statement"][0], "Principal": {"AWS": ["123456789012"]}, "Action": ["kms:*"]}}],  # type: ignore[dict-item]
)
def test_what_means_the_same_is_the_same(kms: Account, policy: Any) -> None:
    kms.run(keys=[SECRETS])
    assert not kms.run(keys=[{**SECRETS, "policy": policy}]).changed


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"description": "other"}, ["!UpdateKeyDescription"]),
    ({"rotation": False}, ["!DisableKeyRotation"]),
    ({"policy": {**POLICY, "Id": "two"}}, ["!PutKeyPolicy"]),
    ({"tags": {"team": "shop"}}, ["!TagResource"]),
]


@pytest.mark.parametrize(("more", "writes"), CHANGES, ids=[",".join(more) for more, _writes in CHANGES])
def test_what_differs_is_changed(kms: Account, more: dict[str, Any], writes: list[str]) -> None:
    kms.run(keys=[SECRETS], tags=TAGS)
    changed = [{**SECRETS, **more}]
    foreseen = kms.run(check=True, keys=changed, tags=TAGS)
    with kms.counted() as calls:
        result = kms.run(keys=changed, tags=TAGS)
    assert kms.writes(calls) == writes
    assert (result.changed, result.after, result.actions) == (True, foreseen.after, foreseen.actions)
    assert not kms.run(keys=changed, tags=TAGS).changed


def test_tags_of_others_stay(kms: Account) -> None:
    made = kms.run(keys=[LOGS], tags=TAGS).keys["shop-logs"]["id"]
    kms.client("kms").tag_resource(KeyId=made, Tags=[{"TagKey": "cost", "TagValue": "7"}, {"TagKey": "slipway:old", "TagValue": "1"}])
    kms.run(keys=[LOGS], tags=TAGS)
    assert tags_of(kms, "alias/shop-logs") == {**TAGS, "slipway:alias": "shop-logs", "cost": "7"}


def test_a_key_that_has_no_alias_yet_gets_it(kms: Account) -> None:
    kms.fault("error", "kms", "CreateAlias", code="InvalidAliasNameException", status=400)
    with pytest.raises(Exception, match="InvalidAliasNameException"):
        kms.run(keys=[SECRETS])
    repaired = kms.run(keys=[SECRETS])
    assert repaired.actions[0].endswith("the alias shop-secrets")
    assert len(kms.client("kms").list_keys()["Keys"]) == 1
    assert not kms.run(keys=[SECRETS]).changed


def test_a_principal_that_is_not_known_yet_is_waited_for(kms: Account) -> None:
    kms.fault("error", "kms", "CreateKey", times=2, code="MalformedPolicyDocumentException", message="Policy contains invalid principals")
    kms.fault("absent", "kms", "CreateAlias", times=2)
    kms.run(keys=[SECRETS])
    assert not kms.run(keys=[SECRETS]).changed


def test_deletion_is_scheduled_and_called_off(kms: Account) -> None:
    made = kms.run(keys=[SECRETS, LOGS])
    names = [{"alias": "shop-secrets"}, {"alias": "shop-logs"}]
    foreseen = kms.run(check=True, keys=names, state="absent", deletion_window=7)
    gone = kms.run(keys=names, state="absent", deletion_window=7)
    assert (gone.changed, gone.actions) == (True, foreseen.actions)
    assert gone.actions[0] == "schedule the deletion of shop-secrets in 7 days"
    assert about(kms, "alias/shop-secrets")["KeyState"] == "PendingDeletion"
    with kms.counted() as calls:
        assert not kms.run(keys=names, state="absent").changed
    assert kms.writes(calls) == []
    kept = kms.run(keys=[SECRETS, LOGS])
    assert (kept.changed, kept.keys) == (True, made.keys)
    assert about(kms, "alias/shop-secrets")["KeyState"] == "Enabled"
    assert not kms.run(keys=[SECRETS, LOGS]).changed


def test_what_is_not_there_is_gone(kms: Account) -> None:
    assert not kms.run(keys=[LOGS], state="absent").changed


def test_a_key_that_an_alias_leads_to_is_not_made_twice(kms: Account) -> None:
    kms.run(keys=[LOGS])
    kms.fault("absent", "kms", "DescribeKey")
    with kms.counted() as calls, pytest.raises(NotFound, match="DescribeKey"):
        kms.run(keys=[LOGS])
    assert kms.writes(calls) == []


def test_being_refused_is_no_absence(kms: Account) -> None:
    kms.run(keys=[LOGS])
    kms.fault("error", "kms", "DescribeKey", code="AccessDeniedException", status=400)
    with pytest.raises(Denied, match="allow kms:DescribeKey"):
        kms.run(keys=[LOGS])


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"keys": [{"alias": "aws/s3"}]}, "keys: 'aws/s3' can't be an alias"),
        ({"keys": [{"alias": "a b"}]}, "keys: 'a b' can't be an alias"),
        ({"keys": [LOGS, {"alias": "shop-logs"}]}, "keys: shop-logs is there twice"),
        ({"keys": [{**LOGS, "policy": "{"}]}, r"keys: shop-logs\.policy: is no JSON"),
        ({"keys": [{**LOGS, "policy": {}}]}, r"keys: shop-logs\.policy is empty"),
        ({"keys": [LOGS], "deletion_window": 3}, "deletion_window: 3 is not from 7 to 30 days"),
    ],
)
def test_bad_input_never_reaches_aws(kms: Account, args: dict[str, Any], told: str) -> None:
    with kms.counted() as calls, pytest.raises(InvalidInput, match=told):
        kms.run(**args)
    assert not calls


def test_an_alias_of_another_kind_of_key_is_refused(kms: Account) -> None:
    key = kms.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.client("kms").create_alias(AliasName="alias/shop-logs", TargetKeyId=key)
    with pytest.raises(InvalidInput, match="alias/shop-logs leads to a key of ECC_NIST_P256"):
        kms.run(keys=[LOGS])
