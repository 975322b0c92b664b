# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making keys and certificates (ECDSA P-256, SHA-256) with the profile of RFC 5280. No files, no clock: dates are arguments."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import USAGES
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    """A new ECDSA P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def load_key(data: bytes, source: str) -> Key:
    """A P-256 key from PEM. The error names the source and never quotes the contents. Raises ``InvalidInput``."""
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError):
        raise InvalidInput(f"{source} is not an unencrypted private key in PEM", source=source) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InvalidInput(f"{source} is not an elliptic curve key", source=source)
    return key


def key_pem(key: Key) -> bytes:
    """The key as unencrypted PKCS #8 in PEM."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def authority(key: Key, common_name: str, permitted: Sequence[str], not_before: datetime, not_after: datetime) -> x509.Certificate:
    """A self-signed root that may sign leaves only (pathlen 0), for names below ``permitted`` (DNS subtrees and networks; none = any name)."""
    subject = _name(common_name)
    builder = (
        _builder(subject, subject, key.public_key(), not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if permitted:
        trees = [x509.IPAddress(ipaddress.ip_network(tree)) if "/" in tree else x509.DNSName(tree) for tree in sorted(permitted)]
        builder = builder.add_extension(x509.NameConstraints(permitted_subtrees=trees, excluded_subtrees=None), critical=True)
    return builder.sign(key, hashes.SHA256())


def leaf(
    key: Key,
    issuer: x509.Certificate,
    issuer_key: Key,
    common_name: str,
    dns: Sequence[str],
    ip: Sequence[str],
    usages: Sequence[str],
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """A certificate for servers and/or clients (``usages``), signed by the issuer, with its names in the SAN extension only."""
    issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_name(common_name), issuer.subject, key.public_key(), not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([USAGES[usage] for usage in sorted(usages)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
    )
    names: list[x509.GeneralName] = [*map(x509.DNSName, dns), *(x509.IPAddress(ipaddress.ip_address(address)) for address in ip)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's name and key made this certificate's signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # cryptography raises three unrelated types here, all of which mean no
        return False
    return True


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Slipway"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
