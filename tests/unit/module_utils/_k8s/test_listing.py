# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long lists: every object once, whatever the server forgets meanwhile."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s import listing
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from support.kube_api import Fault, KubeApi

SECRET = BUILT_IN["", "v1", "Secret"]


def fill(api: KubeApi, count: int, namespace: str = "default") -> list[str]:
    names = [f"s-{number:03}" for number in range(count)]
    for name in names:
        add(api, name, namespace)
    return names


def add(api: KubeApi, name: str, namespace: str = "default", kind: str = "Opaque") -> None:
    metadata = {"name": name, "namespace": namespace}
    api.put(f"/api/v1/namespaces/{namespace}/secrets/{name}", {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind})


def test_pages(api: KubeApi, client: Client) -> None:
    names = fill(api, 23)
    assert [item["metadata"]["name"] for item in listing.each(client, SECRET, limit=5)] == names
    assert len(api.log) == 5
    assert all("limit=5" in line for line in api.log)


def test_an_empty_list(client: Client) -> None:
    assert list(listing.each(client, SECRET)) == []


def test_what_is_not_wanted_is_not_sent(api: KubeApi, client: Client) -> None:
    add(api, "tls", kind="kubernetes.io/tls")
    add(api, "helm", kind="helm.sh/release.v1")
    assert [item["metadata"]["name"] for item in listing.each(client, SECRET, fields="type!=helm.sh/release.v1,type!=x")] == ["tls"]
    assert [item["metadata"]["name"] for item in listing.each(client, SECRET, fields="type=helm.sh/release.v1")] == ["helm"]


@pytest.mark.parametrize("at", [1, 4, 5, 6, 10, 19, 20])
def test_a_list_that_the_server_forgot_is_begun_again_and_no_object_comes_twice(api: KubeApi, client: Client, at: int) -> None:
    names = fill(api, 20)
    seen = []
    for number, item in enumerate(listing.each(client, SECRET, limit=5), 1):
        seen.append(item["metadata"]["name"])
        if number == at:
            api.forget_pages()
            del api.objects["/api/v1/namespaces/default/secrets/s-000"]
            add(api, "a-new-one")
    begun_again = "a-new-one" in seen
    assert begun_again == (at <= 15)
    assert sorted(seen) == sorted([*names, *(["a-new-one"] if begun_again else [])])


def test_one_of_the_same_name_that_was_made_meanwhile_is_another_one(api: KubeApi, client: Client) -> None:
    fill(api, 10)
    seen = []
    for item in listing.each(client, SECRET, limit=5):
        seen.append((item["metadata"]["name"], item["metadata"]["uid"]))
        if len(seen) == 1:
            api.forget_pages()
            del api.objects["/api/v1/namespaces/default/secrets/s-000"]
            add(api, "s-000")
    assert [name for name, _ in seen].count("s-000") == 2
    assert len(seen) == len(set(seen)) == 11


def test_a_server_that_always_forgets_is_given_up(api: KubeApi, client: Client) -> None:
    fill(api, 20)
    api.faults.append(Fault("GET", "continue=", 410, {"reason": "Expired"}, times=99))
    with pytest.raises(Unreachable, match="could not be read to its end in 4 tries; ask for larger pages"):
        list(listing.each(client, SECRET, limit=5))
    assert len(api.log) == 8


def test_a_refusal_is_no_empty_list(api: KubeApi, client: Client) -> None:
    api.forbidden.add(("secrets", "default"))
    with pytest.raises(Denied):
        list(listing.each(client, SECRET, "default"))
