# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be imported: a certificate, its chain and its key, in files of the controller."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._aws import files
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.imported.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate, describe, public_key_sha256
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


@dataclass(frozen=True)
class Local:
    """``chain``: what stands behind the certificate. The key goes to AWS, and nowhere else."""

    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: bytes = field(repr=False)

    @property
    def facts(self) -> Certificate:
        return describe(self.leaf)


def read(request: Request, now: datetime) -> Local:
    """Raises ``InvalidInput`` for what ACM would not take, or nobody could use."""
    public, secret = files.public(request.certificate_file, "certificate_file"), files.private(request.key_file, "key_file")
    try:
        leaf, *chain = x509.load_pem_x509_certificates(public)
    except ValueError:
        raise InvalidInput(f"certificate_file: {request.certificate_file} must hold the certificate, and the chain behind it, in PEM") from None
    try:
        key = serialization.load_pem_private_key(secret, password=None)
    except (ValueError, TypeError):
        raise InvalidInput(f"key_file: {request.key_file} must hold a key in PEM, without a password") from None
    if public_key_sha256(key.public_key()) != describe(leaf).public_key_sha256:
        raise InvalidInput(f"key_file: the key in {request.key_file} does not belong to the first certificate in {request.certificate_file}")
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise InvalidInput(f"key_file: ACM takes RSA and ECDSA, and the key in {request.key_file} is {kind(leaf)}")
    if leaf.not_valid_after_utc <= now:
        raise InvalidInput(f"certificate_file: {request.certificate_file} ended at {leaf.not_valid_after_utc:%Y-%m-%d}; renew it first")
    return Local(leaf, tuple(chain), secret)


def pem(certificates: tuple[x509.Certificate, ...]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def kind(certificate: x509.Certificate) -> str:
    """Of its key, as people say it."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA of {key.key_size} bits"
    return f"ECDSA on {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__.removesuffix("PublicKey")
