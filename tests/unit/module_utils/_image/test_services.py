# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils import _artifacts
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Conflict, InvalidInput, NotFound, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._image import buildah, catalog, debian, sbom, services
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.push import push_layout
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from support.registry import FakeRegistry, serve

BASE = "localhost/base@sha256:" + "a" * 64
OTHER_BASE = "localhost/base@sha256:" + "b" * 64


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with serve() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "Containerfile").write_text("FROM scratch\n")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)
    return folder


def connect(fake: FakeRegistry) -> Registry:
    return Registry(fake.host, Pool(lambda: trust(None)), scheme="http", sleep=lambda _: None)


def request(fake: FakeRegistry, folder: Path, said: list[str] | None = None, bases: dict[str, str] | None = None, check_mode: bool = True) -> services.Request:
    service = services.Service("hello", folder, "Containerfile", "", "hello", {}, "MIT")
    lines = said if said is not None else []
    access = buildah.Access(fake.host, None, None)
    return services.Request(
        [service], {"RUNTIME_BASE": BASE} if bases is None else bases, connect(fake), access, dict, folder.parent / "cache", check_mode, lines.append
    )


def publish(fake: FakeRegistry, folder: Path, key: str, tag: str) -> str:
    """An image in the registry that carries this key, with a list of its contents."""
    layout = Layout.create(folder.parent / f"layout-{key}-{tag}")
    layout.add_image({"os": "linux"}, [], {names.INPUTS: key})
    with connect(fake) as registry:
        push_layout(registry, layout, "hello", [tag])
    return str(layout.root.digest)


def wanted(fake: FakeRegistry, folder: Path, **more: Any) -> services.Wanted:
    one = request(fake, folder, **more)
    return services._want(one, one.services[0])


def test_an_image_that_nobody_built_would_be_built(fake: FakeRegistry, folder: Path) -> None:
    result = services.ensure(request(fake, folder))
    image = result.images["hello"]
    assert result.changed
    assert (result.built, image.digest, image.reference) == (["hello"], str(services.UNKNOWN), f"{fake.host}/hello@{services.UNKNOWN}")
    assert image.tag.startswith("sha-")
    assert fake.count("PUT") == fake.count("POST") == 0


def test_an_image_with_the_wanted_key_is_used_whoever_built_it(fake: FakeRegistry, folder: Path) -> None:
    want = wanted(fake, folder)
    digest = publish(fake, folder, want.key, want.tags[0])
    result = services.ensure(request(fake, folder))
    assert not result.changed
    assert result.images["hello"].reference == f"{fake.host}/hello@{digest}"


def test_a_tag_never_moves(fake: FakeRegistry, folder: Path) -> None:
    before = wanted(fake, folder)
    publish(fake, folder, before.key, before.tags[0])
    after = wanted(fake, folder, bases={"RUNTIME_BASE": OTHER_BASE})
    assert after.tags[0] == before.tags[0]
    result = services.ensure(request(fake, folder, bases={"RUNTIME_BASE": OTHER_BASE}))
    image = result.images["hello"]
    assert result.built == ["hello"]
    assert image.tag == f"{after.tags[0]}-{after.key[:8]}"
    digest = publish(fake, folder, after.key, image.tag)
    assert services.ensure(request(fake, folder, bases={"RUNTIME_BASE": OTHER_BASE})).images["hello"].digest == digest


def test_tags_that_are_all_taken_are_a_conflict(fake: FakeRegistry, folder: Path) -> None:
    for tag in wanted(fake, folder).tags:
        publish(fake, folder, "0" * 16, tag)
    with pytest.raises(Conflict, match="are taken"):
        services.ensure(request(fake, folder))


def test_a_dirty_folder_is_said(fake: FakeRegistry, folder: Path) -> None:
    (folder / "new").write_text("")
    said: list[str] = []
    image = services.ensure(request(fake, folder, said)).images["hello"]
    assert image.dirty
    assert image.revision.endswith("-dirty")
    assert "differs from its last commit" in said[0]


@pytest.mark.parametrize("base", ["localhost/base:1", "localhost/base"])
def test_a_base_without_a_digest_is_refused(fake: FakeRegistry, folder: Path, base: str) -> None:
    with pytest.raises(InvalidInput, match="may be another image tomorrow"):
        services.ensure(request(fake, folder, bases={"RUNTIME_BASE": base}))


def test_a_base_that_is_yet_to_be_built_is_fine_in_check_mode_only(fake: FakeRegistry, folder: Path) -> None:
    assert services.ensure(request(fake, folder, bases={"RUNTIME_BASE": ""})).changed
    with pytest.raises(InvalidInput):
        services.ensure(request(fake, folder, bases={"RUNTIME_BASE": ""}, check_mode=False))


def test_a_base_that_the_registry_lacks_is_named(fake: FakeRegistry, folder: Path) -> None:
    missing = f"{fake.host}/base@sha256:{'a' * 64}"
    with pytest.raises(NotFound, match="the base RUNTIME_BASE is not in the registry"):
        services.ensure(request(fake, folder, bases={"RUNTIME_BASE": missing}, check_mode=False))


