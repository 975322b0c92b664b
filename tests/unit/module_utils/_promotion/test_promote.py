# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image, Promoted, Request, Result
from ansible_collections.slipway.platform.plugins.module_utils._promotion.promote import promote
from support import images
from support.registry import FakeRegistry, Fault, serve

SECRET = "planted-secret-value"


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with serve() as running:
        yield running


@pytest.fixture
def other() -> Iterator[FakeRegistry]:
    with serve() as running:
        yield running


def job(source: FakeRegistry, destination: FakeRegistry, what: str = "app:v1.0.0-rc.1", where: str = "prod/app", *tags: str) -> Image:
    return Image(Reference.parse(f"{source.host}/{what}"), Reference.parse(f"{destination.host}/{where}"), tags or ("v1.0.0",))


def run(
    *jobs: Image, clock: Clock | None = None, credentials: dict[str, Credential] | None = None, access: dict[str, Any] | None = None, **more: Any
) -> Result:
    hosts = frozenset(reference.registry for one in jobs for reference in (one.source, one.destination))
    ticking = clock or Clock()
    reached = Access(keychain=Keychain(credentials or {}), plain_http=hosts, **(access or {}))
    return promote(Request(jobs, reached, **more), ticking, ticking.sleep)


def one(*jobs: Image, **more: Any) -> Promoted:
    (promoted,) = run(*jobs, **more).images
    return promoted


def assert_same(source: FakeRegistry, destination: FakeRegistry, digest: str, what: str = "app", where: str = "prod/app", tag: str = "v1.0.0") -> None:
    """Every manifest and blob, by digest and byte."""
    assert destination.tagged[where, tag] == digest
    everything = images.digests_under(source, what, digest)
    assert images.digests_under(destination, where, digest) == everything
    for name in everything:
        if (what, name) in source.manifests:
            assert destination.manifests[where, name] == source.manifests[what, name]


# --- how many requests


def test_requests_of_a_cold_promotion(fake: FakeRegistry) -> None:
    digest = images.image(fake)
    result = run(job(fake, fake), referrers="ignore")
    assert result.images[0].state == "changed"
    assert_same(fake, fake, digest)
    assert result.requests == fake.count()
    # 18 blobs + 2 x 2 children + source, tag and index, and the reading of the tag. One more where it is not known that the repository is empty.
    assert fake.count() <= 27
    assert (fake.count("POST"), fake.count("PUT"), fake.count("GET")) == (18, 4, 5)
    assert result.images[0].blobs_mounted == 18


def test_requests_of_a_cold_promotion_into_a_repository_that_is_known_not_to_exist() -> None:
    with serve(FakeRegistry(name_unknown=True)) as fake:
        digest = images.image(fake)
        assert one(job(fake, fake), referrers="ignore").state == "changed"
        assert_same(fake, fake, digest)
        assert fake.count() <= 26


def test_requests_when_there_is_nothing_to_do(fake: FakeRegistry) -> None:
    digest = images.image(fake)
    run(job(fake, fake))
    before, fake.requests[:] = fake.count(), []
    promoted = one(job(fake, fake))
    assert (promoted.state, promoted.digest, promoted.requests) == ("unchanged", digest, 2)
    assert fake.count() == 2 < before


def test_requests_where_the_layers_are_there(fake: FakeRegistry) -> None:
    digest = images.image(fake)
    fake.blobs |= {("prod/app", name): data for (_, name), data in fake.blobs.items()}
    assert one(job(fake, fake), referrers="ignore").blobs_mounted == 0
    assert_same(fake, fake, digest)
    assert fake.count() <= 10


@pytest.mark.parametrize("which", [0, 5, 9, 17])
def test_requests_where_one_layer_is_missing(fake: FakeRegistry, which: int) -> None:
    digest = images.image(fake)
    names = [name for (_, name) in fake.blobs]
    fake.blobs |= {("prod/app", name): fake.blobs["app", name] for number, name in enumerate(names) if number != which}
    assert one(job(fake, fake), referrers="ignore").blobs_mounted == 1
    assert_same(fake, fake, digest)
    assert fake.count() <= 10


