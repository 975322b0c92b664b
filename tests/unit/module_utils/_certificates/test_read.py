# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever has dates is read, from every key and every strange certificate."""

from __future__ import annotations

import base64
import warnings
from datetime import UTC, datetime, timedelta, timezone

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import der, read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import CODES, Problem, Verdict, certificate_json, worst
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from support import pki

LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_certificate_as_facts() -> None:
    root = pki.authority()
    made = pki.issue("web", root, names=["a.example.test", "*.b.example.test", "192.0.2.1", "2001:db8::1"], serial=0xABC)
    facts = made.facts
    assert (facts.subject, facts.issuer, facts.serial) == ("CN=web", "CN=Test Root", "ABC")
    assert (facts.not_before, facts.not_after) == (pki.NOW - 10 * pki.DAY, pki.NOW + 80 * pki.DAY)
    assert facts.names == ("dns:a.example.test", "dns:*.b.example.test", "ip:192.0.2.1", "ip:2001:db8::1")
    assert (facts.key, facts.is_ca, root.facts.is_ca) == ("EC P-256", False, True)
    assert facts.fingerprint == made.x509.fingerprint(pki.hashes.SHA256()).hex()
    assert facts.der == made.der
    assert "der" not in certificate_json(facts)
    assert "der=" not in repr(facts)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (lambda: ec.generate_private_key(ec.SECP384R1()), "EC P-384"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "EC P-521"),
        (lambda: ec.generate_private_key(ec.SECP256K1()), "EC secp256k1"),
        (lambda: rsa.generate_private_key(65537, 2048), "RSA 2048"),
        (lambda: dsa.generate_private_key(2048), "DSA 2048"),
        (ed25519.Ed25519PrivateKey.generate, "Ed25519"),
    ],
)
def test_keys_have_the_names_that_people_know(key: object, expected: str) -> None:
    made = pki.issue("key", pki.authority(), key=key())  # type: ignore[operator]
    assert made.facts.key == expected


def test_ed448_is_read_whatever_the_library_was_built_with() -> None:
    try:
        key = ed448.Ed448PrivateKey.generate()
    except Exception:
        pytest.skip("this library has no Ed448")
    assert pki.issue("key", pki.authority(), key=key).facts.key == "Ed448"


def test_rsa_pss() -> None:
    root = pki.authority(key=rsa.generate_private_key(65537, 2048), padding=padding.PSS(padding.MGF1(pki.hashes.SHA256()), 32))
    assert root.facts.key == "RSA 2048"


@pytest.mark.parametrize("arc", [17, 18, 19, 99])  # ML-DSA-44, -65, -87 (RFC 9881), and one that does not exist yet
def test_a_key_of_a_kind_that_the_library_does_not_know(arc: int) -> None:
    made = pki.issue("pq", names=["pq.example.test"])
    old = made.key.public_key().public_bytes(pki.serialization.Encoding.DER, pki.serialization.PublicFormat.SubjectPublicKeyInfo)
    algorithm = pki.element(0x30, bytes.fromhex("060960864801650304") + b"\x03" + bytes([arc]))
    facts = read.certificate(pki.resigned(made, made.key, old, pki.element(0x30, algorithm, pki.element(0x03, b"\0" + bytes(1312)))))
    assert facts.key.startswith(("unknown", "MLDSA"))
    assert facts.not_after == pki.NOW + 80 * pki.DAY
    assert facts.names == ("dns:pq.example.test",)


@pytest.mark.parametrize(("content", "expected"), [(b"\0", "0"), (b"\xff", "-1"), (b"\x80\x00", "-8000"), (b"\x00\xff" + b"\x11" * 19, "FF" + "11" * 19)])
def test_a_serial_number_as_it_must_not_be(content: bytes, expected: str) -> None:
    made = pki.issue("odd", pki.authority())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the library warns of these, on every machine in every run
        facts = read.certificate(pki.with_serial(made, made.key, content))
    assert (facts.serial, facts.subject, facts.key) == (expected, "CN=odd", "EC P-256")
    assert facts.not_after == pki.NOW + 80 * pki.DAY


def utc_time(text: str) -> bytes:
    return pki.element(der.UTC_TIME, text.encode())


