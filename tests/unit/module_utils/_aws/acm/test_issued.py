# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that ACM issues, once Route 53 has their records; asked from outside with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.spec import OPTIONS
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.task import ensure, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, NotReady
from moto.acm.models import acm_backends
from support.aws_core import TAGS, Account, account

from simulator.corrections.acm_requests import Requests

SHOP = {"domain": "shop.example.com", "alternative_names": ["*.shop.example.com"], "zone": "example.com", "key_algorithm": "EC_prime256v1", "tags": TAGS}


@pytest.fixture
def acm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        found.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
        yield found


def described(acm: Account, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = acm.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return found


def names(acm: Account) -> list[str]:
    zone = acm.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    found = acm.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [each["Name"] for each in found if each["Type"] == "CNAME"]


def use(acm: Account, arn: str, by: str = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shop/1") -> None:
    acm_backends[acm.simulated.account_id][acm.simulated.region].set_certificate_in_use_by(arn, by)


def without_ids(state: Any) -> Any:
    return {key: without_ids(each) for key, each in state.items() if key != "validation_records"} if isinstance(state, dict) else state


def test_issued_once_its_records_are_there_and_then_left_alone(acm: Account) -> None:
    with acm.counted() as calls:
        result = acm.run(**SHOP)
    assert acm.writes(calls) == ["!ChangeResourceRecordSets", "!RequestCertificate"]
    assert (result.changed, result.status, result.superseded) == (True, "ISSUED", [])
    assert result.not_after
    found = described(acm, result.arn)
    assert (found["KeyAlgorithm"], sorted(found["SubjectAlternativeNames"])) == ("EC_prime256v1", ["*.shop.example.com", "shop.example.com"])
    assert names(acm) == [f"{result.validation_records[0]['name']}."]
    assert any("certificate shop.example.com: PENDING_VALIDATION (" in line for line in acm.lines)
    with acm.counted() as second:
        again = acm.run(**SHOP)
    assert (again.changed, again.arn, again.actions) == (False, result.arn, ())
    assert second == {
        "ListCertificates": 1,
        "ListTagsForCertificate": 1,
        "DescribeCertificate": 1,
        "ListHostedZonesByName": 2,
        "ListResourceRecordSets": 1,
    }


def test_check_mode_foresees(acm: Account) -> None:
    with acm.counted() as calls:
        foreseen = acm.run(check=True, **SHOP)
    assert acm.writes(calls) == []
    assert (foreseen.arn, foreseen.status) == (LATER, LATER)
    done = acm.run(**SHOP)
    assert (foreseen.before, foreseen.after) == (done.before, done.after)
    assert (foreseen.actions[0], len(foreseen.actions)) == (done.actions[0], len(done.actions))


def test_a_record_that_went_comes_back(acm: Account) -> None:
    arn = acm.run(**SHOP).arn
    zone = acm.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    record = next(each for each in acm.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] if each["Type"] == "CNAME")
    batch = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}
    acm.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    foreseen = acm.run(check=True, **SHOP)
    done = acm.run(**SHOP)
    assert done.changed
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert (done.arn, len(names(acm))) == (arn, 1)


def test_an_interrupted_run_goes_on(acm: Account) -> None:
    with pytest.raises(NotReady, match=r"certificate shop\.example\.com in eu-central-1 is still PENDING_VALIDATION .* after 10 s"):
        acm.run(**{**SHOP, "timeout": 10, "zone": ""})
    with acm.counted() as calls:
        result = acm.run(**SHOP)
    assert acm.writes(calls) == ["!ChangeResourceRecordSets"]
    assert (result.changed, result.status) == (True, "ISSUED")


def test_one_that_acm_does_not_know_yet_is_waited_for(acm: Account) -> None:
    acm.fault("absent", "acm", "DescribeCertificate", times=2, after="RequestCertificate")
    assert acm.run(**SHOP).status == "ISSUED"
    assert "certificate shop.example.com: not known yet, 0 s" in acm.lines
    again = acm.run(**SHOP)
    assert (again.changed, again.superseded) == (False, [])


def test_without_a_zone_the_records_are_told(acm: Account) -> None:
    result = acm.run(**{**SHOP, "zone": "", "wait": False})
    assert (result.status, result.not_after) == ("PENDING_VALIDATION", "")
    assert [each["type"] for each in result.validation_records] == ["CNAME"]
    assert names(acm) == []
    assert not acm.run(**{**SHOP, "zone": "", "wait": False}).changed


def test_a_failure_says_why_and_the_next_run_requests_anew(acm: Account) -> None:
    acm.state(Requests).failures["shop.example.com"] = "CAA_ERROR"
    with pytest.raises(NotReady, match=r'FAILED: CAA_ERROR: a CAA record of the name.*0 issue "amazon\.com"'):
        acm.run(**SHOP)
    acm.state(Requests).failures.clear()
    acm.simulated.clock.advance(60)
    result = acm.run(**SHOP)
    assert (result.status, len(result.superseded)) == ("ISSUED", 1)


