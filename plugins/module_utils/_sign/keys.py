# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys in files: PEM (PKCS #8 or SEC 1, with a password or without), and the encrypted form that cosign writes.

cosign's form is JSON inside PEM: {"kdf": {"name": "scrypt", "params": {N, r, p}, "salt"}, "cipher": {"name": "nacl/secretbox", "nonce"},
"ciphertext"}, around a PKCS #8 key (go-securesystemslib, package encrypted). Neither a key nor a password is ever part of a message.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._sign import secretbox
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import decode64, read_json
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import ALGORITHM, PublicKey, accept, fingerprint
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

_COSIGN = re.compile(rb"-----BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY-----(.+?)-----END ENCRYPTED \1 PRIVATE KEY-----", re.DOTALL)
# What cosign accepts: anything else is not from it, and could make us calculate for hours.
_SCRYPT = tuple({"N": n, "r": 8, "p": 1} for n in (1 << 15, 1 << 16, 1 << 17))


@dataclass(frozen=True)
class KeyFile:
    """A signer whose private key was read from a file."""

    name: str
    _key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def public_key(self) -> PublicKey:
        return self._key.public_key()

    @property
    def key_id(self) -> str:
        return fingerprint(self.public_key)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ALGORITHM)


def load(path: Path, name: str = "", password: bytes | None = None) -> KeyFile:
    """A signer from a key file; its name is the file's, if none is given. Raises ``InvalidInput``, which never quotes the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"the private key {path} cannot be read: {error.strerror}", path=str(path)) from error
    found = _COSIGN.search(data)
    key = _from_cosign(found[2], path, password) if found else _from_pem(data, path, password)
    accept(getattr(key, "public_key", lambda: None)(), str(path))
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return KeyFile(name or path.stem, key)


def password_from(file: Path | None = None, variable: str = "", environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The password of a key, from a file (without the last line end) or an environment variable; None if neither is named."""
    if variable:
        if variable not in environment:
            raise InvalidInput(f"there is no environment variable {variable}, which should hold the key's password")
        return environment[variable].encode()
    if file is None:
        return None
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"the key's password in {file} cannot be read: {error.strerror}", path=str(file)) from error
    return data.removesuffix(b"\n").removesuffix(b"\r")


def _from_pem(data: bytes, path: Path, password: bytes | None) -> object:
    encrypted = b"ENCRYPTED" in data
    if encrypted and password is None:
        raise InvalidInput(f"the private key {path} has a password: say in which file or environment variable it is", path=str(path))
    try:
        return load_pem_private_key(data, password if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        reason = "its password is another, or it is damaged" if encrypted else "it is not a PEM file with -----BEGIN PRIVATE KEY-----"
        raise InvalidInput(f"the private key {path} cannot be used: {reason}", path=str(path)) from None


def _from_cosign(body: bytes, path: Path, password: bytes | None) -> object:
    try:
        value = read_json(base64.b64decode(body), "the key")
        kdf, cipher = value["kdf"], value["cipher"]
        if kdf["name"] != "scrypt" or kdf["params"] not in _SCRYPT or cipher["name"] != "nacl/secretbox":
            raise InvalidInput(f"the private key {path} is encrypted in a way that cosign does not use", path=str(path))
        box, nonce = decode64(value["ciphertext"], "the key"), decode64(cipher["nonce"], "the key")
        # cosign's "no password" is an empty one.
        secret = _derive(decode64(kdf["salt"], "the key"), kdf["params"], password or b"")
        plain = secretbox.open_box(box, nonce, secret)
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(f"the private key {path} is damaged: it is not what cosign writes", path=str(path)) from None
    if plain is None:
        reason = "its password is another, or it is damaged" if password else "it has a password: say in which file or environment variable it is"
        raise InvalidInput(f"the private key {path} cannot be used: {reason}", path=str(path))
    try:
        return load_der_private_key(plain, None)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInput(f"the private key {path} holds something else than a PKCS #8 key", path=str(path)) from None


def _derive(salt: bytes, params: Mapping[str, Any], password: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=params["N"], r=params["r"], p=params["p"]).derive(password)
