# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes in, certificates out: whatever has dates is read, also what the library can't verify."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._certificates import der as walk
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")  # the labels of OpenSSL's three kinds
# Text before, between and behind blocks does not matter, nor do line ends, nor a missing one (RFC 7468 §2). Markers are paired by hand: an
# expression for whole blocks takes minutes for a megabyte of beginnings that never end, and a block that is cut off would take the next with it.
_MARKER = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")
_NAMES: dict[type, str] = {x509.DNSName: "dns", x509.IPAddress: "ip", x509.UniformResourceIdentifier: "uri", x509.RFC822Name: "email"}
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_KEPT = 1024
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@lru_cache(maxsize=_KEPT)
def certificate(data: bytes) -> Certificate:
    """The certificate in these bytes (DER). Raises ``InvalidInput`` if they are none; a part that can't be understood is left out.

    The same intermediates come again and again, so those that were read lately are kept.
    """
    try:
        where = walk.parts(data)
    except walk.NotDer as error:
        raise InvalidInput(f"it is not a certificate: {error}") from None
    data = data[: where.whole.end]  # TRUSTED CERTIFICATE has OpenSSL's own settings behind it
    parsed = parse(data)
    try:
        not_before, not_after = (parsed.not_valid_before_utc, parsed.not_valid_after_utc) if parsed else walk.validity(data, where)
    except (walk.NotDer, ValueError) as error:
        raise InvalidInput(f"it is a certificate whose dates can't be read: {error}") from None
    return _filled(data, where, parsed, not_before, not_after)


@lru_cache(maxsize=_KEPT)
def parse(data: bytes) -> x509.Certificate | None:
    """The library's object, or None if the library refuses these bytes.

    What the library only refuses for odd serial numbers is changed first, so ``tbs_certificate_bytes`` may not be what was signed:
    ``signed_bytes`` are.
    """
    try:
        return x509.load_der_x509_certificate(walk.tamed(data, walk.parts(data)))
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None


@lru_cache(maxsize=_KEPT)
def public_key(data: bytes) -> CertificatePublicKeyTypes | None:
    """The key in these bytes (DER), or None if the library refuses them. Raises ``ValueError`` or ``UnsupportedAlgorithm`` for a key that it does not know."""
    parsed = parse(data)
    return parsed.public_key() if parsed else None


def signed_bytes(data: bytes) -> bytes:
    """The part of a certificate that its issuer signed (tbsCertificate)."""
    body = walk.element(data, walk.element(data, 0).start)
    return data[body.begin : body.end]


def pem_blocks(data: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Label and content of each PEM block, in order; the content is None if it is cut off or no base64 (or is encrypted the old way, RFC 1421)."""
    begun: re.Match[bytes] | None = None
    for marker in _MARKER.finditer(data):
        if marker[1] == b"BEGIN":
            if begun:
                yield begun[2].decode(), None
            begun = marker
        elif begun:
            yield begun[2].decode(), _content(data[begun.end() : marker.start()]) if begun[2] == marker[2] else None
            begun = None
    if begun:
        yield begun[2].decode(), None


def _content(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return None


def _filled(data: bytes, where: walk.Parts, parsed: x509.Certificate | None, not_before: datetime, not_after: datetime) -> Certificate:
    subject, issuer = _names(parsed, data, where)
    extensions = _extensions(parsed)
    basic = _one(extensions, x509.BasicConstraints)
    names = _one(extensions, x509.SubjectAlternativeName)
    return Certificate(
        subject=subject,
        issuer=issuer,
        serial=f"{walk.serial(data, where):X}",
        not_before=not_before,
        not_after=not_after,
        names=tuple(f"{_NAMES[type(name)]}:{name.value}" for name in names if type(name) in _NAMES) if names else (),
        fingerprint=sha256(data).hexdigest(),
        key=_key(data),
        is_ca=bool(basic and basic.ca),
        der=data,
    )


def _extensions(parsed: x509.Certificate | None) -> x509.Extensions | None:
    try:
        return parsed.extensions if parsed else None
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None


def _one(extensions: x509.Extensions | None, kind: type[_Extension]) -> _Extension | None:
    try:
        return extensions.get_extension_for_class(kind).value if extensions else None
    except x509.ExtensionNotFound:
        return None


class _Issuers:
    """The names of issuers, which are few, by their bytes: to write one down takes as long as to read a certificate."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def of(self, encoded: bytes, parsed: x509.Certificate) -> str:
        name = self._known.get(encoded)
        if name is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            name = self._known[encoded] = parsed.issuer.rfc4514_string()
        return name


_issuers = _Issuers()


def _names(parsed: x509.Certificate | None, data: bytes, where: walk.Parts) -> tuple[str, str]:
    """Subject and issuer as RFC 4514 writes them; by our own reading where the library refuses a string that is not as its type says."""
    try:
        if parsed:
            return parsed.subject.rfc4514_string(), _issuers.of(data[where.issuer.begin : where.issuer.end], parsed)
    except ValueError:
        pass
    try:
        return walk.name(data, where.subject), walk.name(data, where.issuer)
    except walk.NotDer:
        return "", ""


def _key(data: bytes) -> str:
    try:
        key = public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {_CURVES.get(key.curve.name, key.curve.name)}"
    if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey):
        return f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'DSA'} {key.key_size}"
    # Ed25519PublicKey, MLDSA65PublicKey, ...: the class is called as the algorithm is, and new ones come with new versions of the library.
    return type(key).__name__.removesuffix("PublicKey") if key else "unknown"
