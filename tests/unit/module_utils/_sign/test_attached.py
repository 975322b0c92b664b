# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci import names, referrers
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign import bundle, cosign, dsse
from ansible_collections.slipway.platform.plugins.module_utils._sign.attached import STATEMENT, attach, read
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import PAYLOAD_TYPE, Statement, Subject, encode
from support.registry import FakeRegistry, Fault
from support.signing import key, push

RELEASE, OTHER = key("release"), key("other")
TRUST = Trust({"release": RELEASE.public_key})
KIND = "https://slipway.platform/attestations/rejected/v1"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"


def about(image: Descriptor, reason: str = "bad") -> Statement:
    return Statement(KIND, (Subject("a/b", image.digest),), {"reason": reason, "by": "release"})


def codes(registry: Registry, image: Descriptor, trust: Trust = TRUST) -> list[tuple[str, str]]:
    return [(one.signer, one.code) for one in read(registry, "a/b", image.digest, trust).statements]


def test_a_statement_is_read_as_it_was_said(registry: Registry) -> None:
    image = push(registry, "a/b")
    assert read(registry, "a/b", image.digest, TRUST).statements == ()
    described = attach(registry, "a/b", image, about(image), RELEASE)
    (found,) = read(registry, "a/b", image.digest, TRUST).statements
    assert (found.statement, found.signer, found.problem) == (about(image), "release", "")
    assert found.reference == f"{registry.host}/a/b@{described.digest}"


def test_saying_the_same_again_changes_nothing(fake: FakeRegistry, registry: Registry) -> None:
    image = push(registry, "a/b")
    first = attach(registry, "a/b", image, about(image), RELEASE)
    writes = fake.count("PUT") + fake.count("POST")
    assert attach(registry, "a/b", image, about(image), RELEASE).digest == first.digest
    assert fake.count("PUT") + fake.count("POST") == writes
    attach(registry, "a/b", image, about(image, "worse"), RELEASE)
    attach(registry, "a/b", image, about(image), OTHER)
    assert sorted(codes(registry, image)) == [("", "other_signer"), ("release", ""), ("release", "")]


def test_the_mark_of_a_statement_is_not_believed(registry: Registry) -> None:
    """Somebody marks another statement, or one by a strange key, as ours so that ours is never attached."""
    image = push(registry, "a/b")
    mark = str(Digest.of(encode(about(image))))
    for content in (
        bundle.encode(PAYLOAD_TYPE, encode(about(image)), OTHER),
        bundle.encode(PAYLOAD_TYPE, encode(about(image, "harmless")), RELEASE),
        b"nothing",
    ):
        referrers.attach(registry, "a/b", image, referrers.Artifact(bundle.TYPE, content, {STATEMENT: mark}))
    attach(registry, "a/b", image, about(image), RELEASE)
    good = [one.statement for one in read(registry, "a/b", image.digest, TRUST).statements if one.statement]
    assert about(image) in good


def test_a_statement_must_be_about_the_image(registry: Registry) -> None:
    image, other = push(registry, "a/b"), push(registry, "a/b", "two")
    with pytest.raises(InvalidInput, match="is not about"):
        attach(registry, "a/b", image, about(other), RELEASE)
    replayed = referrers.Artifact(bundle.TYPE, bundle.encode(PAYLOAD_TYPE, encode(about(other)), RELEASE), {})
    referrers.attach(registry, "a/b", image, replayed)
    assert codes(registry, image) == [("", "other_image")]
    both = Statement(KIND, (Subject("", other.digest), Subject("", image.digest)), {})
    attach(registry, "a/b", image, both, RELEASE)
    assert sorted(codes(registry, image)) == [("", "other_image"), ("release", "")]


