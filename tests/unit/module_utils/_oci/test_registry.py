# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Answering, Pool, trust
from support.registry import FakeRegistry, Fault, serve

MANIFEST = {"schemaVersion": 2, "mediaType": names.MANIFEST, "layers": []}
ABSENT = "sha256:" + "1" * 64


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with serve() as running:
        yield running


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def registry(fake: FakeRegistry, slept: list[float]) -> Iterator[Registry]:
    with Registry(fake.host, Pool(lambda: trust(None)), scheme="http", sleep=slept.append) as client:
        yield client


def test_a_manifest_is_read_by_tag_and_by_digest(fake: FakeRegistry, registry: Registry) -> None:
    digest = fake.add_manifest("a/b", MANIFEST, "v1")
    by_tag, by_digest = registry.manifest("a/b", "v1"), registry.manifest("a/b", digest)
    assert by_tag == by_digest
    # The header of the fake lies; the digest is ours.
    assert str(by_tag.digest) == digest
    assert by_tag.descriptor.media_type == names.MANIFEST
    assert by_tag.json == MANIFEST


def test_absent_is_404_and_nothing_else(fake: FakeRegistry, registry: Registry) -> None:
    assert registry.find("a", "v1") is None
    assert not registry.exists("a", ABSENT)
    assert not registry.has_blob("a", Digest.parse(ABSENT))
    with pytest.raises(NotFound):
        registry.manifest("a", "v1")
    with pytest.raises(NotFound):
        registry.tags("a")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Denied), (403, Denied), (409, Conflict), (412, Conflict), (400, SlipwayError), (429, Unreachable), (500, Unreachable), (503, Unreachable)],
)
def test_every_refusal_has_its_kind(fake: FakeRegistry, registry: Registry, status: int, kind: type[SlipwayError]) -> None:
    fake.faults.append(Fault("HEAD", "/manifests/", status, times=9))
    with pytest.raises(SlipwayError) as caught:
        registry.exists("a", "v1")
    assert type(caught.value) is kind
    assert caught.value.facts["status"] == status
    assert fake.host in caught.value.message


def test_passing_errors_are_tried_three_times(fake: FakeRegistry, registry: Registry, slept: list[float]) -> None:
    fake.add_manifest("a", MANIFEST, "v1")
    fake.faults.append(Fault("GET", "/manifests/", 503, times=2))
    assert registry.find("a", "v1") is not None
    assert len(slept) == 2
    fake.faults.append(Fault("GET", "/manifests/", 503, times=3))
    with pytest.raises(Unreachable):
        registry.find("a", "v1")
    assert fake.count("GET", "/manifests/") == 6


def test_retry_after_in_seconds_is_honoured(fake: FakeRegistry, registry: Registry, slept: list[float]) -> None:
    fake.faults.append(Fault("HEAD", "/manifests/", 429, {"Retry-After": "7"}))
    registry.exists("a", "v1")
    assert slept == [pytest.approx(7.0, abs=0.5)]


def test_retry_after_as_a_date_is_honoured(fake: FakeRegistry, registry: Registry, slept: list[float]) -> None:
    fake.faults.append(Fault("HEAD", "/manifests/", 503, {"Retry-After": formatdate(time.time() + 20, usegmt=True)}))
    registry.exists("a", "v1")
    assert 15 < slept[0] <= 20


def test_a_pause_that_is_too_long_is_said_and_not_waited_for(fake: FakeRegistry, registry: Registry, slept: list[float]) -> None:
    fake.faults.append(Fault("HEAD", "/manifests/", 429, {"Retry-After": "3600"}, times=9))
    with pytest.raises(Unreachable, match="asks to wait 3600 s"):
        registry.exists("a", "v1")
    assert slept == []
    assert fake.count() == 1


def test_docker_hub_is_asked_where_it_answers() -> None:
    asked = []

    class Nowhere(Pool):
        def open(self, request: Request) -> Answering:
            asked.append(request.url)
            raise Unreachable("nobody")

    for text in ("docker.io/nginx", "index.docker.io/nginx"):
        reference = Reference.parse(text)
        with pytest.raises(Unreachable), Registry(reference.registry, Nowhere(lambda: trust(None)), sleep=lambda _: None) as hub:
            hub.exists(reference.repository, "1")
    assert set(asked) == {"https://registry-1.docker.io/v2/library/nginx/manifests/1"}


