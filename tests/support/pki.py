# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of every kind for tests: any dates, names, keys and extensions, also those that no good authority would issue."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 6, 15, 12, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key: issue others with it, or serve it."""

    x509: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.x509.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        encoded: bytes = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return encoded

    @property
    def facts(self) -> Certificate:
        return read.certificate(self.der)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(
    subject: str,
    issuer: Issued | None = None,
    *,
    names: Sequence[str] = (),
    begins: datetime = NOW - 10 * DAY,
    ends: datetime = NOW + 80 * DAY,
    ca: bool = False,
    path_length: int | None = None,
    key: Any = None,
    serial: int | None = None,
    identifiers: bool = True,
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,),
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    digest: Any = None,
    padding: Any = None,
) -> Issued:
    """A certificate for ``names`` (host names and addresses), signed by ``issuer`` or by itself. ``identifiers``: with SKI and AKI."""
    key = key or new_key()
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(issuer.x509.subject if issuer else name(subject))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
    if purposes and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if identifiers:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    without_digest = isinstance(signer, ed25519.Ed25519PrivateKey)
    return Issued(builder.sign(signer, None if without_digest else digest or hashes.SHA256(), rsa_padding=padding), key)


def authority(subject: str = "Test Root", issuer: Issued | None = None, **options: Any) -> Issued:
    """A root, or an intermediate of ``issuer``, good for years around ``NOW``."""
    return issue(subject, issuer, **{"ca": True, "begins": NOW - 1000 * DAY, "ends": NOW + 3000 * DAY, **options})


def _general(each: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(each))
    except ValueError:
        return x509.DNSName(each)


# --- certificates that no library issues: made from good ones, byte by byte


def element(tag: int, *contents: bytes) -> bytes:
    """A DER element."""
    body = b"".join(contents)
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + body


def resigned(made: Issued, signer: Any, old: bytes, new: bytes) -> bytes:
    """The certificate with one part of its signed bytes replaced, and a signature (ECDSA, SHA-256) that fits again."""
    body = made.x509.tbs_certificate_bytes
    content = body[_header(body) :]
    assert content.count(old) == 1, "the part that should be replaced must be there exactly once"
    changed = element(0x30, content.replace(old, new))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256
    return element(0x30, changed, algorithm, element(0x03, b"\0", signer.sign(changed, ec.ECDSA(hashes.SHA256()))))


def with_serial(made: Issued, signer: Any, content: bytes) -> bytes:
    """The certificate with other bytes as its serial number, signed again."""
    old = made.x509.serial_number
    return resigned(made, signer, element(0x02, old.to_bytes(old.bit_length() // 8 + 1, "big")), element(0x02, content))


def _header(der: bytes) -> int:
    return 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
