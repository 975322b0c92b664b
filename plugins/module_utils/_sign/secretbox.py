# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NaCl's secretbox, opening only: XSalsa20 and Poly1305, the box in which cosign keeps private keys.

Salsa20: D. J. Bernstein, "The Salsa20 family of stream ciphers"; XSalsa20: "Extending the Salsa20 nonce"; secretbox: nacl.cr.yp.to.
The library that we have gives Poly1305, but no Salsa20. A key file is a few blocks long, and additions, rotations and exclusive ors
take the same time whatever the key is.
"""

from __future__ import annotations

import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.poly1305 import Poly1305

TAG = 16
_SIGMA = struct.unpack("<4I", b"expand 32-byte k")
_MASK = 0xFFFFFFFF
# (target, and the two that are added): columns, then rows, of the 4 by 4 matrix; Salsa20 specification section 4 to 6.
_ROUNDS = tuple(
    (a, b, c, d) for a, b, c, d in ((0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11), (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14))
)
_CORNERS = (0, 5, 10, 15, 6, 7, 8, 9)


def open_box(box: bytes, nonce: bytes, key: bytes) -> bytes | None:
    """What is in the box (tag, then ciphertext), or None if this is not its key or the box was changed. Nonce: 24 bytes, key: 32."""
    if len(nonce) != 24 or len(key) != 32:
        raise ValueError("a secretbox has a nonce of 24 bytes and a key of 32")
    tag, ciphertext = box[:TAG], box[TAG:]
    stream = _stream(hsalsa20(key, nonce[:16]), nonce[16:], 32 + len(ciphertext))
    try:
        Poly1305.verify_tag(stream[:32], ciphertext, tag)
    except (InvalidSignature, ValueError):
        return None
    return bytes(a ^ b for a, b in zip(ciphertext, stream[32:], strict=True))


def hsalsa20(key: bytes, nonce: bytes) -> bytes:
    """A key of 32 bytes from a key and the first 16 bytes of a long nonce."""
    words = _rounds(_matrix(key, struct.unpack("<4I", nonce)))
    return struct.pack("<8I", *(words[i] for i in _CORNERS))


def _stream(key: bytes, nonce: bytes, length: int) -> bytes:
    blocks = []
    for number in range((length + 63) // 64):
        start = _matrix(key, (*struct.unpack("<2I", nonce), number & _MASK, number >> 32))
        blocks.append(struct.pack("<16I", *((a + b) & _MASK for a, b in zip(start, _rounds(start), strict=True))))
    return b"".join(blocks)[:length]


def _matrix(key: bytes, middle: tuple[int, ...]) -> list[int]:
    k = struct.unpack("<8I", key)
    return [_SIGMA[0], *k[:4], _SIGMA[1], *middle, _SIGMA[2], *k[4:], _SIGMA[3]]


def _rounds(start: list[int]) -> list[int]:
    x = list(start)
    for _ in range(10):
        for a, b, c, d in _ROUNDS:
            x[b] ^= _rotate(x[a] + x[d], 7)
            x[c] ^= _rotate(x[b] + x[a], 9)
            x[d] ^= _rotate(x[c] + x[b], 13)
            x[a] ^= _rotate(x[d] + x[c], 18)
    return x


def _rotate(value: int, by: int) -> int:
    value &= _MASK
    return (value << by | value >> (32 - by)) & _MASK
