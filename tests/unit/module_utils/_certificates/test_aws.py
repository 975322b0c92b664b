# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS lists, asked over HTTP with boto3; every request and every answer is checked by botocore's service models."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import judge
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import DEFAULT, Found, Verdict
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import AwsPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import aws
from support.aws import SECRET_KEY, Aws, running
from support.aws_lists import Lists
from support.pki import DAY, NOW

from simulator.faults import Fault

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/"
KEY_TYPES = {"RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"}


@dataclass
class Api:
    """``lists``: by operation. Every request and every answer is held against the service models."""

    aws: Aws
    all: Lists

    @property
    def lists(self) -> dict[str, list[dict[str, Any]]]:
        return self.all.of

    def deny(self, operation: str, code: str) -> None:
        self.aws.faults.append(Fault("error", operation=operation, times=None, code=code, status=403, message="User is not authorized"))

    @property
    def asked(self) -> list[str]:
        return [call.operation for call in self.aws.log]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    lists = Lists()
    listing = {
        "acm": lists.backend("acm", "ListCertificates"),
        "iam": lists.backend("iam", "ListServerCertificates"),
        "rds": lists.backend("rds", "DescribeCertificates", "DescribeDBInstances"),
    }
    with running(backends=listing) as aws:
        aws.into(monkeypatch)
        yield Api(aws, lists)


def look(api: Api, *services: str, **options: Any) -> list[Found]:
    part = AwsPart("eu-central-1", endpoint_url=api.aws.url, services=services or ("acm", "iam", "rds"), **options)
    return list(aws.collect([part], Request(), Context(environ={})))


def listed(number: int, **more: Any) -> dict[str, Any]:
    return {
        "CertificateArn": f"{ARN}{number:04}",
        "DomainName": f"host-{number}.example.test",
        "Status": "ISSUED",
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": "EC-prime256v1",
        "InUse": True,
        "RenewalEligibility": "ELIGIBLE",
        "NotBefore": NOW - 10 * DAY,
        "NotAfter": NOW + 80 * DAY,
        **more,
    }


def test_acm(api: Api) -> None:
    api.lists["ListCertificates"] = [listed(1, SubjectAlternativeNameSummaries=["host-1.example.test", "*.example.test"])]
    (found,) = look(api, "acm")
    assert found.name == "acm host-1.example.test 0001"
    assert found.labels == {"service": "acm", "region": "eu-central-1", "arn": f"{ARN}0001"}
    (certificate,) = found.chain
    assert (certificate.subject, certificate.names) == ("CN=host-1.example.test", ("dns:host-1.example.test", "dns:*.example.test"))
    assert (certificate.not_before, certificate.not_after, certificate.key) == (NOW - 10 * DAY, NOW + 80 * DAY, "EC P-256")
    assert certificate.not_after.tzinfo is UTC
    assert found.facts == {"status": "ISSUED", "type": "AMAZON_ISSUED", "in_use": True, "renewal_eligibility": "ELIGIBLE"}
    (call,) = api.aws.log
    assert (call.service, call.operation, set(call.parameters["Includes"]["keyTypes"])) == ("acm", "ListCertificates", KEY_TYPES)
    assert judge(found, DEFAULT, NOW + 70 * DAY, None).verdict is Verdict.CRITICAL


def test_what_acm_says_beside_the_dates(api: Api) -> None:
    api.lists["ListCertificates"] = [
        listed(1, Type="IMPORTED", RenewalEligibility="INELIGIBLE", KeyAlgorithm="RSA-2048"),
        listed(2, InUse=False, RenewalEligibility="INELIGIBLE"),
        listed(3, Status="REVOKED", RevokedAt=NOW - DAY),
        {key: value for key, value in listed(4, Status="PENDING_VALIDATION").items() if not key.startswith("Not")},
        {key: value for key, value in listed(5).items() if not key.startswith("Not")},
    ]
    imported, unused, revoked, undated = look(api, "acm")
    assert imported.problems[0].text == "ACM does not renew it: it was imported, so import its successor"
    assert imported.chain[0].key == "RSA 2048"
    assert unused.problems[0].text == "ACM does not renew it: nothing uses it"
    assert [(problem.code, problem.text) for problem in revoked.problems] == [("revoked", "it was revoked at 2026-06-14")]
    assert judge(undated, DEFAULT, NOW, None).verdict is Verdict.UNKNOWN


def test_iam(api: Api) -> None:
    arn = "arn:aws:iam::123456789012:server-certificate/cloudfront/old"
    api.lists["ListServerCertificates"] = [
        {"Path": "/cloudfront/", "ServerCertificateName": "old", "ServerCertificateId": "ASCAEXAMPLE", "Arn": arn, "Expiration": NOW + DAY}
    ]
    (found,) = look(api, "iam")
    assert (found.name, found.labels) == ("iam /cloudfront/old", {"service": "iam", "region": "global", "arn": arn})
    assert (found.chain[0].not_before, found.chain[0].not_after) == (None, NOW + DAY)
    assert judge(found, DEFAULT, NOW, None).verdict is Verdict.CRITICAL