def test_options_and_tags_of_others(acm: Account) -> None:
    arn = acm.run(**SHOP).arn
    acm.client("acm").add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "cost", "Value": "7"}])
    changed = {**SHOP, "transparency_logging": False, "tags": {**TAGS, "team": "shop"}}
    foreseen = acm.run(check=True, **changed)
    with acm.counted() as calls:
        done = acm.run(**changed)
    assert acm.writes(calls) == ["!AddTagsToCertificate", "!UpdateCertificateOptions"]
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert done.after["shop.example.com"]["tags"] == {**TAGS, "team": "shop", "cost": "7"}
    assert not acm.run(**changed).changed
    assert acm.run(**SHOP, purge_tags=True).after["shop.example.com"]["tags"] == TAGS


def test_other_names_are_another_certificate(acm: Account) -> None:
    first = acm.run(**SHOP).arn
    second = acm.run(**{**SHOP, "alternative_names": ["www.shop.example.com"]})
    assert second.arn != first
    assert second.superseded == [first]
    third = acm.run(**{**SHOP, "key_algorithm": "RSA_2048"})
    assert third.superseded == sorted([first, second.arn])


def test_whose_it_is_and_which_is_meant(acm: Account) -> None:
    ours = acm.run(**SHOP).arn
    theirs = acm.run(**{**SHOP, "tags": {**TAGS, "slipway:environment": "other"}}).arn
    assert theirs != ours
    assert acm.run(**SHOP).arn == ours
    anybody = {**SHOP, "tags": {}}
    use(acm, ours)
    result = acm.run(check=True, **anybody)
    assert (result.arn, result.superseded) == (ours, [theirs])
    use(acm, theirs)
    with pytest.raises(Conflict, match="has 2 certificates in use") as caught:
        acm.run(**anybody)
    assert ours in caught.value.message
    assert theirs in caught.value.message
    assert acm.run(**SHOP).in_use_by


def test_absent(acm: Account) -> None:
    arn = acm.run(**SHOP).arn
    other = acm.run(**{**SHOP, "tags": {**TAGS, "slipway:environment": "other"}}).arn
    use(acm, arn)
    for check in (True, False):
        with acm.counted() as calls, pytest.raises(Conflict, match=r"is in use by arn:aws:elasticloadbalancing:.*app/shop/1; delete these first"):
            acm.run(check=check, **SHOP, state="absent")
        assert acm.writes(calls) == []
    acm_backends[acm.simulated.account_id][acm.simulated.region]._certificates[arn].in_use_by.clear()
    foreseen = acm.run(check=True, **SHOP, state="absent")
    done = acm.run(**SHOP, state="absent")
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert len(names(acm)) == 1, "another certificate of this name is renewed by the record"
    assert not acm.run(**SHOP, state="absent").changed
    assert acm.run(**{**SHOP, "tags": {}}, state="absent").actions[-1] == f"delete certificate {other}"
    assert names(acm) == []
    assert not acm.run(**{**SHOP, "tags": {}}, state="absent").changed


def test_a_removal_that_was_interrupted_leaves_no_record(acm: Account) -> None:
    acm.run(**SHOP)
    acm.fault("error", "acm", "DeleteCertificate", code="InternalFailure.Test", status=400)
    with pytest.raises(Exception, match=r"InternalFailure\.Test"):
        acm.run(**SHOP, state="absent")
    assert acm.run(**SHOP, state="absent").changed
    assert names(acm) == []


def test_absent_of_one_of_several_without_tags(acm: Account) -> None:
    acm.run(**SHOP)
    acm.run(**{**SHOP, "tags": {"slipway:environment": "other"}})
    with acm.counted() as calls, pytest.raises(Conflict, match=r"has 2 certificates .*say which by tags"):
        acm.run(domain="shop.example.com", state="absent")
    assert acm.writes(calls) == []


@pytest.mark.parametrize(
    ("kind", "wrong", "says"),
    [
        (InvalidInput, {"domain": "shop"}, "domain, alternative_names: shop: write names"),
        (InvalidInput, {"alternative_names": ["shop.example.org"]}, "zone: shop.example.org: not in zone example.com"),
        (InvalidInput, {"zone_id": "Z1"}, "zone: write the zone's name, or its zone_id"),
        (NotFound, {"zone": "shop.example.com", "alternative_names": []}, "has no public zone shop.example.com"),
    ],
)
def test_wrong_input(acm: Account, kind: type[Exception], wrong: dict[str, Any], says: str) -> None:
    for check in (True, False):
        with acm.counted() as calls, pytest.raises(kind, match=says):
            acm.run(check=check, **{**SHOP, **wrong})
        assert acm.writes(calls) == []
