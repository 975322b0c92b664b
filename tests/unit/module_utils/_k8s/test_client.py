# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import (
    Busy,
    Conflict,
    Denied,
    InvalidInput,
    NotFound,
    SlipwayError,
    Unreachable,
)
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import Answer, connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind
from ansible_collections.slipway.platform.plugins.module_utils._k8s.responses import error_of
from support.kube_api import Fault, KubeApi

CONFIG_MAP = BUILT_IN["", "v1", "ConfigMap"]
SECRET = BUILT_IN["", "v1", "Secret"]
CLUSTER_ROLE = BUILT_IN["rbac.authorization.k8s.io", "v1", "ClusterRole"]


def config_map(name: str = "a", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "path"),
    [
        (CONFIG_MAP, "x", "y", "/api/v1/namespaces/x/configmaps/y"),
        (CONFIG_MAP, "x", None, "/api/v1/namespaces/x/configmaps"),
        (CONFIG_MAP, None, None, "/api/v1/configmaps"),
        (CLUSTER_ROLE, "ignored", "y:z", "/apis/rbac.authorization.k8s.io/v1/clusterroles/y%3Az"),
    ],
)
def test_paths(kind: Kind, namespace: str | None, name: str | None, path: str) -> None:
    assert kind.path(namespace, name) == path


def test_only_404_is_absent(api: KubeApi, client: Client) -> None:
    assert client.get(CONFIG_MAP, "default", "a") is None
    api.faults.append(Fault("GET", "configmaps/a", 403, {"message": "no"}))
    with pytest.raises(Denied):
        client.get(CONFIG_MAP, "default", "a")


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (401, {}, Denied, "credentials of the kubeconfig were not accepted"),
        (403, {"message": "quota exceeded"}, Denied, "forbidden: quota exceeded"),
        (404, {"message": "gone"}, NotFound, "not found (gone)"),
        (409, {"message": "object modified"}, Conflict, "object modified"),
        (429, {"message": "slow down"}, Busy, "overloaded"),
        (500, {"message": "etcd"}, Unreachable, "answered 500"),
        (500, {"message": "failed to create typed patch object (x): .spec.y: field not declared in schema"}, InvalidInput, ".spec.y: field not declared"),
        (422, {"message": "m", "details": {"causes": [{"field": "spec.x", "message": "Required"}]}}, InvalidInput, "spec.x: Required"),
        (400, {"message": "bad"}, InvalidInput, "bad"),
    ],
)
def test_errors(status: int, body: dict[str, Any], error: type[SlipwayError], words: str) -> None:
    import json

    found = error_of(Answer(status, json.dumps(body).encode()), "PATCH", "Deployment a/b", "https://cluster")
    assert type(found) is error
    assert found.message.startswith("applying Deployment a/b at https://cluster: ")
    assert words in found.message


def test_an_error_about_a_secret_does_not_quote_the_server(api: KubeApi, client: Client) -> None:
    body = {"message": "Invalid value: hunter2", "details": {"causes": [{"field": "data.password", "message": "Invalid value: hunter2"}]}}
    api.faults.append(Fault("PATCH", "secrets", 422, body))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}, "data": {"password": "x"}}
    with pytest.raises(InvalidInput) as caught:
        client.apply(SECRET, secret)
    assert "hunter2" not in caught.value.message + str(caught.value.facts)
    assert "data.password" in caught.value.message


def test_a_conflict_names_manager_and_fields(api: KubeApi, client: Client) -> None:
    api.put("/api/v1/namespaces/default/configmaps/a", config_map(a="theirs"), "kubectl-edit")
    with pytest.raises(Conflict) as caught:
        client.apply(CONFIG_MAP, config_map(a="ours"))
    assert caught.value.facts["managers"] == ["kubectl-edit"]
    assert caught.value.facts["fields"] == [".data.a"]
    assert "force: true" in caught.value.message
    assert client.apply(CONFIG_MAP, config_map(a="ours"), force=True).object["data"] == {"a": "ours"}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_apply_is_repeated_twice(api: KubeApi, client: Client, status: int) -> None:
    api.faults.append(Fault("PATCH", "configmaps", status, times=2))
    assert client.apply(CONFIG_MAP, config_map()).created
    assert client.requests == 3


def test_a_create_is_never_repeated(api: KubeApi, client: Client) -> None:
    api.faults.append(Fault("POST", "configmaps", 503))
    with pytest.raises(Unreachable):
        client.create(CONFIG_MAP, config_map())
    assert client.requests == 1


def test_no_answer_is_unreachable(tmp_path: Path, client: Client, api: KubeApi) -> None:
    api.url = "http://127.0.0.1:1"
    closed = Client(connect(api.kubeconfig(tmp_path)), sleep=lambda seconds: None)
    with pytest.raises(Unreachable) as caught:
        closed.find(CONFIG_MAP, "default")
    assert "refused" in caught.value.message
    assert "object at 0x" not in caught.value.message


def test_no_request_outlives_the_work(client: Client, time: Any) -> None:
    client.until = 10.0
    assert client._timeout() == 10.0
    time.now = 9.9
    assert client._timeout() == 1.0


def test_delete_spares_another_object_of_that_name(api: KubeApi, client: Client) -> None:
    client.apply(CONFIG_MAP, config_map())
    assert not client.delete(CONFIG_MAP, "default", "a", uid="another")
    assert client.delete(CONFIG_MAP, "default", "a")
    assert not client.delete(CONFIG_MAP, "default", "a")


def test_built_in_kinds_need_no_discovery(client: Client) -> None:
    kind = client.kind("apps/v1", "Deployment")
    assert kind is not None
    assert kind.plural == "deployments"
    assert client.requests == 0


def test_other_kinds_are_discovered_once(api: KubeApi, client: Client) -> None:
    api.served["example.com/v1"] = [{"name": "things", "kind": "Thing", "namespaced": True}, {"name": "things/status", "kind": "Thing", "namespaced": True}]
    assert client.kind("example.com/v1", "Thing") == Kind("example.com", "v1", "Thing", "things", True)
    assert client.kind("example.com/v1", "Other") is None
    assert client.requests == 1
    assert client.kind("example.org/v1", "Thing") is None
    assert client.preferred_version("example.com") == "v1"
    assert client.preferred_version("example.org") is None


def test_log_of_a_container(api: KubeApi, client: Client) -> None:
    api.logs["/api/v1/namespaces/default/pods/p/log"] = "".join(f"line {number}\n" for number in range(30))
    assert client.log("default", "p", "app")[0] == "line 10"
    assert client.log("default", "other", "app") == []


def test_map_keeps_the_order_and_raises_the_first_error(client: Client) -> None:
    assert client.map(lambda number: number * 2, range(20)) == [number * 2 for number in range(20)]
    with pytest.raises(ZeroDivisionError):
        client.map(lambda number: 1 // number, [1, 0, 2])


def test_credentials_are_sent_and_a_missing_kubeconfig_is_said(api: KubeApi, client: Client, tmp_path: Path) -> None:
    client.find(CONFIG_MAP, "default")
    assert api.headers[-1]["authorization"] == "Bearer a-token"
    with pytest.raises(InvalidInput, match="does not exist"):
        connect(tmp_path / "none")
    (tmp_path / "broken").write_text("clusters: 5")
    with pytest.raises(InvalidInput, match="cannot be used"):
        connect(tmp_path / "broken")
