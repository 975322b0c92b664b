# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every animal of the zoo gets its right verdict and shows its certificates, in no more visits than it takes."""

from __future__ import annotations

import os
import queue
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates import inventory
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.openssl import Contexts
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.probe import Limits
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.run import probe_all
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wanted import Endpoint, endpoint
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import CODES, DEFAULT, Found, Row, Threshold, Thresholds, Verdict, worst
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from cryptography.hazmat.primitives import serialization
from support import pki, tls_zoo
from support.pki import NOW
from support.tls_zoo import NAME, REFUSALS, STARTTLS, Zoo

LIMITS = Limits(connect=5, total=10)
HURRIED = Limits(connect=0.3, total=0.6)  # where it is known that nothing will come


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zoo]:
    made = Zoo(tmp_path_factory.mktemp("zoo"))
    tls_zoo.populate(made)
    with made.open():
        yield made


def at(zoo: Zoo, animal: str, **more: Any) -> Endpoint:
    written = {"host": "127.0.0.1", "port": zoo.ports[animal], "server_name": NAME, **more}
    return endpoint({key: value for key, value in written.items() if value is not None}, "endpoints[0]", DEFAULT)


def take(zoo: Zoo, *endpoints: Endpoint, limits: Limits = LIMITS, ca_file: str = "root.pem", **more: Any) -> list[Row]:
    request = Request(endpoints=endpoints, ca_file=zoo.folder / ca_file, system_roots=False, connect_timeout=limits.connect, timeout=limits.total, **more)
    return list(inventory.take(request, Context(environ={}), lambda: NOW))


def codes(row: Row) -> set[str]:
    return {problem.code for problem in row.problems}


@dataclass(frozen=True)
class Case:
    """``problems``: all that is noticed, which also says the verdict. ``sent``: how many certificates are shown. ``visits``: connections it takes."""

    animal: str
    problems: str = ""
    sent: int = 2
    visits: int = 1
    server_name: str | None = NAME
    ca_file: str = "root.pem"
    limits: Limits = LIMITS
    verdict: Verdict | None = None


CASES = (
    Case("good", verdict=Verdict.OK),
    Case("expired leaf", "expired", verdict=Verdict.EXPIRED),
    Case("expires soon", "expires_soon", verdict=Verdict.CRITICAL),
    Case("expired intermediate", "expired", verdict=Verdict.EXPIRED),
    Case("wrong name", "wrong_name", verdict=Verdict.CRITICAL),
    Case("common name only", "wrong_name"),
    Case("self-signed", "self_signed", sent=1, verdict=Verdict.CRITICAL),
    Case("unknown root", "unknown_root"),
    Case("unknown issuer", "missing_intermediate"),
    Case("missing intermediate", "missing_intermediate", sent=1, verdict=Verdict.CRITICAL),
    Case("root sent", "root_sent", sent=3, verdict=Verdict.OK),
    Case("not yet valid", "not_yet_valid", verdict=Verdict.CRITICAL),
    Case("wildcard", server_name="a.zoo.test"),
    Case("wildcard", "wrong_name", server_name="zoo.test"),
    Case("wildcard", "wrong_name", server_name="a.b.zoo.test"),
    Case("address", server_name=None),
    Case("address", "wrong_name"),
    Case("good", "wrong_name", server_name=None),
    Case("international", server_name="bücher.zoo.test"),
    Case("Ed25519"),
    Case("P-521"),
    Case("RSA-PSS"),
    Case("weak key", "weak_key", verdict=Verdict.WARNING),
    Case("beyond 2050", "root_sent", ca_file="lasting.pem"),
    Case("expired cross-sign", "expired_in_chain", sent=3, verdict=Verdict.WARNING),
    Case("mTLS 1.2", "client_certificate_wanted", visits=2, verdict=Verdict.OK),
    Case("mTLS 1.3", verdict=Verdict.OK),
    Case("TLS 1.2", visits=2),
    Case("another key exchange", visits=2),
    Case("TLS 1.0", "legacy_protocol", visits=2, verdict=Verdict.WARNING),
    Case("old cipher", "legacy_protocol", visits=2),
    Case("alert without SNI"),
    Case("alert without SNI", "handshake_failed", sent=0, visits=2, server_name=None, verdict=Verdict.UNKNOWN),
    Case("alert with SNI", "handshake_failed no_server_name", visits=2, verdict=Verdict.UNKNOWN),
    Case("silent", "timeout", sent=0, limits=HURRIED, verdict=Verdict.UNKNOWN),
    Case("http", "not_tls", sent=0, verdict=Verdict.UNKNOWN),
    Case("ssh", "not_tls", sent=0),
    Case("smtp without starttls", "not_tls", sent=0),
    Case("binary", "not_tls", sent=0),
    Case("resets", "reset", sent=0, visits=3, verdict=Verdict.UNKNOWN),
    Case("closes", "reset", sent=0, visits=3),
    Case("dead", "timeout", sent=0, visits=0, limits=HURRIED, verdict=Verdict.UNKNOWN),
    Case("refused", "refused", sent=0, visits=0, verdict=Verdict.UNKNOWN),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.animal} as {case.server_name}")
