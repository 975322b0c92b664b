# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of TLS 1.3 (RFC 8446 §7) and what they protect (§5.2). Pure."""

from __future__ import annotations

import hashlib
import hmac

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.hello import Beyond
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305


class Suite:
    """A cipher suite, and HKDF-Expand-Label (RFC 8446 §7.1) with its digest."""

    def __init__(self, name: str, digest: str, key: int, cipher: type[AESGCM] | type[ChaCha20Poly1305]) -> None:
        self.name, self.digest, self.cipher = name, digest, cipher
        self._empty = hashlib.new(digest).digest()
        size = len(self._empty)
        sizes = {"key": key, "iv": 12}
        contexts = {"key": 0, "iv": 0, "finished": 0}
        # What goes before the context, which is that of all but a few labels: they are said a dozen times for each handshake.
        self._labels = {label: (sizes.get(label, size), _label(label, sizes.get(label, size), contexts.get(label, size))) for label in _LABELS}
        self._zeros = bytes(size)
        self._early = self.expand(self.extract(self._zeros, self._zeros), "derived", self._empty)

    def expand(self, secret: bytes, label: str, context: bytes = b"") -> bytes:
        size, before = self._labels[label]
        return hmac.digest(secret, before + context + b"\x01", self.digest)[:size]

    def extract(self, salt: bytes, secret: bytes) -> bytes:
        return hmac.digest(salt, secret, self.digest)

    def handshake(self, shared: bytes) -> bytes:
        """The secret of a handshake where there was no session before."""
        return self.extract(self._early, shared)

    def master(self, handshake: bytes) -> bytes:
        return self.extract(self.expand(handshake, "derived", self._empty), self._zeros)

    def proof(self, secret: bytes, transcript: bytes) -> bytes:
        """That one side has seen all that was said (§4.4.4)."""
        return self.extract(self.expand(secret, "finished"), transcript)


_LABELS = ("derived", "c hs traffic", "s hs traffic", "c ap traffic", "finished", "key", "iv")


def _label(label: str, size: int, context: int) -> bytes:
    text = b"tls13 " + label.encode()
    return size.to_bytes(2, "big") + bytes([len(text)]) + text + bytes([context])


SUITES = {
    0x1301: Suite("TLS_AES_128_GCM_SHA256", "sha256", 16, AESGCM),
    0x1302: Suite("TLS_AES_256_GCM_SHA384", "sha384", 32, AESGCM),
    0x1303: Suite("TLS_CHACHA20_POLY1305_SHA256", "sha256", 32, ChaCha20Poly1305),
}


class Records:
    """One direction under one secret: seals or opens records, one after the other."""

    __slots__ = ("_cipher", "_count", "_iv")

    def __init__(self, suite: Suite, secret: bytes) -> None:
        self._cipher = suite.cipher(suite.expand(secret, "key"))
        self._iv = int.from_bytes(suite.expand(secret, "iv"), "big")
        self._count = -1

    def seal(self, kind: int, content: bytes) -> bytes:
        head = b"\x17\x03\x03" + (len(content) + 17).to_bytes(2, "big")
        return head + self._cipher.encrypt(self._nonce(), content + bytes([kind]), head)

    def open(self, head: bytes, content: bytes) -> tuple[int, bytes]:
        """Kind and content. Raises ``Beyond``."""
        try:
            opened = self._cipher.decrypt(self._nonce(), content, head).rstrip(b"\0")
        except InvalidTag:
            raise Beyond("a record that can't be decrypted") from None
        if len(opened) < 2:
            raise Beyond("an empty record")
        return opened[-1], opened[:-1]

    def _nonce(self) -> bytes:
        self._count += 1
        return (self._iv ^ self._count).to_bytes(12, "big")
