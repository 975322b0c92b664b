# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups in CloudWatch Logs, asked from outside with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.logs.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.logs.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput
from support.aws_core import TAGS, Account, account

KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
CLUSTER: dict[str, Any] = {"name": "/shop/cluster", "retention": 90, "kms_key": KEY}
FLOWS: dict[str, Any] = {"name": "/shop/flows", "retention": 30, "class": "INFREQUENT_ACCESS"}


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield found


def about(logs: Account, name: str = "/shop/cluster") -> dict[str, Any]:
    found = logs.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((each for each in found if each["logGroupName"] == name), {})


def tags_of(logs: Account, name: str = "/shop/cluster") -> dict[str, str]:
    found: dict[str, str] = logs.client("logs").list_tags_for_resource(resourceArn=about(logs, name)["arn"].removesuffix(":*"))["tags"]
    return found


def test_made_and_then_left_alone(logs: Account) -> None:
    with logs.counted() as first:
        made = logs.run(groups=[CLUSTER, FLOWS], tags=TAGS)
    assert made.changed
    assert first == {"DescribeLogGroups": 2, "!CreateLogGroup": 2, "!PutRetentionPolicy": 2}
    found = about(logs)
    assert (found["retentionInDays"], found["kmsKeyId"]) == (90, KEY)
    assert tags_of(logs) == TAGS
    assert made.groups["/shop/cluster"] == "arn:aws:logs:eu-central-1:123456789012:log-group:/shop/cluster"
    with logs.counted() as second:
        again = logs.run(groups=[CLUSTER, FLOWS], tags=TAGS)
    assert (again.changed, again.actions, again.groups) == (False, (), made.groups)
    assert second == {"DescribeLogGroups": 1, "ListTagsForResource": 2}


def test_what_begins_as_everybodys_is_listed_by_name(logs: Account) -> None:
    groups = [{"name": "/aws/eks/shop/cluster"}, {"name": "/aws/rds/instance/shop"}]
    logs.run(groups=groups)
    with logs.counted() as calls:
        assert not logs.run(groups=groups).changed
    assert calls == {"DescribeLogGroups": 2, "ListTagsForResource": 2}


def test_check_mode_foresees_it(logs: Account) -> None:
    with logs.counted() as calls:
        foreseen = logs.run(check=True, groups=[{**CLUSTER, "kms_key": LATER}, FLOWS])
    assert logs.writes(calls) == []
    assert foreseen.groups["/shop/flows"] == LATER
    foreseen = logs.run(check=True, groups=[CLUSTER, FLOWS])
    made = logs.run(groups=[CLUSTER, FLOWS])
    assert (foreseen.before, foreseen.after, foreseen.actions) == (made.before, made.after, made.actions)


CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"retention": 365}, ["!PutRetentionPolicy"]),
    ({"retention": 0}, ["!DeleteRetentionPolicy"]),
    ({"kms_key": ""}, ["!DisassociateKmsKey"]),
    ({"kms_key": KEY.replace("1111", "9999")}, ["!AssociateKmsKey"]),
    ({"tags": {"team": "shop"}}, ["!TagResource"]),
]


@pytest.mark.parametrize(("more", "writes"), CHANGES, ids=[",".join(map(str, more.values())) for more, _writes in CHANGES])
def test_what_differs_is_changed(logs: Account, more: dict[str, Any], writes: list[str]) -> None:
    logs.run(groups=[CLUSTER], tags=TAGS)
    foreseen = logs.run(check=True, groups=[{**CLUSTER, **more}], tags=TAGS)
    with logs.counted() as calls:
        result = logs.run(groups=[{**CLUSTER, **more}], tags=TAGS)
    assert logs.writes(calls) == writes
    assert (result.changed, result.after, result.actions) == (True, foreseen.after, foreseen.actions)
    assert not logs.run(groups=[{**CLUSTER, **more}], tags=TAGS).changed


def test_tags_of_others_stay(logs: Account) -> None:
    arn = logs.run(groups=[CLUSTER], tags=TAGS).groups["/shop/cluster"]
    logs.client("logs").tag_resource(resourceArn=arn, tags={"cost": "7", "slipway:old": "1"})
    logs.run(groups=[CLUSTER], tags=TAGS)
    assert tags_of(logs) == {**TAGS, "cost": "7"}


def test_a_key_that_logs_does_not_know_yet_is_waited_for(logs: Account) -> None:
    logs.fault("error", "logs", "CreateLogGroup", times=2, code="InvalidParameterException", message="The specified KMS key does not exist")
    logs.fault("throttled", "logs", "PutRetentionPolicy")
    logs.run(groups=[CLUSTER])
    assert not logs.run(groups=[CLUSTER]).changed


def test_one_that_is_not_listed_yet_is_waited_for(logs: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, late = logs.aws.listed, [True, True]

    def lately(*args: Any, **parameters: Any) -> list[Any]:
        made = any(call.operation == "CreateLogGroup" for call in logs.simulated.log)
        return [] if made and late and late.pop() else listed(*args, **parameters)

    monkeypatch.setattr(logs.aws, "listed", lately)
    assert logs.run(groups=[CLUSTER]).groups["/shop/cluster"].endswith(":log-group:/shop/cluster")
    assert not late


def test_an_interrupted_run_is_continued(logs: Account) -> None:
    logs.fault("error", "logs", "PutRetentionPolicy", code="OperationAbortedException", status=400)
    with pytest.raises(Exception, match="OperationAbortedException"):
        logs.run(groups=[CLUSTER])
    assert logs.run(groups=[CLUSTER]).actions == ("keep log group /shop/cluster for 90 days",)


def test_removed_and_removed_again(logs: Account) -> None:
    logs.run(groups=[CLUSTER, FLOWS])
    names = [{"name": "/shop/cluster"}, {"name": "/shop/flows"}]
    assert logs.run(groups=names, state="absent").changed
    assert about(logs) == {}
    with logs.counted() as calls:
        assert not logs.run(groups=names, state="absent").changed
    assert calls == {"DescribeLogGroups": 1}


def test_the_class_cannot_change(logs: Account) -> None:
    logs.run(groups=[CLUSTER])
    with logs.counted() as calls, pytest.raises(InvalidInput, match="/shop/cluster has class STANDARD and can't have DELIVERY"):
        logs.run(groups=[{**CLUSTER, "class": "DELIVERY", "retention": 1}])
    assert logs.writes(calls) == []


def test_being_refused_is_no_absence(logs: Account) -> None:
    logs.fault("error", "logs", "DescribeLogGroups", code="AccessDeniedException", status=400)
    with pytest.raises(Denied, match="allow logs:DescribeLogGroups"):
        logs.run(groups=[CLUSTER])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"name": "a b"}, "groups: 'a b' can't be a name"),
        ({"retention": 10}, r"groups: /shop/cluster\.retention: AWS does not keep logs for 10 days; write 14, or 0 for ever"),
        ({"kms_key": "alias/logs"}, r"groups: /shop/cluster\.kms_key: 'alias/logs' is no ARN"),
    ],
)
def test_bad_input_never_reaches_aws(logs: Account, more: dict[str, Any], told: str) -> None:
    with logs.counted() as calls, pytest.raises(InvalidInput, match=told):
        logs.run(groups=[{**CLUSTER, **more}])
    assert not calls
