# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR in front of a real registry: with AWS's own names, and nothing of a client changed but its environment."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.push import push_layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from botocore.exceptions import ClientError
from support.registry import FakeRegistry, serve
from support.world import World, running

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with serve() as registry:
        yield registry


@pytest.fixture
def world(fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with running(tmp_path / "world", registry=f"http://{fake.host}") as found:
        found.into(monkeypatch)
        yield found


@pytest.fixture
def ecr(world: World) -> Any:
    return world.client("ecr")


def opened(world: World, password: str | None = None, host: str = HOST) -> Registry:
    """Our own client; without a password it gets ECR's token by itself."""
    keychain = Keychain({host: Credential("AWS", password)}) if password is not None else None
    return Registry.connect(host, Path(world.state.trust_file), keychain=keychain, sleep=lambda _: None)


def image(folder: Path, *contents: bytes) -> Layout:
    layout = Layout.create(folder)
    layout.add_image({"os": "linux"}, [layout.add(content, names.LAYER) for content in contents], {})
    return layout


def password(ecr: Any) -> str:
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return base64.b64decode(token).decode().partition(":")[2]


def test_an_image_goes_to_aws_and_comes_back(world: World, ecr: Any, fake: FakeRegistry, tmp_path: Path) -> None:
    assert ecr.create_repository(repositoryName="team/orders")["repository"]["repositoryUri"] == f"{HOST}/team/orders"
    layout = image(tmp_path / "image", b"layer" * 50_000)
    with opened(world) as registry:
        assert push_layout(registry, layout, "team/orders", ["v1"]).blobs == 2
        assert registry.manifest("team/orders", "v1").digest == layout.root.digest
        assert registry.tags("team/orders") == ["v1"]
        with (tmp_path / "layer").open("w+b") as sink:
            registry.read_blob("team/orders", layout.add(b"layer" * 50_000, names.LAYER), sink)
    assert fake.tagged == {("team/orders", "v1"): str(layout.root.digest)}, "the image is in the registry behind"
    detail = ecr.describe_images(repositoryName="team/orders")["imageDetails"][0]
    manifest = layout.manifest()
    assert detail["imageTags"] == ["v1"]
    assert detail["imageDigest"] == str(layout.root.digest)
    assert detail["imageSizeInBytes"] == 250_000 + manifest["config"]["size"]
    assert detail["imagePushedAt"] == world.clock.now()


def test_nothing_is_pushed_to_a_repository_that_is_not_there(world: World, fake: FakeRegistry, tmp_path: Path) -> None:
    with opened(world) as registry, pytest.raises(NotFound, match="'orders' does not exist in the registry with id '123456789012'") as caught:
        push_layout(registry, image(tmp_path / "image", b"layer"), "orders", ["v1"])
    assert caught.value.facts["codes"] in ([], ["NAME_UNKNOWN"])
    assert not fake.requests, "the registry behind was not even asked"


def test_a_token_is_needed_and_ends_after_twelve_hours(world: World, ecr: Any) -> None:
    ecr.create_repository(repositoryName="orders")
    good = password(ecr)
    with opened(world, good) as registry:
        registry.ping()
        assert not registry.exists("orders", "v1")
        world.clock.advance(12 * 3600 - 1)
        assert not registry.exists("orders", "v1")
        world.clock.advance(1)
        with pytest.raises(Denied, match=r"Your authorization token has expired\. Reauthenticate and try again\.") as caught:
            registry.manifest("orders", "v1")
        assert caught.value.facts["status"] == 403
    with opened(world, "guessed") as registry, pytest.raises(Denied) as caught:
        registry.ping()
    assert caught.value.facts["status"] == 401
    with opened(world, good, HOST.replace("eu-central-1", "eu-west-1")) as registry, pytest.raises(Denied):
        registry.ping()


def test_the_challenge_is_that_of_ecr(world: World) -> None:
    status, headers, _ = world.get(f"https://{HOST}/v2/")
    assert (status, headers["Www-Authenticate"]) == (401, f'Basic realm="https://{HOST}/",service="ecr.amazonaws.com"')


@pytest.mark.parametrize("mutability", ["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION", "MUTABLE"])
def test_tags_that_stay_where_they_are(world: World, ecr: Any, tmp_path: Path, mutability: str) -> None:
    filters = [{"filterType": "WILDCARD", "filter": "main-*"}] if "WITH" in mutability else []
    more = {"imageTagMutabilityExclusionFilters": filters} if filters else {}
    ecr.create_repository(repositoryName="orders", imageTagMutability=mutability, **more)
    first, second = image(tmp_path / "1", b"one"), image(tmp_path / "2", b"two")
    stays = {"IMMUTABLE": {"v1", "main-1"}, "IMMUTABLE_WITH_EXCLUSION": {"v1"}, "MUTABLE_WITH_EXCLUSION": {"main-1"}, "MUTABLE": set()}[mutability]
    with opened(world) as registry:
        push_layout(registry, first, "orders", ["v1", "main-1"])
        for tag in ("v1", "main-1"):
            if tag in stays:
                words = f"TAG_INVALID The image tag '{tag}' already exists in the 'orders' repository and cannot be overwritten"
                with pytest.raises(Conflict, match=words) as caught:
                    push_layout(registry, second, "orders", [tag])
                assert caught.value.facts["status"] == 400
            else:
                push_layout(registry, second, "orders", [tag])
            assert registry.manifest("orders", tag).digest == (first if tag in stays else second).root.digest


def test_another_tag_for_an_image_by_the_api(world: World, ecr: Any, tmp_path: Path) -> None:
    ecr.create_repository(repositoryName="orders", imageTagMutability="IMMUTABLE")
    layout = image(tmp_path / "1", b"one")
    with opened(world) as registry:
        push_layout(registry, layout, "orders", ["v1"])
        found = ecr.batch_get_image(repositoryName="orders", imageIds=[{"imageTag": "v1"}, {"imageTag": "v2"}])
        assert found["failures"][0]["failureCode"] == "ImageNotFound"
        body = found["images"][0]["imageManifest"]
        assert ecr.put_image(repositoryName="orders", imageManifest=body, imageTag="v2")["image"]["imageId"]["imageTag"] == "v2"
        assert registry.manifest("orders", "v2").digest == layout.root.digest
        with pytest.raises(ClientError) as caught:
            ecr.put_image(repositoryName="orders", imageManifest=body, imageTag="v2")
        assert caught.value.response["Error"]["Code"] == "ImageAlreadyExistsException"
        push_layout(registry, image(tmp_path / "2", b"two"), "orders", ["v3"])
        with pytest.raises(ClientError) as caught:
            ecr.put_image(repositoryName="orders", imageManifest=body, imageTag="v3")
        assert caught.value.response["Error"]["Code"] == "ImageTagAlreadyExistsException"
    with pytest.raises(ClientError) as caught:
        ecr.put_image(repositoryName="nothing", imageManifest=body, imageTag="v3")
    assert caught.value.response["Error"]["Code"] == "RepositoryNotFoundException"


@pytest.mark.parametrize("deletes", [True, False], ids=["a registry that deletes", "one that does not"])
def test_what_is_deleted_is_gone(world: World, ecr: Any, fake: FakeRegistry, tmp_path: Path, deletes: bool) -> None:
    fake.deletes = deletes
    ecr.create_repository(repositoryName="orders")
    layout = image(tmp_path / "1", b"one")
    digest = str(layout.root.digest)
    with opened(world) as registry:
        push_layout(registry, layout, "orders", ["v1", "v2"])
        assert ecr.batch_delete_image(repositoryName="orders", imageIds=[{"imageTag": "v1"}])["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]
        assert not registry.exists("orders", "v1")
        assert registry.exists("orders", "v2")
        gone = ecr.batch_delete_image(repositoryName="orders", imageIds=[{"imageDigest": digest}, {"imageTag": "v7"}])
        assert gone["imageIds"] == [{"imageDigest": digest, "imageTag": "v2"}]
        assert [each["failureCode"] for each in gone["failures"]] == ["ImageNotFound"]
        assert not registry.exists("orders", digest)
        assert ecr.list_images(repositoryName="orders")["imageIds"] == []
        push_layout(registry, layout, "orders", ["v1"])
        assert registry.exists("orders", "v1"), "what is pushed again is there again"
    assert ecr.list_images(repositoryName="orders")["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]


def test_images_without_a_tag_pages_and_filters(world: World, ecr: Any, tmp_path: Path) -> None:
    ecr.create_repository(repositoryName="orders")
    with opened(world) as registry:
        for number in range(3):
            world.clock.advance(60)
            push_layout(registry, image(tmp_path / str(number), str(number).encode()), "orders", ["v1"])
    listed = [
        each["imageDigest"]
        for page in ecr.get_paginator("list_images").paginate(repositoryName="orders", PaginationConfig={"PageSize": 2})
        for each in page["imageIds"]
    ]
    assert len(listed) == len(set(listed)) == 3
    untagged = ecr.describe_images(repositoryName="orders", filter={"tagStatus": "UNTAGGED"})["imageDetails"]
    assert len(untagged) == 2
    assert all("imageTags" not in each for each in untagged)
    tagged = ecr.list_images(repositoryName="orders", filter={"tagStatus": "TAGGED"})["imageIds"]
    assert [each["imageTag"] for each in tagged] == ["v1"]
    with pytest.raises(ClientError) as caught:
        ecr.describe_images(repositoryName="orders", imageIds=[{"imageTag": "v9"}])
    assert caught.value.response["Error"]["Code"] == "ImageNotFoundException"


def test_a_repository_with_images_is_deleted_by_force_only(world: World, ecr: Any, fake: FakeRegistry, tmp_path: Path) -> None:
    ecr.create_repository(repositoryName="orders")
    with opened(world) as registry:
        push_layout(registry, image(tmp_path / "1", b"one"), "orders", ["v1"])
        with pytest.raises(ClientError) as caught:
            ecr.delete_repository(repositoryName="orders")
        assert caught.value.response["Error"]["Code"] == "RepositoryNotEmptyException"
        ecr.delete_repository(repositoryName="orders", force=True)
        with pytest.raises(NotFound):
            registry.manifest("orders", "v1")
    ecr.create_repository(repositoryName="orders")
    assert ecr.list_images(repositoryName="orders")["imageIds"] == []
    assert not fake.tagged


def test_what_refers_to_an_image_is_found_though_the_registry_behind_cannot(world: World, ecr: Any, tmp_path: Path) -> None:
    ecr.create_repository(repositoryName="orders", imageTagMutability="IMMUTABLE")
    layout = image(tmp_path / "1", b"one")
    with opened(world) as registry:
        push_layout(registry, layout, "orders", ["v1"])
        config = layout.manifest()["config"]
        signature = {"schemaVersion": 2, "mediaType": names.MANIFEST, "artifactType": "application/x", "config": config, "layers": []}
        body = json.dumps({**signature, "subject": layout.root.to_json()}).encode()
        answer = registry.put_manifest("orders", str(Digest.of(body)), body, names.MANIFEST)
        assert answer.header("oci-subject") == str(layout.root.digest)
        found = json.loads(registry.referrers_page("orders", layout.root.digest).body)["manifests"]
    assert [(each["digest"], each["artifactType"]) for each in found] == [(str(Digest.of(body)), "application/x")]
    details = ecr.describe_images(repositoryName="orders")["imageDetails"]
    assert {each.get("subjectManifestDigest") for each in details} == {None, str(layout.root.digest)}


def test_nodes_pull_without_a_token_and_cannot_push(world: World, ecr: Any, tmp_path: Path) -> None:
    ecr.create_repository(repositoryName="orders")
    layout = image(tmp_path / "1", b"one")
    with opened(world) as registry:
        push_layout(registry, layout, "orders", ["v1"])
    nodes = f"127.0.0.1:{world.state.ports['pull']}"
    with Registry.connect(nodes, Path(world.state.ca_file), sleep=lambda _: None) as registry:
        assert registry.manifest("orders", "v1").digest == layout.root.digest
        with pytest.raises(NotFound):
            registry.manifest("invoices", "v1")
        with pytest.raises(Exception, match="405: UNSUPPORTED"):
            registry.put_manifest("orders", "v2", b"{}", names.MANIFEST)
    context = ssl.create_default_context(cafile=world.state.ca_file)
    request = urllib.request.Request(f"https://{nodes}/v2/orders/manifests/v1?ns={HOST}", headers={"Accept": names.MANIFEST})
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:
        assert Digest.of(answer.read()) == layout.root.digest
    elsewhere = f"https://{nodes}/v2/orders/manifests/v1?ns={HOST.replace('eu-central-1', 'eu-west-1')}"
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(elsewhere, timeout=30, context=context):
        pass
    caught.value.close()
    assert caught.value.code == 404


def test_what_a_client_accepts_may_stand_in_several_lines(world: World, ecr: Any, tmp_path: Path) -> None:
    ecr.create_repository(repositoryName="orders")
    layout = image(tmp_path / "1", b"one")
    with opened(world) as registry:
        push_layout(registry, layout, "orders", ["v1"])
    context = ssl.create_default_context(cafile=world.state.ca_file)
    connection = http.client.HTTPSConnection("127.0.0.1", world.state.ports["pull"], timeout=30, context=context)
    connection.putrequest("GET", "/v2/orders/manifests/v1")
    for each in (names.MANIFEST, names.DOCKER_MANIFEST):
        connection.putheader("Accept", each)
    connection.endheaders()
    with connection.getresponse() as answer:
        assert Digest.of(answer.read()) == layout.root.digest
    connection.close()


def test_an_upload_of_unknown_length(world: World, ecr: Any, fake: FakeRegistry) -> None:
    """As buildah sends layers: in chunks (RFC 9112 §7.1), on one connection after the other."""
    ecr.create_repository(repositoryName="orders")
    key = base64.b64encode(f"AWS:{password(ecr)}".encode()).decode()
    connection = http.client.HTTPSConnection(
        "127.0.0.1", world.state.ports["proxy"], timeout=30, context=ssl.create_default_context(cafile=world.state.ca_file)
    )
    connection.set_tunnel(HOST, 443)
    content = [b"first", b"x" * 100_000, b"last"]
    data = b"".join(content)

    def said(status: int, *request: Any, **more: str) -> str:
        connection.request(*request, {"Authorization": f"Basic {key}", **more}, encode_chunked=bool(more))
        with connection.getresponse() as answer:
            answer.read()
            assert answer.status == status
            return answer.headers["Location"] or ""

    with contextlib.closing(connection):
        location = said(202, "POST", "/v2/orders/blobs/uploads/", None)
        location = said(202, "PATCH", location, iter(content), **{"Transfer-Encoding": "chunked"})
        said(201, "PUT", f"{location}&digest={Digest.of(data)}", None)
    assert fake.blobs["orders", str(Digest.of(data))] == data


def test_a_registry_that_is_away_is_said(world: World, ecr: Any, fake: FakeRegistry) -> None:
    ecr.create_repository(repositoryName="orders")
    fake.port, world.simulator.backends["ecr"].images.upstream.__dict__["url"] = 1, "http://127.0.0.1:1"
    with opened(world) as registry, pytest.raises(Exception, match="The registry behind the simulated ECR"):
        registry.manifest("orders", "v1")


def test_rules_for_other_registries_are_as_without_a_world(ecr: Any) -> None:
    ecr.create_pull_through_cache_rule(ecrRepositoryPrefix="ecr-public", upstreamRegistryUrl="public.ecr.aws")
    (rule,) = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert rule["upstreamRegistryUrl"] == "public.ecr.aws"


def test_what_was_pushed_is_known_to_the_next_process(fake: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        with running(tmp_path / "world", registry=f"http://{fake.host}") as world:
            world.into(monkeypatch)
            ecr = world.client("ecr")
            ecr.create_repository(repositoryName="orders")
            with opened(world) as registry:
                if not number:
                    push_layout(registry, image(tmp_path / "1", b"one"), "orders", ["v1"])
                    push_layout(registry, image(tmp_path / "2", b"two"), "orders", ["v1"])
            assert len(ecr.describe_images(repositoryName="orders")["imageDetails"]) == 2


def test_an_image_of_another_registry_has_a_stand_in(fake: FakeRegistry, tmp_path: Path) -> None:
    digest = fake.add_manifest("stand-in", {"schemaVersion": 2, "mediaType": names.MANIFEST, "layers": []})
    with running(tmp_path / "world", registry=f"http://{fake.host}", images={"ghcr.io/team/tool": f"stand-in@{digest}"}) as world:
        context = ssl.create_default_context(cafile=world.state.ca_file)

        def asked(path: str, host: str = "ghcr.io") -> tuple[int, str]:
            url = f"https://127.0.0.1:{world.state.ports['pull']}/v2/{path}?ns={host}"
            request = urllib.request.Request(url, headers={"Accept": names.MANIFEST})
            try:
                with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                    return answer.status, str(Digest.of(answer.read()))
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, ""

        assert asked("team/tool/manifests/v1.3.2") == asked("team/tool/manifests/v9") == asked(f"team/tool/manifests/{digest}") == (200, digest)
        assert asked("team/tool/manifests/v1", HOST) == asked("team/other/manifests/v1") == asked("stand-in/manifests/v1") == (404, "")