def test_rds(api: Api) -> None:
    api.lists["DescribeCertificates"] = [
        {"CertificateIdentifier": "rds-ca-rsa2048-g1", "ValidFrom": datetime(2021, 5, 25, tzinfo=UTC), "ValidTill": datetime(2061, 5, 25, tzinfo=UTC)}
    ]
    instance = {"DBInstanceIdentifier": "orders", "DBInstanceArn": "arn:aws:rds:eu-central-1:123456789012:db:orders", "Engine": "postgres"}
    details = {"CAIdentifier": "rds-ca-rsa2048-g1", "ValidTill": NOW + 100 * DAY}
    api.lists["DescribeDBInstances"] = [
        {**instance, "CACertificateIdentifier": "rds-ca-rsa2048-g1", "CertificateDetails": details},
        {**instance, "DBInstanceIdentifier": "older", "CACertificateIdentifier": "rds-ca-2019"},
    ]
    found, older = look(api, "rds")
    assert [(each.subject, each.not_after) for each in found.chain] == [
        ("CN=orders", NOW + 100 * DAY),
        ("CN=rds-ca-rsa2048-g1", datetime(2061, 5, 25, tzinfo=UTC)),
    ]
    assert (found.facts["ca"], found.problems) == ("rds-ca-rsa2048-g1", ())
    assert [problem.code for problem in older.problems] == ["incomplete"]
    assert judge(older, DEFAULT, NOW, None).verdict is Verdict.UNKNOWN


def test_instances_are_known_though_their_authorities_are_not(api: Api) -> None:
    api.deny("DescribeCertificates", "AccessDenied")
    details = {"CAIdentifier": "rds-ca-rsa2048-g1", "ValidTill": NOW + 100 * DAY}
    api.lists["DescribeDBInstances"] = [{"DBInstanceIdentifier": "orders", "CertificateDetails": details}]
    refused, found = look(api, "rds")
    assert [problem.code for problem in refused.problems] == ["forbidden"]
    assert ([problem.code for problem in found.problems], found.chain[0].not_after) == (["incomplete"], NOW + 100 * DAY)


def test_calls_are_counted(api: Api) -> None:
    """1,000 certificates cost a call, not a thousand; 250 instances cost as many calls as there are pages."""
    api.lists["ListCertificates"] = [listed(number) for number in range(2500)]
    assert len({found.labels["arn"] for found in look(api, "acm")}) == 2500
    assert [call.parameters.get("NextToken") for call in api.aws.log] == [None, "at-1000", "at-2000"]
    api.aws.log.clear()
    api.all.page = 100
    api.lists["DescribeDBInstances"] = [{"DBInstanceIdentifier": f"db-{number}", "CACertificateIdentifier": "x"} for number in range(250)]
    named = {"Path": "/", "ServerCertificateId": "ASCAEXAMPLE", "Expiration": NOW}
    api.lists["ListServerCertificates"] = [{**named, "ServerCertificateName": f"c-{number}", "Arn": f"a-{number}"} for number in range(150)]
    assert len(look(api, "rds", "iam")) == 400
    assert api.asked == ["DescribeCertificates", *["DescribeDBInstances"] * 3, *["ListServerCertificates"] * 2]


def test_a_service_that_refuses_takes_no_other_with_it(api: Api) -> None:
    api.lists["ListCertificates"] = [listed(1)]
    api.deny("ListServerCertificates", "AccessDenied")
    api.deny("DescribeDBInstances", "AccessDenied")
    acm, iam, rds = look(api)
    assert acm.problems == ()
    assert [problem.code for found in (iam, rds) for problem in found.problems] == ["forbidden", "forbidden"]
    assert (iam.name, iam.problems[0].text) == (
        "iam global",
        "AWS iam ListServerCertificates in eu-central-1: AccessDenied: User is not authorized; allow iam:ListServerCertificates to who asks",
    )
    assert SECRET_KEY not in repr([acm, iam, rds])


def test_a_refusal_on_the_second_page(api: Api) -> None:
    api.lists["ListCertificates"] = [listed(number) for number in range(3)]
    api.all.page = 2
    looking = aws.collect([AwsPart("eu-central-1", endpoint_url=api.aws.url, services=("acm",))], Request(), Context(environ={}))
    rows = [next(looking)]
    api.deny("ListCertificates", "ExpiredTokenException")
    rows += looking
    assert [[problem.code for problem in found.problems] for found in rows] == [[], [], ["forbidden"]]


def test_no_credentials_and_no_such_profile(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    (profile,) = look(api, "acm", profile="typing-error")
    assert [problem.code for problem in profile.problems] == ["unreadable"]
    assert "profile" in profile.problems[0].text
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (none,) = look(api, "acm")
    assert (none.problems[0].code, "there are no credentials for AWS here" in none.problems[0].text) == ("forbidden", True)
    assert api.asked == []


def test_aws_does_not_answer(api: Api) -> None:
    part = AwsPart("eu-central-1", endpoint_url="http://127.0.0.1:1", services=("acm",))
    (found,) = aws.collect([part], replace(Request(), connect_timeout=0.2), Context(environ={}))
    assert (found.problems[0].code, found.problems[0].text) == (
        "unavailable",
        "AWS acm ListCertificates in eu-central-1: no answer (EndpointConnectionError); check the region's name, the network and the proxy",
    )


def test_without_boto3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> Any:
        if name.startswith("boto"):
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    rows = list(aws.collect([AwsPart("eu-central-1")], Request(), Context(environ={})))
    assert [found.name for found in rows] == ["acm eu-central-1", "iam global", "rds eu-central-1"]
    assert {found.problems[0].code for found in rows} == {"unsupported"}
    assert "pip install boto3" in rows[0].problems[0].text
