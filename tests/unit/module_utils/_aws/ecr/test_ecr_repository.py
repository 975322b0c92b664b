# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories in ECR, asked from outside with boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, Unreachable
from support.aws_core import TAGS, Account, account

LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
            "action": {"type": "expire"},
        }
    ]
}
PULL = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Pull", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}],
}
WEB = {"name": "shop/web", "mutable_tags": ["main", "cache-*"], "lifecycle": LIFECYCLE, "policy": PULL}
WORKER = {"name": "shop/worker"}


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield found


def described(ecr: Account, name: str = "shop/web") -> dict[str, Any]:
    found: dict[str, Any] = ecr.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]
    return found


def tags_of(ecr: Account, name: str = "shop/web") -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in ecr.client("ecr").list_tags_for_resource(resourceArn=described(ecr, name)["repositoryArn"])["tags"]}


def push(ecr: Account, name: str) -> None:
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": {}, "layers": []}
    ecr.client("ecr").put_image(repositoryName=name, imageManifest=json.dumps(manifest), imageTag="1.0.0")


def test_made_and_then_left_alone(ecr: Account) -> None:
    with ecr.counted() as first:
        result = ecr.run(repositories=[WEB, WORKER], tags=TAGS)
    assert result.changed
    assert first == {"DescribeRepositories": 1, "!CreateRepository": 2, "!PutLifecyclePolicy": 1, "!SetRepositoryPolicy": 1}
    web = described(ecr)
    assert (web["imageTagMutability"], web["imageScanningConfiguration"]) == ("IMMUTABLE_WITH_EXCLUSION", {"scanOnPush": True})
    assert {each["filter"] for each in web["imageTagMutabilityExclusionFilters"]} == {"main", "cache-*"}
    assert described(ecr, "shop/worker")["imageTagMutability"] == "IMMUTABLE"
    assert tags_of(ecr) == TAGS
    assert result.repositories[0] == {"name": "shop/web", "arn": web["repositoryArn"], "uri": web["repositoryUri"]}
    assert result.actions[0] == "create repository shop/web"
    with ecr.counted() as second:
        again = ecr.run(repositories=[WEB, WORKER], tags=TAGS)
    assert not again.changed
    assert again.repositories == result.repositories
    assert second == {"DescribeRepositories": 1, "GetLifecyclePolicy": 1, "GetRepositoryPolicy": 1, "ListTagsForResource": 2}


def test_check_mode_foresees_what_is_made(ecr: Account) -> None:
    with ecr.counted() as calls:
        foreseen = ecr.run(check=True, repositories=[{**WEB, "kms_key": LATER}, WORKER], tags=TAGS)
    assert ecr.writes(calls) == []
    assert foreseen.repositories[0] == {"name": "shop/web", "arn": LATER, "uri": LATER}
    foreseen = ecr.run(check=True, repositories=[WEB, WORKER], tags=TAGS)
    made = ecr.run(repositories=[WEB, WORKER], tags=TAGS)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)
    assert made.before == {"shop/web": {}, "shop/worker": {}}


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"mutable_tags": ["main"]}, "!PutImageTagMutability"),
    ({"mutable_tags": []}, "!PutImageTagMutability"),
    ({"mutable_tags": [], "immutable": False}, "!PutImageTagMutability"),
    ({"scan_on_push": False}, "!PutImageScanningConfiguration"),
    ({"lifecycle": {"rules": [{**LIFECYCLE["rules"][0], "rulePriority": 7}]}}, "!PutLifecyclePolicy"),
    ({"lifecycle": {}}, "!DeleteLifecyclePolicy"),
    ({"policy": {**PULL, "Statement": [{**PULL["Statement"][0], "Sid": "Other"}]}}, "!SetRepositoryPolicy"),
    ({"policy": ""}, "!DeleteRepositoryPolicy"),
    ({"tags": {"team": "shop"}}, "!TagResource"),
]


