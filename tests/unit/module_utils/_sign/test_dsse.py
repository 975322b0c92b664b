# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._sign import public
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust, envelope, open_envelope, pae
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from support.signing import key

RELEASE, OTHER = key("release"), key("other")
TRUST = Trust({"release": RELEASE.public_key})
KIND = "application/example+json"


def signed(content: bytes = b'{"a": 1}', **changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(envelope(KIND, content, RELEASE))
    return value | changes


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_the_encoding_is_that_of_the_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_what_was_signed_comes_back_with_the_name_of_the_key() -> None:
    opened = open_envelope(envelope(KIND, b"\x00\xff", RELEASE), Trust({"other": OTHER.public_key, "release": RELEASE.public_key}))
    assert (opened.payload_type, opened.payload, opened.signer) == (KIND, b"\x00\xff", "release")


def test_another_key_is_told_from_a_broken_signature() -> None:
    with pytest.raises(Untrusted, match="none of the trusted ones \\(release\\)") as caught:
        open_envelope(envelope(KIND, b"{}", OTHER), TRUST)
    assert caught.value.facts["key_id"] == OTHER.key_id
    changed = signed(payload=base64.b64encode(b'{"a": 2}').decode())
    with pytest.raises(InvalidInput, match="names the key 'release', and does not verify"):
        open_envelope(dump(changed), TRUST)


def test_nobody_is_trusted_without_keys() -> None:
    with pytest.raises(Untrusted, match="there are none"):
        open_envelope(envelope(KIND, b"{}", RELEASE), Trust({}))


def test_the_hint_of_another_key_changes_nothing() -> None:
    value = signed()
    value["signatures"][0]["keyid"] = OTHER.key_id
    assert open_envelope(dump(value), TRUST).signer == "release"
    stolen = json.loads(envelope(KIND, b"{}", OTHER))
    stolen["signatures"][0]["keyid"] = RELEASE.key_id
    with pytest.raises(InvalidInput):
        open_envelope(dump(stolen), TRUST)


def test_the_type_of_the_payload_is_signed_too() -> None:
    with pytest.raises(InvalidInput):
        open_envelope(dump(signed(payloadType="application/vnd.in-toto+json")), TRUST)
    # Moving a byte from the payload to its type gives other lengths, so another encoding.
    with pytest.raises(InvalidInput):
        open_envelope(dump(signed(payloadType=KIND + " ", payload=base64.b64encode(b'"a": 1}').decode())), TRUST)


def test_one_good_signature_of_many_is_enough() -> None:
    good = signed()["signatures"][0]
    bad = [
        json.loads(envelope(KIND, b'{"a": 1}', OTHER))["signatures"][0],
        {"sig": good["sig"][:-8], "keyid": RELEASE.key_id},
        {"sig": "%%%"},
        {"sig": base64.b64encode(RELEASE.sign(b"something else")).decode(), "keyid": RELEASE.key_id},
    ]
    assert open_envelope(dump(signed(signatures=[*bad, good, *bad])), TRUST).signer == "release"
    with pytest.raises(InvalidInput, match="cut off"):
        open_envelope(dump(signed(signatures=bad)), TRUST)


def test_changing_any_byte_of_a_signature_or_payload_is_seen() -> None:
    value = signed()
    for field in ("payload", "sig"):
        original = base64.b64decode(value["payload"] if field == "payload" else value["signatures"][0]["sig"])
        for position in range(len(original)):
            other = bytearray(original)
            other[position] ^= 1
            text = base64.b64encode(bytes(other)).decode()
            changed = signed(payload=text) if field == "payload" else value | {"signatures": [{"sig": text, "keyid": RELEASE.key_id}]}
            if field == "payload":
                changed["signatures"] = value["signatures"]
            with pytest.raises(InvalidInput):
                open_envelope(dump(changed), TRUST)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a DSSE envelope"),
        (b"null", "not a DSSE envelope"),
        (dump({"payload": "", "signatures": []}), "not a DSSE envelope"),
        (dump(signed(signatures=[])), "has 0 signatures"),
        (dump(signed(signatures=[{"sig": ""}] * 101)), "has 101 signatures"),
        (dump(signed(signatures=[{}])), "not a DSSE envelope"),
        (dump(signed(signatures=["x"])), "not a DSSE envelope"),
        (dump(signed(signatures=None)), "not a DSSE envelope"),
        (dump(signed(signatures=[{"sig": ""}])), "not one of ECDSA"),
        (dump(signed(payload="eyJhIjogM")), "is not base64"),
        (dump(signed(payload="eyJhIjogMX0=\n")), "is not base64"),
        (dump(signed(payload="eyJhIjogMX0é")), "is not base64"),
        (dump(signed(payload=7)), "is not base64"),
        (dump(signed(payloadType="")), "of what type"),
        (dump(signed(payloadType=7)), "of what type"),
    ],
)
def test_what_is_no_envelope_says_why(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        open_envelope(data, TRUST)


def test_url_safe_base64_is_read_too() -> None:
    payload = b"\xfb\xff\xfe"
    value = signed(payload)
    value["payload"] = base64.urlsafe_b64encode(payload).decode()
    assert open_envelope(dump(value), TRUST).payload == payload


def test_a_signature_cannot_choose_its_algorithm() -> None:
    private = RELEASE._key
    encoded = pae(KIND, b"{}")
    numbers = rsa.generate_private_key(65537, 2048)
    for signature in (
        private.sign(encoded, ec.ECDSA(hashes.SHA512())),
        private.sign(encoded, ec.ECDSA(hashes.SHA1())),
        private.sign(b"{}", public.ALGORITHM),  # over the payload, not its encoding
        ec.generate_private_key(ec.SECP384R1()).sign(encoded, public.ALGORITHM),
        ed25519.Ed25519PrivateKey.generate().sign(encoded),
        numbers.sign(encoded, padding.PKCS1v15(), hashes.SHA256()),
        b"\x30\x06\x02\x01\x00\x02\x01\x00",  # r = s = 0
    ):
        value = {"payloadType": KIND, "payload": "e30=", "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": RELEASE.key_id}]}
        with pytest.raises(InvalidInput):
            open_envelope(dump(value), TRUST)


def test_keys_of_other_kinds_are_refused_when_they_are_read(tmp_path: Path) -> None:
    others = [
        (rsa.generate_private_key(65537, 2048), "RSA"),
        (ec.generate_private_key(ec.SECP384R1()), "secp384r1"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (ed25519.Ed25519PrivateKey.generate(), "another kind"),
    ]
    for private, said in others:
        path = tmp_path / "key.pub"
        path.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        with pytest.raises(InvalidInput, match=f"{said}.*ECDSA on P-256"):
            Trust.from_files({"release": path})


def test_files_that_are_no_public_key_say_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        Trust.from_files({"release": path})
    path.write_text("planted")
    with pytest.raises(InvalidInput, match="is not a public key in PEM") as caught:
        Trust.from_files({"release": path})
    assert "planted" not in str(caught.value)
    path.write_bytes(RELEASE._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InvalidInput, match="holds a private key"):
        Trust.from_files({"release": path})
    path.write_text(public.pem(RELEASE.public_key))
    assert Trust.from_files({"release": path}).keys == {"release": RELEASE.public_key}
