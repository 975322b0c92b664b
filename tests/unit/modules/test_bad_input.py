# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new user gets wrong with the modules that reach registries: one message each that says what, where, and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, config_json
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import pem
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support import images, signing
from support.actions import run
from support.registry import FakeRegistry, serve
from support.tls import front

SECRET = "planted-secret-value"
MODULES = ("image_promote", "image_info", "image_sign", "image_verify", "promotion_plan", "promotion_statement")
every_module = pytest.mark.parametrize("module", MODULES)


class Scene:
    """A registry with TLS and a user, an image in it, a key, a policy; ``good`` are arguments that work."""

    def __init__(self, fake: FakeRegistry, host: str, folder: Path) -> None:
        self.fake, self.host, self.folder = fake, host, folder
        key = signing.key("ci")
        (folder / "ci.key").write_bytes(key._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "ci.pub").write_text(pem(key.public_key))
        (folder / "policy.yml").write_text("environment: prod\nkeys: {ci: ci.pub}\ngates: {}\n")
        (folder / "auth.json").write_text(config_json({host: Credential("robot", SECRET)}))
        (folder / "wrong.json").write_text(config_json({host: Credential("robot", f"{SECRET}-of-last-year")}))

    def run(self, module: str, reference: str = "", **more: Any) -> str:
        """The message of the failed task, or of the image that image_info could not look at; no secret is in the whole result."""
        reference = reference or f"{self.host}/app:rc"
        signer = {"signer": {"name": "ci", "key_file": str(self.folder / "ci.key")}}
        place = {"source": reference, "destination": f"{self.host}/prod/app", "tags": ["v1.0.0"]}
        built = {"type": "built", "images": [reference], "fields": {"revision": "1", "source": "here", "builder": "ci"}}
        arguments: dict[str, dict[str, Any]] = {
            "image_promote": {"images": [place]},
            "image_info": {"images": [reference]},
            "image_sign": {"images": [reference], **signer},
            "image_verify": {"images": [reference], "keys": {"ci": str(self.folder / "ci.pub")}},
            "promotion_plan": {
                "environment": "prod",
                "policy": str(self.folder / "policy.yml"),
                "requester": "mia",
                "services": [{"name": "app", **place}],
                "environments": [{"name": "prod", "ledger": str(self.folder / "ledger.jsonl")}],
                "show": False,
            },
            "promotion_statement": {"statements": [built], **signer},
        }
        access = {"ca_file": str(self.folder / "ca.crt"), "auth_file": str(self.folder / "auth.json")}
        result = run(module, **(arguments[module] | access | more))
        assert SECRET not in json.dumps(result, default=str)
        if module == "image_info" and not result.get("failed"):
            return str(result["images"][0]["msg"])
        assert result["failed"] is True
        return str(result["msg"])


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with serve(FakeRegistry(users={"robot": SECRET}, auth="bearer")) as fake, front(fake.port, tmp_path) as (host, _):
        images.image(fake, tag="rc")
        yield Scene(fake, host, tmp_path)


@every_module
@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("{host}/App:rc", "'App' is not a repository name (lower case only)"),
        ("app:rc", "write the registry before the repository"),
        ("https://{host}/app:rc", "write it without the scheme"),
        ("{host}/app@sha256:12", "sha256 has 64 hex digits"),
        ("{host}/app", "{host}/app"),
    ],
)
def test_a_reference_that_cannot_be_read_is_shown_with_its_place(scene: Scene, module: str, reference: str, says: str) -> None:
    message = scene.run(module, reference.format(host=scene.host))
    assert says.format(host=scene.host) in message
    where = {"promotion_plan": "app", "promotion_statement": "statement 'built'"}.get(module, "images, entry 1")
    assert message.startswith((where, "services, app"))
    assert scene.fake.requests == []


@every_module
def test_an_image_that_is_not_there(scene: Scene, module: str) -> None:
    message = scene.run(module, f"{scene.host}/app:rc9")
    assert "could not read app at rc9" in message
    assert "is the name right, and was it pushed?" in message


@every_module
def test_credentials(scene: Scene, module: str) -> None:
    assert "refuses anonymous (status 401); give a user in auth_file or credentials" in scene.run(module, auth_file="")
    assert "refuses user robot (status 401); its password in auth_file or credentials is wrong" in scene.run(module, auth_file=str(scene.folder / "wrong.json"))
    assert "none.json cannot be read: No such file" in scene.run(module, auth_file="/none.json")
    misspelt = [{"registry": scene.host, "username": "robot", "passwort": SECRET}]
    assert "credentials: unknown option 'passwort'; did you mean `password`?" in scene.run(module, credentials=misspelt)
    assert scene.run(module, credentials=f"robot:{SECRET}").count("could not parse JSON") == 1
    scene.fake.auth = "basic"
    assert "check the credentials for this registry (auth_file, credentials)" in scene.run(module, auth_file="")


@every_module
def test_an_option_that_nobody_knows(scene: Scene, module: str) -> None:
    assert scene.run(module, auth_fiel="x") == "unknown option 'auth_fiel'; did you mean `auth_file`?"
    assert scene.run(module, registries=[]).startswith("unknown option 'registries'; known here: ")
    assert scene.fake.requests == []


@every_module
def test_certificates(scene: Scene, module: str) -> None:
    assert "ca_file /none.pem is not a file" in scene.run(module, ca_file="/none.pem")
    assert "ci.pub holds no certificate: write those of the authority in PEM" in scene.run(module, ca_file=str(scene.folder / "ci.pub"))


def test_a_connection_that_says_what_it_may_need(scene: Scene) -> None:
    assert "its certificate is not trusted" in scene.run("image_sign", ca_file="")
    assert "it was asked without TLS, as plain_http says" in scene.run("image_sign", plain_http=[scene.host])
    assert "it does not speak TLS (plain_http is for such ones" in scene.run("image_sign", f"{scene.fake.host}/app:rc")


@pytest.mark.parametrize("module", ["image_sign", "promotion_statement"])
def test_keys(scene: Scene, module: str) -> None:
    file = str(scene.folder / "none.key")
    assert f"the private key {file} cannot be read: No such file" in scene.run(module, signer={"key_file": file})
    message = scene.run(module, signer={"name": "ci", "keyfile": file})
    assert message.startswith("signer: unknown option 'keyfile'; did you mean `key_file`?; ")


def test_a_host_that_is_not_there(scene: Scene) -> None:
    assert "there is no such host" in scene.run("image_sign", "registry.invalid/app:rc")
