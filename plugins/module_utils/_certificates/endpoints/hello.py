# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first message of a handshake, as OpenSSL would write it, with our own key in it (RFC 8446 §4.1.2), and the server's answer to it. Pure.

It offers what OpenSSL offers, in the same order and under the same policy of the system, so that a server shows both of them the same.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_SERVER_NAME, _GROUPS, _SIGNATURES, _PADDING, _VERSIONS, _KEY_SHARE = 0, 10, 13, 21, 43, 51
# What this client can do: point formats, groups, signatures, encrypt_then_mac, extended_master_secret, tickets, versions, how tickets are used.
# Where OpenSSL offers more, such as compressed certificates, less is offered.
_KEPT = (11, _GROUPS, _SIGNATURES, 22, 23, 35, _VERSIONS, 45)
_X25519, _POST_QUANTUM = 0x001D, 0x0200  # the groups from there on (RFC 9846 §4.2.7, draft-ietf-tls-ecdhe-mlkem)
_TLS_1_2, _TLS_1_3 = b"\x03\x03", b"\x03\x04"
# The random value of a server that wants another key (RFC 8446 §4.1.3).
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
# A server's hello (RFC 8446 §4.1.3) with supported_versions and key_share, in either order, and nothing else.
_V, _K = rb"\x00\x2b\x00\x02\x03\x04", rb"\x00\x33\x00\x24\x00\x1d\x00\x20"
_ANSWER = re.compile(
    rb"\x02\x00\x00\x76\x03\x03(?P<random>.{32})\x20(?P<session>.{32})(?P<suite>..)\x00\x00\x2e"
    rb"(?:" + _V + _K + rb"(?P<key>.{32})|" + _K + rb"(?P<other>.{32})" + _V + rb")",
    re.DOTALL,
)
_PADDED = range(256, 512)  # sizes at which some servers hang (RFC 7685)


class Beyond(Exception):
    """Something that this client leaves to OpenSSL, or does not understand."""


@dataclass(frozen=True)
class Hello:
    """``message``: what is sent, without its record."""

    message: bytes
    session: bytes

    @property
    def record(self) -> bytes:
        return b"\x16\x03\x01" + len(self.message).to_bytes(2, "big") + self.message


class Offer:
    """What one context offers, with one key for all of a run: a probe says nothing that it would have to keep to itself. Raises ``Beyond``."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.key = X25519PrivateKey.generate()
        body = Reader(_written(context))
        body.take(2 + 32)
        body.block(1)
        self._ciphers = block(2, body.block(2)) + block(1, body.block(1))
        offered = {kind: value for kind, value in extensions(body.block(2)) if kind in _KEPT}
        body.end()
        if _TLS_1_3 not in _pairs(offered.get(_VERSIONS, b"")[1:]):
            raise Beyond("TLS 1.3 is switched off")
        listed = _pairs(offered.get(_GROUPS, b"")[2:])
        groups = [group for group in listed if int.from_bytes(group, "big") < _POST_QUANTUM]
        self.complete = groups == listed
        if _X25519.to_bytes(2, "big") not in groups:
            raise Beyond("X25519 is switched off")
        self.signatures = frozenset(int.from_bytes(each, "big") for each in _pairs(offered.get(_SIGNATURES, b"")[2:]))
        offered[_GROUPS] = block(2, b"".join(groups))
        share = _X25519.to_bytes(2, "big") + block(2, self.key.public_key().public_bytes_raw())
        offered[_KEY_SHARE] = block(2, share)
        self._extensions = b"".join(_extension(kind, value) for kind, value in offered.items())

    def hello(self, server_name: str) -> Hello:
        chosen = os.urandom(64)
        session = chosen[32:]  # as if there had been one before, for what sits between (RFC 8446 §D.4)
        asked = _extension(_SERVER_NAME, block(2, b"\0" + block(2, server_name.encode("ascii")))) if server_name else b""
        begins = _TLS_1_2 + chosen[:32] + block(1, session) + self._ciphers
        size = 4 + len(begins) + 2 + len(asked) + len(self._extensions)
        padding = _extension(_PADDING, bytes(max(_PADDED.stop - size - 4, 1))) if size in _PADDED else b""
        message = begins + block(2, asked + self._extensions + padding)
        return Hello(b"\x01" + block(3, message), session)


def answer(message: bytes, hello: Hello) -> tuple[int, bytes]:
    """The cipher suite and the key of a server that went along with all of it. Raises ``Beyond``."""
    found = _ANSWER.fullmatch(message)
    if not found or found["random"] == _RETRY or found["session"] != hello.session:
        raise Beyond("an older protocol, another key exchange, or more than was asked for")
    return int.from_bytes(found["suite"], "big"), found["key"] or found["other"]


class Reader:
    """Bytes that are taken from the front. Raises ``Beyond`` where there are not as many as there should be."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        ends = self._at + size
        if ends > len(self._data):
            raise Beyond("a message that is cut off")
        found, self._at = self._data[self._at : ends], ends
        return found

    def block(self, width: int) -> bytes:
        """What has its size in so many bytes before it."""
        return self.take(int.from_bytes(self.take(width), "big"))

    def end(self) -> None:
        if self:
            raise Beyond("a message with more in it than it should have")


def extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    body = Reader(data)
    while body:
        yield int.from_bytes(body.take(2), "big"), body.block(2)


def block(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width, "big") + content


def _extension(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2, "big") + block(2, value)


def _pairs(data: bytes) -> list[bytes]:
    return [data[place : place + 2] for place in range(0, len(data), 2)]


def _written(context: ssl.SSLContext) -> bytes:
    """The first message of a context, without its heads."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    record = Reader(outgoing.read())
    record.take(3)
    message = Reader(record.block(2))
    record.end()
    message.take(1)
    return message.block(3)