@pytest.mark.parametrize(("change", "write"), CHANGES)
def test_one_change_is_one_write(ecr: Account, change: dict[str, Any], write: str) -> None:
    ecr.run(repositories=[WEB], tags=TAGS)
    with ecr.counted() as foreseeing:
        foreseen = ecr.run(check=True, repositories=[{**WEB, **change}], tags=TAGS)
    assert ecr.writes(foreseeing) == []
    with ecr.counted() as calls:
        done = ecr.run(repositories=[{**WEB, **change}], tags=TAGS)
    assert done.changed
    assert ecr.writes(calls) == [write]
    assert (foreseen.before, foreseen.after) == (done.before, done.after)
    assert not ecr.run(repositories=[{**WEB, **change}], tags=TAGS).changed


@pytest.mark.parametrize(
    "same",
    [
        {"lifecycle": json.dumps(LIFECYCLE, indent=4)},
        {"policy": {**PULL, "Statement": {**PULL["Statement"][0], "Principal": {"AWS": ["arn:aws:iam::111122223333:root"]}}}},
        {"lifecycle": None, "policy": None},
        {"mutable_tags": ["cache-*", "main"]},
    ],
)
def test_the_same_in_other_words_is_no_change(ecr: Account, same: dict[str, Any]) -> None:
    ecr.run(repositories=[WEB], tags=TAGS)
    with ecr.counted() as calls:
        assert not ecr.run(repositories=[{**WEB, **same}], tags=TAGS).changed
    assert ecr.writes(calls) == []


def test_tags_of_others_stay_unless_they_are_to_go(ecr: Account) -> None:
    ecr.run(repositories=[WORKER], tags={**TAGS, "slipway:old": "x"})
    arn = described(ecr, "shop/worker")["repositoryArn"]
    ecr.client("ecr").tag_resource(resourceArn=arn, tags=[{"Key": "cost", "Value": "7"}])
    assert ecr.run(repositories=[WORKER], tags=TAGS).changed
    assert tags_of(ecr, "shop/worker") == {**TAGS, "cost": "7"}
    assert ecr.run(repositories=[WORKER], tags=TAGS, purge_tags=True).changed
    assert tags_of(ecr, "shop/worker") == TAGS


def test_encryption_is_refused_before_anything_is_touched(ecr: Account) -> None:
    key = ecr.client("kms").create_key()["KeyMetadata"]
    ecr.client("kms").create_alias(AliasName="alias/shop", TargetKeyId=key["KeyId"])
    ecr.run(repositories=[{**WORKER, "kms_key": key["Arn"]}])
    assert described(ecr, "shop/worker")["encryptionConfiguration"] == {"encryptionType": "KMS", "kmsKey": key["Arn"]}
    for same in (key["Arn"], key["KeyId"], "alias/shop", LATER):
        assert not ecr.run(repositories=[{**WORKER, "kms_key": same}]).changed
    for other, says in (({"encryption": "AES256"}, "its encryption is KMS and AES256 is wanted"), ({"kms_key": "1234"}, "and 1234 is wanted")):
        with ecr.counted() as calls, pytest.raises(Conflict, match=says):
            ecr.run(repositories=[{"name": "shop/new"}, {**WORKER, **other}])
        assert ecr.writes(calls) == []


def test_absent(ecr: Account) -> None:
    ecr.run(repositories=[WEB, WORKER], tags=TAGS)
    push(ecr, "shop/web")
    with ecr.counted() as calls, pytest.raises(Conflict, match=r"repository shop/web in eu-central-1 has images.*force: true"):
        ecr.run(repositories=[WEB, WORKER], state="absent")
    assert ecr.writes(calls) == []
    foreseen = ecr.run(check=True, repositories=[WEB, WORKER], state="absent", force=True)
    done = ecr.run(repositories=[WEB, WORKER], state="absent", force=True)
    assert done.changed
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert ecr.client("ecr").describe_repositories()["repositories"] == []
    with ecr.counted() as second:
        assert not ecr.run(repositories=[WEB, WORKER], state="absent").changed
    assert second == {"DescribeRepositories": 1}


def test_repositories_with_images_can_be_left(ecr: Account) -> None:
    ecr.run(repositories=[{"name": "shop/web"}, {"name": "shop/empty"}])
    push(ecr, "shop/web")
    gone = ecr.run(repositories=[{"name": "shop/web"}, {"name": "shop/empty"}], state="absent", keep_images=True)
    assert gone.actions == ("delete repository shop/empty",)
    assert described(ecr)
    assert not ecr.run(repositories=[{"name": "shop/web"}, {"name": "shop/empty"}], state="absent", keep_images=True).changed


