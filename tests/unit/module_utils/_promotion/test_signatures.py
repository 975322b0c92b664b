# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures behind tags where both ends have some: what the real cosign wrote, and what we sign, joined and verified."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Promoted, Request
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote
from ansible_collections.slipway.platform.plugins.module_utils._sign import cosign
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from support import images, signing
from support.registry import FakeRegistry, Fault, serve

STAGE = signing.key("stage")
EVERYONE = Trust({**Trust.from_files({name: signing.COSIGN / f"{name}.pub" for name in ("cosign", "other")}).keys, "stage": STAGE.public_key})
NAME = str(signing.IMAGE).replace(":", "-")


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    """``shop/tag`` as cosign left it: signed with two keys, and an attestation."""
    with serve() as running, signing.connect(running) as client:
        signing.restore(client, "shop/tag")
        yield running


@pytest.fixture(params=[True, False], ids=["same registry", "other registry"])
def other(request: pytest.FixtureRequest, fake: FakeRegistry) -> Iterator[FakeRegistry]:
    if request.param:
        yield fake
    else:
        with serve() as running:
            yield running


def run(source: FakeRegistry, destination: FakeRegistry, **more: Any) -> Promoted:
    image = Image(Reference.parse(f"{source.host}/shop/tag:one"), Reference.parse(f"{destination.host}/prod/app"), ("v1",))
    access = Access(plain_http=frozenset({source.host, destination.host}))
    return promote(Request((image,), access, **more), sleep=lambda _: None).images[0]


def signers(fake: FakeRegistry, repository: str = "prod/app") -> list[str]:
    with signing.connect(fake) as client:
        return sorted(one.signer for one in cosign.verify(client, repository, signing.IMAGE, EVERYONE) if not one.problem)


def sign(client: Registry, repository: str) -> None:
    """The image that cosign signed, with a signature of ours instead."""
    content = copy.deepcopy(signing.fixture()["shop/tag"])
    content["manifests"] = [one for one in content["manifests"] if one["tags"] == ["one"]]
    signing.restore(client, repository, content)
    image = client.manifest(repository, "one").descriptor
    assert cosign.sign(client, repository, image, STAGE, ("tag",)) == ("tag",)


def layers(fake: FakeRegistry, suffix: str = "sig", repository: str = "prod/app") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fake.manifests[repository, fake.tagged[repository, f"{NAME}.{suffix}"]][1])["layers"]
    return found


def some_of_cosign(client: Registry, fake: FakeRegistry, count: int) -> str:
    """The destination as it was when cosign had signed with the first ``count`` keys; the manifest's digest."""
    content = copy.deepcopy(signing.fixture()["shop/tag"])
    one = next(manifest for manifest in content["manifests"] if f"{NAME}.sig" in manifest["tags"])
    value = json.loads(one["body"])
    value["layers"] = value["layers"][:count]
    one["body"] = json.dumps(value)
    signing.restore(client, "prod/app", content)
    return fake.tagged["prod/app", f"{NAME}.sig"]


def test_signatures_of_both_ends_are_joined(fake: FakeRegistry, other: FakeRegistry) -> None:
    with signing.connect(other) as client:
        sign(client, "prod/app")
    (mine,) = layers(other)
    promoted = run(fake, other)
    assert promoted.state == "changed", promoted.msg
    assert signers(other) == ["cosign", "other", "stage"]
    assert layers(other) == [mine, *layers(fake, repository="shop/tag")], "the destination's first, with their annotations"
    manifest = json.loads(other.manifests["prod/app", other.tagged["prod/app", f"{NAME}.sig"]][1])
    config = json.loads(other.blobs["prod/app", manifest["config"]["digest"]])
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    assert len(config["history"]) == 3
    assert layers(other, "att") == layers(fake, "att", "shop/tag")
    assert run(fake, other, referrers="require").state == "unchanged"