def test_a_missing_containerfile_is_refused(fake: FakeRegistry, folder: Path) -> None:
    (folder / "Containerfile").unlink()
    with pytest.raises(InvalidInput, match=r"hello/Containerfile: write one"):
        services.ensure(request(fake, folder))


def test_a_registry_that_is_down_stops_a_build_and_not_a_plan(folder: Path) -> None:
    with serve() as gone:
        pass
    said: list[str] = []
    assert services.ensure(request(gone, folder, said)).changed
    assert "is it running" in said[0]
    with pytest.raises(Unreachable):
        services.ensure(request(gone, folder, check_mode=False))


def test_the_key_ignores_where_a_base_is(fake: FakeRegistry, folder: Path) -> None:
    moved = BASE.replace("localhost/base", "registry.example.org/mirror/base")
    assert wanted(fake, folder).key == wanted(fake, folder, bases={"RUNTIME_BASE": moved}).key
    assert wanted(fake, folder).key != wanted(fake, folder, bases={"RUNTIME_BASE": OTHER_BASE}).key


def program(path: Path, name: str, text: str) -> None:
    target = path / name
    target.write_text(text)
    target.chmod(target.stat().st_mode | stat.S_IXUSR)


def test_a_build_that_fails_shows_its_step_and_its_last_lines(fake: FakeRegistry, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    steps = "echo 'STEP 1/2: FROM base'; echo 'STEP 2/2: RUN make'; for n in $(seq 50); do echo line $n; done; echo no rule >&2; exit 2"
    program(bin_dir, "buildah", '#!/bin/sh\n[ "$1" = build ] || exit 0\n' + steps + "\n")
    monkeypatch.setenv("PATH", f"{bin_dir}:{os.environ['PATH']}")
    said: list[str] = []
    with pytest.raises(CommandFailed, match=r"building hello failed at STEP 2/2: RUN make") as caught:
        services.ensure(request(fake, folder, said, bases={}, check_mode=False))
    assert caught.value.message.splitlines()[-1] == "no rule"
    assert len(caught.value.facts["last_lines"]) == 20
    assert said == ["image hello: STEP 1/2: FROM base", "image hello: STEP 2/2: RUN make"]
    assert [path.name for path in (tmp_path / "cache" / "builds").iterdir()] == ["lock"]


def test_the_list_of_contents_follows_from_the_image() -> None:
    def image(scanned: str) -> dict[str, Any]:
        locator = {"referenceLocator": f"pkg:oci/hello@sha256:{scanned}"}
        return {"primaryPackagePurpose": "CONTAINER", "checksums": [{"algorithm": "SHA256", "checksumValue": scanned}], "externalRefs": [locator]}

    def document(created: str, *packages: str) -> dict[str, Any]:
        return {
            "name": f"/tmp/{created}",
            "documentNamespace": f"https://example.org/{created}",
            "creationInfo": {"created": created, "creators": ["Tool: syft"]},
            "packages": [{"SPDXID": p} for p in packages] + [image(created)],
            "files": [{"SPDXID": "SPDXRef-File-x"}],
            "relationships": [{"spdxElementId": "a", "relatedSpdxElement": "SPDXRef-File-x"}, {"spdxElementId": "a", "relatedSpdxElement": "b"}],
        }

    one = sbom.stable(document("2026", "b", "a"), "hello", "sha256:abc", "2025")
    two = sbom.stable(document("2027", "a", "b"), "hello", "sha256:abc", "2025")
    assert one == two
    value = json.loads(one)
    assert value["name"] == "hello@sha256:abc"
    assert "pkg:oci/hello@sha256:abc" in one.decode()
    assert "files" not in value
    assert value["relationships"] == [{"spdxElementId": "a", "relatedSpdxElement": "b"}]


def record(tmp_path: Path, image: debian.Image, **more: Any) -> None:
    (tmp_path / "records").mkdir(exist_ok=True)
    value = {"key": _artifacts.key_of(image.inputs(debian.architecture())), "generation": "1", "packages": ["a=1"], **more}
    (tmp_path / "records" / "x.json").write_text(json.dumps(value))


def test_a_recorded_image_that_the_registry_has_is_not_built_again(fake: FakeRegistry, tmp_path: Path) -> None:
    image = debian.Image.from_params({"name": "x", "repository": "slipway/x", "packages": ["a"]})
    digest = fake.add_manifest("slipway/x", {"mediaType": names.MANIFEST})
    record(tmp_path, image, digest=digest)
    result = catalog.keep(catalog.Request([image], tmp_path / "cache", tmp_path / "records", connect(fake)))
    assert not result.changed
    assert result.images["x"].reference == f"{fake.host}/slipway/x@{digest}"
    assert result.images["x"].packages == ["a=1"]


def test_check_mode_says_what_would_be_built(fake: FakeRegistry, tmp_path: Path) -> None:
    image = debian.Image.from_params({"name": "x", "repository": "slipway/x", "packages": ["a"]})
    result = catalog.keep(catalog.Request([image], tmp_path / "cache", tmp_path / "records", connect(fake), check_mode=True))
    assert result.changed
    assert result.diff[0]["after"] == "would build x from a\n"
    assert fake.count() == 0
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "records").exists()
