# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real cosign wrote (tests/fixtures/cosign) verifies with our code, and no changed copy of it does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign import attached, cosign, keys, simple
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import Subject
from support.registry import FakeRegistry, serve
from support.signing import COSIGN, IMAGE, PASSWORD, connect, fixture, push, restore

RELEASE = Trust.from_files({"release": COSIGN / "cosign.pub"})
BOTH = Trust.from_files({"release": COSIGN / "cosign.pub", "other": COSIGN / "other.pub"})
TESTED = "https://slipway.platform/attestations/tested/v1"
# Where the fixture was made; cosign writes it into what it signs.
HOSTS = {"shop/bundle": "127.0.0.1:5570", "shop/tag": "127.0.0.1:5571", "shop/fallback": "127.0.0.1:5571"}
repositories = pytest.mark.parametrize("repository", list(HOSTS))


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    # shop/fallback is from a registry without referrers API: there cosign kept the list under a tag.
    api = "fallback" not in request.node.name
    with serve(FakeRegistry(referrers_api=api)) as fake, connect(fake) as client:
        yield client


@repositories
def test_signatures_verify(registry: Registry, repository: str) -> None:
    restore(registry, repository)
    found = cosign.verify(registry, repository, IMAGE, RELEASE)
    assert [one.signer for one in found if not one.problem] == ["release"]
    assert {one.form for one in found} == {"tag" if repository == "shop/tag" else "bundle"}
    assert {one.code for one in found if one.problem} == (set() if repository == "shop/fallback" else {"other_signer"})
    both = cosign.verify(registry, repository, IMAGE, BOTH)
    assert sorted(one.signer for one in both) == (["release"] if repository == "shop/fallback" else ["other", "release"])


@repositories
def test_attestations_verify(registry: Registry, repository: str) -> None:
    restore(registry, repository)
    (found,) = attached.read(registry, repository, IMAGE, RELEASE).statements
    assert (found.signer, found.problem) == ("release", "")
    assert found.statement is not None
    assert found.statement.predicate_type == TESTED
    assert found.statement.predicate == {"suite": "unit", "passed": True}
    assert found.statement.subjects == (Subject(f"{HOSTS[repository]}/{repository}", IMAGE),)
    (strange,) = attached.read(registry, repository, IMAGE, Trust.from_files({"other": COSIGN / "other.pub"})).statements
    assert (strange.statement, strange.signer, strange.code) == (None, "", "other_signer")


@repositories
def test_what_cosign_signed_is_not_signed_again(registry: Registry, repository: str) -> None:
    restore(registry, repository)
    signer = keys.load(COSIGN / "cosign.key", password=PASSWORD)
    form = "tag" if repository == "shop/tag" else "bundle"
    assert cosign.missing(registry, repository, IMAGE, signer, (form,)) == ()


def test_we_write_the_same_payload_for_the_same_image() -> None:
    payloads = [blob for blob in fixture()["shop/tag"]["blobs"] if "critical" in blob]
    assert simple.encode(simple.Claim(f"{HOSTS['shop/tag']}/shop/tag", IMAGE)).decode() == payloads[0]


def changed(repository: str, change: Any) -> dict[str, Any]:
    """A copy of a repository in which ``change`` was applied to the text of every signed blob, and everything points at the new ones."""
    content = fixture()[repository]
    texts = {}
    for blob in content["blobs"]:
        texts[blob] = change(blob) if "dsseEnvelope" in blob or '"payload"' in blob or "critical" in blob else blob
    body = [manifest["body"] for manifest in content["manifests"]]
    for before, after in texts.items():
        for number, text in enumerate(body):
            old, new = str(Digest.of(before.encode())), str(Digest.of(after.encode()))
            if old != new and old in text:
                value = json.loads(text)
                for layer in value["layers"]:
                    if layer["digest"] == old:
                        layer |= {"digest": new, "size": len(after.encode())}
                body[number] = json.dumps(value)
    for manifest, text in zip(content["manifests"], body, strict=True):
        if text != manifest["body"]:
            moved = [str(Digest.of(manifest["body"].encode())), str(Digest.of(text.encode())), len(manifest["body"]), len(text)]
            for other in content["manifests"]:
                if moved[0] in other["body"]:
                    other["body"] = other["body"].replace(f'"size":{moved[2]},"digest":"{moved[0]}"', f'"size":{moved[3]},"digest":"{moved[1]}"')
            manifest["body"] = text
    return {"manifests": content["manifests"], "blobs": list(texts.values())}