@pytest.mark.parametrize("status", [200, 404, 429])
@pytest.mark.parametrize("epoch", [False, True])
def test_where_nothing_is_left_the_host_rests_until_there_is(fake: FakeRegistry, registry: Registry, slept: list[float], status: int, epoch: bool) -> None:
    until = str(int(time.time()) + 7 if epoch else 7)
    fake.faults.append(Fault("HEAD", "/manifests/", status, {"RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": until}))
    registry.exists("a", "v1")
    registry.exists("a", "v2")
    assert slept[0] == pytest.approx(6.5, abs=1)


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit-Remaining": "0;w=21600", "RateLimit-Limit": "100;w=21600"},  # Docker Hub: a window, and no time to come back
        {"RateLimit-Remaining": "1", "RateLimit-Reset": "7"},
        {"RateLimit-Remaining": "0", "RateLimit-Reset": "36000"},  # longer than anybody waits: the refusal says it, if it comes
        {"RateLimit-Remaining": "0", "RateLimit-Reset": "0"},
    ],
)
def test_what_is_no_reason_to_rest(fake: FakeRegistry, registry: Registry, slept: list[float], headers: dict[str, str]) -> None:
    fake.faults.append(Fault("HEAD", "/manifests/", 200, headers, times=2))
    registry.exists("a", "v1")
    registry.exists("a", "v2")
    assert slept == []


def test_a_refusal_says_what_is_left_of_the_limit(fake: FakeRegistry, registry: Registry) -> None:
    fake.faults.append(Fault("HEAD", "/manifests/", 429, {"RateLimit-Remaining": "0;w=21600", "RateLimit-Limit": "100;w=21600"}, times=99))
    with pytest.raises(Unreachable, match="0;w=21600 of its limit 100;w=21600 are left"):
        registry.exists("a", "v1")


def test_a_broken_connection_is_tried_again(fake: FakeRegistry, registry: Registry) -> None:
    fake.add_manifest("a", MANIFEST, "v1")
    for fault in (Fault("GET", "/manifests/", reset=True), Fault("GET", "/manifests/", cut=3)):
        fake.faults.append(fault)
        assert registry.find("a", "v1") is not None


def test_a_connection_that_stays_broken_is_unreachable(fake: FakeRegistry, registry: Registry) -> None:
    fake.add_manifest("a", MANIFEST, "v1")
    fake.faults.append(Fault("GET", "/manifests/", cut=3, times=9))
    with pytest.raises(Unreachable, match="ended early"):
        registry.manifest("a", "v1")


def test_nobody_listens() -> None:
    with serve() as gone:
        host = gone.host
    with Registry(host, Pool(lambda: trust(None)), scheme="http", sleep=lambda _: None) as client, pytest.raises(Unreachable, match="is it running"):
        client.ping()


def test_connections_are_kept(fake: FakeRegistry, registry: Registry) -> None:
    for _ in range(10):
        registry.exists("a", "v1")
    assert fake.connections == 1


def test_other_bytes_than_the_digest_names_are_refused(fake: FakeRegistry, registry: Registry) -> None:
    digest = fake.add_manifest("a", MANIFEST, "v1")
    fake.faults.append(Fault("GET", digest, corrupt=True))
    with pytest.raises(Conflict, match="other bytes"):
        registry.manifest("a", digest)


def blob(fake: FakeRegistry, repository: str, data: bytes) -> Descriptor:
    digest = Digest.of(data)
    fake.blobs[repository, str(digest)] = data
    return Descriptor(names.LAYER, digest, len(data))


def test_a_blob_is_read_and_checked(fake: FakeRegistry, registry: Registry) -> None:
    described = blob(fake, "a", b"x" * 3_000_000)
    sink = io.BytesIO()
    registry.read_blob("a", described, sink)
    assert Digest.of(sink.getvalue()) == described.digest
    fake.faults.append(Fault("GET", "/blobs/", corrupt=True))
    with pytest.raises(Conflict):
        registry.read_blob("a", described, io.BytesIO())


def test_a_blob_that_breaks_off_is_read_anew_from_its_start(fake: FakeRegistry, registry: Registry) -> None:
    described = blob(fake, "a", b"abc" * 1_000_000)
    fake.faults.append(Fault("GET", "/blobs/", cut=1_500_000))
    sink = io.BytesIO()
    registry.read_blob("a", described, sink)
    assert sink.getvalue() == b"abc" * 1_000_000


