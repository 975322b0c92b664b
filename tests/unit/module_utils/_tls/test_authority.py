# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure, renewal_due
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate, parse, permits
from ansible_collections.slipway.platform.plugins.module_utils._tls.report import Result
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import PRIVATE, Leaf, Request

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WEB = Leaf("web", dns=("hello.localhost",))


def request(folder: Path, *leaves: Leaf, **more: Any) -> Request:
    return Request(folder / "tls", leaves or (WEB,), **more)


def at(wanted: Request, moment: datetime = START, check_mode: bool = False) -> Result:
    return ensure(wanted, lambda: moment, check_mode)


def read(folder: Path, name: str) -> Certificate:
    path = folder / "tls" / f"{name}.crt"
    return parse(path.read_bytes(), str(path))


def test_first_run_makes_an_authority_and_leaves_and_the_second_changes_nothing(tmp_path: Path) -> None:
    first = at(request(tmp_path))
    second = at(request(tmp_path), START + timedelta(minutes=1))
    assert first.changed
    assert [entry.action for entry in (first.authority, *first.certificates)] == ["issued", "issued"]
    assert not second.changed
    assert [entry.action for entry in (second.authority, *second.certificates)] == ["unchanged", "unchanged"]
    assert second.certificates[0].serial == first.certificates[0].serial
    assert sorted(path.name for path in (tmp_path / "tls").iterdir()) == [".lock", "ca.crt", "ca.key", "web.crt", "web.key"]


def test_leaves_are_renewed_before_they_are_due_if_that_is_asked_for(tmp_path: Path) -> None:
    first = at(request(tmp_path))
    asked = at(request(tmp_path, renew_all=True), START + timedelta(minutes=1))
    assert (asked.authority.action, asked.certificates[0].action, asked.certificates[0].reason) == ("unchanged", "renewed", "renewal was asked for")
    assert asked.certificates[0].serial != first.certificates[0].serial
    assert not at(request(tmp_path), START + timedelta(minutes=2)).changed


def test_profile(tmp_path: Path) -> None:
    at(request(tmp_path, replace(WEB, ip=("127.0.0.1",), usages=("client", "server"))))
    ca, web = read(tmp_path, "ca"), read(tmp_path, "web")
    assert ca.authority
    assert not web.authority
    assert ca.permitted == tuple(sorted(PRIVATE))
    assert (ca.not_after - START).days == 3650
    assert web.lifetime == timedelta(days=90)
    assert (web.dns, web.ip, web.usages) == (("hello.localhost",), ("127.0.0.1",), ("client", "server"))
    assert web.issuer_key_id == ca.key_id == ca.issuer_key_id
    assert web.issuer == ca.subject
    assert ca.subject.startswith("CN=Slipway local CA ")
    for certificate in (ca, web):
        assert 100 < int(certificate.serial, 16).bit_length() <= 159


def test_keys_are_only_for_their_owner(tmp_path: Path) -> None:
    at(request(tmp_path))
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "tls").glob("*.*") if path.name != ".lock"} == {
        "ca.crt": 0o644,
        "ca.key": 0o600,
        "web.crt": 0o644,
        "web.key": 0o600,
    }
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700


