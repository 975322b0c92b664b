# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test vectors: D. J. Bernstein, "Cryptography in NaCl", sections 8 and 10 (HSalsa20, and the secret box of its example message)."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._sign.secretbox import hsalsa20, open_box

KEY = bytes.fromhex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
NONCE = bytes.fromhex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
SECOND = bytes.fromhex("dc908dda0b9344a953629b733820778880f3ceb421bb61b91cbd4c3e66256ce4")
MESSAGE = bytes.fromhex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
    "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"
)
BOX = bytes.fromhex(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972"
    "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3"
    "7973f622a43d14a6599b1f654cb45a74e355a5"
)


def test_the_key_of_a_long_nonce() -> None:
    assert hsalsa20(KEY, NONCE[:16]) == SECOND


def test_the_box_of_the_paper_opens() -> None:
    assert open_box(BOX, NONCE, KEY) == MESSAGE


def test_a_changed_box_or_another_key_opens_nothing() -> None:
    for position in range(0, len(BOX), 7):
        changed = bytearray(BOX)
        changed[position] ^= 0x80
        assert open_box(bytes(changed), NONCE, KEY) is None
    for length in (0, 1, 15, 16, len(BOX) - 1):
        assert open_box(BOX[:length], NONCE, KEY) is None
    assert open_box(BOX, NONCE, SECOND) is None
    assert open_box(BOX, NONCE[:-1] + b"\0", KEY) is None


def test_lengths_are_checked() -> None:
    for nonce, key in ((NONCE[:-1], KEY), (NONCE, KEY[:-1])):
        with pytest.raises(ValueError, match="24 bytes"):
            open_box(BOX, nonce, key)
