# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._sign import bundle
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Opened, Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.keyless import Identity
from support.signing import key

RELEASE, OTHER = key("release"), key("other")
TRUST = Trust({"release": RELEASE.public_key})
VALUE: dict[str, Any] = json.loads(bundle.encode("text/plain", b"hello", RELEASE))


def opened(value: Any, trust: Trust = TRUST) -> Opened:
    return bundle.open_bundle(bundle.decode(json.dumps(value).encode()), trust)


def test_a_bundle_opens_and_names_its_key_beside_the_envelope() -> None:
    assert opened(VALUE) == Opened("text/plain", b"hello", "release")
    assert VALUE["verificationMaterial"] == {"publicKey": {"hint": RELEASE.key_id}}
    assert list(VALUE["dsseEnvelope"]["signatures"][0]) == ["sig"]


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle.v0.3.2+json",
    ],
)
def test_all_spellings_of_version_3_are_read(media_type: str) -> None:
    assert opened(VALUE | {"mediaType": media_type}).signer == "release"


def test_the_hint_is_not_believed() -> None:
    theirs = json.loads(bundle.encode("text/plain", b"hello", OTHER))
    with pytest.raises(Untrusted):
        opened(theirs)
    with pytest.raises(InvalidInput, match="names the key 'release', and does not verify"):
        opened(theirs | {"verificationMaterial": VALUE["verificationMaterial"]})
    assert opened(VALUE | {"verificationMaterial": theirs["verificationMaterial"]}).signer == "release"
    assert opened(VALUE | {"verificationMaterial": {"publicKey": {}}}).signer == "release"


def envelope(**changes: Any) -> dict[str, Any]:
    return {"dsseEnvelope": VALUE["dsseEnvelope"] | changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}, "not a Sigstore bundle of version 0.3"),
        ({"mediaType": "application/vnd.dev.sigstore.bundle.v0.4+json"}, "not a Sigstore bundle of version 0.3"),
        ({"mediaType": None}, "not a Sigstore bundle of version 0.3"),
        ({"verificationMaterial": None}, "not a Sigstore bundle"),
        ({"verificationMaterial": {}}, "neither a key nor a certificate"),
        ({"verificationMaterial": {"publicKey": "x"}}, "neither a key nor a certificate"),
        ({"dsseEnvelope": None}, "not a DSSE envelope"),
        (envelope(signatures=VALUE["dsseEnvelope"]["signatures"] * 2), "exactly one signature"),
        (envelope(signatures=[]), "0 signatures"),
        (envelope(payload="aGVsbG"), "not base64"),
        (envelope(signatures=[{"sig": VALUE["dsseEnvelope"]["signatures"][0]["sig"][:-3]}]), "a signature is not base64"),
    ],
)
def test_what_is_no_bundle_says_why(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        opened(VALUE | changes)


def test_a_signature_over_a_plain_file_is_no_statement() -> None:
    value = {name: VALUE[name] for name in ("mediaType", "verificationMaterial")}
    with pytest.raises(InvalidInput, match="no DSSE envelope"):
        opened(value | {"messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": ""}, "signature": ""}})


def test_a_certificate_is_not_a_key() -> None:
    value = VALUE | {"verificationMaterial": {"certificate": {"rawBytes": "AAAA"}, "tlogEntries": []}}
    with pytest.raises(Untrusted, match="identity and issuer"):
        opened(value)

    class Everybody:
        def open(self, bundle: bytes) -> Opened:
            return Opened("text/plain", bundle, "somebody")

    found = opened(value, Trust({}, Everybody()))
    assert (found.signer, json.loads(found.payload)) == ("somebody", value)


def test_identities_need_an_issuer_and_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for identity, issuer in (("a@example.org", ""), ("", "https://accounts.example.org")):
        with pytest.raises(InvalidInput, match="go together"):
            Identity(identity, issuer)
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(Missing, match=r"pip install 'sigstore>=4'"):
        Identity("a@example.org", "https://accounts.example.org")
