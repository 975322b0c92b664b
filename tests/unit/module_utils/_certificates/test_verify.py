# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a chain can be wrong is told from the others, and a chain that clients accept is never called wrong."""

from __future__ import annotations

import ipaddress
import itertools
import time
from datetime import timedelta

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import names, read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from ansible_collections.slipway.platform.plugins.module_utils._certificates.verify import Roots, Verified, paths
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from support import pki
from support.pki import DAY, NOW, Issued, authority, issue


def ask(*chain: Issued | Certificate, roots: list[Issued], at: timedelta = timedelta(0)) -> Verified:
    facts = tuple(each.facts if isinstance(each, Issued) else each for each in chain)
    return paths(facts, Roots(root.facts for root in roots), NOW + at)


def subjects(verified: Verified) -> list[str]:
    return [certificate.subject.removeprefix("CN=") for certificate in verified.best or ()]


def code(verified: Verified) -> str:
    assert verified.best is None
    assert verified.problem
    return verified.problem.code


def remarks(verified: Verified) -> list[str]:
    return [problem.code for problem in verified.remarks]


ROOT = authority()
MIDDLE = authority("Middle", ROOT)
LEAF = issue("web", MIDDLE, names=["web.example.test"])


def test_a_good_chain() -> None:
    verified = ask(LEAF, MIDDLE, roots=[ROOT])
    assert subjects(verified) == ["web", "Middle", "Test Root"]
    assert verified.problem is None
    assert verified.remarks == ()


@pytest.mark.parametrize("chain", list(itertools.permutations([MIDDLE, ROOT, authority("Stranger"), MIDDLE])))
def test_order_duplicates_and_extra_certificates_do_not_matter(chain: tuple[Issued, ...]) -> None:
    assert subjects(ask(LEAF, *chain, roots=[ROOT])) == ["web", "Middle", "Test Root"]


def test_what_is_sent_too_much_or_in_disorder_is_remarked() -> None:
    lower = authority("Lower", MIDDLE)
    leaf = issue("web", lower)
    assert remarks(ask(leaf, lower, MIDDLE, ROOT, roots=[ROOT])) == ["root_sent"]
    assert remarks(ask(leaf, MIDDLE, lower, roots=[ROOT])) == ["unordered_chain"]


@pytest.mark.parametrize(
    ("expected", "chain", "roots"),
    [
        ("self_signed", [issue("self", names=["x"])], [ROOT]),
        ("self_signed", [authority("Lonely")], [ROOT]),
        ("unknown_root", [LEAF, MIDDLE], [authority("Other")]),
        ("unknown_root", [LEAF, MIDDLE, ROOT], [authority("Other")]),
        ("unknown_root", [LEAF, MIDDLE], []),
        ("missing_intermediate", [LEAF], [ROOT]),
        ("missing_intermediate", [LEAF, authority("Stranger")], [ROOT]),
        ("invalid_chain", [issue("web", issue("no authority", ROOT))], [ROOT]),
    ],
)
def test_no_path_and_why(expected: str, chain: list[Issued], roots: list[Issued]) -> None:
    if expected == "invalid_chain":
        impostor = issue("no authority", ROOT)
        chain = [issue("web", impostor), impostor]
    assert code(ask(*chain, roots=roots)) == expected


def test_a_certificate_that_is_trusted_itself_needs_nobody() -> None:
    own = issue("self", names=["x"])
    assert subjects(ask(own, roots=[own])) == ["self"]
    assert subjects(ask(LEAF, roots=[LEAF])) == ["web"]
    assert subjects(ask(LEAF, MIDDLE, roots=[MIDDLE])) == ["web", "Middle"]


