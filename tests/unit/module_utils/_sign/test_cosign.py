# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing and verifying images, from outside: what the registry holds, and who is believed."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied
from ansible_collections.slipway.platform.plugins.module_utils._oci import names, referrers
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._sign import attached, bundle, cosign, found, simple, tagged
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust, pae
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import IMAGE_SIGNATURE, PAYLOAD_TYPE, Statement, Subject, encode
from support.registry import FakeRegistry, Fault, serve
from support.signing import connect, key, push

RELEASE, OTHER = key("release"), key("other")
TRUST = Trust({"release": RELEASE.public_key})
FORMS = ("bundle", "tag")


def outcomes(registry: Registry, image: Descriptor, trust: Trust = TRUST, **options: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return [(one.form, one.signer, one.code) for one in cosign.verify(registry, "a/b", image.digest, trust, **options)]


@pytest.mark.parametrize("forms", [("bundle",), ("tag",), FORMS])
def test_signing_is_seen_and_happens_once(fake: FakeRegistry, registry: Registry, forms: tuple[str, ...]) -> None:
    image = push(registry, "a/b")
    assert outcomes(registry, image) == []
    assert cosign.sign(registry, "a/b", image, RELEASE, forms) == forms
    assert outcomes(registry, image) == [(form, "release", "") for form in forms]
    writes = fake.count("PUT") + fake.count("POST")
    assert cosign.sign(registry, "a/b", image, RELEASE, forms) == ()
    assert fake.count("PUT") + fake.count("POST") == writes


def test_a_second_signer_joins_the_first(registry: Registry) -> None:
    image = push(registry, "a/b")
    for signer in (OTHER, RELEASE):
        assert cosign.sign(registry, "a/b", image, signer, FORMS) == FORMS
    assert sorted(outcomes(registry, image)) == [
        ("bundle", "", "other_signer"),
        ("bundle", "release", ""),
        ("tag", "", "other_signer"),
        ("tag", "release", ""),
    ]
    assert {signer for _, signer, _ in outcomes(registry, image, Trust({"r": RELEASE.public_key, "o": OTHER.public_key}))} == {"r", "o"}


def test_one_good_signature_among_many_is_found(registry: Registry) -> None:
    image = push(registry, "a/b")
    for number in range(12):
        cosign.sign(registry, "a/b", image, key(f"stranger {number}"), FORMS)
    cosign.sign(registry, "a/b", image, RELEASE, FORMS)
    found = outcomes(registry, image)
    assert len(found) == 26
    assert [one for one in found if one[1]] == [("bundle", "release", ""), ("tag", "release", "")]


def test_a_broken_signature_of_ours_does_not_stop_a_new_one(registry: Registry) -> None:
    image = push(registry, "a/b")
    attach(registry, image, bundle.encode(PAYLOAD_TYPE, statement(image.digest), RELEASE).replace(b'"sig":"ME', b'"sig":"MF'))
    assert cosign.sign(registry, "a/b", image, RELEASE, ("bundle",)) == ("bundle",)
    assert sorted(outcomes(registry, image)) == [("bundle", "", "broken"), ("bundle", "release", "")]


def statement(digest: Digest, kind: str = IMAGE_SIGNATURE, name: str = "") -> bytes:
    return encode(Statement(kind, (Subject(name, digest),), {}))


def attach(registry: Registry, image: Descriptor, content: bytes, kind: str = bundle.TYPE, **annotations: str) -> Descriptor:
    return referrers.attach(registry, "a/b", image, referrers.Artifact(kind, content, annotations))


def test_a_signed_rejection_is_no_signature(registry: Registry) -> None:
    """cosign verify --key takes any statement by the key for a signature."""
    image = push(registry, "a/b")
    rejected = "https://slipway.platform/attestations/rejected/v1"
    attached.attach(registry, "a/b", image, Statement(rejected, (Subject("", image.digest),), {"reason": "bad"}), RELEASE)
    attach(registry, image, bundle.encode(PAYLOAD_TYPE, statement(image.digest, rejected), RELEASE))  # without saying so in the list
    attach(registry, image, bundle.encode(PAYLOAD_TYPE, statement(image.digest, rejected), RELEASE), **{found.PREDICATE_TYPE: IMAGE_SIGNATURE})
    assert outcomes(registry, image) == []


def test_another_payload_with_the_words_of_a_signature_is_none(registry: Registry) -> None:
    image = push(registry, "a/b")
    attach(registry, image, bundle.encode("application/other+json", statement(image.digest), RELEASE))
    assert outcomes(registry, image) == [("bundle", "", "broken")]


def test_neither_form_can_be_taken_for_the_other(registry: Registry) -> None:
    image = push(registry, "a/b")
    # The signature of a bundle, over the encoding of its envelope, offered as a layer whose content is that encoding ...
    encoding = pae(PAYLOAD_TYPE, statement(image.digest))
    tagged.add(registry, "a/b", found.tag(image.digest, "sig"), encoding, RELEASE.sign(encoding))
    # ... and the signature of a layer, over its payload, offered in an envelope around that payload.
    payload = simple.encode(simple.Claim("a/b", image.digest))
    value = json.loads(bundle.encode(simple.TYPE, payload, RELEASE))
    value["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(RELEASE.sign(payload)).decode()
    attach(registry, image, json.dumps(value).encode())
    assert outcomes(registry, image) == [("bundle", "", "broken"), ("tag", "", "broken")]


def test_the_name_can_be_asked_for(registry: Registry) -> None:
    image = push(registry, "a/b")
    cosign.sign(registry, "a/b", image, RELEASE, FORMS)
    attach(registry, image, bundle.encode(PAYLOAD_TYPE, statement(image.digest), RELEASE))  # cosign writes no name
    name = f"{registry.host}/a/b"
    assert {code for _, _, code in outcomes(registry, image)} == {""}
    assert sorted(outcomes(registry, image, names=(name, "x/y"))) == [("bundle", "", "other_image"), ("bundle", "release", ""), ("tag", "release", "")]
    assert {code for _, _, code in outcomes(registry, image, names=("x/y",))} == {"other_image"}
    problems = [one.problem for one in cosign.verify(registry, "a/b", image.digest, TRUST, names=("x/y",))]
    assert f"signed as {name}, not as x/y" in problems
    assert "signed as an image without a name, not as x/y" in problems


def test_the_same_image_in_another_repository_needs_its_own_signature_there_and_may_carry_the_old_one(registry: Registry) -> None:
    image = push(registry, "a/b")
    push(registry, "c")
    cosign.sign(registry, "a/b", image, RELEASE)
    assert cosign.verify(registry, "c", image.digest, TRUST) == ()


def test_what_is_listed_and_cannot_be_read_is_not_absent(fake: FakeRegistry, registry: Registry) -> None:
    image = push(registry, "a/b")
    cosign.sign(registry, "a/b", image, RELEASE, FORMS)
    layers = [layer["digest"] for _, body in fake.manifests.values() for layer in json.loads(body).get("layers", [])]
    for digest in layers:
        content = fake.blobs.pop(("a/b", digest))
        kind = "tag" if b"critical" in content else "bundle"
        assert (kind, "", "unreadable") in outcomes(registry, image)
        fake.blobs["a/b", digest] = content + b" "
        assert (kind, "", "unreadable") in outcomes(registry, image)
        fake.blobs["a/b", digest] = content
    assert len(layers) == 2
    assert {code for _, _, code in outcomes(registry, image)} == {""}
    bundle_manifest = next(digest for (_, digest), (_, body) in fake.manifests.items() if b"subject" in body)
    fake.faults.append(Fault("GET", f"manifests/{bundle_manifest}", 403, times=9))
    assert outcomes(registry, image) == [("bundle", "", "unreadable"), ("tag", "release", "")]


@pytest.mark.parametrize("path", ["/referrers/", r"manifests/sha256-.*\.sig"])
def test_what_cannot_be_listed_is_an_error(fake: FakeRegistry, registry: Registry, path: str) -> None:
    image = push(registry, "a/b")
    fake.faults.append(Fault("GET", path, 403, times=9))
    with pytest.raises(Denied):
        cosign.verify(registry, "a/b", image.digest, TRUST)


def test_other_referrers_are_left_alone(fake: FakeRegistry, registry: Registry) -> None:
    image = push(registry, "a/b")
    attach(registry, image, b'{"spdx": 1}', names.SPDX)
    attach(registry, image, b"notes", names.CONFIG)  # a type that some registries list for bundles, too
    before = len(fake.requests)
    assert outcomes(registry, image) == []
    assert not [path for _, path in fake.requests[before:] if "/blobs/" in path]


def test_a_list_that_does_not_know_the_type_of_a_bundle_is_read_anyway(registry: Registry) -> None:
    """go-containerregistry's registry lists the type of the empty configuration; cosign's own fallback list has no annotations."""
    image = push(registry, "a/b")
    cosign.sign(registry, "a/b", image, RELEASE)
    (listed,) = referrers.referrers(registry, "a/b", image.digest)
    for artifact_type in (names.EMPTY, None):
        entry = Descriptor(listed.media_type, listed.digest, listed.size, {}, artifact_type)
        index = json.dumps({"schemaVersion": 2, "mediaType": names.INDEX, "manifests": [entry.to_json()]}).encode()
        with serve(FakeRegistry()) as other, connect(other) as client:
            push(client, "a/b")
            manifest = registry.manifest("a/b", str(listed.digest))
            for layer in [manifest.json["config"], *manifest.json["layers"]]:
                data = b"{}" if layer["mediaType"] == names.EMPTY else blob(registry, layer)
                client.upload_blob("a/b", Digest.of(data), data)
            client.put_manifest("a/b", str(manifest.digest), manifest.body, names.MANIFEST)
            client.put_manifest("a/b", referrers.tag_of(image.digest), index, names.INDEX)
            assert outcomes(client, image) == [("bundle", "release", "")]


def blob(registry: Registry, layer: dict[str, str]) -> bytes:
    (one,) = found.bundles(registry, "a/b", Digest.parse(subject_of(registry)), lambda _: True)
    assert str(Digest.of(one.data)) == layer["digest"]
    return one.data


def subject_of(registry: Registry) -> str:
    return str(registry.manifest("a/b", "one").digest)


def test_floods_are_refused(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "MOST", 2)
    image = push(registry, "a/b")
    for number in range(3):
        cosign.add(registry, "a/b", image, key(f"stranger {number}"), FORMS)
    for forms in (("bundle",), ("tag",)):
        with pytest.raises(Conflict, match="somebody floods it"):
            cosign.verify(registry, "a/b", image.digest, TRUST, forms=forms)


def test_a_signature_that_somebody_overwrote_is_written_again(fake: FakeRegistry, registry: Registry) -> None:
    image = push(registry, "a/b")
    tag = found.tag(image.digest, "sig")
    cosign.sign(registry, "a/b", image, OTHER, ("tag",))
    theirs = fake.tagged["a/b", tag]
    lost = [1]

    def overwrite(repository: str, target: str) -> None:
        if target == tag and lost:
            lost.pop()
            fake.tagged["a/b", tag] = theirs

    fake.after_put = overwrite
    cosign.sign(registry, "a/b", image, RELEASE, ("tag",))
    assert outcomes(registry, image) == [("tag", "", "other_signer"), ("tag", "release", "")]
    lost += [1] * 100
    with pytest.raises(Conflict, match="others keep changing"):
        cosign.sign(registry, "a/b", image, key("third"), ("tag",))


def test_a_tag_that_holds_something_else_is_not_overwritten(fake: FakeRegistry, registry: Registry) -> None:
    image = push(registry, "a/b")
    index = json.dumps({"schemaVersion": 2, "mediaType": names.INDEX, "manifests": []}).encode()
    registry.put_manifest("a/b", found.tag(image.digest, "sig"), index, names.INDEX)
    with pytest.raises(Conflict, match="use the form bundle"):
        cosign.sign(registry, "a/b", image, RELEASE, ("tag",))
    assert registry.manifest("a/b", found.tag(image.digest, "sig")).body == index


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (simple.encode(simple.Claim("a/b", Digest.of(b"other"))), "other_image"),
        (b"{}", "broken"),
        (b"[]", "broken"),
        (b'{"critical": {"type": "atomic container signature", "identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": ""}}}', "broken"),
        (
            b'{"critical": {"type": "cosign container image signature", "identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": "x"}}}',
            "broken",
        ),
    ],
)
def test_a_payload_must_name_this_image(registry: Registry, payload: bytes, code: str) -> None:
    image = push(registry, "a/b")
    tagged.add(registry, "a/b", found.tag(image.digest, "sig"), payload, RELEASE.sign(payload))
    assert outcomes(registry, image) == [("tag", "", code)]


def test_a_payload_must_be_of_the_kind_that_cosign_signs(registry: Registry) -> None:
    image = push(registry, "a/b")
    payload = simple.encode(simple.Claim("a/b", image.digest)).replace(b"cosign container image signature", b"atomic container signature")
    tagged.add(registry, "a/b", found.tag(image.digest, "sig"), payload, RELEASE.sign(payload))
    assert outcomes(registry, image) == [("tag", "", "broken")]


def test_counts() -> None:
    """Requests are what signatures cost: verifying takes two, and three for each bundle and one for each payload that is there."""
    with serve(FakeRegistry(referrers_api=True)) as fake, connect(fake) as registry:
        image = push(registry, "a/b")
        for signer, expected in ((None, 2), (RELEASE, 5), (OTHER, 7)):
            if signer:
                cosign.sign(registry, "a/b", image, signer, FORMS)
            before = len(fake.requests)
            cosign.verify(registry, "a/b", image.digest, TRUST)
            assert len(fake.requests) - before == expected
