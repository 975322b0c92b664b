# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster is reached by: endpoint, certificate authority and OIDC issuer; generated ones unless somebody has a real cluster."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class ControlPlane:
    """``authority``: the PEM of the certificate authority, as base64; ``endpoint`` and ``issuer``: URLs without a slash at the end."""

    endpoint: str
    authority: str
    issuer: str


def generated(name: str, region: str, now: datetime) -> ControlPlane:
    """Names like those of AWS that nobody resolves, and a real authority of which nobody has the key."""
    mark = uuid.uuid4().hex.upper()
    return ControlPlane(
        endpoint=f"https://{mark}.gr7.{region}.eks.amazonaws.com",
        authority=base64.b64encode(_authority(now)).decode(),
        issuer=f"https://oidc.eks.{region}.amazonaws.com/id/{mark}",
    )


def _authority(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
