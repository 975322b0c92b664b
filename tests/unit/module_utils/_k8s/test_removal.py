# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment goes out of a cluster: what, in which order, and what is told of what stays."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.apply import apply
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.plan import Request as Set
from ansible_collections.slipway.platform.plugins.module_utils._k8s.removal import Request, Result, remove
from support.kube_api import Fault, KubeApi

GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/ingress/gateways"
CLASS = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "ours"}, "spec": {}}


def deploy(api: KubeApi, client: Client, *namespaces: str) -> None:
    """Sets of ours in these namespaces; in the first a Gateway, a Service with a load balancer and a volume."""
    for name in namespaces:
        objects = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": name}}, *([CLASS] if name == "ingress" else [])]
        apply(client, Set(name, name, tuple(objects)), lambda _line: None)
    client.until = None
    place = {"namespace": "ingress"}
    status = {"addresses": [{"value": "k8s-gateway.elb.example.com"}]}
    api.put(
        f"{GATEWAYS}/gateway",
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gateway", **place}, "spec": {}, "status": status},
    )
    for kind in ("LoadBalancer", "ClusterIP"):
        live = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": kind.lower(), "namespace": "hello"}, "spec": {"type": kind}}
        api.put(f"/api/v1/namespaces/hello/services/{kind.lower()}", live)
    for policy in ("Delete", "Retain"):
        spec = {"claimRef": {"namespace": "hello", "name": policy}, "persistentVolumeReclaimPolicy": policy}
        api.put(
            f"/api/v1/persistentvolumes/{policy.lower()}", {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": policy.lower()}, "spec": spec}
        )
    api.log.clear()


def cascade(api: KubeApi) -> None:
    """What a namespace holds goes with it, and the driver's volume with the claim."""
    for path in [
        path for path in api.objects if path.count("/namespaces/") and f"/api/v1/namespaces/{path.split('/namespaces/')[1].split('/')[0]}" not in api.objects
    ]:
        del api.objects[path]
    if "/api/v1/namespaces/hello" not in api.objects:
        api.objects.pop("/api/v1/persistentvolumes/delete", None)


def run(client: Client, *namespaces: str, **more: Any) -> Result:
    return remove(client, Request(namespaces, **more), lambda _line: None)


@pytest.fixture(autouse=True)
def _world(api: KubeApi, client: Client, time: Any) -> None:
    time.on_sleep = lambda _now: cascade(api)
    deploy(api, client, "hello", "ingress", "other")


ALL = ["Gateway ingress/gateway", "Service hello/loadbalancer", "IngressClass ours", "Namespace hello", "Namespace ingress", "PersistentVolume delete"]


def test_what_made_load_balancers_goes_first_and_the_volumes_last(api: KubeApi, client: Client) -> None:
    foreseen = run(client, "hello", "ingress", check=True)
    assert api.writes() == []
    done = run(client, "hello", "ingress", "never-there")
    assert foreseen == done
    assert done.removed == ALL
    assert (done.addresses, done.others, done.kept) == (["k8s-gateway.elb.example.com"], ["other"], ["PersistentVolume retain, since it is to be retained"])
    deleted = [line.rpartition("/")[2] for line in api.writes()]
    assert set(deleted[:2]) == {"gateway", "loadbalancer"}
    assert deleted[2:] == ["ours", "hello", "ingress"]
    assert "/api/v1/namespaces/other" in api.objects
    assert "/api/v1/persistentvolumes/retain" in api.objects
    again = run(client, "hello", "ingress")
    assert (again.changed, again.removed, again.others) == (False, [], ["other"])


def test_a_cluster_that_goes_takes_every_set_with_it(client: Client) -> None:
    done = run(client, "hello", everything=True)
    assert [name for name in done.removed if name.startswith("Namespace")] == ["Namespace hello", "Namespace ingress", "Namespace other"]
    assert done.others == []


def test_a_namespace_that_the_cluster_itself_made_is_nobodys(client: Client) -> None:
    assert run(client, "hello", of_cluster=("other",), check=True).others == ["ingress"]


def test_what_holds_an_object_is_told(api: KubeApi, client: Client) -> None:
    live = api.objects[f"{GATEWAYS}/gateway"]
    live["metadata"]["finalizers"] = ["gateway.k8s.aws/alb"]
    api.on_write = None
    real = KubeApi._delete
    api._delete = lambda path, body, dry: (200, {}) if path.endswith("/gateway") else real(api, path, body, dry)  # type: ignore[method-assign]
    with pytest.raises(NotReady, match=r"Gateway ingress/gateway \(held by gateway.k8s.aws/alb\)"):
        run(client, "hello", "ingress", timeout=60)
    assert "/api/v1/namespaces/ingress" in api.objects, "nothing after it was touched"


def test_after_an_interruption_it_goes_on(api: KubeApi, client: Client) -> None:
    """Namespaces are gone, and a volume of one of them is not yet."""
    for name in ("hello", "ingress"):
        del api.objects[f"/api/v1/namespaces/{name}"]
    volume = dict(api.objects["/api/v1/persistentvolumes/delete"])
    cascade(api)
    api.put("/api/v1/persistentvolumes/delete", volume)
    assert run(client, "hello", "ingress").removed == ["PersistentVolume delete"]
    assert "/api/v1/persistentvolumes/delete" not in api.objects


@pytest.mark.parametrize(("status", "reason"), [(503, "answered 503"), (403, "forbidden")])
def test_an_api_that_is_not_reached_is_not_an_empty_one(api: KubeApi, client: Client, status: int, reason: str) -> None:
    api.faults.append(Fault("GET", "/api/v1/namespaces", status, {"kind": "Status", "message": "no"}, times=9))
    done = run(client, "hello")
    assert (done.changed, done.reached, done.removed) == (False, False, [])
    assert reason in done.reason
