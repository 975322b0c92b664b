# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys: ECDSA on P-256 and no other kind, so that a signature can't choose how it is checked."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key, load_pem_public_key

PublicKey = ec.EllipticCurvePublicKey
ALGORITHM = ec.ECDSA(hashes.SHA256())


def load(path: Path) -> PublicKey:
    """A public key from a PEM file (``cosign.pub``). Raises ``InvalidInput``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"the public key {path} cannot be read: {error.strerror}", path=str(path)) from error
    if b"PRIVATE KEY" in data:
        raise InvalidInput(f"{path} holds a private key; write its public key beside it and name that one", path=str(path))
    try:
        return accept(load_pem_public_key(data), str(path))
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInput(f"{path} is not a public key in PEM (-----BEGIN PUBLIC KEY-----)", path=str(path)) from None


def load_der(data: bytes, where: str) -> PublicKey:
    """A public key from its SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7)."""
    try:
        return accept(load_der_public_key(data), where)
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInput(f"{where} is not a public key") from None


def accept(key: object, where: str) -> PublicKey:
    """The key, if it is of the one kind that we use. Raises ``InvalidInput`` that says of which kind it is."""
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    kind = f"ECDSA on {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else "RSA" if isinstance(key, rsa.RSAPublicKey) else "another kind"
    raise InvalidInput(f"{where} is a key of {kind}; use ECDSA on P-256, which cosign generate-key-pair makes")


def verifies(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether this key made this signature (DER) over ``data``. Raises ``InvalidInput`` if it is no signature at all."""
    try:
        decode_dss_signature(signature)
    except ValueError:
        raise InvalidInput("the signature is not one of ECDSA (DER): it is cut off, changed, or made with another algorithm") from None
    try:
        key.verify(signature, data, ALGORITHM)
    except InvalidSignature:
        return False
    return True


def fingerprint(key: PublicKey) -> str:
    """Base64 of the SHA-256 of the SubjectPublicKeyInfo: what cosign writes as the hint of a bundle."""
    return base64.b64encode(hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()).decode()


def pem(key: PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