def test_an_impostor_with_the_right_name_is_no_issuer() -> None:
    impostor = authority("Middle", ROOT)
    verified = ask(LEAF, impostor, roots=[ROOT])
    assert code(verified) == "invalid_chain"
    assert "did not sign it" in (verified.problem.text if verified.problem else "")
    assert subjects(ask(LEAF, impostor, MIDDLE, roots=[ROOT])) == ["web", "Middle", "Test Root"]
    assert code(ask(LEAF, MIDDLE, roots=[authority("Test Root")])) == "invalid_chain"


def test_private_authorities_without_key_identifiers_are_fine() -> None:
    root = authority("Private", identifiers=False)
    middle = authority("Private Middle", root, identifiers=False)
    leaf = issue("web", middle, identifiers=False, purposes=())  # neither AKI nor SAN nor EKU: the library's own verifier refuses this
    assert subjects(ask(leaf, middle, roots=[root])) == ["web", "Private Middle", "Private"]


def test_names_are_one_in_spite_of_their_string_types() -> None:
    key = pki.new_key()
    root = authority("Spelled  Root", key=key)
    other = Issued(issue("spelled root", Issued(authority("spelled root", key=key).x509, key), ca=True).x509, key)
    assert subjects(ask(issue("web", other), roots=[root])) == ["web", "Spelled  Root"]


def test_time_is_told_from_trust() -> None:
    old = authority("Middle", ROOT, ends=NOW - DAY)
    assert code(ask(issue("web", old), old, roots=[ROOT])) == "expired"
    assert code(ask(issue("web", MIDDLE, ends=NOW - DAY), MIDDLE, roots=[ROOT])) == "expired"
    assert code(ask(issue("web", MIDDLE, begins=NOW + DAY), MIDDLE, roots=[ROOT])) == "not_yet_valid"
    gone = authority(ends=NOW - DAY)
    assert code(ask(issue("web", gone), roots=[gone])) == "expired"


def test_to_the_second() -> None:
    leaf = issue("web", MIDDLE, begins=NOW, ends=NOW + DAY)
    second = timedelta(seconds=1)
    for at, good in ((-timedelta(minutes=5) - second, False), (-timedelta(minutes=5), True), (timedelta(0), True), (DAY, True), (DAY + second, False)):
        assert bool(ask(leaf, MIDDLE, roots=[ROOT], at=at).best) is good, at


def cross(subject: Issued, by: Issued, **options: object) -> Issued:
    """The same authority, with the same key, certified by another one."""
    return Issued(authority(subject.facts.subject.removeprefix("CN="), by, key=subject.key, **options).x509, subject.key)


def test_an_expired_cross_signed_root_is_no_outage() -> None:
    old_root = authority("Old Root", ends=NOW - DAY)
    crossed = cross(ROOT, old_root, ends=NOW - DAY)
    for trusted in ([ROOT], [ROOT, old_root], [old_root, ROOT]):
        verified = ask(LEAF, MIDDLE, crossed, roots=trusted)
        assert subjects(verified) == ["web", "Middle", "Test Root"], trusted
    assert code(ask(LEAF, MIDDLE, crossed, roots=[old_root])) == "expired"


def test_of_two_good_paths_the_one_that_lasts_is_taken() -> None:
    other = authority("Other Root")
    soon = cross(MIDDLE, other, ends=NOW + 3 * DAY)
    for sent in ([soon, MIDDLE], [MIDDLE, soon]):
        verified = ask(LEAF, *sent, roots=[other, ROOT])
        assert subjects(verified) == ["web", "Middle", "Test Root"]
        assert min(each.not_after for each in verified.best or ()) == NOW + 80 * DAY


def test_authorities_that_sign_each_other_end() -> None:
    one, two = authority("One"), authority("Two")
    chain = [issue("web", one), cross(one, two), cross(two, one)]
    assert code(ask(*chain, roots=[ROOT])) == "unknown_root"
    assert subjects(ask(*chain, roots=[two])) == ["web", "One", "Two"]


