# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An X.509 certificate as a value: PEM or DER in, plain facts out. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

USAGES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True)
class Certificate:
    """What a certificate says (RFC 5280). Names are sorted; identifiers, serial and digests are lower-case hex; times are UTC.

    ``permitted`` are the subtrees of a critical name constraint: DNS names and networks, empty when there is none.
    """

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    dns: tuple[str, ...]
    ip: tuple[str, ...]
    usages: tuple[str, ...]
    authority: bool
    permitted: tuple[str, ...]
    key_id: str
    issuer_key_id: str
    public_key_sha256: str
    sha256: str

    @property
    def lifetime(self) -> timedelta:
        return self.not_after - self.not_before


def parse(data: bytes, source: str = "certificate") -> Certificate:
    """The first certificate in PEM (or the only one in DER); ``source`` names it in the error. Raises ``InvalidInput``."""
    try:
        parsed = x509.load_pem_x509_certificates(data)[0] if b"-----BEGIN" in data else x509.load_der_x509_certificate(data)
    except ValueError as error:
        raise InvalidInput(f"{source} is not an X.509 certificate: {error}", source=source) from None
    return describe(parsed)


def describe(certificate: x509.Certificate) -> Certificate:
    """The facts of a certificate that cryptography has read."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    usages = _extension(certificate, x509.ExtendedKeyUsage)
    basic = _extension(certificate, x509.BasicConstraints)
    constraints = _extension(certificate, x509.NameConstraints)
    key_id = _extension(certificate, x509.SubjectKeyIdentifier)
    issuer_key_id = _extension(certificate, x509.AuthorityKeyIdentifier)
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        dns=tuple(sorted(names.get_values_for_type(x509.DNSName))) if names else (),
        ip=tuple(sorted(str(ip) for ip in names.get_values_for_type(x509.IPAddress))) if names else (),
        usages=tuple(sorted(name for name, oid in USAGES.items() if usages and oid in usages)),
        authority=bool(basic and basic.ca),
        permitted=tuple(sorted(str(name.value) for name in constraints.permitted_subtrees or [])) if constraints else (),
        key_id=key_id.digest.hex() if key_id else "",
        issuer_key_id=(issuer_key_id.key_identifier or b"").hex() if issuer_key_id else "",
        public_key_sha256=public_key_sha256(certificate.public_key()),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def public_key_sha256(key: object) -> str:
    """SHA-256 (hex) over the SubjectPublicKeyInfo: equal for a certificate and the key that belongs to it."""
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    digest = hashes.Hash(hashes.SHA256())
    digest.update(encoded)
    return digest.finalize().hex()


def permits(permitted: tuple[str, ...], name: str) -> bool:
    """Whether a name constraint (RFC 5280 §4.2.1.10) lets a DNS name or an address through; no constraint lets everything through."""
    if not permitted:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        host = name.removeprefix("*.")
        return any(host == tree or host.endswith(f".{tree}") for tree in permitted if "/" not in tree)
    return any(address in ipaddress.ip_network(tree) for tree in permitted if "/" in tree)


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