def generalized(text: str) -> bytes:
    return pki.element(der.GENERALIZED_TIME, text.encode())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (utc_time("491231235959Z"), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (utc_time("500101000000Z"), datetime(1950, 1, 1, tzinfo=UTC)),
        (generalized("20500101000000Z"), datetime(2050, 1, 1, tzinfo=UTC)),
        (generalized("99991231235959Z"), LAST),
        (generalized("20400229000000Z"), datetime(2040, 2, 29, tzinfo=UTC)),
        # not as RFC 5280 wants them, and found in the wild: no seconds, an offset, fractions, GeneralizedTime before 2050
        (utc_time("2601020304Z"), datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
        (utc_time("260102030405+0230"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2, minutes=30)))),
        (utc_time("260102030405-0500"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-5)))),
        (generalized("20260102030405.25Z"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (generalized("20260102030405Z"), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_dates_in_every_spelling(written: bytes, expected: datetime) -> None:
    made = pki.issue("dates", ends=datetime(2027, 8, 9, 10, 11, 12, tzinfo=UTC))
    begins, ends = utc_time("260605120000Z"), utc_time("270809101112Z")
    facts = read.certificate(pki.resigned(made, made.key, pki.element(0x30, begins, ends), pki.element(0x30, begins, written)))
    assert facts.not_after == expected
    assert facts.not_after.utcoffset() == timedelta(0)
    assert facts.subject == "CN=dates"


def test_our_own_reading_says_what_the_library_says() -> None:
    names = [x509.NameAttribute(pki.NameOID.ORGANIZATION_NAME, 'Döner, Inc. "a"'), x509.NameAttribute(pki.NameOID.COMMON_NAME, "x")]
    for subject in (pki.name("simple"), x509.Name(names)):
        for ends in (datetime(2049, 12, 31, 23, 59, 59), datetime(2050, 1, 1), datetime(2028, 2, 29, 23, 59, 59)):
            key = pki.new_key()
            made = x509.CertificateBuilder(subject, subject, key.public_key(), 7, datetime(2024, 2, 29), ends).sign(key, pki.hashes.SHA256())
            data = made.public_bytes(pki.serialization.Encoding.DER)
            where = der.parts(data)
            assert der.validity(data, where) == (made.not_valid_before_utc, made.not_valid_after_utc)
            assert der.serial(data, where) == 7
            assert der.name(data, where.subject) == made.subject.rfc4514_string()


def test_no_bytes_bring_the_reading_down() -> None:
    good = pki.issue("web").der
    for size in range(0, len(good), 7):
        with pytest.raises(InvalidInput, match=r"not a certificate|dates can't be read"):
            read.certificate(good[:size])
    for place in range(0, len(good), 3):
        try:
            read.certificate(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        except InvalidInput:
            continue


def test_pem_as_people_keep_it() -> None:
    one, two = pki.issue("one"), pki.issue("two")
    trusted = base64.encodebytes(one.der + pki.element(0x30, b"")).decode()
    text = b"# comment\r\n" + one.pem.replace(b"\n", b"\r\n").rstrip() + two.pem + two.key_pem
    text += f"-----BEGIN TRUSTED CERTIFICATE-----\n{trusted}-----END TRUSTED CERTIFICATE-----".encode()
    text += b"-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\ncut off"
    blocks = list(read.pem_blocks(text))
    assert [label for label, _ in blocks] == ["CERTIFICATE", "CERTIFICATE", "PRIVATE KEY", "TRUSTED CERTIFICATE", "CERTIFICATE", "CERTIFICATE"]
    assert [read.certificate(content).subject for label, content in blocks if label in read.CERTIFICATES and content] == ["CN=one", "CN=two", "CN=one"]
    assert blocks[-1][1] is None


def test_verdicts_are_ordered_in_one_place() -> None:
    order = [Verdict.EXPIRED, Verdict.CRITICAL, Verdict.UNKNOWN, Verdict.WARNING, Verdict.OK]
    assert sorted(order, key=lambda verdict: verdict.urgency) == order
    for place, verdict in enumerate(order):
        assert worst(reversed(order[place:])) is verdict
    assert worst([]) is Verdict.OK
    assert set(CODES.values()) == set(order)
    with pytest.raises(ValueError, match="no problem that"):
        Problem("anything", "else")


def test_a_block_that_is_cut_off_takes_no_other_with_it() -> None:
    first, second = pki.issue("first"), pki.issue("second")
    cut = first.pem[: len(first.pem) // 2]
    assert list(read.pem_blocks(cut + second.pem + cut)) == [("CERTIFICATE", None), ("CERTIFICATE", second.der), ("CERTIFICATE", None)]


def test_a_megabyte_of_beginnings_is_read_in_no_time() -> None:
    # One expression for whole blocks took minutes for this, and whoever may write a Secret may write this.
    assert sum(content is None for _, content in read.pem_blocks(b"-----BEGIN CERTIFICATE-----" * 40_000 + b"-----END X-----")) == 40_000
