# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account with which certificates are ordered (RFC 8555 §7.3): made once, kept as its key and its address.

<state>/account.key    0600, unless a file of the user's is named
<state>/account.json   what the CA calls it, and for which key and contact that holds
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._acme import jws
from ansible_collections.slipway.platform.plugins.module_utils._acme.client import Client, Signer, content, is_problem
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Request
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._tls import issue

_LOST = "accountDoesNotExist"


@dataclass(frozen=True)
class Account:
    """What a task returns of it. ``uri`` and ``thumbprint`` are empty where check mode made none."""

    directory: str
    uri: str
    thumbprint: str
    key_file: str


def read(request: Request) -> tuple[issue.Key | None, str]:
    """The key and the address of the account as they are kept. Raises ``InvalidInput`` for a key that can't be used."""
    path = _key_file(request)
    key = _key(path)
    if key is None:
        if request.key_file:
            raise InvalidInput(f"account_key_file {path} is not there; leave it out, and a key is made")
        return None, ""
    known = _known(request)
    return key, str(known.get("uri", "")) if known.get("thumbprint") == jws.thumbprint(key) else ""


def shown(request: Request, signer: Signer | None) -> Account:
    thumbprint = jws.thumbprint(signer.key) if signer else ""
    return Account(request.directory, signer.account if signer else "", thumbprint, str(_key_file(request)))


def ensure(client: Client, request: Request) -> tuple[Signer, bool]:
    """The account, and whether it was made or changed. One that is as wanted costs no request."""
    key, uri = read(request)
    contact = list(request.contact)
    if key and uri and _known(request).get("contact") == contact:
        return Signer(key, uri), False
    if not uri:
        _may_register(client, key, request)
    if key is None:
        key = issue.new_key()
        _files.make_private_folder(request.state)
        _files.write(_key_file(request), issue.key_pem(key), 0o600)
    made = Signer(key, uri or _registered(client, key, request))
    if uri:
        client.post(made, uri, {"contact": contact}, "to change the contact of the account")
    _files.make_private_folder(request.state)
    state = {"uri": made.account, "thumbprint": jws.thumbprint(key), "contact": contact}
    _files.write(request.state / "account.json", json.dumps(state), 0o600)
    return made, True


def forget(request: Request) -> None:
    """The CA does not know it any more: it is made again, with the same key."""
    (request.state / "account.json").unlink(missing_ok=True)


def is_lost(error: SlipwayError) -> bool:
    return is_problem(error, _LOST)


def _may_register(client: Client, key: issue.Key | None, request: Request) -> None:
    """Raises ``InvalidInput`` if the CA wants more of a new account than was given, and the key has none yet."""
    terms = "" if request.terms_agreed else client.meta("termsOfService")
    stranger = bool(client.meta("externalAccountRequired")) and not request.external
    if not terms and not stranger:
        return
    if key is not None:
        try:  # whoever brings the key of an account has agreed before
            client.post(Signer(key), client.place("newAccount"), {"onlyReturnExisting": True}, "for the account")
            return
        except NotFound as error:
            if not is_lost(error):
                raise
    if terms:
        raise InvalidInput(f"the CA has terms of service: read {terms}, and set terms_agreed to true if you agree", terms=terms)
    raise InvalidInput("the CA gives accounts only to those it knows: give external_account (kid, hmac_key_file) as it told you")


def _registered(client: Client, key: issue.Key, request: Request) -> str:
    url = client.place("newAccount")
    if not url:
        raise Unreachable(f"{request.directory} has no newAccount: it is no ACME directory (RFC 8555 §7.1.1)")
    wanted: dict[str, Any] = {"contact": list(request.contact), "termsOfServiceAgreed": request.terms_agreed}
    if request.external:
        name, file = request.external
        wanted["externalAccountBinding"] = jws.bound(key, name, _text(file), url)
    answer = client.post(Signer(key), url, wanted, "for an account")
    if content(answer, "the account").get("status", "valid") != "valid":
        raise InvalidInput(f"the CA has closed this account; remove {_key_file(request)}, and another one is made")
    return _address(answer.header("location"))


def _address(location: str) -> str:
    if not location:
        raise Unreachable("the CA does not say what it calls the account (no Location)")
    return location


def _key_file(request: Request) -> Path:
    return request.key_file or request.state / "account.key"


def _key(path: Path) -> issue.Key | None:
    try:
        key = issue.load_key(path.read_bytes(), f"the account's key {path}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidInput(f"the account's key {path} cannot be read: {error.strerror}") from None
    if path.stat().st_mode & 0o077:
        raise InvalidInput(f"the account's key {path} can be read by others, who could order and revoke with it: chmod 600 {path}")
    if key.curve.name != "secp256r1":
        raise InvalidInput(f"the account's key {path} is not of the curve P-256")
    return key


def _known(request: Request) -> dict[str, Any]:
    try:
        known = json.loads((request.state / "account.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"external_account: hmac_key_file {path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
