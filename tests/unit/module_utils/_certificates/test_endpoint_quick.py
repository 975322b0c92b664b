# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick handshake: what it says, what it reads, and that whatever is not as it should be is left to OpenSSL and nothing worse."""

from __future__ import annotations

import random
import ssl
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.hello import Beyond, Hello, Offer, Reader, answer, extensions
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.keys import SUITES, Records
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.openssl import Contexts
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.quick import Quick
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.signatures import check
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from support import pki, tls13
from support.tls13 import ALERT, CERTIFICATE, EXTENSIONS, FINISHED, HANDSHAKE, HELLO, REQUEST, SECURED, VERIFY, Change, Server, record, unchanged

NAME = "quick.test"
ROOT = pki.authority("Quick Root")
LEAF = pki.issue(NAME, ROOT, names=[NAME])
CHAIN = (LEAF.der, ROOT.der)


def offer() -> Offer:
    found = Contexts().offer()
    assert found is not None
    return found


OFFER = offer()


def server(**more: Any) -> Server:
    return Server(LEAF.key, more.pop("chain", CHAIN), **more)


def shake(made: Server) -> Quick:
    """A handshake that went well. Raises whatever it does not like."""
    quick = Quick(OFFER, NAME)
    assert not quick.step(b"")
    assert quick.step(made.answer(quick.outgoing()))
    return quick


# --- the keys


def test_the_keys_are_those_of_the_specification() -> None:
    """RFC 8448 §3."""
    suite, of = SUITES[0x1301], bytes.fromhex
    secret = suite.handshake(of("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"))
    assert secret == of("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")
    hellos = of("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
    assert suite.expand(secret, "c hs traffic", hellos) == of("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
    server_secret = suite.expand(secret, "s hs traffic", hellos)
    assert server_secret == of("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
    assert suite.expand(server_secret, "key") == of("3fce516009c21727d0f2e4e86ee403bc")
    assert suite.expand(server_secret, "iv") == of("5d313eb2671276ee13000b30")
    master = suite.master(secret)
    assert master == of("18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919")
    finished = of("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13")
    assert suite.expand(master, "c ap traffic", finished) == of("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5")


# --- what it says


def heads(message: bytes) -> tuple[bytes, dict[int, bytes]]:
    """The cipher suites and the extensions of a client's hello."""
    body = Reader(message[4 + 2 + 32 :])
    body.block(1)
    ciphers = body.block(2)
    body.block(1)
    found = dict(extensions(body.block(2)))
    body.end()
    return ciphers, found


def test_it_offers_what_openssl_offers() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context, _ = Contexts().get(False)
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=NAME).do_handshake()
    theirs, ours = heads(outgoing.read()[5:]), heads(OFFER.hello(NAME).message)
    assert ours[0] == theirs[0]
    but = {10, 21, 51}  # groups, padding, our own key
    assert {kind: value for kind, value in ours[1].items() if kind not in but} == {kind: theirs[1][kind] for kind in ours[1] if kind not in but}
    assert {0, 10, 13, 43, 51} <= ours[1].keys() <= theirs[1].keys() | {21}


def test_each_hello_is_its_own() -> None:
    first, second = OFFER.hello(NAME).message, OFFER.hello(NAME).message
    assert first[6:38] != second[6:38]
    assert heads(first) == heads(second)


@pytest.mark.parametrize("length", [0, 1, 60, 120, 250])
def test_no_hello_has_a_size_at_which_servers_hang(length: int) -> None:
    name = ("a" * 50 + ".") * 5
    hello = OFFER.hello(name[:length])
    assert not 255 < len(hello.message) < 512
    assert heads(hello.message)[1].get(0, b"")[5:].decode() == name[:length]
    assert len(hello.record) == len(hello.message) + 5


def test_where_the_system_has_no_tls_1_3_there_is_no_quick_way() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(Beyond):
        Offer(context)


# --- what it reads


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 14])
def test_a_server_of_today(suite: int, size: int) -> None:
    made = server(suite=suite, size=size)
    quick = shake(made)
    assert quick.certificates() == CHAIN
    assert (quick.protocol, quick.cipher) == ("TLSv1.3", SUITES[suite].name)
    assert made.heard(quick.outgoing()) == [(HANDSHAKE, tls13.message(FINISHED, made.proof())), (ALERT, b"\1\0")]
    assert quick.outgoing() == b""


def test_a_flight_byte_by_byte_and_what_comes_behind_it() -> None:
    quick = Quick(OFFER, NAME)
    flight = server().answer(quick.outgoing())
    assert [quick.step(flight[place : place + 1]) for place in range(len(flight))] == [False] * (len(flight) - 1) + [True]
    quick = Quick(OFFER, NAME)
    assert quick.step(server().answer(quick.outgoing()) + record(SECURED, bytes(200)))  # a ticket, under other keys


def test_padded_records() -> None:
    assert shake(server(size=100, padding=50)).certificates() == CHAIN


