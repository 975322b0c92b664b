# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSSL, for every handshake that quick.py leaves to it, and the contexts that its handshakes share."""

from __future__ import annotations

import ssl

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints import chain
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.hello import Beyond, Offer
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Problem
from cryptography.exceptions import UnsupportedAlgorithm

# What CPython has on by itself; said here, since Debian builds its Python with what OpenSSL has on, where more counts as good.
_CIPHERS = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
# What is old, but still has a certificate that expires: every protocol and cipher that OpenSSL has, except those without a certificate.
_LEGACY_CIPHERS = "DEFAULT:@SECLEVEL=0"
_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: servers without RFC 5746


class Contexts:
    """The contexts of one run: a few for thousands of handshakes, because making one takes as long as many of those. ``quick``: not only OpenSSL."""

    def __init__(self, quick: bool = True) -> None:
        self._quick = quick
        self._made: dict[tuple[bool, str | None, str | None], tuple[ssl.SSLContext, Problem | None]] = {}
        self._offers: list[Offer | None] = []
        self.beyond: set[tuple[str, int]] = set()  # where the quick way was no way, in this run

    def get(self, legacy: bool, certificate: str | None = None, key: str | None = None) -> tuple[ssl.SSLContext, Problem | None]:
        """A context, and why it does not have the client certificate that it should have."""
        wanted = (legacy, certificate, key)
        if wanted not in self._made:
            context = _context(legacy)
            self._made[wanted] = (context, _load(context, certificate, key) if certificate else None)
        return self._made[wanted]

    def offer(self) -> Offer | None:
        """What the quick way offers; None where there is no such way, or the system's policy does not allow it."""
        if not self._offers:
            try:
                self._offers.append(Offer(self.get(False)[0]) if self._quick else None)
            except (Beyond, UnsupportedAlgorithm):  # the latter: FIPS mode
                self._offers.append(None)
        return self._offers[0]


def _context(legacy: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED if legacy else ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_LEGACY_CIPHERS if legacy else _CIPHERS)
    if legacy:
        context.options |= _LEGACY_SERVER_CONNECT
    return context


def _load(context: ssl.SSLContext, certificate: str, key: str | None) -> Problem | None:
    try:
        # With a password that is wrong: OpenSSL would ask for it on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except OSError as error:  # SSLError is one; its text names no content of the file
        why = error.strerror if not isinstance(error, ssl.SSLError) and error.strerror else "they are no PEM files of one pair, or the key has a password"
        return Problem("unreadable", f"client_certificate {certificate}{f' and client_key {key}' if key else ''} can't be used: {why}")
    return None


class OpenSSL:
    """OpenSSL, which knows every protocol there is."""

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name or None)
        self.protocol = self.cipher = ""

    def step(self, data: bytes) -> bool:
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.protocol, self.cipher = self._tls.version() or "", (self._tls.cipher() or ("",))[0]
        return True

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def certificates(self) -> tuple[bytes, ...]:
        return chain.sent(self._tls)

    def objected(self, data: bytes) -> None:
        """What comes behind the handshake; raises OSError if it is an alert."""
        self._incoming.write(data)
        self._tls.read(1)

    def end(self) -> None:
        """Say goodbye, if there was a handshake."""
        try:
            if self.protocol:
                self._tls.unwrap()
        except OSError:
            pass  # it always is: the peer's own goodbye is not there