def test_requests_of_carrying_nothing(fake: FakeRegistry) -> None:
    images.image(fake)
    run(job(fake, fake))
    assert (fake.count("GET", "/referrers/"), fake.count("GET", "/tags/list")) == (1, 1), "one question each: is there an API, which tags are there"


def test_the_same_repository_needs_no_more_than_a_tag(fake: FakeRegistry) -> None:
    digest = images.image(fake)
    promoted = one(job(fake, fake, where="app"))
    assert (promoted.state, fake.tagged["app", "v1.0.0"]) == ("changed", digest)
    assert fake.count() == 4


def test_what_many_images_share_is_brought_and_asked_for_once(fake: FakeRegistry) -> None:
    for number in range(5):
        images.image(fake, tag=f"rc{number}", name="app")
    run(*(job(fake, fake, f"app:rc{number}", "prod/app", f"v{number}") for number in range(5)), access={"concurrency": 1})
    assert fake.count("POST") == 18
    assert fake.count("GET", "/tags/list") == 1
    assert fake.connections <= 2


# --- content


@pytest.mark.parametrize("detail", [True, False])
@pytest.mark.parametrize("mounts", [True, False])
@pytest.mark.parametrize("validates", [True, False])
@pytest.mark.parametrize("single", [True, False])
def test_every_blob_arrives(detail: bool, mounts: bool, validates: bool, single: bool) -> None:
    with serve(FakeRegistry(detail=detail, mounts=mounts, validates=validates)) as fake:
        digest = images.manifest(fake, "app", "x", "v1.0.0-rc.1") if single else images.image(fake)
        promoted = one(job(fake, fake))
        assert promoted.state == "changed", promoted.msg
        assert_same(fake, fake, digest)
        assert promoted.blobs_mounted + promoted.blobs_copied == (9 if single else 18)
        assert (promoted.bytes > 0) is not mounts


@pytest.mark.parametrize("validates", [True, False])
def test_a_tag_is_never_seen_before_what_it_leads_to(other: FakeRegistry, validates: bool) -> None:
    seen: list[str] = []
    with serve(FakeRegistry(validates=validates)) as fake:
        digests = {"rc1": images.image(fake, tag="rc1"), "rc2": images.manifest(fake, "app", "single", "rc2")}

        def look(repository: str, target: str) -> None:
            if repository == "prod/app" and target.startswith("v"):
                seen.append(target)
                images.digests_under(fake, repository, fake.tagged[repository, target])

        fake.after_put = look
        for tag, digest in digests.items():
            assert one(job(fake, fake, f"app:{tag}", "prod/app", f"v-{tag}")).digest == digest
    assert seen == ["v-rc1", "v-rc2"]


@pytest.mark.parametrize("detail", [True, False])
def test_from_one_registry_to_another(fake: FakeRegistry, other: FakeRegistry, detail: bool) -> None:
    other.detail = detail
    digest = images.image(fake)
    promoted = one(job(fake, other))
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, other, digest)
    assert (promoted.blobs_copied, promoted.blobs_mounted) == (18, 0)
    assert promoted.bytes == sum(len(data) for data in fake.blobs.values())
    assert not any("from=" in path for _, path in other.requests), "a mount from elsewhere is refused by some"


def test_a_nested_index_and_the_same_manifest_twice(fake: FakeRegistry, other: FakeRegistry) -> None:
    amd, arm = (images.manifest(fake, "app", name, layers=2) for name in ("amd", "arm"))
    inner = images.index(fake, "app", [amd, arm])
    digest = images.index(fake, "app", [inner, amd, inner], "v1.0.0-rc.1")
    assert one(job(fake, other)).state == "changed"
    assert_same(fake, other, digest)
    assert other.count("PUT", f"/manifests/{amd}") <= 2


def test_indexes_that_lead_to_each_other_go_in_their_order(fake: FakeRegistry, other: FakeRegistry) -> None:
    inner = images.index(fake, "app", [images.manifest(fake, "app", "amd", layers=1)])
    outer = images.index(fake, "app", [inner])
    digest = images.index(fake, "app", [outer, inner], "v1.0.0-rc.1")
    promoted = one(job(fake, other))
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, other, digest)


