# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score import inputs
from support.score import DIGEST, GATEWAY, POSTGRES

HERE = Path("/project")


def test_a_source_is_a_folder_or_a_file_in_the_project() -> None:
    found = inputs.services([{"source": "examples/hello"}, {"source": "/srv/a/other.yaml"}, {"source": "x.yml"}], HERE)
    assert [str(item.source.path) for item in found] == ["/project/examples/hello/score.yaml", "/srv/a/other.yaml", "/project/x.yml"]


def test_inventory_values_become_texts() -> None:
    item = {"source": "x", "variables": {"A": True, "B": 1, "C": "x"}, "resources": {"requests": {"cpu": 1}}, "replicas": 3}
    found = inputs.services([item], HERE)[0]
    assert found.variables == {"A": "true", "B": "1", "C": "x"}
    assert found.requests == {"cpu": "1"}
    assert found.replicas == 3


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, "slipway_services[0]: `source` is missing"),
        ({"name": "hello", "source": "x", "replica": 1}, "slipway_services[0] (hello): unknown key `replica`; did you mean `replicas`?"),
        ({"source": "x", "replicas": 0}, "replicas: 0 is not a whole number of at least 1"),
        ({"source": "x", "replicas": True}, "replicas: True is not a whole number of at least 1"),
        ({"source": "x", "host": "https://a/"}, "'https://a/' is not a host name"),
        ({"source": "x", "hosts": {"dns": "A_b"}}, "'A_b' is not a host name"),
        ({"source": "x", "resources": {"request": {"cpu": "1"}}}, "resources.request.cpu: '1' is not an amount"),
        ({"source": "x", "resources": {"limits": {"memory": "64MB"}}}, "resources.limits.memory: '64MB' is not an amount"),
    ],
)
def test_a_wrong_item(item: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        inputs.services([item], HERE)
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("value", "version"),
    [
        (f"localhost:5001/hello@{DIGEST}", "aaaaaaaaaaaa"),
        ({"reference": f"localhost:5001/hello@{DIGEST}"}, "aaaaaaaaaaaa"),
        ({"reference": f"localhost:5001/hello@{DIGEST}", "tag": "sha-123", "built": True}, "sha-123"),
        ({"reference": f"localhost:5001/hello:sha-1@{DIGEST}", "tag": "with space/" + "x" * 70}, "with-space-" + "x" * 52),
    ],
)
def test_images(value: Any, version: str) -> None:
    assert inputs.images({"hello": value})["hello"].version == version


@pytest.mark.parametrize("value", ["localhost:5001/hello:latest", "hello", "", None, {"tag": "x"}, {"reference": "a@sha256:123"}])
def test_an_image_without_a_digest_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput, match="must be given by digest"):
        inputs.images({"hello": value})


def test_bindings_know_where_their_pods_are() -> None:
    binding = inputs.bindings([POSTGRES], [])["hello", "db"]
    assert (binding.secret, binding.version) == ("hello-db", "11aa")
    assert (binding.backing.namespace, binding.backing.port) == ("postgres", 5432)


def test_the_version_that_was_delivered_counts() -> None:
    delivered = [{"service": "hello", "resource": "db", "namespace": "hello", "secret": "hello-db", "version": "new"}]
    binding = inputs.bindings([POSTGRES], delivered)["hello", "db"]
    assert binding.version == "new"
    assert binding.backing.namespace == "postgres"


def test_a_delivered_secret_needs_no_backing() -> None:
    assert inputs.bindings([], [{"service": "hello", "resource": "key", "secret": "hello-key", "version": "1"}])["hello", "key"].secret == "hello-key"


def test_a_secret_that_no_service_asked_for_is_not_a_binding() -> None:
    assert inputs.bindings([], [{"service": None, "resource": None, "secret": "shared", "version": "1"}]) == {}


def test_gateway() -> None:
    found = inputs.gateway(GATEWAY)
    assert found is not None
    assert (found.name, found.namespace, found.section, found.suffix) == ("gateway", "ingress", "https", ":8443")
    plain = inputs.gateway({"gateway": {"name": "g", "namespace": "n", "section": "web"}})
    assert plain is not None
    assert (plain.section, plain.suffix, plain.pod_namespace) == ("web", "", "n")
    assert inputs.gateway(None) is None


def test_settings_that_are_not_given_keep_their_default() -> None:
    found = inputs.settings("local", "hello", {"replicas": 3, "storage_class": None})
    assert (found.replicas, found.storage_class, found.part_of, found.domain) == (3, None, "hello", "localhost")