def test_a_server_that_sends_a_maze_is_answered_soon() -> None:
    key = pki.new_key()
    same = [Issued(authority("Maze", Issued(authority("Maze", key=key).x509, key), key=key).x509, key) for _ in range(60)]
    started = time.perf_counter()
    assert code(ask(issue("web", same[0]), *same, roots=[ROOT])) == "unknown_root"
    assert time.perf_counter() - started < 2


def test_what_an_authority_may_not() -> None:
    def refused(**options: object) -> str:
        middle = authority("Middle", ROOT, **options)
        leaf = issue("web", middle, names=["web.example.test", "192.0.2.7"])
        verified = ask(leaf, middle, roots=[ROOT])
        return verified.problem.text.rpartition("(")[2].rstrip(")") if verified.problem else ""

    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    assert refused(extensions=[(usage, True)]) == "keyUsage"
    assert refused(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)]) == "extendedKeyUsage"
    assert refused(extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)]).endswith("1.2.3.4")

    def tree(*permitted: str, excluded: bool = False) -> str:
        trees = [x509.IPAddress(ipaddress.ip_network(each)) if "/" in each else x509.DNSName(each) for each in permitted]
        constraints = x509.NameConstraints(None, trees) if excluded else x509.NameConstraints(trees, None)
        return refused(extensions=[(constraints, True)])

    assert tree("example.test") == tree("example.test", "192.0.2.0/24") == tree(".example.test") == tree("10.0.0.0/8", "192.0.2.7/32") == ""
    assert tree("example.org") == tree("ample.test") == tree("example.test", "10.0.0.0/8") == "nameConstraints"
    assert tree("example.test", excluded=True) == tree("192.0.2.0/24", excluded=True) == "nameConstraints"
    assert tree("example.org", excluded=True) == ""


def test_path_lengths() -> None:
    root = authority("Short", path_length=0)
    middle = authority("Too Deep", root)
    assert subjects(ask(issue("web", root), roots=[root])) == ["web", "Short"]
    assert "pathlen" in (ask(issue("web", middle), middle, roots=[root]).problem or pytest.fail("no problem")).text


def test_a_client_certificate_does_not_serve() -> None:
    verified = ask(issue("web", ROOT, purposes=[ExtendedKeyUsageOID.CLIENT_AUTH]), roots=[ROOT])
    assert code(verified) == "invalid_chain"
    assert subjects(ask(issue("web", ROOT, purposes=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), roots=[ROOT]))


@pytest.mark.parametrize(
    "key",
    [
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: dsa.generate_private_key(2048),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate,
    ],
)
def test_signatures_of_every_kind(key: object) -> None:
    root = authority("Root", key=key())  # type: ignore[operator]
    assert subjects(ask(issue("web", root), roots=[root])) == ["web", "Root"]
    assert code(ask(issue("web", root), roots=[authority("Root", key=key())])) == "invalid_chain"  # type: ignore[operator]
    assert code(ask(issue("web", root), roots=[authority("Root")])) == "invalid_chain"


def test_rsa_pss_and_weak_signatures() -> None:
    key = rsa.generate_private_key(65537, 2048)
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    root = authority("Root", key=key)
    assert subjects(ask(issue("web", root, digest=hashes.SHA384(), padding=pss), roots=[root])) == ["web", "Root"]
    small = issue("web", root, key=rsa.generate_private_key(65537, 1024))
    assert remarks(ask(small, roots=[root])) == ["weak_key"]


def test_a_serial_number_of_zero_or_below_verifies_as_clients_do() -> None:
    for content in (b"\0", b"\xff"):
        leaf = read.certificate(pki.with_serial(LEAF, MIDDLE.key, content))
        assert subjects(ask(leaf, MIDDLE, roots=[ROOT])) == ["web", "Middle", "Test Root"]
        forged = read.certificate(pki.with_serial(LEAF, pki.new_key(), content))
        assert code(ask(forged, MIDDLE, roots=[ROOT])) == "invalid_chain"


