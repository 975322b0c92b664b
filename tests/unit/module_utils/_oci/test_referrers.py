# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.referrers import Artifact, attach, referrers, tag_of
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from support.registry import FakeRegistry, Fault, serve

SBOM = Artifact(names.SPDX, b'{"spdx": 1}', {"a": "b"})
SIGNATURE = Artifact("application/example.signature", b"signed", {})


@pytest.fixture(params=[False, True], ids=["by tag", "by API"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeRegistry]:
    with serve(FakeRegistry(referrers_api=request.param)) as running:
        yield running


@pytest.fixture
def registry(fake: FakeRegistry) -> Iterator[Registry]:
    with Registry(fake.host, Pool(lambda: trust(None)), scheme="http", sleep=lambda _: None) as client:
        yield client


def subject(fake: FakeRegistry) -> Descriptor:
    value = {"schemaVersion": 2, "mediaType": names.MANIFEST, "layers": []}
    digest = Digest.parse(fake.add_manifest("a", value, "v1"))
    return Descriptor(names.MANIFEST, digest, len(fake.manifests["a", str(digest)][1]))


def test_what_is_attached_is_found_by_its_type(fake: FakeRegistry, registry: Registry) -> None:
    image = subject(fake)
    sbom, signature = attach(registry, "a", image, SBOM), attach(registry, "a", image, SIGNATURE)
    assert [d.digest for d in referrers(registry, "a", image.digest, names.SPDX)] == [sbom.digest]
    assert {d.digest for d in referrers(registry, "a", image.digest)} == {sbom.digest, signature.digest}
    stored = registry.manifest("a", str(sbom.digest)).json
    assert stored["subject"]["digest"] == str(image.digest)
    assert stored["artifactType"] == names.SPDX
    assert (("a", tag_of(image.digest)) in fake.tagged) is not fake.referrers_api


def test_attaching_the_same_again_writes_nothing(fake: FakeRegistry, registry: Registry) -> None:
    image = subject(fake)
    attach(registry, "a", image, SBOM)
    puts = fake.count("PUT")
    attach(registry, "a", image, SBOM)
    assert fake.count("PUT") == puts
    assert len(referrers(registry, "a", image.digest)) == 1


def test_nothing_is_attached(fake: FakeRegistry, registry: Registry) -> None:
    assert referrers(registry, "a", subject(fake).digest) == []


def test_many_at_once_lose_no_entry(fake: FakeRegistry, registry: Registry) -> None:
    image = subject(fake)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: attach(registry, "a", image, Artifact("application/x", str(n).encode(), {})), range(16)))
    assert len(referrers(registry, "a", image.digest)) == 16


@pytest.mark.parametrize("fake", [False], indirect=True)
def test_an_entry_that_another_client_overwrote_is_put_back(fake: FakeRegistry, registry: Registry) -> None:
    image = subject(fake)
    other = {"schemaVersion": 2, "mediaType": names.INDEX, "manifests": []}
    overwritten: list[str] = []

    def overwrite(repository: str, target: str) -> None:
        if target == tag_of(image.digest) and not overwritten:
            overwritten.append(target)
            fake.add_manifest(repository, other, target)

    fake.after_put = overwrite
    attached = attach(registry, "a", image, SBOM)
    assert overwritten
    assert [d.digest for d in referrers(registry, "a", image.digest)] == [attached.digest]


@pytest.mark.parametrize("fake", [False], indirect=True)
def test_a_registry_that_takes_the_tag_for_the_digest_has_no_referrers(fake: FakeRegistry, registry: Registry) -> None:
    image = subject(fake)
    fake.tag_is_digest = True
    assert referrers(registry, "a", image.digest) == []


@pytest.mark.parametrize("fake", [False], indirect=True)
@pytest.mark.parametrize("status", [303, 400, 404, 405, 501])
def test_answers_that_mean_there_is_no_api(fake: FakeRegistry, registry: Registry, status: int) -> None:
    image = subject(fake)
    attach(registry, "a", image, SBOM)
    fake.faults.append(Fault("GET", "/referrers/", status, {"Location": "http://localhost/elsewhere"}))
    assert len(referrers(registry, "a", image.digest)) == 1


def test_a_refusal_is_not_an_empty_list(fake: FakeRegistry, registry: Registry) -> None:
    fake.faults.append(Fault("GET", "/referrers/", 403))
    with pytest.raises(Denied):
        referrers(registry, "a", subject(fake).digest)


def test_the_empty_configuration_is_the_one_of_the_specification(fake: FakeRegistry, registry: Registry) -> None:
    image = subject(fake)
    stored = registry.manifest("a", str(attach(registry, "a", image, SBOM).digest))
    assert stored.json["config"]["digest"] == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert json.loads(fake.blobs["a", stored.json["layers"][0]["digest"]]) == {"spdx": 1}
