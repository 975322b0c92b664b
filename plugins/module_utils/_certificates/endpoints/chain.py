# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates as they were sent, also of a handshake that failed: from OpenSSL, or from the bytes of the server's first flight. Pure."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE = 20, 21, 22  # record types (RFC 8446 §5.1)
_CERTIFICATE, _CERTIFICATE_REQUEST = 11, 13  # handshake messages (RFC 5246 §7.4)
_DER = 2  # what CPython calls ENCODING_DER

# RFC 8446 §6, and those of RFC 5246 that were dropped.
ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


@dataclass(frozen=True)
class Flight:
    """What a server said in the clear: all of it up to TLS 1.2, its hello or an alert from TLS 1.3 on."""

    certificates: tuple[bytes, ...] = ()
    asked_for_certificate: bool = False
    alert: int | None = None


NOTHING = Flight()


def sent(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """DER of what OpenSSL has of the peer, leaf first, verified or not; () if nothing came."""
    if hasattr(tls, "get_unverified_chain"):  # Python 3.13
        return tuple(tls.get_unverified_chain() or ())
    read = getattr(getattr(tls, "_sslobj", None), "get_unverified_chain", None)  # CPython 3.10 to 3.12, before it was public
    return tuple(each.public_bytes(_DER) for each in read() or ()) if read else ()


def flight(received: bytes) -> Flight:
    """Read the records that a server sent; what is encrypted, or damaged, ends it."""
    messages, alert = bytearray(), None
    for kind, content in _parts(received, 5, 2):
        if kind == _ALERT and len(content) == 2:
            alert = content[1]
        if kind in (_ALERT, _CHANGE_CIPHER_SPEC):
            continue
        if kind != _HANDSHAKE:
            break
        messages += content
    certificates: tuple[bytes, ...] = ()
    asked = False
    for kind, content in _parts(bytes(messages), 4, 3):
        if kind == _CERTIFICATE:
            certificates = tuple(der for _, der in _parts(content[3:], 3, 3))
        asked = asked or kind == _CERTIFICATE_REQUEST
    return Flight(certificates, asked, alert)


def _parts(data: bytes, header: int, length: int) -> Iterator[tuple[int, bytes]]:
    """First byte and content of each part that is whole; the last ``length`` bytes of its header are the size of the content."""
    place = 0
    while place + header <= len(data):
        begins = place + header
        ends = begins + int.from_bytes(data[begins - length : begins], "big")
        if ends > len(data):
            return
        yield data[place], data[begins:ends]
        place = ends