def test_a_root_with_serial_zero_that_names_itself_by_it() -> None:
    key = pki.new_key()
    me = x509.AuthorityKeyIdentifier(x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest, [x509.DirectoryName(pki.name("Zero"))], 1)
    made = authority("Zero", key=key, identifiers=False, extensions=[(me, False)], serial=0xABCDEF)
    old = me.public_bytes()
    assert old[-3:] == bytes.fromhex("820101")
    body = Issued(x509.load_der_x509_certificate(pki.resigned(made, key, old, old[:-1] + b"\0")), key)
    root = read.certificate(pki.with_serial(body, key, b"\0"))
    assert (root.serial, root.is_ca) == ("0", True)
    leaf = issue("web", made)
    assert paths((leaf.facts,), Roots([root]), NOW).best == (leaf.facts, root)


def test_what_the_library_does_not_know_is_unknown_and_never_fine() -> None:
    root = authority("Future")
    spki = root.key.public_key().public_bytes(pki.serialization.Encoding.DER, pki.serialization.PublicFormat.SubjectPublicKeyInfo)
    algorithm = pki.element(0x30, bytes.fromhex("060960864801650304") + b"\x03\x63")
    future = read.certificate(pki.resigned(root, root.key, spki, pki.element(0x30, algorithm, pki.element(0x03, b"\0" + bytes(99)))))
    verified = paths((issue("web", root).facts,), Roots([future]), NOW)
    assert code(verified) == "unsupported"


def test_the_same_chain_is_worked_out_once() -> None:
    roots = Roots([ROOT.facts])
    chain = (LEAF.facts, MIDDLE.facts)
    assert paths(chain, roots, NOW) is paths(chain, roots, NOW)
    assert paths(chain, roots, NOW) is not paths(chain, roots, NOW + 100 * DAY)


@pytest.mark.parametrize(
    ("peer", "sans", "expected"),
    [
        ("a.example.test", ["dns:a.example.test"], True),
        ("A.Example.Test.", ["dns:a.EXAMPLE.test"], True),
        ("a.example.test", ["dns:*.example.test"], True),
        ("a.b.example.test", ["dns:*.example.test"], False),
        ("example.test", ["dns:*.example.test"], False),
        (".example.test", ["dns:*.example.test"], False),
        ("abc.example.test", ["dns:a*.example.test"], False),
        ("a.b.example.test", ["dns:a.*.example.test"], False),
        ("a.test", ["dns:*.test"], False),
        ("a.test", ["dns:*"], False),
        ("bücher.example", ["dns:xn--bcher-kva.example"], True),
        ("xn--bcher-kva.example", ["dns:xn--bcher-kva.example"], True),
        ("192.0.2.1", ["ip:192.0.2.1"], True),
        ("192.0.2.1", ["dns:192.0.2.1"], False),
        ("192.0.2.1", ["dns:*.0.2.1"], False),
        ("2001:0db8::0001", ["ip:2001:db8::1"], True),
        ("[2001:db8::1]", ["ip:2001:db8::1"], True),
        ("fe80::1%eth0", ["ip:fe80::1"], True),
        ("a.example.test", [], False),
        ("a.example.test", ["uri:https://a.example.test", "email:x@a.example.test"], False),
        ("", ["dns:a.example.test"], False),
    ],
)
def test_names(peer: str, sans: list[str], expected: bool) -> None:
    assert names.matches(peer, tuple(sans)) is expected


def test_a_wrong_name_is_said_with_the_names_that_would_do() -> None:
    (problem,) = names.check("other.example.test", issue("x", names=[f"n{number}.example.test" for number in range(9)]).facts)
    assert problem.code == "wrong_name"
    assert "not for other.example.test, but for n0.example.test" in problem.text
    assert problem.text.endswith("and 4 more")
    (problem,) = names.check("cn.example.test", issue("cn.example.test").facts)
    assert "no subject alternative names" in problem.text