def test_an_animal(zoo: Zoo, case: Case) -> None:
    before = zoo.visits[case.animal]
    (row,) = take(zoo, at(zoo, case.animal, server_name=case.server_name), limits=case.limits, ca_file=case.ca_file)
    assert codes(row) == set(case.problems.split()), row.reasons
    assert row.verdict == worst(CODES[code] for code in case.problems.split()) == (case.verdict or row.verdict)
    assert len(row.certificates) == case.sent
    assert zoo.visits[case.animal] - before == case.visits
    assert row.name == f"127.0.0.1:{zoo.ports[case.animal]}"
    assert row.labels["address"] == "127.0.0.1"
    assert (row.not_after is None) == (case.sent == 0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.animal} as {case.server_name}")
def test_openssl_alone_sees_the_same(zoo: Zoo, case: Case) -> None:
    """What the quick handshake reads (quick.py), and what it leaves to OpenSSL, is all that OpenSSL would have read."""

    def look(quick: bool) -> Found:
        (found,) = probe([at(zoo, case.animal, server_name=case.server_name)], limits=case.limits, contexts=Contexts(quick=quick))
        return found

    assert look(quick=True) == look(quick=False)


def test_where_the_quick_way_was_no_way_it_is_not_tried_again(zoo: Zoo) -> None:
    before = zoo.visits["TLS 1.2"]
    rows = probe([at(zoo, "TLS 1.2", server_name=f"{number}.{NAME}") for number in range(5)], concurrency=1)
    assert {row.facts["protocol"] for row in rows} == {"TLSv1.2"}
    assert zoo.visits["TLS 1.2"] - before == 6


def test_servers_see_a_whole_handshake_and_a_goodbye(zoo: Zoo) -> None:
    seen: queue.SimpleQueue[tuple[str | None, bytes]] = queue.SimpleQueue()
    made = tls_zoo.context(zoo.file(zoo.leaf(), zoo.intermediate))

    def handle(connection: socket.socket) -> None:
        with made.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False) as secured:
            seen.put((secured.version(), secured.recv(10)))  # SSLEOFError if it ends without a goodbye

    cage = tls_zoo.Cage()
    cage.add("strict", handle)
    with cage.open():
        (row,) = probe([Endpoint("127.0.0.1", cage.ports["strict"], NAME)])
        assert seen.get(timeout=20) == ("TLSv1.3", b"")
    assert len(row.chain) == 2


@pytest.mark.parametrize(
    ("animal", "server_name", "facts"),
    [
        ("good", NAME, {"names": ("dns:zoo.test",), "key": "EC P-256", "subject": "CN=zoo.test", "issuer": "CN=Zoo Intermediate"}),
        ("mTLS 1.2", NAME, {"names": ("dns:zoo.test",), "not_after": NOW + 80 * pki.DAY}),
        ("TLS 1.0", NAME, {"names": ("dns:zoo.test",)}),
        ("expired leaf", NAME, {"not_after": NOW - pki.DAY}),
        ("wrong name", NAME, {"names": ("dns:other.test",)}),
        ("international", "bücher.zoo.test", {"names": ("dns:xn--bcher-kva.zoo.test",)}),
        ("address", None, {"names": ("ip:127.0.0.1",)}),
        ("Ed25519", NAME, {"key": "Ed25519"}),
        ("P-521", NAME, {"key": "EC P-521"}),
        ("RSA-PSS", NAME, {"key": "RSA 2048"}),
        ("weak key", NAME, {"key": "RSA 1024"}),
    ],
)
def test_what_it_shows(zoo: Zoo, animal: str, server_name: str | None, facts: dict[str, Any]) -> None:
    (row,) = take(zoo, at(zoo, animal, server_name=server_name))
    assert {key: getattr(row.certificates[0], key) for key in facts} == facts


