# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acm_certificate against the simulator of AWS: what was renewed here is what ACM gives afterwards, under the ARN that it had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws import acm
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, Request
from cryptography import x509
from support import aws
from support.actions import run


class Scene:
    """A folder with a certificate of the local authority, and AWS."""

    def __init__(self, simulated: aws.Aws, folder: Path) -> None:
        self.aws, self.folder, self.acm = simulated, folder, simulated.client("acm")
        self.renew()

    def renew(self, **more: Any) -> int:
        """A new certificate in the folder; its serial number."""
        ensure(Request(self.folder, (Leaf("gateway", ("shop.example.com",), days=more.pop("days", 90)),), permitted=(), renew_all=True))
        return x509.load_pem_x509_certificate((self.folder / "gateway.crt").read_bytes()).serial_number

    def run(self, check_mode: bool = False, **entry: Any) -> dict[str, Any]:
        files = {"certificate_file": str(self.folder / "gateway.crt"), "key_file": str(self.folder / "gateway.key")}
        result = run("acm_certificate", check_mode, certificates=[{**files, **entry}], region=self.aws.region, endpoint_url=self.aws.url)
        assert "PRIVATE KEY" not in json.dumps(result, default=str)
        return result

    def served(self, arn: str) -> int:
        """The serial number of what ACM gives."""
        return x509.load_pem_x509_certificate(self.acm.get_certificate(CertificateArn=arn)["Certificate"].encode()).serial_number

    def imports(self) -> int:
        return len(self.acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1", "RSA_2048"]})["CertificateSummaryList"])


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with aws.running() as simulated:
        for name, value in simulated.environ.items():
            monkeypatch.setenv(name, value)
        yield Scene(simulated, tmp_path / "tls")


def test_imported_once_and_again_under_the_same_arn(scene: Scene) -> None:
    first = scene.run(name="shop")
    entry = first["certificates"][0]
    assert (first["changed"], entry["action"], scene.served(entry["arn"])) == (True, "imported", int(entry["serial"], 16))
    again = scene.run(name="shop")
    assert (again["changed"], again["certificates"][0]["action"], again["certificates"][0]["arn"]) == (False, "unchanged", entry["arn"])
    serial = scene.renew()
    planned = scene.run(check_mode=True, arn=entry["arn"])
    assert (planned["changed"], planned["certificates"][0]["action"]) == (True, "renewed")
    assert scene.served(entry["arn"]) == int(entry["serial"], 16), "check mode imports nothing"
    renewed = scene.run(arn=entry["arn"])
    assert (renewed["changed"], renewed["certificates"][0]["action"], scene.served(entry["arn"])) == (True, "renewed", serial)
    assert renewed["diff"]["before"] != renewed["diff"]["after"]
    assert scene.run(arn=entry["arn"])["changed"] is False
    assert scene.imports() == 1


def test_check_mode_of_one_that_is_not_there(scene: Scene) -> None:
    planned = scene.run(check_mode=True, name="shop")
    assert (planned["changed"], planned["certificates"][0]["arn"], scene.imports()) == (True, "(known after apply)", 0)


def test_what_acm_issued_is_never_touched(scene: Scene) -> None:
    arn = scene.acm.request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")["CertificateArn"]
    failed = scene.run(arn=arn)
    assert failed["failed"]
    assert "(shop.example.com) was issued by ACM, which renews it itself; nothing is imported over it" in failed["msg"]
    scene.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "Name", "Value": "shop"}])
    assert scene.run(name="shop")["certificates"][0]["arn"] != arn


def test_two_of_one_name(scene: Scene) -> None:
    first = scene.run(name="shop")["certificates"][0]["arn"]
    second = scene.run(name="other")["certificates"][0]["arn"]
    scene.acm.add_tags_to_certificate(CertificateArn=second, Tags=[{"Key": "Name", "Value": "shop"}])
    message = scene.run(name="shop")["msg"]
    assert "shop: two certificates in eu-central-1 have this name" in message
    assert first in message
    assert second in message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "certificates, entry 1: give arn, or name, which is its tag Name"),
        ({"arn": "x", "name": "shop"}, "certificates, entry 1: give arn, or name"),
        ({"arn": "arn:aws:iam::123456789012:server-certificate/x"}, "is no ARN of a certificate in ACM"),
        ({"arn": "arn:aws:acm:us-east-1:123456789012:certificate/x"}, "is not in eu-central-1, which this task is for"),
        ({"arn": "arn:aws:acm:eu-central-1:123456789012:certificate/x"}, "is not in eu-central-1; correct it, or give a name, and it is imported"),
        ({"name": "shop", "certificate_file": "/none.crt"}, "shop: /none.crt cannot be read: No such file"),
        ({"name": "shop", "key_file": "{folder}/ca.key"}, "ca.key does not belong to the first certificate in"),
        ({"name": "shop", "key_file": "{folder}/gateway.crt"}, "an unencrypted key, both in PEM"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_imported(scene: Scene, change: dict[str, str], says: str) -> None:
    failed = scene.run(**{key: value.format(folder=scene.folder) for key, value in change.items()})
    assert failed["failed"]
    assert says in failed["msg"]
    assert scene.imports() == 0


def test_one_that_ended_is_not_imported(scene: Scene) -> None:
    scene.renew(days=0.0036)  # it begins five minutes ago, so it ends in seconds
    path = scene.folder / "gateway.crt"
    ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    wanted = [acm.Wanted(path, path.with_suffix(".key"), name="shop")]
    with pytest.raises(InvalidInput, match=r"shop: .* ended at .*; renew it first"):
        acm.ensure(Aws(Access(scene.aws.region, endpoint_url=scene.aws.url)), wanted, ends, False)
    assert scene.imports() == 0
