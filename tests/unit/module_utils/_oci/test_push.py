# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor, Layout, canonical
from ansible_collections.slipway.platform.plugins.module_utils._oci.push import push_layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from support.registry import FakeRegistry, Fault, serve


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with serve() as running:
        yield running


@pytest.fixture
def registry(fake: FakeRegistry) -> Iterator[Registry]:
    with Registry(fake.host, Pool(lambda: trust(None)), scheme="http", sleep=lambda _: None) as client:
        yield client


def image(path: Path, *contents: bytes) -> Layout:
    layout = Layout.create(path)
    layout.add_image({"os": "linux"}, [layout.add(content, names.LAYER) for content in contents], {names.TITLE: "x"})
    return layout


def test_a_layout_is_what_the_specification_says(tmp_path: Path) -> None:
    layout = image(tmp_path, b"one")
    assert json.loads((tmp_path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((tmp_path / "index.json").read_text())
    assert index["manifests"] == [layout.root.to_json()]
    assert layout.manifest()["mediaType"] == names.MANIFEST
    for file in (tmp_path / "blobs" / "sha256").iterdir():
        assert Digest("sha256", file.name).matches(file.read_bytes())


def test_the_same_image_has_the_same_digest(tmp_path: Path) -> None:
    assert image(tmp_path / "a", b"one").root == image(tmp_path / "b", b"one").root


def test_a_descriptor_is_written_and_read_back() -> None:
    described = Descriptor(names.LAYER, Digest.of(b"x"), 1, {"b": "2", "a": "1"}, "application/x")
    assert Descriptor.from_json(json.loads(canonical(described.to_json()))) == described


def test_a_folder_that_is_no_layout_and_one_that_was_changed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not an OCI image layout"):
        _ = Layout(tmp_path).root
    layout = image(tmp_path, b"one")
    layout.blob(layout.root.digest).write_bytes(b"{}")
    with pytest.raises(InvalidInput, match="build it again"):
        layout.manifest()


def test_a_file_is_moved_in(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "layout")
    (tmp_path / "file").write_bytes(b"z" * 2_000_000)
    described = layout.add_file(tmp_path / "file", names.LAYER)
    assert described.size == 2_000_000
    assert described.digest == Digest.of(layout.blob(described.digest).read_bytes())


def test_a_push_sends_everything_once_and_the_tag_last(tmp_path: Path, fake: FakeRegistry, registry: Registry) -> None:
    layout = image(tmp_path, b"one", b"two", b"one")
    first = push_layout(registry, layout, "a", ["v1", "v2"])
    assert (first.blobs, first.manifests, first.tags) == (3, 1, 2)
    assert fake.tagged["a", "v1"] == fake.tagged["a", "v2"] == str(layout.root.digest)
    puts = [path for method, path in fake.requests if method == "PUT"]
    assert puts[-3:] == [f"/v2/a/manifests/{layout.root.digest}", "/v2/a/manifests/v1", "/v2/a/manifests/v2"]


def test_the_second_push_costs_one_request_and_one_for_each_tag(tmp_path: Path, fake: FakeRegistry, registry: Registry) -> None:
    layout = image(tmp_path, b"one")
    push_layout(registry, layout, "a", ["v1"])
    before = fake.count()
    second = push_layout(registry, layout, "a", ["v1"])
    assert not second.changed
    assert fake.count() == before + 2


def test_what_is_there_is_not_sent_again(tmp_path: Path, fake: FakeRegistry, registry: Registry) -> None:
    push_layout(registry, image(tmp_path / "1", b"base", b"one"), "a")
    second = push_layout(registry, image(tmp_path / "2", b"base", b"two"), "a")
    assert second.blobs == 1


@pytest.mark.parametrize("mounts", [True, False])
def test_layers_of_a_base_come_from_the_base(tmp_path: Path, fake: FakeRegistry, registry: Registry, mounts: bool) -> None:
    base = image(tmp_path / "base", b"base" * 1000)
    push_layout(registry, base, "base")
    fake.mounts = mounts
    layout = Layout.create(tmp_path / "service")
    layer = Descriptor.from_json(base.manifest()["layers"][0])
    layout.add_image({"os": "linux"}, [layer, layout.add(b"own", names.LAYER)], {})
    pushed = push_layout(registry, layout, "service", ["v1"], {layer.digest: "base"})
    assert ("service", str(layer.digest)) in fake.blobs
    assert pushed.blobs == (2 if mounts else 3)  # configuration and own layer, and the base's where it could not be mounted


def test_an_index_is_pushed_with_its_images(tmp_path: Path, fake: FakeRegistry, registry: Registry) -> None:
    layout = Layout.create(tmp_path)
    children = [layout.add_image({"os": "linux", "architecture": name}, [layout.add(name.encode(), names.LAYER)], {}) for name in ("amd64", "arm64")]
    index = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": [child.to_json() for child in children]}
    layout.set_root(layout.add(canonical(index), names.INDEX))
    assert push_layout(registry, layout, "a", ["v1"]).manifests == 3
    assert registry.manifest("a", "v1").descriptor.media_type == names.INDEX


def test_a_push_that_fails_sets_no_tag(tmp_path: Path, fake: FakeRegistry, registry: Registry) -> None:
    fake.faults.append(Fault("PUT", "/manifests/sha256", 403))
    with pytest.raises(SlipwayError):
        push_layout(registry, image(tmp_path, b"one"), "a", ["v1"])
    assert not fake.tagged
