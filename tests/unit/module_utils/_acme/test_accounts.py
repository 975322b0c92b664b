# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: made once, with terms that somebody agreed to, and a key that nobody else reads."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._acme import jws
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Challenge
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls import issue
from cryptography.hazmat.primitives.asymmetric import ec
from support import acme

from .conftest import Scene

HMAC = base64.urlsafe_b64encode(b"planted-secret-of-the-account-33").rstrip(b"=").decode()


def test_terms_are_agreed_to_by_a_person(scene: Scene) -> None:
    with pytest.raises(InvalidInput, match=r"the CA has terms of service: read \S+, and set terms_agreed to true if you agree"):
        scene.ensure(terms_agreed=False)
    assert not list(scene.folder.rglob("*.key"))
    scene.ensure(certificates=())
    assert scene.ensure(terms_agreed=False).changed, "it was agreed to when the account was made"


def test_an_account_is_made_once_and_its_contact_follows_the_wish(scene: Scene) -> None:
    first = scene.ensure(certificates=())
    assert (first.changed, first.account.uri != "", first.account.thumbprint != "") == (True, True, True)
    again = scene.ensure(certificates=())
    assert (again.changed, again.account, scene.wire.log) == (False, first.account, [])
    assert scene.ensure(certificates=(), contact=("mailto:ops@example.com",)).changed
    assert scene.ensure(certificates=(), contact=("mailto:ops@example.com",)).changed is False


def test_the_key_of_an_account_that_there_is(scene: Scene, tmp_path: Path) -> None:
    first = scene.ensure(certificates=())
    brought = tmp_path / "mine.key"
    Path(first.account.key_file).rename(brought)
    (scene.request.state / "account.json").unlink()
    brought.chmod(0o640)
    with pytest.raises(InvalidInput, match="can be read by others, who could order and revoke with it: chmod 600"):
        scene.ensure(key_file=brought)
    brought.chmod(0o600)
    found = scene.ensure(certificates=(), key_file=brought, terms_agreed=False)
    assert found.account == replace(first.account, key_file=str(brought))
    brought.unlink()
    with pytest.raises(InvalidInput, match="is not there; leave it out, and a key is made"):
        scene.ensure(key_file=brought)


def test_a_key_of_another_curve(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "mine.key"
    path.touch(0o600)
    path.write_bytes(issue.key_pem(ec.generate_private_key(ec.SECP384R1())))
    with pytest.raises(InvalidInput, match="is not of the curve P-256"):
        scene.ensure(key_file=path)


def test_an_account_that_the_ca_forgot_is_made_again_with_its_key(scene: Scene, tmp_path: Path) -> None:
    scene.ensure()
    with acme.running(tmp_path / "reborn") as reborn:
        lost = Scene(reborn, scene.folder)
        state, made = scene.request.state, lost.request.state
        state.rename(made)
        lost.request = replace(lost.request, challenge=Challenge(listen=("127.0.0.1", reborn.http_port)))
        text = (made / "account.json").read_text().replace(scene.pebble.directory.removesuffix("/dir"), reborn.directory.removesuffix("/dir"))
        (made / "account.json").write_text(text)
        assert lost.ensure().changed
        assert lost.ensure().changed is False


def test_an_account_that_is_bound_to_one_outside(tmp_path: Path) -> None:
    secret = tmp_path / "hmac"
    with acme.running(tmp_path / "ca", externalAccountBindingRequired=True, externalAccountMACKeys={"kid-1": HMAC}) as bound:
        scene = Scene(bound, tmp_path / "tls")
        with pytest.raises(InvalidInput, match=r"gives accounts only to those it knows: give external_account \(kid, hmac_key_file\)"):
            scene.ensure()
        with pytest.raises(InvalidInput, match=r"external_account: hmac_key_file \S+ cannot be read: No such file"):
            scene.ensure(external=("kid-1", secret))
        secret.write_text("not base64!")
        with pytest.raises(InvalidInput, match="holds is no base64url") as refused:
            scene.ensure(external=("kid-1", secret))
        assert "not base64!" not in refused.value.message
        secret.write_text(f"{HMAC}\n")
        with pytest.raises(Denied, match=r"for an account: the CA refuses: .*'kid' references a key that is not known") as denied:
            scene.ensure(external=("kid-2", secret))
        assert HMAC not in denied.value.message
        result = scene.ensure(external=("kid-1", secret))
        assert result.changed
        assert HMAC not in str(result)
        assert not any(HMAC.encode() in content for content in scene.files().values())
        secret.unlink()
        assert scene.ensure(external=("kid-1", secret)).changed is False, "it is used once"


def test_a_thumbprint_is_as_rfc_7638_makes_it() -> None:
    """The key of RFC 7517 appendix A.2."""
    x = int.from_bytes(base64.urlsafe_b64decode("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4="))
    y = int.from_bytes(base64.urlsafe_b64decode("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM="))
    private = int.from_bytes(base64.urlsafe_b64decode("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE="))
    key = ec.EllipticCurvePrivateNumbers(private, ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1())).private_key()
    assert jws.jwk(key)["x"] == "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
    assert jws.thumbprint(key) == "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