def test_an_index_that_is_too_deep_is_refused(fake: FakeRegistry) -> None:
    digest = images.manifest(fake, "app", "x", layers=1)
    for _ in range(12):
        digest = images.index(fake, "app", [digest])
    fake.tagged["app", "v1.0.0-rc.1"] = digest
    promoted = one(job(fake, fake))
    assert (promoted.state, promoted.reason) == ("failed", "unsupported_manifest")
    assert fake.count("PUT") + fake.count("POST") == 0


def test_an_index_is_not_thinned_out(fake: FakeRegistry, other: FakeRegistry) -> None:
    amd, arm = (images.manifest(fake, "app", name, layers=1) for name in ("amd", "arm"))
    images.index(fake, "app", [amd, arm], "v1.0.0-rc.1")
    del fake.manifests["app", arm]
    promoted = one(job(fake, other))
    assert (promoted.state, promoted.reason) == ("failed", "not_found")
    assert arm in promoted.msg
    assert not other.tagged


def test_foreign_layers_stay_where_they_are(fake: FakeRegistry, other: FakeRegistry) -> None:
    foreign = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": "sha256:" + "1" * 64, "size": 1, "urls": ["https://x.test/"]}
    config = images.blob(fake, "app", b"{}", images.CONFIG)
    value = {"schemaVersion": 2, "mediaType": images.MANIFEST, "config": config, "layers": [foreign, images.blob(fake, "app", b"own")]}
    digest = fake.add_manifest("app", value, "v1.0.0-rc.1")
    assert one(job(fake, other)).blobs_copied == 2
    assert_same(fake, other, digest)


def test_sha512(fake: FakeRegistry, other: FakeRegistry) -> None:
    config = images.blob(fake, "app", b"{}", images.CONFIG, "sha512")
    value = {"schemaVersion": 2, "mediaType": images.MANIFEST, "config": config, "layers": [images.blob(fake, "app", b"x" * 3_000_000, algorithm="sha512")]}
    body = json.dumps(value).encode()
    child = fake.store("app", images.MANIFEST, body, algorithm="sha512")
    digest = images.index(fake, "app", [child], "v1.0.0-rc.1")
    promoted = one(job(fake, other))
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, other, digest)


def test_schema_1_is_refused(fake: FakeRegistry) -> None:
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    fake.store("app", kind, json.dumps({"schemaVersion": 1, "name": "app", "fsLayers": []}).encode(), "v1.0.0-rc.1")
    promoted = one(job(fake, fake))
    assert (promoted.state, promoted.reason) == ("failed", "unsupported_manifest")
    assert "schema 1" in promoted.msg


# --- what breaks


def test_a_connection_that_breaks_in_a_blob_is_taken_up_where_it_broke(fake: FakeRegistry, other: FakeRegistry) -> None:
    digest = images.manifest(fake, "app", "x", "v1.0.0-rc.1", layers=1, size=5_000_000)
    fake.faults.append(Fault("GET", "/blobs/", cut=2_500_000, times=1))
    fake.faults.append(Fault("GET", "/blobs/", cut=1_100_000, times=1))
    promoted = one(job(fake, other), access={"concurrency": 1})
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, other, digest)
    ranges = [headers["Range"] for headers in fake.headers if "Range" in headers]
    assert ranges
    assert all(0 < int(text.removeprefix("bytes=").rstrip("-")) < 5_000_000 for text in ranges)


@pytest.mark.parametrize("keeps", [True, False])
def test_an_upload_that_breaks_is_resumed_if_the_registry_kept_it(fake: FakeRegistry, other: FakeRegistry, keeps: bool) -> None:
    other.keeps_partial = keeps
    digest = images.manifest(fake, "app", "x", "v1.0.0-rc.1", layers=1, size=5_000_000)
    other.faults.append(Fault("PUT", "/uploads/2", take=2_500_000))
    promoted = one(job(fake, other), access={"concurrency": 1})
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, other, digest)
    ranges = [headers["Content-Range"] for (method, _), headers in zip(other.requests, other.headers, strict=True) if "Content-Range" in headers]
    assert ranges == (["2500000-4999999"] if keeps else [])


