# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""image_sign and image_verify as tasks, against a registry with TLS and credentials."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._sign import keys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from support.actions import run
from support.registry import FakeRegistry, serve
from support.signing import COSIGN, PASSWORD, connect, push, restore
from support.tls import front

PLANTED = "planted-registry-password"


@dataclass(frozen=True)
class Scene:
    """A registry with what cosign signed (shop/tag) and an image of ours (shop/ours)."""

    fake: FakeRegistry
    host: str
    access: dict[str, str]
    digest: str  # of shop/ours:one
    key_file: str

    def sign(self, *images: str, check_mode: bool = False, **args: Any) -> dict[str, Any]:
        wanted = {"images": [f"{self.host}/{i}" for i in images], "signer": {"key_file": self.key_file, "name": "release"}, **self.access}
        return run("image_sign", check_mode, **(wanted | args))

    def verify(self, *images: str, **args: Any) -> dict[str, Any]:
        keys = {"release": str(COSIGN / "cosign.pub")}
        return run("image_verify", **{"images": [f"{self.host}/{i}" for i in images], "keys": keys, **self.access, **args})

    @property
    def writes(self) -> int:
        return self.fake.count("PUT") + self.fake.count("POST")


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """cosign's key without its password, which costs a quarter of a second every time."""
    path = tmp_path_factory.mktemp("key") / "cosign.key"
    private = keys.load(COSIGN / "cosign.key", password=PASSWORD)._key
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


@pytest.fixture
def scene(tmp_path: Path, key_file: str) -> Iterator[Scene]:
    with serve(FakeRegistry()) as fake, front(fake.port, tmp_path) as (host, ca_file):
        with connect(fake) as registry:
            restore(registry, "shop/tag")
            images = [push(registry, "shop/ours", content) for content in ("one", "two")]
        fake.users, fake.auth = {"robot": PLANTED}, "basic"
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {host: {"auth": base64.b64encode(f"robot:{PLANTED}".encode()).decode()}}}))
        yield Scene(fake, host, {"ca_file": str(ca_file), "auth_file": str(tmp_path / "auth.json")}, str(images[0].digest), key_file)


def test_sign_verify_and_nothing_to_do(scene: Scene) -> None:
    images = ("shop/ours:one", "shop/ours:two")
    before = scene.writes
    planned = scene.sign(*images, check_mode=True)
    assert scene.writes == before
    first, second = scene.sign(*images), scene.sign(*images)
    assert (planned["changed"], first["changed"], second["changed"]) == (True, True, False)
    assert [image["action"] for image in planned["images"] + first["images"] + second["images"]] == ["signed"] * 4 + ["unchanged"] * 2
    assert first["diff"] == planned["diff"]
    assert f"{first['images'][0]['reference']}: bundle by release ({first['key_id']})" in first["diff"]["after"]
    assert first["public_key"] == (COSIGN / "cosign.pub").read_text()
    found = scene.verify(*images, signed_as=[f"{scene.host}/shop/ours"])
    assert (found["changed"], [image["verdict"] for image in found["images"]]) == (False, ["verified"] * 2)
    assert found["images"][0]["reference"] == f"{scene.host}/shop/ours@{scene.digest}"
    assert found["images"][0]["signers"] == ("release",)


