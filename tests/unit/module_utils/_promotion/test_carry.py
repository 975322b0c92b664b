# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How what is attached to an image reaches the destination: how many requests it takes, what goes at the same time, what others do meanwhile."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Promoted, Request
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote
from support import images
from support.registry import FakeRegistry, Fault, serve


def run(source: FakeRegistry, destination: FakeRegistry, **more: Any) -> Promoted:
    image = Image(Reference.parse(f"{source.host}/app:rc"), Reference.parse(f"{destination.host}/prod/app"), ("v1",))
    access = Access(plain_http=frozenset({source.host, destination.host}))
    return promote(Request((image,), access, **more), sleep=lambda _: None).images[0]


def signed(fake: FakeRegistry) -> tuple[str, list[str]]:
    """An index of two platforms, all three signed in both ways, with an SBOM whose signature refers to it; and the subjects of all that refers."""
    digest = images.image(fake, tag="rc")
    children = [child["digest"] for child in json.loads(fake.manifests["app", digest][1])["manifests"]]
    sbom = images.refer(fake, "app", digest)
    for subject in (digest, *children, sbom):
        images.refer(fake, "app", subject, "signature")
    for subject in (digest, *children):
        images.cosign(fake, "app", subject, content=(f"signed {subject}",))
    return digest, [digest, *children, sbom]


@pytest.mark.parametrize(("name_unknown", "most"), [(False, 72), (True, 70)])
def test_requests_of_a_signed_image(name_unknown: bool, most: int) -> None:
    with serve(FakeRegistry(name_unknown=name_unknown)) as fake:
        _, subjects = signed(fake)
        promoted = run(fake, fake)
        assert (promoted.state, len(promoted.referrers)) == ("changed", 8), promoted.msg
        assert promoted.requests == fake.count() <= most
        reading = [path for method, path in fake.requests if method == "GET" and any(path == f"/v2/prod/app/manifests/{s.replace(':', '-')}" for s in subjects)]
        assert len(reading) == 4, "each index once, after it was written"


def test_requests_of_a_signed_image_to_another_registry() -> None:
    with serve() as fake, serve() as other:
        signed(fake)
        promoted = run(fake, other)
        assert (promoted.state, len(promoted.referrers)) == ("changed", 8), promoted.msg
        assert promoted.requests == fake.count() + other.count() <= 128


def test_the_indexes_of_several_subjects_are_written_side_by_side() -> None:
    together = threading.Barrier(4)
    with serve() as fake, serve() as other:
        _, subjects = signed(fake)

        def wait_for_the_others(_: str, target: str) -> None:
            if target in {subject.replace(":", "-") for subject in subjects}:
                together.wait(10)

        other.after_put = wait_for_the_others
        assert run(fake, other).state == "changed"
        assert not together.broken


def test_an_index_that_somebody_else_writes_meanwhile_is_merged() -> None:
    with serve() as fake, serve() as other:
        digest = images.manifest(fake, "app", "x", "rc", layers=1)
        mine, theirs = images.refer(fake, "app", digest), images.refer(fake, "app", digest, "theirs", listed=False)
        left = [theirs]

        def race(repository: str, target: str) -> None:
            if target == digest.replace(":", "-") and left:
                other.manifests[repository, left[0]] = fake.manifests["app", left[0]]
                other.tagged.pop((repository, target))
                images.list_under_tag(other, repository, digest, left.pop())

        other.after_put = race
        assert run(fake, other).state == "changed"
        assert images.listed(other, digest) == {mine, theirs}


def test_an_index_that_somebody_else_keeps_writing_is_said() -> None:
    with serve() as fake, serve() as other:
        digest = images.manifest(fake, "app", "x", "rc", layers=1)
        images.refer(fake, "app", digest)
        other.after_put = lambda repository, target: other.tagged.pop((repository, target), None) and None
        promoted = run(fake, other)
        assert promoted.state == "failed"
        assert "others keep changing" in promoted.msg
        assert ("prod/app", "v1") not in other.tagged


@pytest.mark.parametrize("listing", [True, False])
def test_what_is_attached_to_an_image_that_is_not_there_yet_is_kept(listing: bool) -> None:
    with serve() as fake, serve(FakeRegistry(listing=listing)) as other:
        digest = images.manifest(fake, "app", "x", "rc")
        brought = images.refer(fake, "app", digest)
        images.cosign(fake, "app", digest, content=("a",))
        images.manifest(other, "prod/app", "x")
        approval, signature = images.refer(other, "prod/app", digest, "approval"), images.cosign(other, "prod/app", digest, content=("a", "b"))
        # All of the image is gone again: to a promotion the repository looks as if it were empty.
        del other.manifests["prod/app", digest]
        other.blobs = {key: data for key, data in other.blobs.items() if key not in {("prod/app", name) for _, name in fake.blobs} or data == b"{}"}
        promoted = run(fake, other)
        assert promoted.state == "changed", promoted.msg
        assert images.listed(other, digest) == {brought, approval}
        assert other.tagged["prod/app", f"{digest.replace(':', '-')}.sig"] == signature


def test_an_image_whose_referrers_cannot_be_read_is_counted_to_the_end_and_gets_no_tag() -> None:
    with serve() as fake, serve() as other:
        digest, _ = signed(fake)
        fake.faults.append(Fault("GET", f"/manifests/{digest.replace(':', '-')}$", 403, times=99))
        other.faults.append(Fault("PUT", "/manifests/", 403, times=99))
        promoted = run(fake, other)
        assert (promoted.state, promoted.reason, other.tagged) == ("failed", "forbidden", {})
        assert promoted.requests == fake.count() + other.count()
