# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._postgres import scram

# RFC 7677 section 3: user "user", password "pencil".
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
MESSAGE = (
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
)
CLIENT_PROOF = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
SERVER_SIGNATURE = base64.b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def parts(text: str) -> tuple[bytes, bytes]:
    stored, server = text.rsplit("$", 1)[1].split(":")
    return base64.b64decode(stored), base64.b64decode(server)


def test_the_verifier_accepts_the_proof_of_the_rfc() -> None:
    stored, _ = parts(scram.verifier("pencil", SALT, 4096))
    signature = hmac.digest(stored, MESSAGE.encode(), "sha256")
    client_key = bytes(a ^ b for a, b in zip(CLIENT_PROOF, signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored


def test_the_verifier_gives_the_server_signature_of_the_rfc() -> None:
    _, server = parts(scram.verifier("pencil", SALT, 4096))
    assert hmac.digest(server, MESSAGE.encode(), "sha256") == SERVER_SIGNATURE


def test_the_form_is_that_of_postgresql() -> None:
    text = scram.verifier("pencil", SALT)
    assert text.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    assert "pencil" not in text


@pytest.mark.parametrize(
    ("password", "stored", "expected"),
    [
        pytest.param("pencil", scram.verifier("pencil", SALT), True, id="the same password"),
        pytest.param("pencil", scram.verifier("pencil", b"0" * 16, 8192), True, id="another salt and other iterations"),
        pytest.param("pencils", scram.verifier("pencil", SALT), False, id="another password"),
        pytest.param("", scram.verifier("pencil", SALT), False, id="no password"),
        pytest.param("pencil", None, False, id="no verifier"),
        pytest.param("pencil", "md5a1b2c3", False, id="md5"),
        pytest.param("pencil", scram.verifier("pencil", SALT) + "x", False, id="something behind it"),
    ],
)
def test_matches(password: str, stored: str | None, expected: bool) -> None:
    assert scram.matches(password, stored) is expected


@pytest.mark.parametrize("password", ["", "pässwort", "tab\tbed", "zero\0"])
def test_a_password_that_clients_could_read_differently_is_refused(password: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        scram.verifier(password, SALT)
    assert not password or password not in caught.value.message


def test_errors_of_the_server_lose_their_verifiers() -> None:
    text = f"ERROR: syntax\nLINE 1: ALTER ROLE x PASSWORD '{scram.verifier('pencil', SALT)}' VALID"
    assert scram.redact(text) == "ERROR: syntax\nLINE 1: ALTER ROLE x PASSWORD 'SCRAM-SHA-256$(redacted)' VALID"