def test_throttling_and_an_interrupted_run(ecr: Account) -> None:
    ecr.fault("throttled", "ecr", "DescribeRepositories")
    ecr.fault("error", "ecr", "PutLifecyclePolicy", code="ServerException", status=500, times=2)
    with pytest.raises(Unreachable, match="ServerException"):
        ecr.run(repositories=[WEB], tags=TAGS)
    with ecr.counted() as calls:
        assert ecr.run(repositories=[WEB], tags=TAGS).changed
    assert ecr.writes(calls) == ["!PutLifecyclePolicy", "!SetRepositoryPolicy"]
    assert not ecr.run(repositories=[WEB], tags=TAGS).changed


def test_a_principal_that_is_not_known_yet(ecr: Account) -> None:
    text = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'"
    ecr.fault("error", "ecr", "SetRepositoryPolicy", code="InvalidParameterException", message=text, times=3)
    assert ecr.run(repositories=[WEB]).changed
    assert not ecr.run(repositories=[WEB]).changed


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "Shop"}, "repository Shop: name: "),
        ({"name": "shop", "mutable_tags": ["main"], "immutable": False}, "mutable_tags: all tags"),
        ({"name": "shop", "mutable_tags": ["a b"]}, "mutable_tags: a b: "),
        ({"name": "shop", "mutable_tags": list("abcdef")}, "mutable_tags: 6: "),
        ({"name": "shop", "encryption": "AES256", "kms_key": "k"}, "kms_key: AES256"),
        ({"name": "shop", "policy": "{"}, "policy: is no JSON"),
    ],
)
def test_wrong_input(ecr: Account, wrong: dict[str, Any], says: str) -> None:
    with ecr.counted() as calls, pytest.raises(InvalidInput, match=says):
        ecr.run(repositories=[wrong])
    assert not calls


def test_images_are_deleted_or_kept(ecr: Account) -> None:
    with ecr.counted() as calls, pytest.raises(InvalidInput, match="force, keep_images: one deletes images, and the other keeps them"):
        ecr.run(repositories=[{"name": "shop"}], state="absent", force=True, keep_images=True)
    assert not calls


def test_a_name_twice(ecr: Account) -> None:
    with pytest.raises(InvalidInput, match="shop/worker is there twice"):
        ecr.run(repositories=[WORKER, {**WORKER}])


SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
RULES = [{"prefix": "ecr-public", "upstream": "public.ecr.aws"}, {"prefix": "hub", "upstream": "registry-1.docker.io", "credential_arn": SECRET}]


def test_pull_through_rules(ecr: Account) -> None:
    foreseen = ecr.run(check=True, pull_through=RULES)
    with ecr.counted() as calls:
        made = ecr.run(pull_through=RULES)
    assert calls == {"DescribePullThroughCacheRules": 1, "!CreatePullThroughCacheRule": 2}
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)
    assert not ecr.run(pull_through=RULES).changed
    other = f"{SECRET[:-6]}ZyXwVu"
    with ecr.counted() as calls:
        assert ecr.run(pull_through=[{**RULES[1], "credential_arn": other}]).changed
    assert ecr.writes(calls) == ["!UpdatePullThroughCacheRule"]
    found = ecr.client("ecr").describe_pull_through_cache_rules(ecrRepositoryPrefixes=["hub"])["pullThroughCacheRules"][0]
    assert found["credentialArn"] == other
    for change in ({"upstream": "quay.io"}, {"credential_arn": ""}):
        with ecr.counted() as calls, pytest.raises(Conflict, match="ECR can't change that"):
            ecr.run(repositories=[WORKER], pull_through=[{**RULES[1], **change}])
        assert ecr.writes(calls) == []
    assert ecr.run(pull_through=RULES, state="absent").changed
    assert not ecr.run(pull_through=RULES, state="absent").changed
    with pytest.raises(InvalidInput, match="ECR takes a secret whose name begins with"):
        ecr.run(pull_through=[{**RULES[1], "credential_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:hub-AbCdEf"}])
