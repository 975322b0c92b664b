# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, Missing
from ansible_collections.slipway.platform.plugins.module_utils._oci import ecr
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain, default_files
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from support import aws as simulated
from support.registry import FakeRegistry, serve
from support.tls import front
from support.tls_zoo import Cage, proxy

from simulator.corrections.ecr import Tokens
from simulator.faults import Fault

SECRET = "planted-secret-value"
HELPER = """#!/bin/sh
read name
echo "$1 $name" >> "{log}"
case "$name" in
  *known*) echo '{{"ServerURL": "x", "Username": "{user}", "Secret": "{secret}"}}' ;;
  *broken*) echo '{secret}' ;;
  *angry*) echo '{secret}'; exit 1 ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A helper docker-credential-test on the path; the file has what it was asked."""
    written = tmp_path / "log"
    for name, user in (("test", "u"), ("token", "<token>")):
        program = tmp_path / f"docker-credential-{name}"
        program.write_text(HELPER.format(log=written, user=user, secret=SECRET))
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return written


def keychain(path: Path, **content: Any) -> Keychain:
    file = path / "config.json"
    file.write_text(json.dumps(content))
    return Keychain.from_file(file)


def test_a_helper_is_asked_once_for_a_registry(tmp_path: Path, log: Path) -> None:
    chain = keychain(
        tmp_path, credHelpers={"known.test": "test"}, credsStore="token", auths={"file.test": {"username": "f", "password": "p"}, "empty.test": {}}
    )
    assert chain.find("known.test", "a") == chain.find("known.test", "b") == Credential("u", SECRET)
    assert chain.find("file.test") == Credential("f", "p")
    assert chain.find("other-known.test") == Credential("<token>", SECRET, SECRET)
    assert chain.find("empty.test") is None
    assert log.read_text().splitlines() == ["get known.test", "get other-known.test", "get empty.test"]


@pytest.mark.parametrize("host", ["broken.test", "angry.test"])
def test_a_helper_that_fails_is_named_and_what_it_printed_is_not_shown(tmp_path: Path, log: Path, host: str) -> None:
    with pytest.raises(InvalidInput, match="docker-credential-test") as caught:
        keychain(tmp_path, credHelpers={host: "test"}).find(host)
    assert SECRET not in str(caught.value) + repr(caught.value.facts)
    assert caught.value.__cause__ is None


def test_a_helper_that_is_not_there(tmp_path: Path, log: Path) -> None:
    with pytest.raises(Missing, match="docker-credential-none"):
        keychain(tmp_path, credsStore="none").find("x.test")


def test_docker_hub_has_several_names(tmp_path: Path) -> None:
    chain = keychain(tmp_path, auths={"https://index.docker.io/v1/": {"username": "hub", "password": "p"}})
    assert chain.find("docker.io", "library/x") == chain.find("registry-1.docker.io") == Credential("hub", "p")


def test_the_usual_places(tmp_path: Path) -> None:
    files = [tmp_path / "run" / "containers" / "auth.json", tmp_path / ".docker" / "config.json"]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    assert default_files({"XDG_RUNTIME_DIR": str(tmp_path / "run")}, tmp_path) == files
    assert default_files({"DOCKER_CONFIG": str(tmp_path)}, tmp_path) == []


ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[simulated.Aws]:
    with simulated.running() as aws:
        aws.into(monkeypatch)
        yield aws


def test_ecr_gives_a_password_for_its_own_hosts_only(aws: simulated.Aws) -> None:
    found = ecr.credential(ECR)
    assert found is not None
    assert (found.username, bool(found.password)) == ("AWS", True)
    assert found.password not in repr(found)
    assert ecr.credential("registry.example.org") is None
    assert not ecr.is_ecr(f"{ECR}.example.org")
    assert [(call.operation, call.region, call.parameters) for call in aws.log] == [
        ("GetAuthorizationToken", "eu-central-1", {"registryIds": ["123456789012"]})
    ]


def test_the_profile_asks_ecr(aws: simulated.Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = tmp_path / "credentials"
    keys.write_text(f"[shop]\naws_access_key_id = {simulated.ACCESS_KEY}\naws_secret_access_key = {simulated.SECRET_KEY}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    with pytest.raises(Denied, match="there are no credentials for AWS here"):
        ecr.credential(ECR)
    assert ecr.credential(ECR, "shop") is not None


def test_ecr_that_refuses_is_denied_and_boto3_that_is_missing_is_named(aws: simulated.Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.faults.append(Fault("error", "ecr", code="AccessDeniedException"))
    with pytest.raises(Denied, match="AWS ecr GetAuthorizationToken in eu-central-1: AccessDeniedException"):
        ecr.credential(ECR)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Missing, match="boto3"):
        ecr.credential(ECR)


def test_a_registry_of_ecr_is_opened_with_what_ecr_gives(aws: simulated.Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, cage = aws.world.state(Tokens, "", aws.region), Cage()
    fake = FakeRegistry(lets_in=lambda name, password: name == "AWS" and given.expiry(password) is not None, auth="basic")
    with serve(fake), front(fake.port, tmp_path, ECR) as (host, ca_file):
        cage.add("proxy", proxy(to=int(host.partition(":")[2])))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{cage.ports['proxy']}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with cage.open(), Registry.connect(ECR, ca_file) as registry:
            assert not registry.exists("a/b", "v1")
