# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How registries are reached, from options to what a registry is asked."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci import access, ecr
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access, Registries
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from support import aws as simulated
from support import images
from support.registry import FakeRegistry, serve

SECRET = "planted-secret-value"
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


def read(home: Path, environment: dict[str, str] | None = None, **params: Any) -> Access:
    return Access.from_params({name: option.get("default") for name, option in access.OPTIONS.items()} | params, environment or {}, home)


def write(path: Path, **auths: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": auths}))
    return path


def user(name: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{SECRET}".encode()).decode()}


def test_the_defaults_are_those_of_the_options(tmp_path: Path) -> None:
    assert read(tmp_path) == Access()


def test_an_empty_text_is_none(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", **{"r.test": user("docker")})
    found = read(tmp_path, ca_file="", auth_file="")
    assert (found.ca_file, found.keychain.find("r.test")) == (None, Credential("docker", SECRET))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"concurrency": 0}, "concurrency is 0"),
        ({"concurrency": 129}, "more than 128"),
        ({"deadline": -1}, "deadline is -1"),
        ({"ca_file": "/none/ca.pem"}, "ca_file /none/ca.pem is not a file"),
        ({"auth_file": "/none/auth.json"}, "the credentials in /none/auth.json cannot be read"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(tmp_path: Path, params: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        read(tmp_path, **params)


def test_explicit_credentials_win_over_the_helper_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {"r.test": "none-such", "other.test": "none-such"}}))
    given = [{"registry": "https://r.test/", "username": "given", "password": SECRET}, {"registry": "other.test/app", "username": "app", "password": SECRET}]
    keychain = read(tmp_path, auth_file=str(tmp_path / "config.json"), credentials=given).keychain
    assert keychain.find("r.test", "app") == Credential("given", SECRET)
    assert keychain.find("other.test", "app/web") == Credential("app", SECRET)
    assert SECRET not in repr(keychain)


def test_a_registry_is_opened_once_and_only_one_that_was_named_speaks_plain_http(tmp_path: Path) -> None:
    with serve() as fake, Registries(read(tmp_path, plain_http=[f"http://{fake.host}"])) as connect:
        connect(fake.host).ping()
        assert connect(fake.host) is connect(fake.host)
        assert connect("r.test") is not connect(fake.host)


def test_repositories_of_one_registry_with_a_credential_each(tmp_path: Path) -> None:
    """One may read dev, the other write prod; both stand in one file, and a token for one is not shown for the other."""
    with serve(FakeRegistry(auth="bearer")) as fake:
        images.image(fake, "dev/app", tag="rc")
        file = write(tmp_path / "auth.json", **{fake.host: user("nobody"), f"{fake.host}/dev": user("reader"), f"{fake.host}/prod/app": user("writer")})
        with Registries(read(tmp_path, auth_file=str(file), plain_http=[fake.host])) as connect:
            registry = connect(fake.host)
            fake.users = {"reader": SECRET}
            assert registry.manifest("dev/app", "rc").body
            fake.users = {"writer": SECRET}
            registry.upload_blob("prod/app", Digest.of(b"content"), b"content")
            with pytest.raises(Denied, match="nobody") as caught:
                registry.manifest("elsewhere", "rc")
    assert SECRET not in str(caught.value) + repr(caught.value.facts)
    assert ["push" in asked for asked in fake.token_requests] == [False, True, False]


def test_ecr_is_asked_where_no_file_knows_the_registry_and_a_key_of_a_repository_still_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated.running() as aws:
        aws.into(monkeypatch)
        file = write(tmp_path / "auth.json", **{f"{ECR}/app": user("app")})
        keychain = ecr.keychain_of(read(tmp_path, auth_file=str(file)).keychain, ECR, "")
        app, other = (keychain.find(ECR, name) for name in ("app/web", "other"))
        assert app == Credential("app", SECRET)
        assert other is not None
        assert (other.username, bool(other.password)) == ("AWS", True)
        assert [call.operation for call in aws.log] == ["GetAuthorizationToken"]
    known = read(tmp_path, credentials=[{"registry": ECR, "username": "given", "password": SECRET}]).keychain
    assert ecr.keychain_of(known, ECR, "").find(ECR, "other") == Credential("given", SECRET)
    assert ecr.keychain_of(known, "r.test", "").find("r.test") is None