def test_a_blob_that_is_too_large_for_one_request_goes_in_parts(fake: FakeRegistry, other: FakeRegistry) -> None:
    other.largest_put = 1_000_000
    digest = images.manifest(fake, "app", "x", "v1.0.0-rc.1", layers=1, size=20_000_000)
    promoted = one(job(fake, other))
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, other, digest)
    assert other.count("PATCH") == 3


def test_memory_stays_flat(fake: FakeRegistry, other: FakeRegistry) -> None:
    # What our side holds at a time, not what the fake registries keep.
    from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
    from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
    from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
    from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust

    data = images.blob(fake, "app", bytes(30_000_000))
    with Registry(fake.host, Pool(lambda: trust(None)), scheme="http") as source:
        sizes = [len(chunk) for chunk in source.blob_chunks("app", Descriptor(images.LAYER, Digest.parse(data["digest"]), data["size"]))]
    assert max(sizes) <= 1 << 20
    assert sum(sizes) == 30_000_000


@pytest.mark.parametrize("path", ["/blobs/", "/manifests/sha256:"])
def test_other_bytes_than_the_digest_names_go_nowhere(fake: FakeRegistry, other: FakeRegistry, path: str) -> None:
    images.image(fake)
    fake.faults.append(Fault("GET", path, corrupt=True))
    promoted = one(job(fake, other))
    assert (promoted.state, promoted.reason) == ("failed", "digest_mismatch"), promoted.msg
    assert not other.tagged
    for (_, digest), data in other.blobs.items():
        assert images.digest_of(data) == digest


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "unauthorized"), (403, "forbidden"), (429, "rate_limited"), (500, "unreachable"), (503, "unreachable"), (405, "refused"), (418, "refused")],
)
@pytest.mark.parametrize("path", [r"GET /manifests/v1\.0\.0$", r"GET /manifests/v1\.0\.0-rc", "PUT /manifests/", "POST /uploads/", "GET /blobs/"])
def test_a_refusal_is_never_taken_for_absence(fake: FakeRegistry, other: FakeRegistry, status: int, reason: str, path: str) -> None:
    images.image(fake)
    method, _, pattern = path.partition(" ")
    for server in (fake, other):
        server.faults.append(Fault(method, pattern, status, times=999))
    promoted = one(job(fake, other), access={"deadline": 1_000_000.0})
    assert (promoted.state, promoted.reason) == ("failed", reason), promoted.msg
    assert not other.tagged
    assert promoted.after == promoted.before


def test_nobody_answers() -> None:
    with serve() as gone:
        pass
    promoted = one(job(gone, gone))
    assert (promoted.state, promoted.reason) == ("failed", "unreachable")


@pytest.mark.parametrize("path", ["PUT /manifests/", "POST /uploads/", "GET /blobs/", "GET /manifests/", "PUT /uploads/"])
@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"reset": True}])
def test_what_passes_is_waited_for(fake: FakeRegistry, other: FakeRegistry, path: str, fault: dict[str, Any]) -> None:
    digest = images.image(fake)
    method, _, pattern = path.partition(" ")
    for server in (fake, other):
        server.faults.append(Fault(method, pattern, times=2, **fault))
    promoted = one(job(fake, other))
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, other, digest)


@pytest.mark.parametrize("date", [False, True])
def test_the_whole_host_rests_when_it_asks_for_it(fake: FakeRegistry, date: bool) -> None:
    images.image(fake)
    clock = Clock()
    after = formatdate(time.time() + 7.9, usegmt=True) if date else "7"
    fake.faults.append(Fault("POST", "/uploads/", 429, {"Retry-After": after}))
    assert one(job(fake, fake), clock=clock).state == "changed"
    assert 6 <= clock.now <= 8
    assert fake.count("POST") == 19