def test_image_signatures_are_no_statements(registry: Registry) -> None:
    image = push(registry, "a/b")
    cosign.sign(registry, "a/b", image, RELEASE)
    cosign.sign(registry, "a/b", image, OTHER)
    unmarked = referrers.Artifact(bundle.TYPE, bundle.encode(PAYLOAD_TYPE, encode(Statement(cosign.IMAGE_SIGNATURE, about(image).subjects, {})), OTHER), {})
    referrers.attach(registry, "a/b", image, unmarked)
    assert codes(registry, image) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "broken"),
        (b"{}", "broken"),
        (b"[" * 100_000, "broken"),
        (bundle.encode(PAYLOAD_TYPE, b"{}", RELEASE), "broken"),
        (bundle.encode("text/plain", b"x", RELEASE), "broken"),
        (bundle.encode(PAYLOAD_TYPE, b"{}", OTHER), "other_signer"),
        (dsse.envelope(PAYLOAD_TYPE, b"{}", RELEASE), "broken"),
    ],
)
def test_what_is_no_statement_has_a_problem(registry: Registry, content: bytes, code: str) -> None:
    image = push(registry, "a/b")
    referrers.attach(registry, "a/b", image, referrers.Artifact(bundle.TYPE, content, {}))
    (found,) = read(registry, "a/b", image.digest, TRUST).statements
    assert (found.statement, found.signer, found.code) == (None, "", code)
    assert found.problem


def test_envelopes_behind_the_older_tag_are_read(registry: Registry) -> None:
    image = push(registry, "a/b")
    contents = [dsse.envelope(PAYLOAD_TYPE, encode(about(image)), signer) for signer in (RELEASE, OTHER)] + [b"broken"]
    layers = [Descriptor(ENVELOPE, Digest.of(content), len(content)) for content in contents]
    layers.append(Descriptor("text/plain", Digest.of(b"note"), 4))
    config = Descriptor(names.CONFIG, Digest.of(b"{}"), 2)
    for content in (*contents, b"note", b"{}"):
        registry.upload_blob("a/b", Digest.of(content), content)
    manifest = {"schemaVersion": 2, "mediaType": names.MANIFEST, "config": config.to_json(), "layers": [layer.to_json() for layer in layers]}
    registry.put_manifest("a/b", f"sha256-{image.digest.hex}.att", json.dumps(manifest).encode(), names.MANIFEST)
    assert codes(registry, image) == [("release", ""), ("", "other_signer"), ("", "broken")]


def test_what_cannot_be_read_is_not_absent(fake: FakeRegistry, registry: Registry) -> None:
    image = push(registry, "a/b")
    attach(registry, "a/b", image, about(image), RELEASE)
    path = next(digest for (_, digest), (_, body) in fake.manifests.items() if b"subject" in body)
    for fault in (
        Fault("GET", path, 404, times=1),
        Fault("GET", path, 503, times=3),
        Fault("GET", path, reset=True, times=9),
        Fault("GET", path, corrupt=True),
    ):
        fake.faults[:] = [fault]
        (found,) = read(registry, "a/b", image.digest, TRUST).statements
        assert (found.statement, found.code) == (None, "unreadable")
    fake.faults[:] = [Fault("GET", f"referrers/|manifests/sha256-{image.digest.hex}$", 403, times=9)]
    with pytest.raises(Denied):
        read(registry, "a/b", image.digest, TRUST)


def test_a_statement_larger_than_any_is_not_fetched(fake: FakeRegistry, registry: Registry) -> None:
    image = push(registry, "a/b")
    described = attach(registry, "a/b", image, about(image), RELEASE)
    kind, body = fake.manifests["a/b", str(described.digest)]
    value = json.loads(body)
    value["layers"][0]["size"] = 1 << 40
    fake.blobs["a/b", value["layers"][0]["digest"]] = b""
    del fake.manifests["a/b", str(described.digest)]
    large = json.dumps(value).encode()
    fake.store("a/b", kind, large)
    if not fake.referrers_api:
        entry = Descriptor(kind, Digest.of(large), len(large), {}, bundle.TYPE)
        index = json.dumps({"schemaVersion": 2, "mediaType": names.INDEX, "manifests": [entry.to_json()]}).encode()
        registry.put_manifest("a/b", referrers.tag_of(image.digest), index, names.INDEX)
    (found,) = read(registry, "a/b", image.digest, TRUST).statements
    assert found.code == "unreadable"
    assert "at most" in found.problem
