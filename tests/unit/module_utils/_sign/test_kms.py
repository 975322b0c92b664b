# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in AWS KMS."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, Missing, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._sign import kms
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from support import aws as simulated

from simulator.faults import Fault


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[simulated.Aws]:
    with simulated.running() as aws:
        aws.into(monkeypatch)
        yield aws


def made(aws: simulated.Aws, spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
    """The id of a key; the first is also alias/release."""
    client = aws.client("kms")
    key = str(client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"])
    if not client.list_aliases(KeyId=key)["Aliases"]:
        client.create_alias(AliasName="alias/release", TargetKeyId=key)
    aws.log.clear()
    return key


def test_what_kms_signs_verifies(aws: simulated.Aws) -> None:
    made(aws)
    signer = kms.load("alias/release")
    data = b"x" * 10_000  # more than KMS takes as a message
    assert signer.name == "alias/release"
    assert Trust({"r": signer.public_key}).signer(signer.sign(data), data, signer.key_id) == "r"
    assert [(call.operation, call.parameters["KeyId"]) for call in aws.log] == [("GetPublicKey", "alias/release"), ("Sign", "alias/release")]


@pytest.mark.parametrize(("spec", "usage"), [("RSA_2048", "ENCRYPT_DECRYPT"), ("RSA_2048", "SIGN_VERIFY"), ("ECC_NIST_P384", "SIGN_VERIFY")])
def test_a_key_of_another_kind_is_refused(aws: simulated.Aws, spec: str, usage: str) -> None:
    key = made(aws, spec, usage)
    with pytest.raises(InvalidInput, match=f"{spec} for {usage}; use one with KeySpec ECC_NIST_P256"):
        kms.load(key)


def test_a_key_on_another_curve_is_refused(aws: simulated.Aws) -> None:
    """AWS names the same algorithm for this one."""
    key = made(aws, "ECC_SECG_P256K1")
    with pytest.raises(InvalidInput, match="secp256k1"):
        kms.load(key)


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (Fault("error", "kms", code="NotFoundException", times=None), NotFound),
        (Fault("error", "kms", code="AccessDeniedException", times=None), Denied),
        (Fault("expired", "kms", times=None), Denied),
        (Fault("error", "kms", code="DisabledException", times=None), InvalidInput),
        (Fault("throttled", "kms", times=None), Unreachable),
        (Fault("failed", "kms", times=None), Unreachable),
    ],
    ids=lambda each: each.kind + each.code if isinstance(each, Fault) else each.__name__,
)
def test_an_error_has_a_meaning(aws: simulated.Aws, fault: Fault, meaning: type[SlipwayError]) -> None:
    made(aws)
    signer = kms.load("alias/release", attempts=1)
    aws.faults.append(fault)
    with pytest.raises(meaning, match="AWS kms GetPublicKey in eu-central-1"):
        kms.load("alias/release", attempts=1)
    with pytest.raises(meaning, match="AWS kms Sign in eu-central-1"):
        signer.sign(b"data")


def test_without_boto3_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Missing, match="pip install boto3"):
        kms.load("alias/release")