def test_openssl_agrees(tmp_path: Path) -> None:
    at(request(tmp_path, WEB, Leaf("db", dns=("postgres", "postgres.data.svc.cluster.local"), ip=("10.0.0.1",))))
    for name, host in (("web", "hello.localhost"), ("db", "postgres")):
        argv = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", host, "-attime", str(int(START.timestamp()))]
        done = subprocess.run([*argv, "-CAfile", tmp_path / "tls/ca.crt", tmp_path / f"tls/{name}.crt"], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr


def test_a_client_with_the_ca_accepts_the_server(tmp_path: Path) -> None:
    ensure(request(tmp_path))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "tls/web.crt", tmp_path / "tls/web.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, server.wrap_socket(connection, server_side=True) as tls:
                tls.sendall(b"hello")

        thread = threading.Thread(target=serve)
        thread.start()
        client = ssl.create_default_context(cafile=str(tmp_path / "tls/ca.crt"))
        with socket.create_connection(listener.getsockname(), timeout=5) as plain, client.wrap_socket(plain, server_hostname="hello.localhost") as tls:
            assert tls.recv(5) == b"hello"
        thread.join(timeout=5)


@pytest.mark.parametrize(
    ("leaf", "days", "reason"),
    [
        (WEB, 59, ""),
        (WEB, 60, "a third of its lifetime is left"),
        (WEB, 200, "a third of its lifetime is left"),
        (replace(WEB, dns=("hello.localhost", "herald.localhost")), 0, "its names changed"),
        (replace(WEB, ip=("127.0.0.1",)), 0, "its names changed"),
        (replace(WEB, usages=("client", "server")), 0, "its usages changed"),
        (replace(WEB, days=30), 0, "its lifetime changed"),
        (replace(WEB, days=90.1), 0, "its lifetime changed"),
    ],
)
def test_when_a_leaf_is_renewed(tmp_path: Path, leaf: Leaf, days: int, reason: str) -> None:
    at(request(tmp_path))
    key = (tmp_path / "tls/web.key").read_bytes()
    result = at(request(tmp_path, leaf), START + timedelta(days=days))
    assert result.certificates[0].reason == reason
    assert result.changed == bool(reason)
    assert ((tmp_path / "tls/web.key").read_bytes() != key) == bool(reason)
    assert result.authority.action == "unchanged"


def test_renewal_due_is_exactly_at_a_third(tmp_path: Path) -> None:
    at(request(tmp_path))
    web = read(tmp_path, "web")
    turn = web.not_before + timedelta(days=60)
    assert not renewal_due(web, turn - timedelta(seconds=1))
    assert renewal_due(web, turn)


def test_a_renewed_authority_keeps_its_key_so_old_trust_holds(tmp_path: Path) -> None:
    at(request(tmp_path))
    old, web = read(tmp_path, "ca"), (tmp_path / "tls/web.crt").read_bytes()
    result = at(request(tmp_path, replace(WEB, days=3000)), START + timedelta(days=2500))
    new = read(tmp_path, "ca")
    assert result.authority.action == "renewed"
    assert (new.subject, new.public_key_sha256, new.key_id) == (old.subject, old.public_key_sha256, old.key_id)
    assert new.serial != old.serial
    assert (tmp_path / "tls/web.crt").read_bytes() != web


def test_a_leaf_never_outlives_the_authority_and_is_then_left_alone(tmp_path: Path) -> None:
    wanted = request(tmp_path, replace(WEB, days=400), days=100)
    at(wanted)
    assert read(tmp_path, "web").not_after == read(tmp_path, "ca").not_after
    assert not at(wanted, START + timedelta(days=1)).changed


def test_names_without_a_dot_widen_the_authority_and_nothing_narrows_it(tmp_path: Path) -> None:
    at(request(tmp_path))
    key = (tmp_path / "tls/ca.key").read_bytes()
    registry = Leaf("registry", dns=("slipway-local-registry",))
    widened = at(request(tmp_path, registry))
    assert widened.authority.reason == "it may sign for more names"
    assert "slipway-local-registry" in widened.authority.permitted
    assert (tmp_path / "tls/ca.key").read_bytes() == key
    assert not at(request(tmp_path, WEB, registry)).changed
    assert not at(request(tmp_path)).changed


def test_other_names_must_be_permitted(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"may not sign for example\.org; add it or its domain to permitted"):
        at(request(tmp_path, replace(WEB, dns=("example.org",))))
    with pytest.raises(InvalidInput, match=r"8\.8\.8\.8"):
        at(request(tmp_path, replace(WEB, ip=("8.8.8.8",))))
    assert at(request(tmp_path, replace(WEB, dns=("a.example.org",)), permitted=(*PRIVATE, "example.org"))).changed
    assert at(request(tmp_path, replace(WEB, dns=("example.com",)), permitted=())).authority.permitted == ()
    assert not at(request(tmp_path, replace(WEB, dns=("example.com",)))).changed


def test_check_mode_writes_nothing_and_says_what_would_be(tmp_path: Path) -> None:
    result = at(request(tmp_path), check_mode=True)
    assert result.changed
    assert result.certificates[0].action == "issued"
    assert result.certificates[0].serial == ""
    assert list(tmp_path.iterdir()) == []
    at(request(tmp_path))
    before = {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    assert at(request(tmp_path), START + timedelta(days=80), check_mode=True).certificates[0].action == "renewed"
    assert {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()} == before


def test_nothing_that_comes_back_holds_a_key(tmp_path: Path) -> None:
    result = at(request(tmp_path))
    shown = repr(result)
    for name in ("ca", "web"):
        pem = (tmp_path / f"tls/{name}.key").read_text()
        assert not any(line in shown for line in pem.splitlines())
        assert "PRIVATE" not in shown


@pytest.mark.parametrize("damage", ["", "no PEM at all", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_leaf_is_replaced(tmp_path: Path, damage: str) -> None:
    at(request(tmp_path))
    (tmp_path / "tls/web.crt").write_text(damage)
    assert at(request(tmp_path)).certificates[0].reason == "its files could not be read"
    assert not at(request(tmp_path)).changed


def test_a_leaf_whose_key_others_could_read_is_replaced(tmp_path: Path) -> None:
    at(request(tmp_path))
    (tmp_path / "tls/web.key").chmod(0o644)
    assert at(request(tmp_path)).certificates[0].reason == "its key could be read by others"
    assert (tmp_path / "tls/web.key").stat().st_mode & 0o777 == 0o600


def test_a_pair_that_an_interruption_left_unmatched_is_replaced(tmp_path: Path) -> None:
    at(request(tmp_path, WEB, Leaf("other", dns=("other.localhost",))))
    (tmp_path / "tls/web.key").write_bytes((tmp_path / "tls/other.key").read_bytes())
    assert at(request(tmp_path)).certificates[0].reason == "its key does not belong to it"


def test_a_leaf_of_another_authority_is_replaced(tmp_path: Path) -> None:
    at(request(tmp_path))
    for name in ("ca.crt", "ca.key"):
        (tmp_path / "tls" / name).unlink()
    result = at(request(tmp_path))
    assert result.authority.action == "issued"
    assert result.certificates[0].reason == "another authority signed it"


@pytest.mark.parametrize("missing", ["ca.crt", "ca.key"])
def test_half_an_authority_is_not_replaced_behind_the_users_back(tmp_path: Path, missing: str) -> None:
    at(request(tmp_path))
    (tmp_path / "tls" / missing).unlink()
    with pytest.raises(Conflict, match=f"{missing} is not: put it back"):
        at(request(tmp_path))


def test_a_damaged_authority_is_not_replaced_either(tmp_path: Path) -> None:
    at(request(tmp_path))
    (tmp_path / "tls/ca.key").write_text("secret nonsense")
    with pytest.raises(Conflict, match="can't be used") as raised:
        at(request(tmp_path))
    assert "nonsense" not in str(raised.value)


def test_the_authoritys_key_is_taken_back_from_others(tmp_path: Path) -> None:
    at(request(tmp_path))
    (tmp_path / "tls/ca.key").chmod(0o640)
    result = at(request(tmp_path))
    assert result.changed
    assert result.authority.reason == "its key could be read by others"
    assert (tmp_path / "tls/ca.key").stat().st_mode & 0o777 == 0o600
    assert not at(request(tmp_path)).changed


def test_tasks_that_share_a_folder_wait_for_each_other(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(6)]
    threads = [threading.Thread(target=at, args=(request(tmp_path, Leaf(name, dns=(f"{name}.localhost",))),)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ca = read(tmp_path, "ca")
    assert {read(tmp_path, name).issuer_key_id for name in names} == {ca.key_id}
    assert not [path for path in (tmp_path / "tls").iterdir() if path.name.startswith(".") and path.name != ".lock"]


ENTRY = {"name": "web", "dns": ["hello.localhost"], "ip": [], "days": 90, "usages": ["server"]}
PARAMS = {"renew": "due", "rotation": "", "path": "/tmp/x", "common_name": "CA", "days": 10, "permitted": [], "certificates": [ENTRY]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "../web"}, "can't be a file name"),
        ({"name": "ca"}, "is taken"),
        ({"dns": ["hello world"]}, "is not a host name"),
        ({"dns": ["a.*.test"]}, "is not a host name"),
        ({"dns": ["-a.test"]}, "is not a host name"),
        ({"dns": ["täst.localhost"]}, "is not a host name"),
        ({"ip": ["1.2.3"]}, "does not appear to be"),
        ({"dns": []}, "needs a name or an address"),
        ({"days": 0.0034}, "days must be more than 0.0035"),
        ({"usages": []}, "usages are one or both of client, server"),
    ],
)
def test_what_cannot_be_certified_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Request.from_params(PARAMS | {"certificates": [ENTRY | change]})


def test_only_names_that_are_not_private_widen_what_it_may_sign_for() -> None:
    assert Request.from_params(PARAMS | {"permitted": ["Hello.localhost", "localhost"]}).permitted == tuple(sorted(PRIVATE))
    assert set(Request.from_params(PARAMS | {"permitted": ["hello.example.org", "203.0.113.0/24"]}).permitted) - set(PRIVATE) == {
        "hello.example.org",
        "203.0.113.0/24",
    }


def test_names_are_normalised() -> None:
    entry = ENTRY | {"dns": ["B.localhost.", "a.localhost", "a.localhost"], "ip": ["0:0:0:0:0:0:0:1"]}
    leaf = Request.from_params(PARAMS | {"certificates": [entry]}).certificates[0]
    assert (leaf.dns, leaf.ip) == (("a.localhost", "b.localhost"), ("::1",))
    with pytest.raises(InvalidInput, match="is taken"):
        Request.from_params(PARAMS | {"certificates": [ENTRY, ENTRY]})
    with pytest.raises(InvalidInput, match="permitted"):
        Request.from_params(PARAMS | {"permitted": ["10.0.0.1/8"]})


@pytest.mark.parametrize(
    ("permitted", "name", "yes"),
    [
        ((), "example.org", True),
        (("localhost",), "localhost", True),
        (("localhost",), "a.b.localhost", True),
        (("localhost",), "*.localhost", True),
        (("localhost",), "notlocalhost", False),
        (("localhost",), "127.0.0.1", False),
        (("127.0.0.0/8",), "127.1.2.3", True),
        (("127.0.0.0/8",), "::1", False),
        (("::1/128",), "::1", True),
    ],
)
def test_permits(permitted: tuple[str, ...], name: str, yes: bool) -> None:
    assert permits(permitted, name) is yes


def test_what_is_no_certificate_says_where_it_came_from() -> None:
    with pytest.raises(InvalidInput, match=r"web\.crt is not an X\.509 certificate"):
        parse(b"nonsense", "web.crt")
