# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Online Certificate Status Protocol (RFC 6960): what to ask, and what an answer is worth. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

MEDIA_TYPE = "application/ocsp-request"
_ANSWERS = {
    ocsp.OCSPResponseStatus.UNAUTHORIZED: "it does not know this certificate (unauthorized)",
    ocsp.OCSPResponseStatus.TRY_LATER: "it says to try later",
    ocsp.OCSPResponseStatus.INTERNAL_ERROR: "it has an error of its own",
    ocsp.OCSPResponseStatus.MALFORMED_REQUEST: "it can't read the question",
    ocsp.OCSPResponseStatus.SIG_REQUIRED: "it wants the question signed",
}


class Worthless(Exception):
    """Nothing can be said by this answer, and why."""


@dataclass(frozen=True)
class Status:
    """``revoked_at`` is None for a certificate that is good. ``next_update``: when there will be news; None: always."""

    revoked_at: datetime | None
    reason: str
    this_update: datetime
    next_update: datetime | None


def question(certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPRequest:
    """SHA-1 names the issuer: it protects nothing here, and is all that many responders know (RFC 5019 §2.1.1)."""
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()


def encoded(asked: ocsp.OCSPRequest) -> bytes:
    return asked.public_bytes(serialization.Encoding.DER)


def status(answer: bytes, asked: ocsp.OCSPRequest, issuer: x509.Certificate, now: datetime, skew: timedelta) -> Status:
    """What a responder says of the certificate that was asked for. Raises ``Worthless``: also for an answer that it should not have signed."""
    try:
        response = ocsp.load_der_ocsp_response(answer)
    except (ValueError, TypeError):
        raise Worthless("its answer is none of OCSP") from None
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise Worthless(_ANSWERS[response.response_status])
    single = next((each for each in response.responses if _is_about(each, asked)), None)
    if single is None:
        raise Worthless("its answer is about another certificate")
    if not any(_signed(response, signer) for signer in _signers(response, issuer, now, skew)):
        raise Worthless("its answer is not signed by who may say so")
    if single.this_update_utc - skew > now:
        raise Worthless(f"its answer is of the future: {single.this_update_utc:%Y-%m-%dT%H:%M:%SZ}")
    if single.next_update_utc is not None and single.next_update_utc + skew < now:
        raise Worthless(f"its answer was good until {single.next_update_utc:%Y-%m-%dT%H:%M:%SZ}")
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise Worthless("it does not know this certificate (unknown)")
    reason = single.revocation_reason.value if single.revocation_reason else ""
    return Status(single.revocation_time_utc, reason, single.this_update_utc, single.next_update_utc)


def _is_about(single: ocsp.OCSPSingleResponse, asked: ocsp.OCSPRequest) -> bool:
    if single.serial_number != asked.serial_number:
        return False
    if not isinstance(single.hash_algorithm, hashes.SHA1):  # it names the issuer in its own way; its signature says whose it is
        return True
    return (single.issuer_key_hash, single.issuer_name_hash) == (asked.issuer_key_hash, asked.issuer_name_hash)


def _signers(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime, skew: timedelta) -> Iterator[Any]:
    """Keys that may sign: the issuer's own, and one that it made for that (RFC 6960 §4.2.2.2)."""
    yield issuer.public_key()
    for each in response.certificates:
        try:
            each.verify_directly_issued_by(issuer)
            usage = each.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
            continue
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and each.not_valid_before_utc - skew <= now <= each.not_valid_after_utc + skew:
            yield each.public_key()


def _signed(response: ocsp.OCSPResponse, key: Any) -> bool:
    try:
        digest = response.signature_hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(digest))
        else:
            key.verify(response.signature, response.tbs_response_bytes)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
        return False
    return True
