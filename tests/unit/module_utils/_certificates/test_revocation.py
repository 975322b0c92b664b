# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responders and revocation lists of every temper."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import fetch, revocation
from ansible_collections.slipway.platform.plugins.module_utils._certificates.judge import judge
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import DEFAULT, Found, Verdict
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from support import pki, web
from support.pki import DAY, NOW, Issued
from support.web import Answer, Web

ROOT = pki.authority()


@pytest.fixture
def server() -> Iterator[Web]:
    with web.running() as each:
        yield each


def leaf(server: Web, *, responder: str = "", lists: Sequence[str] = (), issuer_at: str = "", issuer: Issued = ROOT, **options: Any) -> Issued:
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(server.url + path))
        for method, path in ((AuthorityInformationAccessOID.OCSP, responder), (AuthorityInformationAccessOID.CA_ISSUERS, issuer_at))
        if path
    ]
    points = [x509.DistributionPoint([x509.UniformResourceIdentifier(path if "://" in path else server.url + path)], None, None, None) for path in lists]
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    extensions += [(x509.AuthorityInformationAccess(access), False)] if access else []
    extensions += [(x509.CRLDistributionPoints(points), False)] if points else []
    return pki.issue("web", issuer, extensions=extensions, **options)


def ask(*made: Issued, sent: Sequence[Issued] = (ROOT,), **options: Any) -> Found:
    return ask_all([Found("endpoint", "web:443", chain=(*(each.facts for each in made), *(each.facts for each in sent)))], **options)[0]


def ask_all(rows: Sequence[Found], **options: Any) -> list[Found]:
    return list(revocation.enrich(rows, Request(**{"timeout": 5.0, **options}), Context(environ={}, now=lambda: NOW)))


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


def says(
    made: Issued,
    *,
    issuer: Issued = ROOT,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    signer: Issued | None = None,
    certificates: Sequence[Issued] = (),
    this_update: datetime = NOW - DAY,
    next_update: datetime | None = NOW + DAY,
) -> Callable[[bytes], Answer]:
    """A responder that knows one certificate."""
    signer = signer or issuer

    def answer(question: bytes) -> Answer:
        assert ocsp.load_der_ocsp_request(question).serial_number
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            made.x509,
            issuer.x509,
            hashes.SHA1(),
            status,
            this_update,
            next_update,
            NOW - DAY if revoked else None,
            x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.x509)
        if certificates:
            builder = builder.certificates([each.x509 for each in certificates])
        digest = None if isinstance(signer.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        return Answer(builder.sign(signer.key, digest).public_bytes(Encoding.DER))

    return answer


def listing(
    *revoked: Issued, issuer: Issued = ROOT, signer: Issued | None = None, begins: datetime = NOW - DAY, ends: datetime = NOW + DAY
) -> x509.CertificateRevocationList:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.x509.subject).last_update(begins).next_update(ends)
    for each in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(each.x509.serial_number).revocation_date(NOW - DAY)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(x509.ReasonFlags.superseded), False).build())
    return builder.sign((signer or issuer).key, hashes.SHA256())


def der(listed: x509.CertificateRevocationList) -> Answer:
    return Answer(listed.public_bytes(Encoding.DER))


# --- OCSP


@pytest.mark.parametrize("key", [pki.new_key, lambda: rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate], ids=["ec", "rsa", "ed25519"])
def test_a_responder_that_knows(server: Web, key: Callable[[], Any]) -> None:
    issuer = pki.authority("Other Root", key=key())
    made = leaf(server, responder="/ocsp", lists=["/list"], issuer=issuer)
    server.answers["/ocsp"] = says(made, issuer=issuer)
    good = ask(made, sent=[issuer])
    assert codes(good) == []
    assert good.facts["revocation"] == {
        "status": "good",
        "by": "ocsp",
        "at": f"{server.url}/ocsp",
        "this_update": "2026-06-14T12:00:00Z",
        "next_update": "2026-06-16T12:00:00Z",
    }
    assert server.log == ["POST /ocsp"]
    assert server.headers[0]["content-type"] == "application/ocsp-request"
    server.answers["/ocsp"] = says(made, issuer=issuer, status=ocsp.OCSPCertStatus.REVOKED)
    revoked = ask(made, sent=[issuer])
    assert codes(revoked) == ["revoked"]
    assert revoked.problems[0].text == f"«CN=web» was revoked at 2026-06-14T12:00:00Z (keyCompromise), says {server.url}/ocsp"
    assert judge(revoked, DEFAULT, NOW, None).verdict is Verdict.CRITICAL