def test_a_pause_beyond_the_deadline_is_said_and_not_waited_for(fake: FakeRegistry) -> None:
    images.image(fake)
    clock = Clock()
    fake.faults.append(Fault("GET", "/manifests/", 429, {"Retry-After": "3600"}, times=99))
    promoted = one(job(fake, fake), clock=clock, access={"deadline": 60.0})
    assert (promoted.reason, clock.now) == ("rate_limited", 0.0)
    assert "3600 s" in promoted.msg


# --- tags


def test_a_tag_does_not_move_unless_it_may(fake: FakeRegistry) -> None:
    old = images.manifest(fake, "prod/app", "old", "v1.0.0", "latest", layers=1)
    new = images.image(fake)
    promoted = one(job(fake, fake))
    assert (promoted.state, promoted.reason) == ("failed", "tag_conflict")
    assert old in promoted.msg
    assert new in promoted.msg
    assert fake.count("PUT") + fake.count("POST") == 0
    promoted = one(job(fake, fake, "app:v1.0.0-rc.1", "prod/app", "v1.0.1", "latest"), moving_tags=frozenset({"latest"}))
    assert (promoted.state, promoted.before, promoted.after) == ("changed", {"v1.0.1": "", "latest": old}, {"v1.0.1": new, "latest": new})
    assert one(job(fake, fake), immutable=False).state == "changed"


def test_one_tag_that_may_not_move_stops_all_of_the_image(fake: FakeRegistry) -> None:
    images.manifest(fake, "prod/app", "old", "latest", layers=1)
    images.image(fake)
    assert one(job(fake, fake, "app:v1.0.0-rc.1", "prod/app", "v1.0.0", "latest")).state == "failed"
    assert ("prod/app", "v1.0.0") not in fake.tagged


def test_an_immutable_registry_with_the_same_digest_is_unchanged() -> None:
    with serve(FakeRegistry(immutable=True)) as fake:
        images.image(fake)
        assert one(job(fake, fake)).state == "changed"
        assert one(job(fake, fake)).state == "unchanged"


def test_an_immutable_registry_refuses_a_move_as_a_conflict() -> None:
    with serve(FakeRegistry(immutable=True)) as fake:
        images.manifest(fake, "prod/app", "old", "v1.0.0", layers=1)
        images.image(fake)
        promoted = one(job(fake, fake), immutable=False)
        assert (promoted.state, promoted.reason) == ("failed", "tag_conflict"), promoted.msg


def test_somebody_who_was_faster_with_the_same_is_no_conflict() -> None:
    with serve(FakeRegistry(immutable=True)) as fake:
        digest = images.image(fake)

        def race(repository: str, target: str) -> None:
            if repository == "prod/app" and ":" in target:
                fake.tagged[repository, "v1.0.0"] = digest
                fake.manifests[repository, digest] = fake.manifests["app", digest]

        fake.after_put = race
        assert one(job(fake, fake)).state == "changed"


def test_a_raced_tag_is_seen(fake: FakeRegistry) -> None:
    images.image(fake)
    foreign = images.manifest(fake, "prod/app", "foreign", layers=1)

    def race(repository: str, target: str) -> None:
        if target == "v1.0.0":
            fake.tagged[repository, target] = foreign

    fake.after_put = race
    promoted = one(job(fake, fake))
    assert (promoted.state, promoted.reason) == ("failed", "tag_conflict")
    assert foreign in promoted.msg


def test_a_source_tag_that_moves_meanwhile_changes_nothing(fake: FakeRegistry) -> None:
    digest = images.image(fake)
    later = images.image(fake, tag="later", name="later")
    fake.after_put = lambda *_: fake.tagged.update({("app", "v1.0.0-rc.1"): later})
    assert one(job(fake, fake)).digest == digest
    assert fake.tagged["prod/app", "v1.0.0"] == digest


# --- several


def test_one_failure_stops_no_other(fake: FakeRegistry) -> None:
    images.image(fake)
    result = run(job(fake, fake, "app:none"), job(fake, fake, "app:v1.0.0-rc.1", "prod/app", "v1.0.1"))
    assert [(image.state, image.reason) for image in result.images] == [("failed", "not_found"), ("changed", "")]
    assert result.changed
    assert len(result.failed) == 1