def test_dates_beyond_2050(zoo: Zoo) -> None:
    (row,) = take(zoo, at(zoo, "beyond 2050"), ca_file="lasting.pem")
    assert [certificate.not_after.year for certificate in row.certificates] == [2060, 9999]
    assert row.path_not_after is not None
    assert row.path_not_after.year == 2060


@pytest.mark.parametrize(
    ("animal", "words"),
    [
        ("http", "does not speak TLS: it answered «HTTP/1.1 400 Bad Request»"),
        ("ssh", "it answered «SSH-2.0-OpenSSH_9.2p1»"),
        ("smtp without starttls", "it answered «220 zoo.test ESMTP»; if that is smtp or ftp, say so with starttls"),
        ("binary", "it answered «...[31mred»"),
        ("silent", "accepted the connection, and did not answer the TLS handshake in time"),
        ("dead", "did not accept a connection within 0.3 s"),
        ("refused", "refused the connection"),
        ("alert with SNI", "refused the TLS handshake: unrecognized_name (112), asked for zoo.test"),
        ("TLS 1.0", "speaks TLSv1 at most, which today's clients don't speak"),
        ("old cipher", "speaks what is switched off by default today (TLSv1.2, AES256-SHA)"),
    ],
)
def test_what_is_said(zoo: Zoo, animal: str, words: str) -> None:
    (row,) = take(zoo, at(zoo, animal), limits=HURRIED if animal in ("silent", "dead") else LIMITS)
    assert any(words in reason for reason in row.reasons), row.reasons
    assert all(f"127.0.0.1:{zoo.ports[animal]}" in reason for reason in row.reasons)


# --- STARTTLS


@pytest.mark.parametrize("protocol", [*STARTTLS, "smtp, byte by byte"])
def test_starttls(zoo: Zoo, protocol: str) -> None:
    before = zoo.visits[protocol]
    (row,) = take(zoo, at(zoo, protocol, starttls=protocol.partition(",")[0]))
    assert (row.verdict, row.problems, len(row.certificates)) == (Verdict.OK, (), 2)
    assert row.labels["starttls"] == protocol.partition(",")[0]
    assert zoo.visits[protocol] - before == 1


@pytest.mark.parametrize("animal", REFUSALS)
def test_starttls_that_is_refused(zoo: Zoo, animal: str) -> None:
    (row,) = take(zoo, at(zoo, animal, starttls=REFUSALS[animal][0]))
    assert (row.verdict, codes(row), row.certificates) == (Verdict.UNKNOWN, {"starttls_refused"}, ())
    assert all(character.isprintable() for character in row.reasons[0])


@pytest.mark.parametrize("protocol", ["smtp", "imap", "postgres"])
def test_starttls_that_is_injected_into(zoo: Zoo, protocol: str) -> None:
    (row,) = take(zoo, at(zoo, f"{protocol} injects", starttls=protocol))
    assert (row.verdict, codes(row), len(row.certificates)) == (Verdict.CRITICAL, {"starttls_injected"}, 2)


@pytest.mark.parametrize(("animal", "code"), [("silent", "timeout"), ("dead", "timeout"), ("closes", "reset")])
def test_starttls_where_nobody_answers(zoo: Zoo, animal: str, code: str) -> None:
    greeted = {"smtp", "imap", "pop3", "ftp", "mysql"} if animal == "closes" else set()  # it waits for the client, who waits to be greeted
    protocols = sorted(STARTTLS.keys() - greeted)
    rows = take(zoo, *(at(zoo, animal, starttls=protocol) for protocol in protocols), limits=HURRIED)
    assert sorted(row.labels["starttls"] for row in rows) == protocols
    assert [(row.verdict, codes(row)) for row in rows] == [(Verdict.UNKNOWN, {code})] * len(protocols)


def test_starttls_that_ends_in_plain_text(zoo: Zoo) -> None:
    (row,) = take(zoo, at(zoo, "smtp, then plain", starttls="smtp"))
    assert codes(row) == {"not_tls"}
    assert "went on in plain text after STARTTLS: «454 not now after all»" in row.reasons[0]


# --- client certificates


