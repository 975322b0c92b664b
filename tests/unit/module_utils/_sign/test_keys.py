# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._sign import keys, public
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from support.signing import COSIGN, PASSWORD

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PLANTED = b"planted-password"


def pem(key: Any = PRIVATE, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes = b"") -> bytes:
    data: bytes = key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(password) if password else NoEncryption())
    return data


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (pem(), None),
        (pem(), b"not needed"),
        (pem(form=PrivateFormat.TraditionalOpenSSL), None),
        (pem(password=PLANTED), PLANTED),
        (pem(form=PrivateFormat.TraditionalOpenSSL, password=PLANTED), PLANTED),
    ],
    ids=["PKCS8", "password not needed", "SEC1", "encrypted PKCS8", "encrypted SEC1"],
)
def test_a_key_in_pem_signs(tmp_path: Path, content: bytes, password: bytes | None) -> None:
    path = tmp_path / "release.key"
    path.write_bytes(content)
    signer = keys.load(path, password=password)
    assert signer.name == "release"
    assert signer.key_id == public.fingerprint(PRIVATE.public_key())
    assert Trust({"r": PRIVATE.public_key()}).signer(signer.sign(b"data"), b"data") == "r"


@pytest.mark.parametrize(("name", "password"), [("cosign", PASSWORD), ("other", b""), ("other", None)])
def test_a_key_of_cosign_signs(name: str, password: bytes | None) -> None:
    signer = keys.load(COSIGN / f"{name}.key", "me", password)
    assert signer.name == "me"
    assert Trust.from_files({"it": COSIGN / f"{name}.pub"}).signer(signer.sign(b"data"), b"data") == "it"


def test_the_older_name_of_the_same_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.key"
    path.write_text((COSIGN / "cosign.key").read_text().replace("SIGSTORE", "COSIGN"))
    assert keys.load(path, password=PASSWORD).key_id == keys.load(COSIGN / "cosign.key", password=PASSWORD).key_id


def altered(change: Callable[[dict[str, Any]], None]) -> bytes:
    """cosign's key with a change inside its JSON."""
    text = (COSIGN / "cosign.key").read_text()
    body = re.search("-----\n(.*?)\n-----END", text, re.DOTALL)
    assert body
    value = json.loads(base64.b64decode(body[1]))
    change(value)
    return text.replace(body[1], base64.b64encode(json.dumps(value).encode()).decode()).encode()


def first_byte(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[20] ^= 1
    return base64.b64encode(bytes(data)).decode()


@pytest.mark.parametrize(
    ("content", "password", "said"),
    [
        (b"planted-password", None, "not a PEM file"),
        (pem(rsa.generate_private_key(65537, 2048)), None, "key of RSA; use ECDSA on P-256"),
        (pem(ec.generate_private_key(ec.SECP521R1())), None, "secp521r1"),
        (pem(ed25519.Ed25519PrivateKey.generate()), None, "another kind"),
        (pem(password=PLANTED), None, "has a password: say in which file"),
        (pem(password=PLANTED), b"wrong", "its password is another"),
        (pem(password=PLANTED), b"", "its password is another"),
        (pem()[:150] + b"\n-----END PRIVATE KEY-----\n", None, "not a PEM file"),
        ((COSIGN / "cosign.key").read_bytes(), None, "it has a password"),
        ((COSIGN / "cosign.key").read_bytes(), b"wrong", "its password is another"),
        (altered(lambda v: v.update(ciphertext=first_byte(v["ciphertext"]))), PASSWORD, "or it is damaged"),
        (altered(lambda v: v.update(ciphertext="")), PASSWORD, "or it is damaged"),
        (altered(lambda v: v["kdf"]["params"].update(N=1 << 30)), PASSWORD, "in a way that cosign does not use"),
        (altered(lambda v: v["kdf"]["params"].update(p=1 << 20)), PASSWORD, "in a way that cosign does not use"),
        (altered(lambda v: v["kdf"].update(name="none")), PASSWORD, "in a way that cosign does not use"),
        (altered(lambda v: v["cipher"].update(nonce="AAAA")), PASSWORD, "is damaged"),
        (altered(lambda v: v.pop("kdf")), PASSWORD, "is damaged"),
        (b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n%%\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n", PASSWORD, "is not JSON"),
    ],
)
def test_a_key_that_cannot_be_used_says_why_and_nothing_of_itself(tmp_path: Path, content: bytes, password: bytes | None, said: str) -> None:
    path = tmp_path / "release.key"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=said) as caught:
        keys.load(path, password=password)
    shown = f"{caught.value.message} {caught.value.facts} {caught.value.__cause__}"
    secrets = [line for line in content.decode().splitlines() if line and not line.startswith("-----")] + [PLANTED.decode(), PASSWORD.decode()]
    assert not [secret for secret in secrets if secret in shown]


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"release\.key cannot be read: No such file"):
        keys.load(tmp_path / "release.key")


def test_a_signer_shows_no_key(tmp_path: Path) -> None:
    path = tmp_path / "release.key"
    path.write_bytes(pem())
    numbers = PRIVATE.private_numbers().private_value
    shown = repr(keys.load(path))
    assert "release" in shown
    assert str(numbers) not in shown
    assert "PRIVATE" not in shown


def test_the_password_comes_from_a_file_or_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "password"
    for content, password in ((b"a b\n", b"a b"), (b"a\r\n", b"a"), (b"a\n\n", b"a\n"), (b"", b""), (b"\xff", b"\xff")):
        path.write_bytes(content)
        assert keys.password_from(path) == password
    assert keys.password_from(variable="V", environment={"V": "a\n"}) == b"a\n"
    assert keys.password_from(variable="V", environment={"V": ""}) == b""
    assert keys.password_from() is None
    with pytest.raises(InvalidInput, match="no environment variable V"):
        keys.password_from(variable="V", environment={})
    with pytest.raises(InvalidInput, match="cannot be read"):
        keys.password_from(tmp_path / "none")
