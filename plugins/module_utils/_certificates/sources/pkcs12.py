# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of PKCS#12 files (RFC 7292), modern and old, with a key or as Java's trust stores without one. Pure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._certificates import der
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Problem
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

_VERSION = b"\x02\x01\x03"
_OLD = bytes.fromhex("2a864886f70d010c01")  # pkcs-12PbeIds: RC2, RC4 and triple DES with SHA-1
_OCTETS = 0x04
_CONSTRUCTED = 0x20
_MOST_ROUNDS = 10_000_000  # seconds of work; who may write a Secret shall not be able to ask for hours
_DEEPEST = 16


@dataclass(frozen=True)
class Store:
    """``leaf``: the certificate that has a key, or None; ``others`` beside it; each with its name ("" for none) and as DER."""

    leaf: tuple[str, bytes] | None = None
    others: tuple[tuple[str, bytes], ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()


def looks_like(data: bytes) -> bool:
    """Whether it begins as such a file does: a sequence, and in it the version 3. Its end may be left open (BER)."""
    return data[:1] == b"\x30" and data.find(_VERSION, 2, 9) >= 2


def read(data: bytes, passwords: Callable[[], Sequence[bytes]]) -> Store:
    """What is in it. The passwords that were given are tried first, then an empty one and none, which are two things here.

    A wrong password and a changed content look the same (the MAC fails), but a file that is cut off is told apart.
    """
    refusal = _refusal(data)
    if refusal:
        return Store(problems=(refusal,))
    given = passwords()
    for password in (*given, b"", None):
        try:
            loaded = _load(data, password)
        except UnsupportedAlgorithm:
            return Store(problems=(Problem("unsupported", "it is encrypted in a way that is not known here; convert it with openssl pkcs12"),))
        except (ValueError, TypeError):
            continue
        leaf = (_name(loaded.cert), loaded.cert.certificate.public_bytes(Encoding.DER)) if loaded.cert else None
        others = tuple((_name(each), each.certificate.public_bytes(Encoding.DER)) for each in loaded.additional_certs)
        return Store(leaf, others, remarks=_remarks(data))
    if given:
        return Store(problems=(Problem("wrong_password", "it does not open with the password that was given (or was changed since it was closed)"),))
    return Store(problems=(Problem("password_needed", "it has a password, and none was given; give password_file or password_variable"),))


def _load(data: bytes, password: bytes | None) -> pkcs12.PKCS12KeyAndCertificates:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of serial numbers that are odd: what is in there is, and is judged later
        return pkcs12.load_pkcs12(data, password)


def _name(entry: pkcs12.PKCS12Certificate) -> str:
    return (entry.friendly_name or b"").decode("utf-8", "backslashreplace")


def _remarks(data: bytes) -> tuple[Problem, ...]:
    if _OLD not in data:
        return ()
    return (Problem("legacy_encryption", "it is encrypted as in the nineties (RC2 or triple DES), which newer programs refuse; export it anew"),)


def _refusal(data: bytes) -> Problem | None:
    """Why no password is tried on it: it is cut off, or opening it would take hours."""
    if data[1:2] == b"\x80":  # BER: its lengths are open, so only opening it shows if it is whole
        return None
    try:
        whole = der.element(data, 0)
        rounds = max(_rounds(data, whole, 0), default=0)
    except der.NotDer as error:
        return Problem("damaged", f"it begins as PKCS#12, and is cut off or changed: {error}")
    if rounds > _MOST_ROUNDS:
        return Problem("unsupported", f"making a key of its password takes {rounds} rounds; more than {_MOST_ROUNDS} take too long")
    return None


def _rounds(data: bytes, outer: der.Element, depth: int) -> Iterator[int]:
    """How many rounds it asks for: every integer directly behind a salt, also inside octet strings that hold DER (contents are wrapped so)."""
    behind_salt = False
    for inner in der.inside(data, outer):
        if inner.tag == der.INTEGER and behind_salt:
            yield int.from_bytes(data[inner.start : inner.end], "big", signed=True)
        behind_salt = inner.tag == _OCTETS
        if depth < _DEEPEST and (inner.tag & _CONSTRUCTED or (behind_salt and _is_der(data, inner))):
            yield from _rounds(data, inner, depth + 1)


def _is_der(data: bytes, octets: der.Element) -> bool:
    try:
        first = der.element(data, octets.start, octets.end)
    except der.NotDer:
        return False
    return first.tag == der.SEQUENCE and first.end == octets.end
