# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The handshake that nearly every server of today agrees to (TLS 1.3, X25519, no surprise), in a third of OpenSSL's time. See decision 017.

It reads the certificates as they were sent, has the server prove that it has the key of the first one, and ends cleanly. Whatever else happens is
``Beyond`` this: OpenSSL is asked then, on a connection of its own. Nothing is kept secret by it, for a probe says nothing that is.
"""

from __future__ import annotations

import hashlib
import ssl

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.hello import Beyond, Offer, answer, block
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.keys import SUITES, Records, Suite
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.signatures import check
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

_CHANGE_CIPHER_SPEC, _HANDSHAKE, _ALERT, _SECURED = 20, 22, 21, 23
_ENCRYPTED_EXTENSIONS, _CERTIFICATE, _CERTIFICATE_REQUEST, _CERTIFICATE_VERIFY, _FINISHED = 8, 11, 13, 15, 20
_LONGEST_RECORD = (1 << 14) + 256
_MOST = 1 << 17  # of a server's whole flight
_GOODBYE = b"\x01\x00"  # the alert close_notify
_DUMMY = b"\x14\x03\x03\x00\x01\x01"  # for what sits between (RFC 8446 §D.4)
_SIGNED = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"


class Quick:
    """One handshake, as tls.py has it; certificates are DER, leaf first."""

    protocol = ""

    def __init__(self, offer: Offer, server_name: str) -> None:
        self._offer = offer
        self._hello = offer.hello(server_name)
        self._outgoing = self._hello.record
        self._certificates: tuple[bytes, ...] = ()
        self.cipher = ""
        self._raw = self._messages = b""
        self._read = 0
        self._keys: _Keys | None = None
        self._due: tuple[int, ...] = (_ENCRYPTED_EXTENSIONS,)
        self._asked = False

    def step(self, data: bytes) -> bool:
        """Raises ``Beyond``, also of what can't be trusted: OpenSSL then says what is wrong with it."""
        self._raw += data
        self._read += len(data)
        if self._read > _MOST:
            raise Beyond("a server that has no end")
        raw, at = self._raw, 0
        while len(raw) >= at + 5:
            begins = at + 5
            ends = begins + int.from_bytes(raw[at + 3 : begins], "big")
            if ends > begins + _LONGEST_RECORD:
                raise Beyond("a record that is too long")
            if ends > len(raw):
                break
            if self._record(raw[at:begins], raw[begins:ends]):
                return True
            at = ends
        self._raw = raw[at:]
        return False

    def outgoing(self) -> bytes:
        found, self._outgoing = self._outgoing, b""
        return found

    def certificates(self) -> tuple[bytes, ...]:
        return self._certificates

    def objected(self, data: bytes) -> None:
        """Nobody objects to a certificate that was not shown."""

    def end(self) -> None:
        """The goodbye went with the end of the handshake."""

    def _record(self, head: bytes, content: bytes) -> bool:
        kind = head[0]
        if kind == _CHANGE_CIPHER_SPEC and content == b"\x01":
            return False
        if self._keys is None:
            self._greeted(kind, content)
            return False
        if kind != _SECURED:
            raise Beyond("a record in the clear")
        kind, content = self._keys.opened.open(head, content)
        if kind != _HANDSHAKE:
            raise Beyond("something else than a handshake")
        return self._heard(self._keys, content)

    def _greeted(self, kind: int, content: bytes) -> None:
        if kind == _ALERT and content[:1] == b"\x02" and self._offer.complete:
            raise ssl.SSLError("refused")  # as it would refuse OpenSSL, which says the same
        if kind != _HANDSHAKE:
            raise Beyond("no server hello")
        number, key = answer(content, self._hello)
        if number not in SUITES:
            raise Beyond("another cipher suite")
        try:
            shared = self._offer.key.exchange(X25519PublicKey.from_public_bytes(key))
        except ValueError:
            raise Beyond("a key that is none") from None
        self._keys = _Keys(SUITES[number], shared, self._hello.message + content)
        self.cipher = self._keys.suite.name

    def _heard(self, keys: _Keys, content: bytes) -> bool:
        messages, at = self._messages + content, 0
        while len(messages) >= at + 4:
            begins = at + 4
            ends = begins + int.from_bytes(messages[at + 1 : begins], "big")
            if ends > len(messages):
                break
            kind = messages[at]
            self._message(keys, kind, messages[begins:ends])
            keys.transcript.update(messages[at:ends])
            if kind == _FINISHED:
                if ends < len(messages):  # the record may not go on under these keys; what is behind it are tickets
                    raise Beyond("more than a handshake")
                self._finish(keys)
                return True
            at = ends
        self._messages = messages[at:]
        return False

    def _message(self, keys: _Keys, kind: int, body: bytes) -> None:
        if kind not in self._due:
            raise Beyond("a message out of turn")
        if kind == _ENCRYPTED_EXTENSIONS:
            self._due = (_CERTIFICATE, _CERTIFICATE_REQUEST)
        elif kind == _CERTIFICATE_REQUEST:
            if body[:1] != b"\0":
                raise Beyond("a request with a context")
            self._asked, self._due = True, (_CERTIFICATE,)
        elif kind == _CERTIFICATE:
            self._certificates, self._due = _listed(body), (_CERTIFICATE_VERIFY,)
        elif kind == _CERTIFICATE_VERIFY:
            self._verify(body, keys.transcript.digest())
            self._due = (_FINISHED,)
        elif body != keys.suite.proof(keys.server, keys.transcript.digest()):
            raise Beyond("a server that saw something else")

    def _verify(self, body: bytes, transcript: bytes) -> None:
        scheme, signature = int.from_bytes(body[:2], "big"), body[4:]
        if scheme not in self._offer.signatures or body[2:4] != len(signature).to_bytes(2, "big"):
            raise Beyond("a signature that nobody asked for")
        try:
            check(read.public_key(self._certificates[0]), scheme, signature, _SIGNED + transcript)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            raise Beyond("a server that has not the key of its certificate") from None

    def _finish(self, keys: _Keys) -> None:
        """What ends the handshake, and a goodbye."""
        suite, before = keys.suite, keys.transcript.digest()
        own = b"\x0b\0\0\x04\0\0\0\0" if self._asked else b""  # no certificate of ours
        keys.transcript.update(own)
        proof = suite.proof(keys.client, keys.transcript.digest())
        sealed = Records(suite, keys.client).seal(_HANDSHAKE, own + bytes([_FINISHED]) + block(3, proof))
        goodbye = Records(suite, suite.expand(suite.master(keys.secret), "c ap traffic", before)).seal(_ALERT, _GOODBYE)
        self.protocol = "TLSv1.3"
        self._outgoing = _DUMMY + sealed + goodbye


