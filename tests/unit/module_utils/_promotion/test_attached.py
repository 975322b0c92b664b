# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Promoted, Request
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote
from support import images
from support.registry import FakeRegistry, Fault, serve


@pytest.fixture(params=[False, True], ids=["from tag", "from API"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeRegistry]:
    with serve(FakeRegistry(referrers_api=request.param)) as running:
        yield running


@pytest.fixture(params=[False, True], ids=["to tag", "to API"])
def other(request: pytest.FixtureRequest) -> Iterator[FakeRegistry]:
    with serve(FakeRegistry(referrers_api=request.param)) as running:
        yield running


def run(source: FakeRegistry, destination: FakeRegistry, **more: Any) -> Promoted:
    image = Image(Reference.parse(f"{source.host}/app:rc"), Reference.parse(f"{destination.host}/prod/app"), ("v1",))
    access = Access(plain_http=frozenset({source.host, destination.host}))
    return promote(Request((image,), access, **more), sleep=lambda _: None).images[0]


def test_everything_that_refers_to_anything_arrives(fake: FakeRegistry, other: FakeRegistry) -> None:
    children = [images.manifest(fake, "app", name, layers=1) for name in ("amd", "arm")]
    digest = images.index(fake, "app", children, "rc")
    sbom, signature, child_sbom = images.refer(fake, "app", digest), images.refer(fake, "app", digest, "signature"), images.refer(fake, "app", children[1])
    of_sbom = images.refer(fake, "app", sbom, "signature")
    of_that = images.refer(fake, "app", of_sbom, "timestamp")
    tags = [images.cosign(fake, "app", digest), images.cosign(fake, "app", children[0], "att"), images.cosign(fake, "app", sbom)]
    promoted = run(fake, other)
    assert promoted.state == "changed", promoted.msg
    assert images.listed(other, digest) == {sbom, signature}
    assert images.listed(other, children[1]) == {child_sbom}
    assert images.listed(other, sbom) == {of_sbom}
    assert images.listed(other, of_sbom) == {of_that}
    for one in (sbom, signature, child_sbom, of_sbom, of_that, *tags):
        assert images.digests_under(other, "prod/app", one) == images.digests_under(fake, "app", one)
        assert other.manifests["prod/app", one] == fake.manifests["app", one]
    for subject, suffix, one in ((digest, "sig", tags[0]), (children[0], "att", tags[1]), (sbom, "sig", tags[2])):
        assert other.tagged["prod/app", f"{subject.replace(':', '-')}.{suffix}"] == one
    assert len(promoted.referrers) == 8


def test_the_tag_comes_last(fake: FakeRegistry, other: FakeRegistry) -> None:
    digest = images.manifest(fake, "app", "x", "rc", layers=1)
    images.refer(fake, "app", digest)
    images.cosign(fake, "app", digest)
    assert run(fake, other).state == "changed"
    puts = [path for method, path in other.requests if method == "PUT" and "/manifests/" in path]
    assert puts[-1].endswith("/manifests/v1")


@pytest.mark.parametrize("path", ["/manifests/sha256-", "/manifests/sha256:.*", "/uploads/"])
@pytest.mark.parametrize("status", [403, 405, 500])
def test_an_image_whose_referrers_cannot_be_carried_gets_no_tag(fake: FakeRegistry, other: FakeRegistry, path: str, status: int) -> None:
    digest = images.manifest(fake, "app", "x", "rc", layers=1)
    run(fake, other)
    other.tagged.clear()
    images.cosign(fake, "app", digest)
    images.refer(fake, "app", digest)
    other.faults.append(Fault("PUT", path, status, times=99))
    promoted = run(fake, other)
    assert promoted.state == "failed"
    assert ("prod/app", "v1") not in other.tagged


def test_what_a_tag_lists_and_does_not_refer_to_the_image_stays(other: FakeRegistry) -> None:
    with serve() as fake:
        digest = images.manifest(fake, "app", "x", "rc", layers=1)
        real = images.refer(fake, "app", digest)
        unrelated = images.manifest(fake, "app", "unrelated", layers=1)
        images.list_under_tag(fake, "app", digest, unrelated)
        gone = images.refer(fake, "app", digest, "gone")
        del fake.manifests["app", gone]
        promoted = run(fake, other)
        assert promoted.state == "changed", promoted.msg
        assert (images.listed(other, digest), promoted.referrers) == ({real}, [real])


def test_a_registry_that_takes_the_tag_for_the_digest(other: FakeRegistry) -> None:
    with serve(FakeRegistry(tag_is_digest=True, listing=False)) as fake:
        images.image(fake, tag="rc")
        promoted = run(fake, other)
        assert (promoted.state, promoted.referrers) == ("changed", []), promoted.msg


def test_what_the_destination_lists_already_is_kept() -> None:
    with serve() as fake, serve() as other:
        digest = images.manifest(fake, "app", "x", "rc", layers=1)
        brought = images.refer(fake, "app", digest)
        images.manifest(other, "prod/app", "x", layers=1)
        kept = images.refer(other, "prod/app", digest, "approval")
        assert run(fake, other).state == "changed"
        assert images.listed(other, digest) == {brought, kept}


def test_a_registry_without_a_list_of_tags_is_asked_for_the_few_that_matter() -> None:
    with serve(FakeRegistry(listing=False)) as fake, serve() as other:
        digest = images.manifest(fake, "app", "x", "rc", layers=1)
        sbom, signature = images.refer(fake, "app", digest), images.cosign(fake, "app", digest)
        promoted = run(fake, other)
        assert promoted.state == "changed", promoted.msg
        assert images.listed(other, digest) == {sbom}
        assert signature in other.tagged.values()


@pytest.mark.parametrize("status", [303, 404, 405, 501])
def test_answers_that_mean_there_is_no_api(status: int) -> None:
    with serve() as fake, serve() as other:
        digest = images.image(fake, tag="rc")
        sbom = images.refer(fake, "app", digest)
        fake.faults.append(Fault("GET", "/referrers/", status, {"Location": "http://localhost/elsewhere"}, times=99))
        assert run(fake, other).referrers == [sbom]
        assert fake.count("GET", "/referrers/") == 1


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_refused_list_is_not_an_empty_one(fake: FakeRegistry, other: FakeRegistry, status: int) -> None:
    images.image(fake, tag="rc")
    fake.faults.append(Fault("GET", "/referrers/", status, times=99))
    assert run(fake, other).state == "failed"
    assert not other.tagged


def test_a_registry_that_takes_referrers_and_does_not_list_them(fake: FakeRegistry) -> None:
    with serve(FakeRegistry(referrers_api=True)) as other:
        digest = images.image(fake, tag="rc")
        images.refer(fake, "app", digest)
        empty = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
        other.faults.append(Fault("GET", "/referrers/", 200, times=99, body=empty))
        promoted = run(fake, other)
        assert promoted.state == "failed"
        assert "does not list it" in promoted.msg
        assert ("prod/app", "v1") not in other.tagged


def test_require(fake: FakeRegistry, other: FakeRegistry) -> None:
    digest = images.image(fake, tag="rc")
    promoted = run(fake, other, referrers="require")
    assert (promoted.state, promoted.reason) == ("failed", "policy_refused")
    assert not other.manifests
    assert run(fake, other).state == "changed"
    images.refer(fake, "app", digest)
    assert run(fake, other).state == "unchanged", "an image that is there already is not looked at again"
    assert run(fake, other, referrers="require").state == "changed"
    assert len(images.listed(other, digest)) == 1
    assert run(fake, other, referrers="require").state == "unchanged"


def test_ignore_asks_nothing(fake: FakeRegistry, other: FakeRegistry) -> None:
    digest = images.image(fake, tag="rc")
    images.refer(fake, "app", digest)
    assert run(fake, other, referrers="ignore").referrers == []
    assert fake.count("GET", "/referrers/") + fake.count("GET", "/tags/") == 0


def test_signatures_that_only_the_destination_has_are_never_overwritten(fake: FakeRegistry, other: FakeRegistry) -> None:
    digest = images.manifest(fake, "app", "x", "rc", layers=1)
    images.manifest(other, "prod/app", "x", layers=1)
    tag = digest.replace(":", "-") + ".sig"
    images.cosign(fake, "app", digest, content=("a", "b"))
    images.cosign(other, "prod/app", digest, content=("a", "b", "c"))
    before = other.tagged["prod/app", tag]
    assert run(fake, other).state == "changed"
    assert other.tagged["prod/app", tag] == before, "all that the source has is there"
    other.tagged.pop(("prod/app", "v1"))
    images.cosign(other, "prod/app", digest, content=("c",))
    promoted = run(fake, other)
    assert (promoted.state, promoted.reason) == ("failed", "tag_conflict")
    images.cosign(other, "prod/app", digest, content=("a",))
    assert run(fake, other).state == "changed"
    assert other.tagged["prod/app", tag] == fake.tagged["app", tag]


def test_requests_with_three_signatures() -> None:
    with serve() as fake:
        digest = images.image(fake, tag="rc")
        for name in ("signature", "sbom", "provenance"):
            images.refer(fake, "app", digest, name)
        assert run(fake, fake).state == "changed"
        assert len(images.listed(fake, digest)) == 3
        assert fake.count() <= 48
