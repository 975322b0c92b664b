# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server signs a handshake with (RFC 8446 §4.2.3). Pure."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

_ECDSA = {
    0x0403: ("secp256r1", ec.ECDSA(hashes.SHA256())),
    0x0503: ("secp384r1", ec.ECDSA(hashes.SHA384())),
    0x0603: ("secp521r1", ec.ECDSA(hashes.SHA512())),
}
_PSS: dict[int, hashes.HashAlgorithm] = {
    0x0804: hashes.SHA256(),
    0x0805: hashes.SHA384(),
    0x0806: hashes.SHA512(),
    0x0809: hashes.SHA256(),
    0x080A: hashes.SHA384(),
    0x080B: hashes.SHA512(),
}
_EDWARDS: dict[int, type[Any]] = {0x0807: ed25519.Ed25519PublicKey, 0x0808: ed448.Ed448PublicKey}


def check(key: Any, scheme: int, signature: bytes, content: bytes) -> None:
    """Raises ``InvalidSignature``, ``UnsupportedAlgorithm`` or ``ValueError`` unless the key made the signature in this way."""
    if scheme in _ECDSA and isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == _ECDSA[scheme][0]:
        key.verify(signature, content, _ECDSA[scheme][1])
    elif scheme in _PSS and isinstance(key, rsa.RSAPublicKey):
        digest = _PSS[scheme]
        key.verify(signature, content, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif scheme in _EDWARDS and isinstance(key, _EDWARDS[scheme]):
        key.verify(signature, content)
    else:
        raise ValueError("a key of another kind")
