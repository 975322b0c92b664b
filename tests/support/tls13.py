# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS 1.3 server in memory that answers one hello in any way: no library lets its user send a wrong signature, or a record of one byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.hello import Reader, block, extensions
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.keys import SUITES, Records
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

HELLO, EXTENSIONS, CERTIFICATE, REQUEST, VERIFY, FINISHED = 2, 8, 11, 13, 15, 20
HANDSHAKE, ALERT, CHANGE, SECURED = 22, 21, 20, 23
Change = Callable[[int, bytes], Sequence[tuple[int, bytes]]]


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + block(3, body)


def record(kind: int, content: bytes) -> bytes:
    return bytes([kind, 3, 3]) + block(2, content)


def unchanged(kind: int, body: bytes) -> Sequence[tuple[int, bytes]]:
    return [(kind, body)]


@dataclass
class Server:
    """``change``: what to say instead of a message, by kind and content. ``size``: of a record's content. ``scheme``: how the signature is called."""

    key: Any
    chain: Sequence[bytes]
    suite: int = 0x1301
    size: int = 1 << 14
    scheme: int = 0x0403
    change: Change = unchanged
    inner: int = HANDSHAKE
    padding: int = 0
    client: bytes = field(default=b"", init=False)

    def answer(self, hello: bytes) -> bytes:
        """The whole flight for the record with a client's hello."""
        suite, body = SUITES[self.suite], hello[5:]
        fields = Reader(body[4 + 2 + 32 :])
        session = fields.block(1)
        fields.block(2)
        fields.block(1)
        shares = Reader(Reader(dict(extensions(fields.block(2)))[51]).block(2))
        shares.take(2)
        own = X25519PrivateKey.generate()
        given = bytes.fromhex("002b0002030400330024001d0020") + own.public_key().public_bytes_raw()
        said = b"\x03\x03" + bytes(range(32)) + block(1, session) + self.suite.to_bytes(2, "big") + b"\0" + block(2, given)
        ((kind, said),) = self.change(HELLO, said)
        greeting = message(kind, said)
        self._suite, self._transcript = suite, hashlib.new(suite.digest, body + greeting)
        secret = suite.handshake(own.exchange(X25519PublicKey.from_public_bytes(shares.block(2))))
        self._server, self.client = (suite.expand(secret, f"{side} hs traffic", self._transcript.digest()) for side in "sc")
        flight = b"".join(self._messages())
        self._after = suite.expand(suite.master(secret), "c ap traffic", self._transcript.digest())
        return record(HANDSHAKE, greeting) + record(CHANGE, b"\1") + self._sealed(flight)

    def heard(self, data: bytes) -> list[tuple[int, bytes]]:
        """The records of a client behind its hello: the end of the handshake, and one behind it."""
        assert data[:6] == record(CHANGE, b"\1")
        first, second = 6, 6 + 5 + int.from_bytes(data[9:11], "big")
        found = [Records(self._suite, self.client).open(data[first : first + 5], data[first + 5 : second])]
        return [*found, Records(self._suite, self._after).open(data[second : second + 5], data[second + 5 :])]

    def proof(self) -> bytes:
        """What a client's last message has to say."""
        return self._suite.proof(self.client, self._transcript.digest())

    def _messages(self) -> Sequence[bytes]:
        certificates = b"\0" + block(3, b"".join(block(3, der) + b"\0\0" for der in self.chain))
        return [*self._said(EXTENSIONS, b"\0\0"), *self._said(CERTIFICATE, certificates), *self._said(VERIFY), *self._said(FINISHED)]

    def _said(self, kind: int, body: bytes = b"") -> Sequence[bytes]:
        if kind == VERIFY:
            signed = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + self._transcript.digest()
            body = self.scheme.to_bytes(2, "big") + block(2, self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        if kind == FINISHED:
            body = self._suite.proof(self._server, self._transcript.digest())
        said = [message(*each) for each in self.change(kind, body)]
        self._transcript.update(b"".join(said))
        return said

    def _sealed(self, flight: bytes) -> bytes:
        records = Records(self._suite, self._server)
        parts = [flight[place : place + self.size] for place in range(0, len(flight), self.size)]
        # Zeros behind the kind are what pads a record (RFC 8446 §5.4).
        return b"".join(records.seal(0 if self.padding else self.inner, part + bytes([self.inner] + [0] * self.padding)[: self.padding]) for part in parts)