def envelope_of(value: Any) -> Any:
    return value.get("dsseEnvelope", value)


def other_digest(text: str) -> str:
    """The payload says another digest: what a signature of another image looks like when somebody edits it."""
    if "critical" in text:
        return text.replace(IMAGE.hex, "0" * 64)
    value = json.loads(text)
    payload = base64.b64decode(envelope_of(value)["payload"]).replace(IMAGE.hex.encode(), b"0" * 64)
    envelope_of(value)["payload"] = base64.b64encode(payload).decode()
    return json.dumps(value)


def cut_signature(text: str) -> str:
    if "critical" in text:
        return text[:-2]
    value = json.loads(text)
    envelope_of(value)["signatures"][0]["sig"] = envelope_of(value)["signatures"][0]["sig"][:-5]
    return json.dumps(value)


def cut_payload(text: str) -> str:
    if "critical" in text:
        return text[:100]
    value = json.loads(text)
    envelope_of(value)["payload"] = envelope_of(value)["payload"][:-5]
    return json.dumps(value)


def no_signature(text: str) -> str:
    if "critical" in text:
        return "{}"
    value = json.loads(text)
    envelope_of(value)["signatures"] = []
    return json.dumps(value)


@repositories
@pytest.mark.parametrize("change", [other_digest, cut_signature, cut_payload, no_signature, lambda text: text[: len(text) // 2], lambda text: ""])
def test_no_changed_copy_verifies(registry: Registry, repository: str, change: Any) -> None:
    restore(registry, repository, changed(repository, change))
    digest = registry.manifest(repository, "one").digest
    assert digest == IMAGE
    found = cosign.verify(registry, repository, digest, BOTH)
    assert not [one for one in found if one.signer or not one.problem]
    # Changed bundles stay visible as broken; in the older form nothing says whose signature it was.
    assert {one.code for one in found} <= ({"other_signer"} if repository == "shop/tag" else {"broken"})
    statements = attached.read(registry, repository, digest, BOTH).statements
    assert statements
    assert not [one for one in statements if one.statement or one.signer or not one.problem]


@repositories
def test_signatures_of_another_image_are_of_no_use(registry: Registry, repository: str) -> None:
    """Replay: everything that was attached to one image, moved to another as it is."""
    restore(registry, repository)
    victim = push(registry, repository, "two")
    content = fixture()[repository]
    size = len(next(manifest["body"] for manifest in content["manifests"] if manifest["tags"] == ["one"]))
    moved = []
    for manifest in content["manifests"]:
        if manifest["tags"] == ["one"]:
            continue
        value = json.loads(manifest["body"])
        if value.get("subject"):
            assert value["subject"]["size"] == size
            value["subject"] |= {"digest": str(victim.digest), "size": victim.size}
        moved.append(
            {"media_type": manifest["media_type"], "body": json.dumps(value), "tags": [t.replace(IMAGE.hex, victim.digest.hex) for t in manifest["tags"]]}
        )
    restore(registry, repository, {"manifests": moved, "blobs": content["blobs"]})
    if repository == "shop/fallback":  # the copied list still names the manifests of the other image; they are as good as moved ones
        assert registry.manifest(repository, f"sha256-{victim.digest.hex}").json["manifests"]
    found = cosign.verify(registry, repository, victim.digest, BOTH)
    assert found
    assert {(one.signer, one.code) for one in found} == {("", "other_image")}
    assert f"not for {victim.digest}" in found[0].problem
    statements = attached.read(registry, repository, victim.digest, BOTH).statements
    assert [(one.statement, one.code) for one in statements] == [(None, "other_image")]
