# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of Java key stores (JKS, JCEKS), which are not encrypted: no password is needed to read them. Pure.

All numbers are big-endian. A store is a magic number, a version, a count, so many entries, and the SHA-1 of the password and all that.

    entry        tag (1 key and chain, 2 certificate, 3 secret key), alias (u2 length, UTF-8), milliseconds (u8), and then
    1            u4 length and the encrypted key; u4 count and so many certificates
    2            a certificate: in version 2 its type (u2 length, UTF-8); u4 length, DER
    3            a SealedObject, as Java serializes it; only in JCEKS
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = {b"\xfe\xed\xfe\xed": "jks", b"\xce\xce\xce\xce": "jceks"}
_KEY, _CERTIFICATE, _SECRET = 1, 2, 3
_DIGEST = 20
_SIZES = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}  # of Java's plain values, by their letters in descriptions of classes
_WHITENER = b"Mighty Aphrodite"  # of the format, for lack of a salt


class Damaged(ValueError):
    """It begins like a key store, and does not go on like one: where, and what was expected."""


@dataclass(frozen=True)
class Entry:
    """A certificate, or a chain with its leaf first, as DER; a secret key has none."""

    alias: str
    chain: tuple[bytes, ...]


def entries(data: bytes) -> Iterator[Entry]:
    """The entries, as far as it holds together: raises ``Damaged`` where it stops to."""
    reader = _Reader(data, len(data) - _DIGEST)
    reader.take(4)
    version, count = reader.number(4), reader.number(4)
    if version not in (1, 2):
        raise Damaged(f"it is of version {version}, and there are 1 and 2")
    for _ in range(count):
        tag, alias = reader.number(4), reader.text()
        reader.take(8)
        if tag == _KEY:
            reader.take(reader.number(4))
            yield Entry(alias, tuple(_certificate(reader, version) for _ in range(reader.number(4))))
        elif tag == _CERTIFICATE:
            yield Entry(alias, (_certificate(reader, version),))
        elif tag == _SECRET:
            _Serialized(reader).skip()
            yield Entry(alias, ())
        else:
            raise Damaged(f"there is no kind of entry {tag}, at byte {reader.at}")
    if reader.at != reader.end:
        raise Damaged(f"there are {reader.end - reader.at} bytes behind its last entry")


def fits(data: bytes, password: bytes) -> bool:
    """Whether the digest at the end is that of this password (UTF-8) and this content."""
    try:
        characters = password.decode().encode("utf-16-be")
    except UnicodeDecodeError:
        return False
    made = hashlib.sha1(characters + _WHITENER + data[:-_DIGEST], usedforsecurity=False).digest()
    return hmac.compare_digest(made, data[-_DIGEST:])


def _certificate(reader: _Reader, version: int) -> bytes:
    if version == 2:
        reader.text()
    return reader.take(reader.number(4))


class _Reader:
    def __init__(self, data: bytes, end: int) -> None:
        self.data, self.at, self.end = data, 0, end

    def take(self, size: int) -> bytes:
        if size > self.end - self.at:
            raise Damaged(f"it ends where {size} bytes more should follow byte {self.at}")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self) -> str:
        return self.take(self.number(2)).decode("utf-8", "backslashreplace")


class _Serialized:
    """Steps over an object that Java serialized, because nothing says how long it is (Java Object Serialization Specification, chapter 6).

    Only as much of the grammar as sealed keys are made of: objects of texts, arrays of bytes and plain values.
    """

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader

    def skip(self) -> None:
        if self._reader.take(4) != b"\xac\xed\x00\x05":
            raise Damaged(f"no serialized object at byte {self._reader.at - 4}")
        self._value(0)

    def _value(self, depth: int) -> None:
        reader, kind = self._reader, self._reader.number(1)
        if depth > 8:
            raise Damaged(f"objects inside objects inside objects at byte {reader.at}")
        if kind == 0x70:  # null
            return
        if kind == 0x71:  # something that was there before
            reader.take(4)
        elif kind == 0x74:
            reader.text()
        elif kind == 0x75:  # of bytes: nothing else is in these
            self._class()
            reader.take(reader.number(4))
        elif kind == 0x73:
            for fields in reversed(self._class()):
                for code in sorted(fields, key=lambda code: code in "L["):
                    reader.take(_SIZES[code]) if code in _SIZES else self._value(depth + 1)
        else:
            raise Damaged(f"no value of a serialized object at byte {reader.at - 1}")

    def _class(self) -> list[str]:
        """The types of the fields of a class and of the classes above it, each as one letter for each field."""
        reader, kind = self._reader, self._reader.number(1)
        if kind in (0x70, 0x71):  # none, or one that was described before: only that of arrays comes twice
            reader.take(4 if kind == 0x71 else 0)
            return []
        if kind != 0x72:
            raise Damaged(f"no class of a serialized object at byte {reader.at - 1}")
        reader.text()
        reader.take(9)  # its version and flags
        fields = "".join(self._field() for _ in range(reader.number(2)))
        if reader.number(1) != 0x78:
            raise Damaged(f"a class of a serialized object has notes at byte {reader.at - 1}")
        return [fields, *self._class()]

    def _field(self) -> str:
        code = chr(self._reader.number(1))
        self._reader.text()
        if code in "L[":
            self._value(0)  # the name of its type, or where that was before
        return code