def test_a_redirect_is_followed_without_the_credential() -> None:
    with serve() as other, serve(FakeRegistry(users={"u": "p"}, auth="basic", redirect_blobs_to=f"http://{other.host}")) as fake:
        described = blob(fake, "a", b"data")
        blob(other, "a", b"data")
        chain = Keychain({fake.host: Credential("u", "p")})
        with Registry(fake.host, Pool(lambda: trust(None)), chain, scheme="http") as client:
            sink = io.BytesIO()
            client.read_blob("a", described, sink)
        assert sink.getvalue() == b"data"
        assert other.count() == 1
        assert "Authorization" not in other.headers[0]


def test_redirects_end(fake: FakeRegistry, registry: Registry) -> None:
    described = blob(fake, "a", b"data")
    fake.redirect_blobs_to = f"http://{fake.host}"
    with pytest.raises(Unreachable, match="redirects"):
        registry.read_blob("a", described, io.BytesIO())


@pytest.mark.parametrize("relative", [True, False])
def test_a_blob_is_uploaded(fake: FakeRegistry, registry: Registry, tmp_path: Path, relative: bool) -> None:
    fake.relative = relative
    data = b"layer" * 500_000
    (tmp_path / "blob").write_bytes(data)
    digest = Digest.of(data)
    registry.upload_blob("a", digest, tmp_path / "blob")
    assert fake.blobs["a", str(digest)] == data
    put = next(path for method, path in fake.requests if method == "PUT")
    assert "_state=a%2Fb" in put, "the query of the location is kept"


def test_an_upload_that_breaks_begins_anew(fake: FakeRegistry, registry: Registry) -> None:
    fake.faults.append(Fault("PUT", "/uploads/", reset=True, times=2))
    registry.upload_blob("a", Digest.of(b"x"), b"x")
    assert fake.uploads == 2, "the first break is taken for a kept connection that the server had closed"
    assert fake.blobs["a", str(Digest.of(b"x"))] == b"x"
    fake.faults.append(Fault("PUT", "/uploads/", 502, times=3))
    with pytest.raises(Unreachable):
        registry.upload_blob("a", Digest.of(b"y"), b"y")


def test_a_mount_that_is_not_possible_is_cancelled(fake: FakeRegistry, registry: Registry) -> None:
    described = blob(fake, "a", b"data")
    assert registry.mount_blob("b", described.digest, "a")
    fake.mounts = False
    assert not registry.mount_blob("c", described.digest, "a")
    assert fake.count("DELETE") == 1


def test_a_mount_asks_for_both_repositories() -> None:
    with serve(FakeRegistry(auth="bearer")) as fake, Registry(fake.host, Pool(lambda: trust(None)), scheme="http") as client:
        client.mount_blob("b", Digest.of(b"x"), "a")
        assert "repository%3Aa%3Apull" in fake.token_requests[0]
        assert "repository%3Ab%3Apull%2Cpush" in fake.token_requests[0]


def test_a_mount_that_is_denied_is_no_error(fake: FakeRegistry, registry: Registry) -> None:
    fake.faults.append(Fault("POST", "mount=", 403))
    assert not registry.mount_blob("b", Digest.of(b"x"), "a")


def test_missing_blobs_are_named(fake: FakeRegistry, registry: Registry) -> None:
    value = {**MANIFEST, "layers": [{"mediaType": names.LAYER, "digest": ABSENT, "size": 1}]}
    with pytest.raises(SlipwayError, match="MANIFEST_BLOB_UNKNOWN") as caught:
        registry.put_manifest("a", "v1", json.dumps(value).encode(), names.MANIFEST)
    assert caught.value.facts["codes"] == ["MANIFEST_BLOB_UNKNOWN"]


def test_tags_are_listed_page_by_page(fake: FakeRegistry, registry: Registry) -> None:
    fake.add_manifest("a", MANIFEST, *(f"v{n}" for n in range(7)))
    fake.page_size = 3
    assert registry.tags("a") == [f"v{n}" for n in range(7)]
    assert fake.count("GET", "/tags/list") == 3


def test_a_certificate_that_is_not_trusted_is_explained(fake: FakeRegistry) -> None:
    with Registry(fake.host, Pool(lambda: trust(None)), sleep=lambda _: None) as client, pytest.raises(Unreachable):
        client.ping()  # plain HTTP answers to TLS