def test_a_key_of_cosign_with_its_password_in_a_variable(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_PASSWORD", PASSWORD.decode())
    signed = scene.sign("shop/tag:one", signer={"key_file": str(COSIGN / "cosign.key"), "password_variable": "KEY_PASSWORD"}, forms=["tag"])
    assert (signed["changed"], signed["signer"]) == (False, "cosign")  # cosign signed it with this key
    assert_no_secret(signed)


def test_both_forms_and_an_image_that_is_named_twice(scene: Scene) -> None:
    signed = scene.sign("shop/ours:one", f"shop/ours@{scene.digest}", forms=["bundle", "tag"])
    assert [image["forms"] for image in signed["images"]] == [("bundle", "tag")]
    (image,) = scene.verify("shop/ours:one")["images"]
    assert sorted(signature["form"] for signature in image["signatures"]) == ["bundle", "tag"]


def test_the_verdict_says_who_or_why(scene: Scene) -> None:
    other = {"other": str(COSIGN / "other.pub")}
    both = other | {"release": str(COSIGN / "cosign.pub")}
    assert list(scene.verify("shop/tag:one", keys=both, minimum=2)["images"][0]["signers"]) == ["other", "release"]
    failed = scene.verify("shop/tag:one", "shop/ours:one")
    assert failed["failed"] is True
    assert [image["verdict"] for image in failed["images"]] == ["verified", "unsigned"]
    assert f"1 of 2 images are not verified: {scene.host}/shop/ours@{scene.digest}: it has no signature" in failed["msg"]
    scene.sign("shop/ours:one")
    assert scene.verify("shop/ours:one", keys=other)["images"][0]["verdict"] == "other_signer"
    assert scene.verify("shop/ours:one", keys=both, minimum=2)["images"][0]["verdict"] == "too_few"
    assert scene.verify("shop/ours:one", signed_as=["elsewhere/ours"])["images"][0]["verdict"] == "broken"
    reported = scene.verify("shop/ours:two", minimum=0)
    assert "failed" not in reported
    assert reported["images"][0]["verdict"] == "unsigned"


@pytest.mark.parametrize(
    ("images", "args", "said"),
    [
        ([], {}, "images is empty"),
        (["shop/ours"], {}, "names a repository and no image: add @<digest> or :<tag>"),
        (["shop/Ours:one"], {}, "lower case only"),
        (["shop/ours:one"], {"signer": {"name": "release"}}, "key_file, kms_key"),
        (["shop/ours:one"], {"signer": {"key_file": "/none/release.key", "kms_key": "alias/x"}}, "mutually exclusive"),
        (["shop/ours:one"], {"signer": {"key_file": "/none/release.key"}}, "the private key /none/release.key cannot be read"),
        (["shop/ours:one"], {"signer": {"key_file": str(COSIGN / "cosign.key")}}, "it has a password"),
        (["shop/ours:one"], {"signer": {"key_file": str(COSIGN / "cosign.key"), "password_variable": "NONE_SUCH"}}, "no environment variable NONE_SUCH"),
        (["shop/ours:one", "shop/ours:none"], {}, "shop/ours at none"),
        (["shop/ours:one"], {"ca_file": ""}, "certificate"),
        (["shop/ours:one"], {"forms": ["bundel"]}, "bundel"),
    ],
)
def test_a_mistake_is_one_clear_message_and_nothing_is_signed(scene: Scene, images: list[str], args: dict[str, Any], said: str) -> None:
    before = scene.writes
    failed = scene.sign(*images, **args)
    assert failed["failed"] is True
    assert said in failed["msg"]
    assert scene.writes == before
    assert_no_secret(failed)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"keys": {}}, "whose signatures count?"),
        ({"keys": {"release": "/none/release.pub"}}, "the public key /none/release.pub cannot be read"),
        ({"keys": {"release": ""}}, "keys, release: write the path"),
        ({"keys": {"release": str(COSIGN / "cosign.key")}}, "holds a private key"),
        ({"minimum": 2}, "minimum is 2, and 1 may sign"),
        ({"minimum": -1}, "minimum is -1"),
        ({"identity": "a@example.org"}, "required together: identity, issuer"),
    ],
)
def test_verifying_with_a_mistake(scene: Scene, args: dict[str, Any], said: str) -> None:
    failed = scene.verify("shop/ours:one", **args)
    assert failed["failed"] is True
    assert said in failed["msg"]
    assert_no_secret(failed)


def test_no_result_holds_a_secret(scene: Scene, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "plain.key").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    secret = "planted-key-password"
    (tmp_path / "locked.key").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret.encode())))
    (tmp_path / "password").write_text(secret + "\n")
    results = [
        scene.sign("shop/ours:one", signer={"key_file": str(tmp_path / "plain.key")}),
        scene.sign("shop/ours:two", signer={"key_file": str(tmp_path / "locked.key"), "password_file": str(tmp_path / "password")}),
        scene.sign("shop/ours:none"),
        scene.verify("shop/ours:one"),
    ]
    assert [result.get("changed") for result in results[:2]] == [True, True]
    assert [result["failed"] for result in results[2:]] == [True, True]
    assert results[0]["key_id"] == results[1]["key_id"]
    for result in results:
        assert_no_secret(result)
        assert secret not in str(result)
        assert str(private.private_numbers().private_value) not in str(result)
    content = b"".join([*scene.fake.blobs.values(), *(body for _, body in scene.fake.manifests.values())])
    assert secret.encode() not in content


def assert_no_secret(result: dict[str, Any]) -> None:
    shown = json.dumps(result)
    assert "PRIVATE KEY" not in shown
    assert PLANTED not in shown
    assert PASSWORD.decode() not in shown