def test_what_cosign_signed_at_the_destination_is_kept(fake: FakeRegistry) -> None:
    with serve() as source, signing.connect(source) as client, signing.connect(fake) as destination:
        sign(client, "shop/tag")
        some_of_cosign(destination, fake, 2)
        assert run(source, fake).state == "changed"
    assert signers(fake) == ["cosign", "other", "stage"]


@pytest.mark.parametrize("count", [1, 2])
def test_two_signatures_over_the_same_bytes_are_two(fake: FakeRegistry, other: FakeRegistry, count: int) -> None:
    # Both layers have one digest; only their annotations tell them apart.
    with signing.connect(other) as client:
        before = some_of_cosign(client, other, count)
    assert len({layer["digest"] for layer in layers(fake, repository="shop/tag")}) == 1
    assert run(fake, other).state == "changed"
    assert signers(other) == ["cosign", "other"]
    assert (other.tagged["prod/app", f"{NAME}.sig"] == before) is (count == 2)


def test_check_mode_says_it_and_writes_nothing(fake: FakeRegistry, other: FakeRegistry) -> None:
    with signing.connect(other) as client:
        sign(client, "prod/app")
    writes = other.count("PUT") + other.count("POST")
    planned = run(fake, other, check_mode=True)
    assert other.count("PUT") + other.count("POST") == writes
    assert any("the signatures of both ends" in line for line in planned.operations)
    done = run(fake, other)
    assert (done.referrers, done.blobs_copied, done.blobs_mounted) == (planned.referrers, planned.blobs_copied, planned.blobs_mounted)


@pytest.mark.parametrize("change", [{"annotations": {"a": "b"}}, {"artifactType": "x/y"}, {"config": "other"}, {"layers": "other"}, {"index": True}])
def test_what_is_of_another_form_is_left_as_it_is(fake: FakeRegistry, other: FakeRegistry, change: dict[str, Any]) -> None:
    with signing.connect(other) as client:
        sign(client, "prod/app")
    value = json.loads(other.manifests["prod/app", other.tagged["prod/app", f"{NAME}.sig"]][1])
    if change.get("config"):
        change = {"config": images.blob(other, "prod/app", b'{"rootfs": {"diff_ids": []}}', images.CONFIG)}
    elif change.get("layers"):
        change = {"layers": [images.blob(other, "prod/app", b"an SBOM", "text/spdx")]}
    if change.get("index"):
        before = images.index(other, "prod/app", [other.tagged["prod/app", f"{NAME}.sig"]], f"{NAME}.sig")
    else:
        before = other.add_manifest("prod/app", value | change, f"{NAME}.sig")
    promoted = run(fake, other)
    assert (promoted.state, promoted.reason) == ("failed", "tag_conflict"), promoted.msg
    assert f"{NAME}.sig" in promoted.msg
    assert other.tagged["prod/app", f"{NAME}.sig"] == before
    assert ("prod/app", "v1") not in other.tagged


def test_a_configuration_that_cannot_be_read_is_not_taken_for_another_form(fake: FakeRegistry, other: FakeRegistry) -> None:
    with signing.connect(other) as client:
        sign(client, "prod/app")
    other.faults.append(Fault("GET", "/prod/app/blobs/", 500, times=99))
    promoted = run(fake, other)
    assert (promoted.state, promoted.reason) == ("failed", "unreachable")
    assert ("prod/app", "v1") not in other.tagged


def test_a_signature_that_is_overwritten_at_once_is_seen(fake: FakeRegistry, other: FakeRegistry) -> None:
    with signing.connect(other) as client:
        sign(client, "prod/app")
    before = other.tagged["prod/app", f"{NAME}.sig"]

    def race(repository: str, target: str) -> None:
        if (repository, target) == ("prod/app", f"{NAME}.sig"):
            other.tagged[repository, target] = before

    other.after_put = race
    promoted = run(fake, other)
    assert promoted.state == "failed"
    assert "someone else changes it" in promoted.msg
    assert ("prod/app", "v1") not in other.tagged
