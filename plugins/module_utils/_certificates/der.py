# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Just enough DER (X.690) to find the parts of a certificate (RFC 5280 §4.1) that the cryptography library refuses to read.

A certificate that no library likes expires like any other, so its serial and dates are read all the same. Nothing is verified with this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

SEQUENCE, INTEGER, OBJECT_IDENTIFIER, UTC_TIME, GENERALIZED_TIME = 0x30, 0x02, 0x06, 0x17, 0x18
_VERSION = 0xA0
_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d23")  # id-ce-authorityKeyIdentifier, 2.5.29.35
_ONLY_KEY_IDENTIFIER = bytes.fromhex("041830168014")  # how nearly all of them begin: 20 bytes of a digest, and nothing else
_TIME = re.compile(rb"(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(?:Z|([+-])(\d{2})(\d{2}))?")
_ATTRIBUTES = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.5": "2.5.4.5"}


class NotDer(ValueError):
    """The bytes are no certificate: what was expected, and where."""


class Element(NamedTuple):
    """One element: its tag, where it begins, where its content begins, and the first byte behind it."""

    tag: int
    begin: int
    start: int
    end: int


class Parts(NamedTuple):
    """The parts of a certificate as elements of ``der``."""

    whole: Element
    serial: Element
    issuer: Element
    validity: Element
    subject: Element


def element(der: bytes, at: int, limit: int | None = None) -> Element:
    """The element at an offset, which must end before ``limit``."""
    limit = len(der) if limit is None else limit
    if at + 2 > limit:
        raise NotDer(f"it ends at byte {at}, where more should follow")
    length, start = der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or start + count > limit:
            raise NotDer(f"a length that can't be at byte {at + 1}")
        length, start = int.from_bytes(der[start : start + count], "big"), start + count
    if start + length > limit:
        raise NotDer(f"the element at byte {at} is longer than what is there")
    return Element(der[at], at, start, start + length)


def inside(der: bytes, outer: Element) -> Iterator[Element]:
    """The elements inside another one."""
    at = outer.start
    while at < outer.end:
        inner = element(der, at, outer.end)
        yield inner
        at = inner.end


@lru_cache(maxsize=256)  # whoever reads a certificate asks twice
def parts(der: bytes) -> Parts:
    """Where the parts of a certificate are. Raises ``NotDer``."""
    whole = element(der, 0)
    body = element(der, whole.start, whole.end)
    if whole.tag != SEQUENCE or body.tag != SEQUENCE:
        raise NotDer("it does not begin as a certificate does")
    found: list[Element] = []
    for field in inside(der, body):
        if field.tag == _VERSION and not found:
            continue
        found.append(field)
        if len(found) == 5:  # serialNumber, signature, issuer, validity, subject
            break
    if [field.tag for field in found] != [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE]:
        raise NotDer("it does not have the parts of a certificate")
    return Parts(whole, found[0], found[2], found[3], found[4])


def serial(der: bytes, where: Parts) -> int:
    """The serial number; negative and zero ones exist, though they must not (RFC 5280 §4.1.2.2)."""
    return int.from_bytes(der[where.serial.start : where.serial.end], "big", signed=True)


def tamed(der: bytes, where: Parts) -> bytes:
    """The same certificate as the library likes it: with a serial number of its own above zero, and none below in what names its issuer.

    The library warns of both now, and will refuse them; OpenSSL's users have such certificates, and so have lists of trusted roots. The
    signature no longer fits: verify with the original's bytes.
    """
    if serial(der, where) <= 0 and where.serial.start < where.serial.end:
        der = der[: where.serial.start] + b"\x01" + der[where.serial.start + 1 :]
    at = der.find(_AUTHORITY_KEY_IDENTIFIER)
    if at >= 0 and _names_odd_serial(der, at + len(_AUTHORITY_KEY_IDENTIFIER)):
        der = der[: at + 4] + b"\x7f" + der[at + 5 :]  # an extension that nobody knows, and nobody reads
    return der


def _names_odd_serial(der: bytes, at: int) -> bool:
    """Whether authorityCertSerialNumber, tag [2], in the extension's value behind ``at`` is zero or negative (RFC 5280 §4.2.1.1)."""
    if der[at : at + len(_ONLY_KEY_IDENTIFIER)] == _ONLY_KEY_IDENTIFIER:
        return False
    try:
        value = element(der, at)
        numbers = [field for field in inside(der, element(der, value.start, value.end)) if field.tag == 0x82]
    except NotDer:
        return False
    return any(int.from_bytes(der[number.start : number.end], "big", signed=True) <= 0 for number in numbers)


def validity(der: bytes, where: Parts) -> tuple[datetime, datetime]:
    """From when to when it is good, in UTC."""
    times = list(inside(der, where.validity))
    if len(times) != 2:
        raise NotDer("its validity has not two times")
    return _moment(der, times[0]), _moment(der, times[1])


def _moment(der: bytes, time: Element) -> datetime:
    text = der[time.start : time.end]
    match = _TIME.fullmatch(text)
    if match is None or time.tag not in (UTC_TIME, GENERALIZED_TIME) or (len(match[1]) == 2) != (time.tag == UTC_TIME):
        raise NotDer(f"{text!r} is no time")
    year = int(match[1])
    if time.tag == UTC_TIME:
        year += 1900 if year >= 50 else 2000  # RFC 5280 §4.1.2.5.1
    try:
        month, day, hour, minute, second = (int(part or 0) for part in match.groups()[1:6])
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise NotDer(f"{text!r} is no time: {error}") from None
    if match[7]:  # offsets are forbidden in certificates, and old ones have them
        offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
        moment = moment - offset if match[7] == b"+" else moment + offset
    return moment


def name(der: bytes, whole: Element) -> str:
    """A distinguished name as RFC 4514 writes it, last part first. What is no text is shown in hex."""
    written = []
    for relative in inside(der, whole):
        for attribute in inside(der, relative):
            kind, value = [*inside(der, attribute), attribute, attribute][:2]
            dotted = oid(der[kind.start : kind.end])
            written.append(f"{_ATTRIBUTES.get(dotted, dotted)}={_escaped(_text(der, value))}")
    return ",".join(reversed(written))


def oid(content: bytes) -> str:
    """An object identifier in dots (X.690 §8.19)."""
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = numbers[0] if numbers else 0
    root = min(first // 40, 2)
    return ".".join(map(str, [root, first - 40 * root, *numbers[1:]]))


def _text(der: bytes, value: Element) -> str:
    content = der[value.start : value.end]
    encoding = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}.get(value.tag, "utf-8")
    return content.decode(encoding, errors="backslashreplace")


def _escaped(text: str) -> str:
    return re.sub(r'([,+"\\<>;])', r"\\\1", text)