def test_an_answer_that_is_always_new(server: Web) -> None:
    made = leaf(server, responder="/ocsp")
    server.answers["/ocsp"] = says(made, next_update=None)
    found = ask(made)
    assert (codes(found), found.facts["revocation"]["next_update"]) == ([], None)


def test_a_responder_with_a_certificate_of_its_own(server: Web) -> None:
    made = leaf(server, responder="/ocsp")
    delegate = pki.issue("responder", ROOT, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])
    server.answers["/ocsp"] = says(made, signer=delegate, certificates=[delegate])
    assert codes(ask(made)) == []


def test_answers_that_are_worth_nothing(server: Web) -> None:
    made, other = leaf(server, responder="/ocsp"), leaf(server)
    stranger = pki.authority("Test Root")
    server_only = pki.issue("responder", ROOT)
    expired = pki.issue("responder", ROOT, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING], begins=NOW - 9 * DAY, ends=NOW - DAY)
    foreign = pki.issue("responder", stranger, purposes=[ExtendedKeyUsageOID.OCSP_SIGNING])

    def refusing(status: ocsp.OCSPResponseStatus) -> Answer:
        return Answer(ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER))

    cases: list[tuple[Any, str]] = [
        (refusing(ocsp.OCSPResponseStatus.UNAUTHORIZED), "it does not know this certificate (unauthorized)"),
        (refusing(ocsp.OCSPResponseStatus.TRY_LATER), "it says to try later"),
        (refusing(ocsp.OCSPResponseStatus.INTERNAL_ERROR), "it has an error of its own"),
        (Answer(b"<html>"), "its answer is none of OCSP"),
        (Answer(b"", 503), "it answers 503"),
        (says(other), "its answer is about another certificate"),
        (says(made, status=ocsp.OCSPCertStatus.UNKNOWN), "it does not know this certificate (unknown)"),
        (says(made, next_update=NOW - DAY, this_update=NOW - 9 * DAY), "its answer was good until 2026-06-14T12:00:00Z"),
        (says(made, this_update=NOW + DAY, next_update=NOW + 2 * DAY), "its answer is of the future: 2026-06-16T12:00:00Z"),
        (says(made, signer=stranger), "its answer is not signed by who may say so"),
        (says(made, signer=server_only, certificates=[server_only]), "its answer is not signed by who may say so"),
        (says(made, signer=expired, certificates=[expired]), "its answer is not signed by who may say so"),
        (says(made, signer=foreign, certificates=[foreign]), "its answer is not signed by who may say so"),
        (Answer(b"x" * (2 << 20)), "the answer is larger than 1 MiB"),
    ]
    for answer, text in cases:
        server.answers["/ocsp"] = answer
        found = ask(made)
        assert codes(found) == ["revocation_unknown"], text
        assert text in found.problems[0].text
        assert judge(found, DEFAULT, NOW, None).verdict is Verdict.WARNING


def test_where_nothing_is_offered_nothing_is_missed(server: Web) -> None:
    plain = ask(leaf(server))
    assert (codes(plain), plain.facts) == ([], {"revocation": {"status": "not offered"}})
    assert codes(ask(leaf(server, lists=["ldap://directory.example.test/cn=list"]))) == []
    assert ask_all([Found("file", "none"), Found("file", "root", chain=(ROOT.facts,))]) == [Found("file", "none"), Found("file", "root", chain=(ROOT.facts,))]
    assert server.log == []


# --- lists


@pytest.mark.parametrize("form", [Encoding.DER, Encoding.PEM])
def test_a_list(server: Web, form: Encoding) -> None:
    good, bad = leaf(server, lists=["/list"]), leaf(server, lists=["/list"])
    server.answers["/list"] = Answer(listing(bad).public_bytes(form))
    assert codes(ask(good)) == []
    assert ask(good).facts["revocation"]["by"] == "crl"
    revoked = ask(bad)
    assert codes(revoked) == ["revoked"]
    assert "(superseded)" in revoked.problems[0].text


def test_a_list_helps_where_the_responder_does_not(server: Web) -> None:
    made = leaf(server, responder="/gone", lists=["/list"])
    server.answers["/list"] = der(listing(made))
    assert codes(ask(made)) == ["revoked"]
    server.answers["/list"] = der(listing())
    assert codes(ask(made)) == []


