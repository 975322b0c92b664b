# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in AWS KMS, with a stand-in for boto3's client that checks what it is asked as KMS does."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, Missing, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._sign import kms
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class ClientError(Exception):
    """As botocore raises it: the code is in ``response``, and the text can quote more than we want to show."""

    def __init__(self, code: str) -> None:
        super().__init__("planted-session-token")
        self.response = {"Error": {"Code": code}}


@dataclass
class Kms:
    """The two actions of KMS that we use."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    answer: dict[str, Any] = field(default_factory=lambda: {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256", "SigningAlgorithms": ["ECDSA_SHA_256"]})
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def get_public_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803
        self.asked.append(KeyId)
        if self.error:
            raise self.error
        return {"PublicKey": self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), **self.answer}

    def sign(self, *, KeyId: str, Message: bytes, MessageType: str, SigningAlgorithm: str) -> dict[str, Any]:  # noqa: N803
        assert (MessageType, SigningAlgorithm, len(Message)) == ("DIGEST", "ECDSA_SHA_256", 32)
        self.asked.append(KeyId)
        if self.error:
            raise self.error
        return {"Signature": self.private.sign(Message, ec.ECDSA(utils.Prehashed(hashes.SHA256())))}


def test_what_kms_signs_verifies() -> None:
    client = Kms()
    signer = kms.load("alias/release", client=client)
    data = b"x" * 10_000  # more than KMS takes as a message
    assert signer.name == "alias/release"
    assert Trust({"r": client.private.public_key()}).signer(signer.sign(data), data, signer.key_id) == "r"
    assert client.asked == ["alias/release", "alias/release"]


def test_a_key_of_another_kind_is_refused() -> None:
    for answer in (
        {"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "RSA_2048"},
        {"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048", "SigningAlgorithms": ["RSASSA_PSS_SHA_256"]},
        {"KeyUsage": "KEY_AGREEMENT", "KeySpec": "ECC_NIST_P256"},
    ):
        with pytest.raises(InvalidInput, match=f"{answer['KeySpec']} for {answer['KeyUsage']}; use one with KeySpec ECC_NIST_P256"):
            kms.load("k", client=Kms(answer=answer))
    with pytest.raises(InvalidInput, match="secp256k1"):
        # AWS names the same algorithm for this curve.
        kms.load("k", client=Kms(private=ec.generate_private_key(ec.SECP256K1())))


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (ClientError("NotFoundException"), NotFound),
        (ClientError("AccessDeniedException"), Denied),
        (ClientError("ExpiredTokenException"), Denied),
        (ClientError("DisabledException"), InvalidInput),
        (ClientError("ThrottlingException"), Unreachable),
        (ClientError("KMSInternalException"), Unreachable),
        (TimeoutError("planted-session-token"), Unreachable),
    ],
)
def test_an_error_has_a_meaning_and_quotes_nothing(error: Exception, meaning: type[SlipwayError]) -> None:
    with pytest.raises(meaning) as caught:
        kms.load("alias/release", client=Kms(error=error))
    assert type(caught.value) is meaning
    assert "alias/release" in caught.value.message
    assert "planted" not in f"{caught.value.message} {caught.value.facts}"
    client = Kms()
    signer = kms.load("k", client=client)
    client.error = error
    with pytest.raises(meaning):
        signer.sign(b"data")


def test_without_boto3_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Missing, match="pip install boto3"):
        kms.load("alias/release")


def test_the_requests_fit_the_model_of_the_service() -> None:
    session = pytest.importorskip("botocore.session", reason="boto3 is an extra")
    from botocore.validate import validate_parameters

    model = session.get_session().get_service_model("kms")
    validate_parameters({"KeyId": "alias/release"}, model.operation_model("GetPublicKey").input_shape)
    request = {"KeyId": "alias/release", "Message": b"0" * 32, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    shape = model.operation_model("Sign").input_shape
    validate_parameters(request, shape)
    assert request["MessageType"] in shape.members["MessageType"].enum
    assert request["SigningAlgorithm"] in shape.members["SigningAlgorithm"].enum
    answer = model.operation_model("GetPublicKey").output_shape.members
    assert {"PublicKey", "KeyUsage", "KeySpec", "SigningAlgorithms"} <= set(answer)
    assert "SIGN_VERIFY" in answer["KeyUsage"].enum
    assert "Signature" in model.operation_model("Sign").output_shape.members