@pytest.mark.parametrize(
    ("animal", "issuer", "expected"),
    [
        ("mTLS 1.2", "root", set()),
        ("mTLS 1.3", "root", set()),
        ("mTLS 1.2", "stranger", {"handshake_failed"}),
        ("mTLS 1.3", "stranger", {"handshake_failed"}),
        ("good", "stranger", set()),
    ],
)
def test_client_certificate(zoo: Zoo, animal: str, issuer: str, expected: set[str]) -> None:
    authority = zoo.root if issuer == "root" else pki.authority("Stranger")
    pem = zoo.file(pki.issue("client", authority, purposes=(), ends=NOW + 2000 * pki.DAY))  # a server looks at the real clock
    (row,) = take(zoo, at(zoo, animal, client_certificate=str(pem)))
    assert codes(row) == expected, row.reasons
    assert len(row.certificates) == 2


def test_client_certificate_that_can_not_be_used(zoo: Zoo, tmp_path: Path) -> None:
    planted = zoo.file(pki.issue("client", zoo.root))
    other = zoo.file(pki.issue("client", zoo.root))
    for certificate, key in ((tmp_path / "absent.pem", None), (planted, other), (zoo.folder / "root.pem", None)):
        (row,) = take(zoo, at(zoo, "good", client_certificate=str(certificate), client_key=str(key) if key else None))
        assert (row.verdict, codes(row), len(row.certificates)) == (Verdict.UNKNOWN, {"unreadable"}, 2)
        assert str(certificate) in row.reasons[0]
        secret = planted.read_text().splitlines()[1]
        assert secret not in repr(row)


def test_a_client_key_with_a_password_is_not_asked_for(zoo: Zoo, tmp_path: Path) -> None:
    client = pki.issue("client", zoo.root)
    locked = client.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"hunter2"))
    (tmp_path / "client.pem").write_bytes(locked + client.pem)
    (row,) = take(zoo, at(zoo, "good", client_certificate=str(tmp_path / "client.pem")))
    assert codes(row) == {"unreadable"}
    assert "password" in row.reasons[0]


# --- proxies


@contextmanager
def proxy(answer: bytes | None = None, heard: list[bytes] | None = None) -> Iterator[str]:
    cage = tls_zoo.Cage()
    cage.add("proxy", tls_zoo.proxy(*([answer] if answer else []), heard=heard))
    with cage.open():
        yield f"127.0.0.1:{cage.ports['proxy']}"


def test_through_a_proxy(zoo: Zoo) -> None:
    heard: list[bytes] = []
    with proxy(heard=heard) as there:
        rows = take(zoo, at(zoo, "good", proxy=there), at(zoo, "smtp", starttls="smtp", proxy=there))
        (named,) = take(zoo, Endpoint("resolved.by.the.proxy.test", zoo.ports["good"], NAME, proxy=there, proxy_authorization="Basic YWRh"))
    assert [(row.verdict, len(row.certificates)) for row in [*rows, named]] == [(Verdict.OK, 2)] * 3
    authority = f"127.0.0.1:{zoo.ports['good']}"
    assert f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode() in heard
    assert named.labels["address"] == "resolved.by.the.proxy.test"
    assert [b"\r\nProxy-Authorization: Basic YWRh\r\n" in each for each in heard] == [False, False, True]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", "wants to know who asks"),
        (b"HTTP/1.0 403 Forbidden\r\n\r\nno", "did not connect to 127.0.0.1:"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "«HTTP/1.1 502 Bad Gateway»"),
        (b"SOCKS?\r\n\r\n", "is no HTTP proxy: it answered «SOCKS?»"),
    ],
)
def test_a_proxy_that_refuses(zoo: Zoo, answer: bytes, words: str) -> None:
    with proxy(answer) as there:
        (row,) = take(zoo, at(zoo, "good", proxy=there))
    assert (row.verdict, codes(row)) == (Verdict.UNKNOWN, {"proxy_refused"})
    assert words in row.reasons[0]


@pytest.mark.parametrize(("animal", "code"), [("refused", "refused"), ("dead", "timeout"), ("silent", "timeout"), ("closes", "reset")])
def test_a_proxy_that_is_not_there(zoo: Zoo, animal: str, code: str) -> None:
    (row,) = take(zoo, at(zoo, "good", proxy=f"127.0.0.1:{zoo.ports[animal]}"), limits=HURRIED)
    assert codes(row) == {code}
    assert "the proxy 127.0.0.1 port" in row.reasons[0]


# --- names and addresses