def test_lists_that_are_worth_nothing(server: Web) -> None:
    stranger = pki.authority("Stranger")
    made = leaf(server, lists=["/list"])
    cases: list[tuple[Answer, str]] = [
        (der(listing(begins=NOW - 9 * DAY, ends=NOW - DAY)), "its list was good until 2026-06-14T12:00:00Z"),
        (der(listing(begins=NOW + DAY, ends=NOW + 2 * DAY)), "its list is of the future"),
        (der(listing(signer=stranger)), "its list is not signed by the issuer of the certificate"),
        (der(listing(issuer=stranger)), "its list is not signed by the issuer of the certificate"),
        (Answer(b"<html>"), "what is there is no revocation list"),
        (Answer(b"", 404), "it answers 404"),
        (Answer(b"x" * (33 << 20)), "the answer is larger than 32 MiB"),
        (Answer(b"", 302, {"Location": "/list"}), "it leads from one address to the next"),
        (Answer(b"", 302, {"Location": "http://169.254.169.254/latest/meta-data"}), "which certificates have no business to name"),
        (Answer(b"", 302, {"Location": "file:///etc/shadow"}), "is no URL of the web"),
    ]
    for answer, text in cases:
        server.answers["/list"] = answer
        found = ask(made)
        assert codes(found) == ["revocation_unknown"], text
        assert text in found.problems[0].text


def test_a_list_of_other_kinds_of_certificates(server: Web) -> None:
    made = leaf(server, lists=["/list"])
    point = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
    builder = x509.CertificateRevocationListBuilder().issuer_name(ROOT.x509.subject).last_update(NOW - DAY).next_update(NOW + DAY)
    server.answers["/list"] = der(builder.add_extension(point, critical=True).sign(ROOT.key, hashes.SHA256()))
    assert "its list is of other kinds of certificates" in ask(made).problems[0].text


def test_a_redirect_is_followed(server: Web) -> None:
    made = leaf(server, lists=["/old"])
    server.answers["/old"] = Answer(b"", 301, {"Location": "/new"})
    server.answers["/new"] = der(listing())
    assert codes(ask(made)) == []


def test_a_thousand_certificates_of_one_list_fetch_it_once(server: Web) -> None:
    made = [leaf(server, lists=["/list"], key=ROOT.key) for _ in range(60)]
    server.answers["/list"] = der(listing(made[7]))
    rows = ask_all([Found("file", str(number), chain=(each.facts, ROOT.facts)) for number, each in enumerate([*made, *made])])
    assert [found.name for found in rows if found.problems] == ["7", "67"]
    assert [found.name for found in rows] == [str(number) for number in range(120)]
    assert server.log == ["GET /list"]


# --- issuers


def test_an_issuer_that_was_not_sent_is_fetched(server: Web) -> None:
    made = leaf(server, responder="/ocsp", issuer_at="/root")
    server.answers["/ocsp"] = says(made)
    for content in (ROOT.der, ROOT.pem):
        server.answers["/root"] = Answer(content)
        assert codes(ask(made, sent=[])) == []
    for answer, text in (
        (Answer(b"", 404), "answers 404"),
        (Answer(b"<html>"), "has no certificate"),
        (Answer(pki.authority().der), "is another one"),
    ):
        server.answers["/root"] = answer
        found = ask(made, sent=[])
        assert codes(found) == ["revocation_unknown"]
        assert text in found.problems[0].text
    assert "the certificate does not say where it is" in ask(leaf(server, responder="/ocsp"), sent=[]).problems[0].text


# --- time, and mistakes


def test_a_responder_that_never_answers_takes_its_time_and_no_more(server: Web) -> None:
    made, quick = leaf(server, responder="/slow"), leaf(server, responder="/ocsp")
    server.answers["/ocsp"] = says(quick)
    over = threading.Event()
    server.answers["/slow"] = Answer(held=over)
    started = time.monotonic()
    try:
        slow, fast = ask_all([Found("file", name, chain=(each.facts, ROOT.facts)) for name, each in (("slow", made), ("fast", quick))], timeout=0.3)
        assert time.monotonic() - started < 5
    finally:
        over.set()
    assert "no answer within 0 s" in slow.problems[0].text
    assert codes(fast) == []


def test_addresses_that_are_none() -> None:
    asking = fetch.Fetch(Request(timeout=1.0), Context(environ={}))  # nothing is ever sent
    for url in ("ftp://example.test/", "http://", "http://[::1", "http://example.test:port/", "http://exa mple.test/", "http://[fe80::1]/", "gopher:x"):
        with pytest.raises(fetch.InvalidInput):
            asking.get(url)


def test_a_serial_number_that_nobody_can_ask_for(server: Web) -> None:
    made = leaf(server, responder="/ocsp")
    odd = pki.with_serial(made, ROOT.key, b"\xff")
    facts = pki.read.certificate(odd)
    (found,) = ask_all([Found("file", "odd", chain=(facts, ROOT.facts))])
    assert codes(found) == ["revocation_unknown"]
    assert "its serial number -1 is none" in found.problems[0].text