def test_check_mode_writes_nothing_and_says_what_would_be(fake: FakeRegistry, other: FakeRegistry) -> None:
    digest = images.image(fake)
    sbom = images.refer(fake, "app", digest)
    result = run(job(fake, other), check_mode=True)
    promoted = result.images[0]
    assert other.count("PUT") + other.count("POST") + other.count("PATCH") + other.count("DELETE") == 0
    assert (promoted.state, promoted.blobs_copied, promoted.manifests, promoted.referrers) == ("changed", 20, 4, [sbom])
    assert promoted.operations[-1] == f"set {other.host}/prod/app:v1.0.0 to {digest} (is absent)"
    assert digest in result.diff["after"]
    real = one(job(fake, other))
    assert (real.blobs_copied, real.bytes, real.referrers) == (promoted.blobs_copied, promoted.bytes, promoted.referrers)
    assert not run(job(fake, other), check_mode=True).changed


# --- who we are


def test_one_token_for_everything() -> None:
    with serve(FakeRegistry(users={"u": SECRET}, auth="bearer")) as fake:
        digest = images.image(fake)
        images.refer(fake, "app", digest)
        result = run(job(fake, fake), credentials={fake.host: Credential("u", SECRET)})
        assert result.images[0].state == "changed", result.images[0].msg
        assert len(fake.token_requests) == 1
        assert SECRET not in repr(result)


def test_one_token_for_a_list_that_reads_and_writes_the_same_repositories() -> None:
    with serve(FakeRegistry(auth="bearer")) as fake:
        for number in range(4):
            images.image(fake, tag=f"rc{number}", name=f"app{number}")
        result = run(*(job(fake, fake, f"app:rc{number}", "prod/app", f"v{number}") for number in range(4)))
        assert [image.state for image in result.images] == ["changed"] * 4
        assert len(fake.token_requests) == 1


@pytest.mark.parametrize("concurrency", [1, 16])
def test_tokens_that_are_forgotten_are_replaced(concurrency: int) -> None:
    with serve(FakeRegistry(auth="bearer", token_uses=20)) as fake:
        digest = images.image(fake)
        promoted = one(job(fake, fake), access={"concurrency": concurrency})
        assert promoted.state == "changed", promoted.msg
        assert_same(fake, fake, digest)
        assert len(fake.token_requests) <= 4


@pytest.mark.parametrize("limit", [{"last_scope_only": True}, {"most_scopes": 1}])
def test_token_servers_that_grant_one_scope_only(limit: dict[str, Any]) -> None:
    with serve(FakeRegistry(auth="bearer", **limit)) as fake:
        digest = images.image(fake)
        promoted = one(job(fake, fake))
        assert promoted.state == "changed", promoted.msg
        assert_same(fake, fake, digest)


@pytest.mark.parametrize(
    ("denied", "state"), [(("app", "pull"), "failed"), (("prod/app", "pull"), "failed"), (("prod/app", "push"), "failed"), (("app", "push"), "changed")]
)
def test_what_is_denied_by_scope(fake: FakeRegistry, denied: tuple[str, str], state: str) -> None:
    images.image(fake)
    fake.denied.add(denied)
    promoted = one(job(fake, fake))
    assert (promoted.state, promoted.reason) == (state, "forbidden" if state == "failed" else "")


def test_a_registry_that_may_not_read_the_source_for_a_mount_is_sent_the_bytes(fake: FakeRegistry) -> None:
    digest = images.image(fake)
    fake.faults.append(Fault("POST", "mount=", 403, times=99))
    promoted = one(job(fake, fake))
    assert promoted.state == "changed", promoted.msg
    assert_same(fake, fake, digest)
    assert promoted.blobs_copied == 18


def test_a_wrong_password_is_said_without_it() -> None:
    with serve(FakeRegistry(users={"u": "right"}, auth="basic")) as fake:
        images.image(fake)
        promoted = one(job(fake, fake), credentials={fake.host: Credential("u", SECRET)})
        assert (promoted.state, promoted.reason) == ("failed", "unauthorized")
        assert SECRET not in repr(promoted)
