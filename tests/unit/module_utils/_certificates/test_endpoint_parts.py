# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an endpoint's probe needs no server: a first flight as bytes, and text that is fit to be shown."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints import chain, openssl, starttls, wanted
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Wire, shown


def record(kind: int, content: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(content).to_bytes(2, "big") + content


def message(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + len(content).to_bytes(3, "big") + content


def listed(*certificates: bytes) -> bytes:
    whole = b"".join(len(each).to_bytes(3, "big") + each for each in certificates)
    return len(whole).to_bytes(3, "big") + whole


HELLO = message(2, bytes(40))
CERTIFICATE = message(11, listed(b"leaf", b"intermediate"))
REQUEST = message(13, b"\1\1\0\0\0\0")
ALERT = record(21, b"\2\x28")


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"", chain.Flight()),
        (record(22, HELLO + CERTIFICATE + REQUEST), chain.Flight((b"leaf", b"intermediate"), True)),
        (record(22, HELLO) + record(22, CERTIFICATE) + ALERT, chain.Flight((b"leaf", b"intermediate"), False, 40)),
        (ALERT, chain.Flight(alert=40)),
        (record(22, HELLO) + record(20, b"\1") + record(23, bytes(900)) + ALERT, chain.Flight()),
        (record(22, message(11, listed())), chain.Flight()),
    ],
)
def test_flight(received: bytes, expected: chain.Flight) -> None:
    assert chain.flight(received) == expected


def test_a_flight_in_pieces_or_damaged_is_read_as_far_as_it_goes() -> None:
    whole = HELLO + CERTIFICATE + REQUEST
    in_pieces = b"".join(record(22, whole[place : place + 7]) for place in range(0, len(whole), 7))
    assert chain.flight(in_pieces) == chain.Flight((b"leaf", b"intermediate"), True)
    for end in range(len(in_pieces)):
        cut = chain.flight(in_pieces[:end])
        assert cut.certificates in ((), (b"leaf", b"intermediate"))
        assert not cut.asked_for_certificate or cut.certificates
    for place in range(len(in_pieces)):
        chain.flight(in_pieces[:place] + b"\xff" + in_pieces[place + 1 :])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "HTTP/1.1 400 Bad Request"),
        (b"\r\n\x1b[2Jhello\0", ".[2Jhello."),
        (b"", ""),
        (b"x" * 200, "x" * 79 + "…"),
        ("\u202egnihtemos".encode(), "â.®gnihtemos"),
    ],
)
def test_what_is_shown_of_what_somebody_said(said: bytes, expected: str) -> None:
    assert shown(said) == expected


def test_every_protocol_that_can_be_asked_for_can_be_spoken() -> None:
    assert {*starttls.DIALOGS, "none"} == set(wanted.STARTTLS)


def test_contexts_are_made_once() -> None:
    contexts = openssl.Contexts()
    assert contexts.get(False)[0] is contexts.get(False)[0]
    assert contexts.get(False)[0] is not contexts.get(True)[0]


def test_a_wire_that_was_never_connected_can_be_closed() -> None:
    Wire(1.0).close()