def test_a_long_chain() -> None:
    chain = (LEAF.der, *[bytes([number]) * 3000 for number in range(1, 40)])
    assert shake(server(chain=chain)).certificates() == chain


def test_a_server_that_wants_a_certificate_gets_none() -> None:
    made = server(change=before(CERTIFICATE, REQUEST, b"\0\0\x08\0\x0d\0\4\0\2\4\3"))
    quick = shake(made)
    (kind, content), goodbye = made.heard(quick.outgoing())
    assert (kind, content[:8]) == (HANDSHAKE, bytes.fromhex("0b00000400000000"))
    made._transcript.update(content[:8])
    assert content[8:] == tls13.message(FINISHED, made.proof())
    assert goodbye == (ALERT, b"\1\0")


# --- what is left to OpenSSL


def instead(of: int, *said: tuple[int, bytes]) -> Change:
    return lambda kind, body: said if kind == of else unchanged(kind, body)


def before(of: int, *said: Any) -> Change:
    return lambda kind, body: [said, (kind, body)] if kind == of else unchanged(kind, body)


def edited(of: int, place: int, change: int = 1) -> Change:
    def edit(body: bytes) -> bytes:
        at = place % len(body)
        return body[:at] + bytes([body[at] ^ change]) + body[at + 1 :]

    return lambda kind, body: [(kind, edit(body))] if kind == of else unchanged(kind, body)


RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def retry(kind: int, body: bytes) -> Sequence[tuple[int, bytes]]:
    return [(kind, body[:2] + RETRY + body[34:])] if kind == HELLO else unchanged(kind, body)


SURPRISES: dict[str, dict[str, Any]] = {
    "a wrong signature": {"change": edited(VERIFY, -1)},
    "a signature of another kind": {"scheme": 0x0503},
    "a signature that nobody asked for": {"scheme": 0x0201},
    "a signature that is longer than it says": {"change": edited(VERIFY, 3)},
    "a proof of something else": {"change": edited(FINISHED, 0)},
    "no signature": {"change": instead(VERIFY)},
    "no certificates": {"change": instead(CERTIFICATE)},
    "an empty list": {"change": instead(CERTIFICATE, (CERTIFICATE, bytes(4)))},
    "an empty certificate": {"chain": (LEAF.der, b"")},
    "a list that is cut off": {"change": edited(CERTIFICATE, 3)},
    "a certificate that is none": {"chain": (b"leaf",)},
    "a certificate of another key": {"chain": (ROOT.der,)},
    "a context": {"change": edited(CERTIFICATE, 0)},
    "a request with a context": {"change": before(CERTIFICATE, REQUEST, b"\1x\0\0")},
    "two requests": {"change": instead(EXTENSIONS, (EXTENSIONS, b"\0\0"), (REQUEST, b"\0\0\0"), (REQUEST, b"\0\0\0"))},
    "a compressed certificate": {"change": instead(CERTIFICATE, (25, bytes(20)))},
    "new keys in between": {"change": before(FINISHED, 24, b"\0")},
    "a ticket under the keys of the handshake": {"change": lambda kind, body: [(kind, body), (4, bytes(20))] if kind == FINISHED else [(kind, body)]},
    "certificates twice": {"change": lambda kind, body: [(kind, body)] * (2 if kind == CERTIFICATE else 1)},
    "an encrypted alert": {"inner": ALERT},
    "a chain without end": {"chain": (LEAF.der, *[bytes(60_000)] * 3)},
    "another key is wanted": {"change": retry},
    "an older protocol": {"change": lambda kind, body: [(kind, body[:-46] + bytes(46))] if kind == HELLO else [(kind, body)]},
    "a suite that nobody knows": {"change": edited(HELLO, 2 + 32 + 33 + 1, 0x70)},
    "another session": {"change": edited(HELLO, 40)},
    "a key that is none": {"change": lambda kind, body: [(kind, body[:-32] + bytes(32))] if kind == HELLO else [(kind, body)]},
    "another key": {"change": edited(HELLO, -1)},
    "no hello": {"change": lambda kind, body: [(1 if kind == HELLO else kind, body)]},
}


@pytest.mark.parametrize("surprise", SURPRISES)
def test_a_surprise_is_left_to_openssl(surprise: str) -> None:
    with pytest.raises(Beyond):
        shake(server(**SURPRISES[surprise]))


@pytest.mark.parametrize(
    "said",
    [
        record(HANDSHAKE, b""),
        record(SECURED, bytes(40)),
        record(ALERT, b"\1\x70"),  # a warning: the server goes on
        record(99, b"garbage"),
        b"\x16\x03\x03\xff\xff",
    ],
)
def test_what_is_no_greeting_is_left_to_openssl(said: bytes) -> None:
    with pytest.raises(Beyond):
        Quick(OFFER, NAME).step(said)


