# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate revocation lists (RFC 5280 §5): what one says of a certificate, and if it may. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.ocsp import Status, Worthless
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

LARGEST = 32 << 20  # the lists of the largest authorities, which are cut into shards below that


def load(data: bytes) -> x509.CertificateRevocationList:
    """A list in DER, or in PEM as some have it against the rules (RFC 5280 §4.2.1.13). Raises ``Worthless``."""
    if data.lstrip().startswith(b"-----BEGIN"):
        data = next((content for label, content in read.pem_blocks(data) if label == "X509 CRL" and content), b"")
    try:
        return x509.load_der_x509_crl(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Worthless("what is there is no revocation list") from None


def status(listed: x509.CertificateRevocationList, signed: bool, certificate: x509.Certificate, now: datetime, skew: timedelta) -> Status:
    """What a list says of a certificate whose issuer ``signed`` it. Raises ``Worthless`` for one that is old, of somebody else or of other kinds."""
    if listed.issuer != certificate.issuer or not signed:
        raise Worthless("its list is not signed by the issuer of the certificate")
    if listed.last_update_utc - skew > now:
        raise Worthless(f"its list is of the future: {listed.last_update_utc:%Y-%m-%dT%H:%M:%SZ}")
    if listed.next_update_utc is not None and listed.next_update_utc + skew < now:
        raise Worthless(f"its list was good until {listed.next_update_utc:%Y-%m-%dT%H:%M:%SZ}")
    scope = _extension(listed, x509.IssuingDistributionPoint)
    others = (scope.only_contains_user_certs if _is_ca(certificate) else scope.only_contains_ca_certs) if scope is not None else False
    if others or (scope is not None and scope.only_contains_attribute_certs):
        raise Worthless("its list is of other kinds of certificates")
    entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return Status(None, "", listed.last_update_utc, listed.next_update_utc)
    reason = _extension(entry, x509.CRLReason)
    return Status(entry.revocation_date_utc, reason.reason.value if reason else "", listed.last_update_utc, listed.next_update_utc)


def signed(listed: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether the issuer signed the list; for a large one that takes a while."""
    try:
        return listed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _is_ca(certificate: x509.Certificate) -> bool:
    basic = _extension(certificate, x509.BasicConstraints)
    return bool(basic and basic.ca)


def _extension(of: Any, kind: type[Any]) -> Any:
    try:
        return of.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None