def probe(endpoints: Sequence[Endpoint], resolve: Any = None, limits: Limits = LIMITS, concurrency: int = 8, contexts: Contexts | None = None) -> list[Found]:
    def nobody(host: str) -> tuple[str, ...]:
        raise AssertionError(f"{host} was resolved")

    return list(probe_all(endpoints, limits, concurrency, time.monotonic, resolve or nobody, contexts))


def test_every_address_is_a_row(zoo: Zoo) -> None:
    port = zoo.ports["good"]
    first, second = sorted(probe([Endpoint(NAME, port, NAME)], lambda _: ("127.0.0.1", "127.0.0.2")), key=lambda each: each.labels["address"])
    assert (first.name, first.labels["address"], len(first.chain), first.problems) == (f"{NAME}:{port}", "127.0.0.1", 2, ())
    assert (second.labels["address"], [problem.code for problem in second.problems]) == ("127.0.0.2", ["refused"])


def test_addresses_that_are_given_are_not_resolved(zoo: Zoo) -> None:
    (row,) = probe([Endpoint("absent.test", zoo.ports["good"], NAME, ("127.0.0.1",))])
    assert (row.name, len(row.chain)) == (f"absent.test:{zoo.ports['good']}", 2)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "does not resolve to an address: Name or service not known"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "no resolver answered"),
        (UnicodeError("label too long"), "does not resolve to an address: UnicodeError"),
    ],
)
def test_a_name_that_does_not_resolve(zoo: Zoo, error: Exception, words: str) -> None:
    def resolve(host: str) -> tuple[str, ...]:
        if host == "absent.test":
            raise error
        return ("127.0.0.1",)

    rows = probe([Endpoint("absent.test", 443, "absent.test"), Endpoint("zoo.test", zoo.ports["good"], NAME)], resolve)
    found = {row.name: row for row in rows}
    assert [problem.code for problem in found["absent.test:443"].problems] == ["unresolved"]
    assert words in found["absent.test:443"].problems[0].text
    assert "address" not in found["absent.test:443"].labels
    assert len(found[f"zoo.test:{zoo.ports['good']}"].chain) == 2


def test_a_resolver_that_hangs_holds_nobody_up(zoo: Zoo) -> None:
    ends = threading.Event()

    def resolve(host: str) -> tuple[str, ...]:
        if host.startswith("slow"):
            ends.wait(20)
        return ("127.0.0.1",)

    endpoints = [Endpoint(f"slow{number}.test", 443, NAME) for number in range(40)] + [Endpoint(NAME, zoo.ports["good"], NAME)]
    rows = probe(endpoints, resolve, Limits(1, 0.3))
    ends.set()
    assert sum(1 for row in rows if row.problems and "no resolver answered" in row.problems[0].text) == 40
    assert sum(1 for row in rows if len(row.chain) == 2) == 1


def test_what_two_ask_for_is_probed_once(zoo: Zoo) -> None:
    port, before = zoo.ports["good"], zoo.visits["good"]
    other = Thresholds(Threshold(1, 90), Threshold(1, 85))
    endpoints = [
        Endpoint("a.test", port, NAME),
        Endpoint("b.test", port, NAME, ("127.0.0.1",)),
        Endpoint("127.0.0.1", port, NAME, thresholds=other),
        Endpoint("127.0.0.1", port, NAME),
    ]
    rows = probe(endpoints, lambda _: ("127.0.0.1",))
    assert zoo.visits["good"] - before == 1
    assert sorted(row.name.partition(":")[0] for row in rows) == ["127.0.0.1", "127.0.0.1", "a.test", "b.test"]
    assert {len(row.chain) for row in rows} == {2}
    assert {row.thresholds for row in rows} == {None, other}


def test_another_name_is_another_probe(zoo: Zoo) -> None:
    before = zoo.visits["good"]
    rows = take(zoo, at(zoo, "good"), at(zoo, "good", server_name="a.zoo.test"), at(zoo, "good", server_name=None))
    assert zoo.visits["good"] - before == 3
    assert sorted(row.labels.get("server_name", "") for row in rows) == ["", "a.zoo.test", NAME]


def test_an_address_without_its_network(zoo: Zoo) -> None:
    (row,) = probe([Endpoint("fe80::1%nowhere0", 443)])
    assert [problem.code for problem in row.problems] == ["unreachable"]
    assert "[fe80::1%nowhere0]:443 can't be reached: this machine has no network interface nowhere0" in row.problems[0].text


