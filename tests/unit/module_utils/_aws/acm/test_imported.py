# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that ACM is given: what is in the files is what ACM answers, under the ARN that it had; asked from outside with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.spec import OPTIONS
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.task import ensure, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, Unreachable
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from moto.acm.models import acm_backends
from support import pki
from support.aws_core import TAGS, Account, account

END = pki.NOW + 3000 * pki.DAY
BALANCER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/shop/1"


class Scene:
    """An empty account, and a certificate in files beside it."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account, self.folder, self.acm = account, folder, account.client("acm")
        self.root = pki.authority()
        self.renew()

    def renew(self, key: Any = None, **more: Any) -> pki.Issued:
        leaf = pki.issue("shop", self.root, names=["shop.example.com"], key=key, **{"ends": END, **more})
        return self.put(leaf, self.root)

    def put(self, leaf: pki.Issued, *chain: pki.Issued) -> pki.Issued:
        (self.folder / "shop.crt").write_bytes(b"".join(each.pem for each in (leaf, *chain)))
        path = self.folder / "shop.key"
        path.touch(0o600)
        path.write_bytes(leaf.key_pem)
        self.leaf = leaf
        return leaf

    def run(self, check: bool = False, **args: Any) -> Any:
        return self.account.run(check, **{"certificate_file": str(self.folder / "shop.crt"), "key_file": str(self.folder / "shop.key"), **args})

    def served(self, arn: str) -> bytes:
        answer = self.acm.get_certificate(CertificateArn=arn)
        return bytes((answer["Certificate"] + answer["CertificateChain"]).replace("\n", "").encode())

    def tags(self, arn: str) -> dict[str, str]:
        return {each["Key"]: each["Value"] for each in self.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]}

    def use(self, arn: str) -> None:
        acm_backends[self.account.simulated.account_id][self.account.simulated.region].set_certificate_in_use_by(arn, BALANCER)

    def count(self) -> int:
        return len(self.acm.list_certificates(Includes={"keyTypes": ["EC_prime256v1", "RSA_2048"]})["CertificateSummaryList"])


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Scene]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield Scene(found, tmp_path)


def flat(*certificates: pki.Issued) -> bytes:
    return b"".join(each.pem for each in certificates).replace(b"\n", b"")


def test_imported_once_and_again_under_the_same_arn(scene: Scene) -> None:
    foreseen = scene.run(check=True, name="shop")
    assert (foreseen.arn, foreseen.changed, scene.count()) == (LATER, True, 0)
    first = scene.run(name="shop")
    assert (foreseen.before, foreseen.after, foreseen.actions) == (first.before, first.after, first.actions)
    assert (first.status, first.domain, first.serial, scene.served(first.arn)) == (
        "ISSUED",
        "shop.example.com",
        f"{scene.leaf.x509.serial_number:x}",
        flat(scene.leaf, scene.root),
    )
    assert scene.tags(first.arn) == {"Name": "shop"}
    with scene.account.counted() as calls:
        again = scene.run(name="shop")
    assert (again.changed, again.arn, again.actions) == (False, first.arn, ())
    assert calls == {"ListCertificates": 1, "ListTagsForCertificate": 1, "DescribeCertificate": 1, "GetCertificate": 1}
    scene.use(first.arn)
    renewed = scene.renew()
    planned = scene.run(check=True, arn=first.arn)
    assert (planned.changed, scene.served(first.arn) == flat(renewed, scene.root)) == (True, False)
    done = scene.run(arn=first.arn)
    assert (planned.before, planned.after, planned.actions) == (done.before, done.after, done.actions)
    assert (done.arn, done.in_use_by, scene.served(first.arn), scene.count()) == (first.arn, [BALANCER], flat(renewed, scene.root), 1)
    assert not scene.run(arn=first.arn).changed


def test_another_chain_behind_the_same_certificate(scene: Scene) -> None:
    arn = scene.run(name="shop").arn
    leaf, cross = scene.leaf, pki.authority("Test Root", pki.authority("Old Root"), key=scene.root.key)
    for chain in ((cross,), (), (scene.root, cross)):
        scene.put(leaf, *chain)
        foreseen, done = scene.run(check=True, name="shop"), scene.run(name="shop")
        assert (foreseen.before, foreseen.after, done.changed) == (done.before, done.after, True)
        assert scene.served(arn) == flat(leaf, *(chain or (leaf,)))
        assert not scene.run(name="shop").changed


def test_tags(scene: Scene) -> None:
    arn = scene.run(name="shop").arn
    scene.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "cost", "Value": "7"}, {"Key": "slipway:name", "Value": "shop"}])
    assert not scene.run(name="shop").changed, "without tags those that are there are left alone"
    foreseen, done = scene.run(check=True, name="shop", tags=TAGS), scene.run(name="shop", tags=TAGS)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert (done.arn, done.actions) == (arn, ("tag certificate shop",))
    assert scene.tags(arn) == {"Name": "shop", "cost": "7", **TAGS}
    with scene.account.counted() as calls:
        assert not scene.run(arn=arn, tags=TAGS).changed
    assert calls == {"DescribeCertificate": 1, "GetCertificate": 1, "ListTagsForCertificate": 1}
    scene.renew()
    assert scene.run(name="shop", tags=TAGS).actions[1:] == ()
    assert scene.tags(arn) == {"Name": "shop", "cost": "7", **TAGS}, "an import leaves them"
    assert scene.run(name="shop", tags=TAGS, purge_tags=True).after["shop"]["tags"] == {"Name": "shop", **TAGS}


def test_one_of_another_environment_is_another(scene: Scene) -> None:
    ours = scene.run(name="shop", tags=TAGS).arn
    theirs = scene.run(name="shop", tags={**TAGS, "slipway:environment": "other"}).arn
    assert theirs != ours
    assert scene.run(name="shop", tags=TAGS).arn == ours
    with pytest.raises(Conflict, match="shop: 2 certificates in eu-central-1 have this name") as caught:
        scene.run(name="shop")
    assert ours in caught.value.message
    assert theirs in caught.value.message


def test_absent(scene: Scene) -> None:
    arn = scene.run(name="shop").arn
    scene.use(arn)
    gone = {"name": "shop", "state": "absent", "certificate_file": "", "key_file": ""}
    for check in (True, False):
        with scene.account.counted() as calls, pytest.raises(Conflict, match=rf"certificate shop \({arn}\) is in use by {BALANCER}; delete these first"):
            scene.run(check=check, **gone)
        assert scene.account.writes(calls) == []
    acm_backends[scene.account.simulated.account_id][scene.account.simulated.region]._certificates[arn].in_use_by.clear()
    foreseen, done = scene.run(check=True, **gone), scene.run(**gone)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert (done.changed, scene.count()) == (True, 0)
    assert not scene.run(**gone).changed
    assert not scene.run(arn=arn, state="absent").changed


def test_what_acm_issued_is_never_touched(scene: Scene) -> None:
    arn = scene.acm.request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")["CertificateArn"]
    for state in ("present", "absent"):
        with pytest.raises(Conflict, match=r"\(shop\.example\.com\) was issued by ACM, which renews it itself; nothing is imported over it"):
            scene.run(arn=arn, state=state)
    scene.acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "Name", "Value": "shop"}])
    assert scene.run(name="shop").arn != arn


def test_another_kind_of_key_is_refused(scene: Scene) -> None:
    arn = scene.run(name="shop").arn
    scene.renew(key=ec.generate_private_key(ec.SECP384R1()))
    for check in (True, False):
        with scene.account.counted() as calls, pytest.raises(Conflict, match=r"its key is ECDSA on secp384r1, and what .* has is ECDSA on secp256r1") as caught:
            scene.run(check=check, name="shop")
        assert (arn in caught.value.message, scene.account.writes(calls)) == (True, [])


def test_a_key_that_acm_does_not_take(scene: Scene) -> None:
    scene.renew(key=ed25519.Ed25519PrivateKey.generate())
    with pytest.raises(InvalidInput, match=r"shop: key_file: ACM takes RSA and ECDSA, and the key in .* is Ed25519"):
        scene.run(name="shop")


def test_a_key_that_others_can_read(scene: Scene) -> None:
    path = scene.folder / "shop.key"
    path.chmod(0o640)
    with pytest.raises(InvalidInput, match=rf"shop: key_file: {path} is secret, and others on this machine can read it; chmod 600 {path}"):
        scene.run(name="shop")


def test_one_that_ended(scene: Scene) -> None:
    scene.renew(ends=scene.account.simulated.clock.now())
    with pytest.raises(InvalidInput, match=r"shop: certificate_file: .* ended at 2026-11-21; renew it first"):
        scene.run(name="shop")


def test_an_import_that_fails_leaves_what_was_there(scene: Scene) -> None:
    arn = scene.run(name="shop").arn
    before = scene.served(arn)
    scene.renew()
    scene.account.fault("error", "acm", "ImportCertificate", code="ThrottlingException", status=400, message="Rate exceeded", times=2)
    with pytest.raises(Unreachable, match="ThrottlingException"):
        scene.run(name="shop")
    assert scene.served(arn) == before
    assert scene.run(name="shop").changed


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        (InvalidInput, {}, "name, arn: give one of them"),
        (InvalidInput, {"arn": "arn:aws:acm:eu-central-1:1:certificate/x", "name": "shop"}, "name, arn: give one of them"),
        (InvalidInput, {"arn": "arn:aws:iam::123456789012:server-certificate/x"}, "is no ARN of a certificate in ACM"),
        (InvalidInput, {"arn": "arn:aws:acm:us-east-1:123456789012:certificate/x"}, "is not in eu-central-1, which this task is for"),
        (NotFound, {"arn": "arn:aws:acm:eu-central-1:123456789012:certificate/x"}, "is not in eu-central-1; correct it, or give a name, and it is imported"),
        (InvalidInput, {"name": "shop", "certificate_file": "/none.crt"}, r"shop: certificate_file: /none\.crt can't be read \(No such file"),
        (InvalidInput, {"name": "shop", "key_file": ""}, "key_file: name the file"),
        (InvalidInput, {"name": "shop", "key_file": "{folder}/other.key"}, "other.key does not belong to the first certificate in"),
        (InvalidInput, {"name": "shop", "key_file": "{folder}/wrong.key"}, "wrong.key must hold a key in PEM, without a password"),
        (InvalidInput, {"name": "shop", "certificate_file": "{folder}/shop.key"}, "shop.key must hold the certificate, and the chain behind it"),
        (InvalidInput, {"name": "shop", "tags": {"Name": "web"}}, "tags: Name is web, and name is shop"),
        (InvalidInput, {"name": "shop", "domain": "shop.example.com"}, "domain: for a certificate that ACM issues; .* for one that you import"),
        (InvalidInput, {"name": "shop", "transparency_logging": False}, "transparency_logging: for a certificate that ACM issues"),
        (InvalidInput, {"name": "shop", "key_algorithm": "RSA_2048"}, "key_algorithm: for a certificate that ACM issues"),
        (InvalidInput, {"certificate_file": "", "key_file": ""}, "say which certificate: domain, for one that ACM issues; or name"),
        (InvalidInput, {"certificate_file": "", "key_file": "", "zone": "example.com"}, "domain: write the first name"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_imported(scene: Scene, kind: type[Exception], change: dict[str, Any], says: str) -> None:
    for name, content in {"other.key": pki.issue("other").key_pem, "wrong.key": b"secret"}.items():
        (scene.folder / name).touch(0o600)
        (scene.folder / name).write_bytes(content)
    args = {key: value.format(folder=scene.folder) if isinstance(value, str) else value for key, value in change.items()}
    for check in (True, False):
        with scene.account.counted() as calls, pytest.raises(kind, match=says):
            scene.run(check=check, **args)
        assert scene.account.writes(calls) == []
