# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.auth import (
    Authorizer,
    Challenge,
    parse_challenges,
)
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain, config_json
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from support.registry import FakeRegistry, serve

SECRET = "planted-secret-value"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (['Basic realm="x"'], [Challenge("basic", {"realm": "x"})]),
        (["Basic realm=x"], [Challenge("basic", {"realm": "x"})]),
        (
            ['Bearer realm="https://a/t",service="s, with comma",scope="repository:a:pull,push"'],
            [Challenge("bearer", {"realm": "https://a/t", "service": "s, with comma", "scope": "repository:a:pull,push"})],
        ),
        (['Negotiate, Basic realm="x", charset="UTF-8"'], [Challenge("negotiate", {}), Challenge("basic", {"realm": "x", "charset": "UTF-8"})]),
        (["Negotiate", 'BEARER Realm="r"'], [Challenge("negotiate", {}), Challenge("bearer", {"realm": "r"})]),
        (['Basic realm="a \\"quoted\\" one"'], [Challenge("basic", {"realm": 'a "quoted" one'})]),
        (['Bearer realm = "r" , service = s'], [Challenge("bearer", {"realm": "r", "service": "s"})]),
        ([""], []),
        (["?!"], []),
    ],
)
def test_challenges_are_read(values: list[str], expected: list[Challenge]) -> None:
    assert parse_challenges(values) == expected


def auth_file(path: Path, auths: object) -> Path:
    target = path / "config.json"
    target.write_text(json.dumps({"auths": auths}))
    return target


def encoded(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def test_the_longest_key_wins(tmp_path: Path) -> None:
    keys = {
        "localhost:5001": {"auth": encoded("host", "a:b")},
        "localhost:5001/team": {"auth": encoded("team", "b")},
        "https://registry.example.org/": {"username": "plain", "password": "c"},
        "empty.example.org": {},
    }
    chain = Keychain.from_file(auth_file(tmp_path, keys))

    def user(registry: str, repository: str = "") -> str | None:
        found = chain.find(registry, repository)
        return found.username if found else None

    assert user("localhost:5001", "other") == "host"
    assert user("localhost:5001", "team/service") == "team"
    assert user("localhost:5001", "teammate") == "host"
    assert user("registry.example.org", "x") == "plain"
    assert user("empty.example.org") is None
    assert user("localhost") is None
    assert chain.find("localhost:5001") == Credential("host", "a:b")


def test_an_absent_and_a_torn_file_say_so_without_their_content(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        Keychain.from_file(tmp_path / "none")
    torn = tmp_path / "torn"
    torn.write_text(f'{{"auths": {{"x": {{"auth": "{SECRET}')
    with pytest.raises(InvalidInput) as caught:
        Keychain.from_file(torn)
    assert SECRET not in caught.value.message
    assert caught.value.__cause__ is None


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    credential = Credential("push", SECRET)
    target = tmp_path / "auth.json"
    target.write_text(config_json({"localhost:5001": credential}))
    assert Keychain.from_file(target).find("localhost:5001") == credential


def test_a_credential_does_not_show_its_password() -> None:
    assert SECRET not in repr(Credential("push", SECRET, SECRET))
    assert SECRET not in repr(Keychain({"x": Credential("push", SECRET)}))


@contextmanager
def registry(fake: FakeRegistry, *credential: str, clock: list[float] | None = None) -> Iterator[Registry]:
    chain = Keychain({fake.host: Credential(*credential)} if credential else {})
    now = clock or [0.0]
    with Registry(fake.host, Pool(lambda: trust(None)), chain, scheme="http", clock=lambda: now[0], sleep=lambda _: None) as client:
        yield client


def test_basic_is_sent_after_the_first_challenge_and_remembered() -> None:
    with serve(FakeRegistry(users={"u": "p"}, auth="basic")) as fake, registry(fake, "u", "p") as client:
        for _ in range(3):
            assert not client.exists("a", "tag")
        assert fake.count() == 4


def test_a_wrong_password_is_denied_and_not_shown() -> None:
    with serve(FakeRegistry(users={"u": "p"}, auth="basic")) as fake, registry(fake, "u", SECRET) as client, pytest.raises(Denied) as caught:
        client.exists("a", "tag")
    assert caught.value.facts["status"] == 401
    assert SECRET not in caught.value.message


def test_a_token_is_asked_for_once_for_a_scope() -> None:
    with serve(FakeRegistry(users={"u": "p"}, auth="bearer")) as fake, registry(fake, "u", "p") as client:
        for _ in range(3):
            client.exists("a", "tag")
        client.exists("b", "tag")
        assert len(fake.token_requests) == 2
        assert "service=fake%2C+with+a+comma" in fake.token_requests[0]
        assert "scope=repository%3Aa%3Apull" in fake.token_requests[0]


@pytest.mark.parametrize(("lifetime", "seconds", "asked"), [(300, 289, 1), (300, 291, 2), (None, 49, 1), (None, 51, 2)])
def test_a_token_is_renewed_before_it_ends(lifetime: int | None, seconds: float, asked: int) -> None:
    clock = [0.0]
    with serve(FakeRegistry(auth="bearer", token_lifetime=lifetime)) as fake, registry(fake, clock=clock) as client:
        client.exists("a", "tag")
        clock[0] = seconds
        client.exists("a", "tag")
        assert len(fake.token_requests) == asked


def test_a_token_that_the_registry_forgot_is_replaced() -> None:
    with serve(FakeRegistry(auth="bearer", token_key="access_token")) as fake, registry(fake) as client:
        client.exists("a", "tag")
        fake.tokens.clear()
        assert not client.exists("a", "tag")


def test_an_identity_token_is_exchanged() -> None:
    with serve(FakeRegistry(users={"": "refresh-me"}, auth="bearer")) as fake, registry(fake, "<token>", "refresh-me") as client:
        client.exists("a", "tag")
        assert fake.count("POST", "/token") == 1
        assert "grant_type=refresh_token" in fake.token_requests[0]


def test_credentials_are_not_sent_to_a_token_server_without_tls() -> None:
    challenge = Challenge("bearer", {"realm": "http://elsewhere.example.org/token"})
    asked: list[object] = []

    class Recorder:
        def send(self, request: object, sink: object = None) -> object:
            asked.append(request)
            raise AssertionError

        def close(self) -> None:
            pass

    authorizer = Authorizer("r.example.org", Recorder(), Keychain({"r.example.org": Credential("u", SECRET)}))  # type: ignore[arg-type]
    with pytest.raises(Denied, match="not https"):
        authorizer.answer([challenge], ["repository:a:pull"], "a")
    assert not asked


def test_a_refusing_token_server_is_named() -> None:
    fake_one = FakeRegistry(users={"u": "p"}, auth="bearer")
    with serve(fake_one) as fake, registry(fake, "x", SECRET) as client, pytest.raises(Denied, match="refuses user x"):
        client.exists("a", "tag")