class _Keys:
    """The secrets of one handshake. ``transcript``: the digest of all messages so far."""

    __slots__ = ("client", "opened", "secret", "server", "suite", "transcript")

    def __init__(self, suite: Suite, shared: bytes, hellos: bytes) -> None:
        self.suite, self.transcript = suite, hashlib.new(suite.digest, hellos)
        self.secret = suite.handshake(shared)
        said = self.transcript.digest()
        self.client, self.server = suite.expand(self.secret, "c hs traffic", said), suite.expand(self.secret, "s hs traffic", said)
        self.opened = Records(suite, self.server)


def _listed(body: bytes) -> tuple[bytes, ...]:
    """The certificates of a message (RFC 8446 §4.4.2), without what is said about each."""
    if body[:1] != b"\0" or int.from_bytes(body[1:4], "big") != len(body) - 4:
        raise Beyond("no list of certificates")
    found, at, size = [], 4, len(body)
    while at < size:
        begins = at + 3
        ends = begins + int.from_bytes(body[at:begins], "big")
        at = ends + 2 + int.from_bytes(body[ends : ends + 2], "big")
        if at > size or ends == begins:
            raise Beyond("a certificate that is cut off")
        found.append(body[begins:ends])
    if not found:
        raise Beyond("no certificate")
    return tuple(found)