def test_ipv6(zoo: Zoo) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener:
        port = listener.getsockname()[1]
        rows = probe([Endpoint("::1", port), Endpoint("::1%lo", port)], limits=HURRIED)
    assert {(row.name, row.problems[0].code) for row in rows} == {(f"[::1]:{port}", "timeout"), (f"[::1%lo]:{port}", "timeout")}


# --- many


def test_one_visit_each_and_each_its_row(zoo: Zoo) -> None:
    before = zoo.visits["good"]
    rows = take(zoo, *(at(zoo, "good", server_name=f"{number}.{NAME}") for number in range(200)), concurrency=16)
    assert zoo.visits["good"] - before == 200
    assert len({row.labels["server_name"] for row in rows}) == 200


def test_the_dead_hold_nobody_up(zoo: Zoo) -> None:
    """As many dead as there are places come first, and still everybody else is done before them."""
    dead = [at(zoo, "dead", server_name=f"{number}.dead.test") for number in range(4)]
    silent = [at(zoo, "silent", server_name=f"{number}.silent.test") for number in range(4)]
    living = [at(zoo, "good", server_name=f"{number}.{NAME}") for number in range(40)]
    rows = probe([*dead, *silent, *living], limits=Limits(2.5, 2.5), concurrency=4)
    assert [bool(row.chain) for row in rows] == [True] * 40 + [False] * 8


def test_rows_come_as_they_are_found(zoo: Zoo) -> None:
    found = probe_all([at(zoo, "silent"), at(zoo, "good")], LIMITS, 8, time.monotonic)
    assert next(found).labels["port"] == str(zoo.ports["good"])
    found.close()  # whoever has seen enough waits for nothing


def shared(endpoints: Sequence[Endpoint], resolve: Any = None) -> Iterator[Found]:
    return probe_all(endpoints, LIMITS, 8, time.monotonic, resolve or (lambda _: ("127.0.0.1",)), shared=True)


def test_two_processes_make_one_visit_each_and_each_its_row(zoo: Zoo) -> None:
    before = zoo.visits["good"]
    names = [f"{number}.{NAME}" for number in range(40)]
    here, rows = os.getpid(), list(shared([at(zoo, "good", server_name=name) for name in names]))
    assert sorted(row.labels["server_name"] for row in rows) == sorted(names)
    assert zoo.visits["good"] - before == 40
    assert os.getpid() == here


def test_two_processes_probe_once_what_two_names_turn_out_to_mean(zoo: Zoo) -> None:
    before = zoo.visits["good"]
    rows = list(shared([Endpoint(f"{number}.test", zoo.ports["good"], NAME) for number in range(20)]))
    assert len({row.name for row in rows}) == 20
    assert zoo.visits["good"] - before == 1


def test_what_the_other_process_did_not_tell_is_done_all_the_same(zoo: Zoo) -> None:
    here = os.getpid()
    killed = mmap(-1, 1)  # seen by both

    def resolve(host: str) -> tuple[str, ...]:
        if os.getpid() != here:
            killed[0] = 1
            os.kill(os.getpid(), SIGKILL)
        return ("127.0.0.1",)

    rows = list(shared([Endpoint(f"{number}.test", zoo.ports["good"], f"{number}.{NAME}") for number in range(20)], resolve))
    assert killed[0] == 1
    assert sorted(row.name for row in rows) == sorted(f"{number}.test:{zoo.ports['good']}" for number in range(20))
    assert all(len(row.chain) == 2 for row in rows)


def test_two_processes_end_with_who_asked(zoo: Zoo) -> None:
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    before = children.read_text()
    found = shared(
        [at(zoo, "good", server_name=f"{number}.{NAME}") for number in range(4)] + [at(zoo, "silent", server_name=f"{number}.x.test") for number in range(8)]
    )
    next(found)
    assert children.read_text() != before
    found.close()
    assert children.read_text() == before


def test_a_probe_that_goes_wrong_takes_nobody_with_it(zoo: Zoo) -> None:
    endpoints = [Endpoint("127.0.0.1", zoo.ports["smtp"], NAME, starttls="no such protocol"), at(zoo, "good")]
    rows = {row.labels["port"]: row for row in probe(endpoints)}
    assert re.search("ended with KeyError, which is a mistake", rows[str(zoo.ports["smtp"])].problems[0].text)
    assert len(rows[str(zoo.ports["good"])].chain) == 2