def test_behind_the_greeting_nothing_is_in_the_clear() -> None:
    for behind in (record(ALERT, b"\2\x28"), record(HANDSHAKE, bytes(4)), record(SECURED, b""), record(SECURED, bytes(17))):
        quick = Quick(OFFER, NAME)
        flight = server().answer(quick.outgoing())
        greeting = flight[: 5 + int.from_bytes(flight[3:5], "big")]
        with pytest.raises(Beyond):
            quick.step(greeting + behind)


def test_a_refusal_is_one() -> None:
    with pytest.raises(ssl.SSLError):
        Quick(OFFER, NAME).step(record(ALERT, b"\2\x28"))


def test_where_openssl_offers_more_a_refusal_may_be_none() -> None:
    less = offer()
    less.complete = False
    with pytest.raises(Beyond):
        Quick(less, NAME).step(record(ALERT, b"\2\x28"))


# --- bytes of any kind


def tried(quick: Quick, data: bytes) -> bool:
    """Nothing is raised but what says that somebody else shall try, or that it was refused."""
    try:
        return quick.step(data)
    except (Beyond, ssl.SSLError):
        return False


def test_a_flight_that_is_cut_off_is_waited_for() -> None:
    for size in (60, 1 << 14):
        quick = Quick(OFFER, NAME)
        flight = server(size=size).answer(quick.outgoing())
        for place in range(len(flight) - 1):
            assert not quick.step(flight[place : place + 1])


def test_a_flight_with_a_wrong_byte_shows_no_other_certificates() -> None:
    random.seed(7)
    for _ in range(600):
        quick = Quick(OFFER, NAME)
        flight = bytearray(server(size=random.choice([40, 500, 1 << 14])).answer(quick.outgoing()))
        flight[random.randrange(len(flight))] ^= 1 << random.randrange(8)
        if tried(quick, bytes(flight)):
            assert quick.certificates() == CHAIN


def test_messages_with_wrong_bytes_do_no_harm() -> None:
    """What a server with a mistake can say under its own keys; certificates with one are shown as they were sent."""
    random.seed(8)
    for _ in range(600):
        kind = random.choice([HELLO, CERTIFICATE, VERIFY, FINISHED])
        quick = Quick(OFFER, NAME)
        made = server(change=edited(kind, random.randrange(1 << 16), 1 << random.randrange(8)))
        if tried(quick, made.answer(quick.outgoing())):
            assert kind == CERTIFICATE or quick.certificates() == CHAIN


def test_garbage_is_garbage() -> None:
    random.seed(9)
    for size in range(1, 300):
        assert not tried(Quick(OFFER, NAME), random.randbytes(size))
        assert not tried(Quick(OFFER, NAME), record(HANDSHAKE, random.randbytes(size)))
        with pytest.raises(Beyond):
            answer(random.randbytes(size), Hello(b"", bytes(32)))


def test_sealed_records_open_in_order_only() -> None:
    suite = SUITES[0x1303]
    there, here = Records(suite, bytes(32)), Records(suite, bytes(32))
    first, second = there.seal(HANDSHAKE, b"one"), there.seal(ALERT, b"two")
    assert here.open(first[:5], first[5:]) == (HANDSHAKE, b"one")
    with pytest.raises(Beyond):
        Records(suite, bytes(32)).open(second[:5], second[5:])
    assert here.open(second[:5], second[5:]) == (ALERT, b"two")


# --- signatures


def pss(digest: hashes.HashAlgorithm) -> tuple[Any, ...]:
    return padding.PSS(padding.MGF1(digest), digest.digest_size), digest


RSA = rsa.generate_private_key(65537, 2048)
SIGNED = {
    0x0403: (ec.generate_private_key(ec.SECP256R1()), (ec.ECDSA(hashes.SHA256()),)),
    0x0503: (ec.generate_private_key(ec.SECP384R1()), (ec.ECDSA(hashes.SHA384()),)),
    0x0603: (ec.generate_private_key(ec.SECP521R1()), (ec.ECDSA(hashes.SHA512()),)),
    0x0804: (RSA, pss(hashes.SHA256())),
    0x0805: (RSA, pss(hashes.SHA384())),
    0x0806: (RSA, pss(hashes.SHA512())),
    0x0809: (RSA, pss(hashes.SHA256())),
    0x0807: (ed25519.Ed25519PrivateKey.generate(), ()),
    0x0808: (ed448.Ed448PrivateKey.generate(), ()),
}


@pytest.mark.parametrize("scheme", SIGNED)
def test_signatures(scheme: int) -> None:
    key, how = SIGNED[scheme]
    signature = key.sign(b"said", *how)
    check(key.public_key(), scheme, signature, b"said")
    with pytest.raises(InvalidSignature):
        check(key.public_key(), scheme, signature, b"something else")
    for other, (another, _) in SIGNED.items():
        if type(another) is not type(key) or other >> 8 != scheme >> 8:
            with pytest.raises((InvalidSignature, ValueError)):
                check(another.public_key(), scheme, signature, b"said")
