# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ownership import settled

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "x", "labels": {"app": "web"}},
    "spec": {
        "replicas": 2,
        "template": {
            "spec": {"containers": [{"name": "app", "image": "i", "args": ["a", "b"], "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}]}
        },
    },
}
FIELDS: dict[str, Any] = {
    "f:metadata": {"f:labels": {"f:app": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"app"}': {
                        ".": {},
                        "f:name": {},
                        "f:image": {},
                        "f:args": {},
                        "f:env": {
                            'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}},
                            'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}},
                        },
                    }
                }
            }
        },
    },
}


def live(**spec: Any) -> dict[str, Any]:
    """As the server holds it: with defaults, a status, and fields of others."""
    import copy

    found = copy.deepcopy(DEPLOYMENT)
    found["metadata"] |= {
        "resourceVersion": "7",
        "annotations": {"deployment.kubernetes.io/revision": "1"},
        "managedFields": [
            {"manager": "slipway", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": FIELDS},
            {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1", "subresource": "status", "fieldsV1": {"f:status": {}}},
        ],
    }
    found["spec"] |= {"progressDeadlineSeconds": 600} | spec
    found["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "IfNotPresent"
    found["status"] = {"replicas": 2}
    return found


def changed(**spec: Any) -> dict[str, Any]:
    return DEPLOYMENT | {"spec": DEPLOYMENT["spec"] | spec}


def container(**fields: Any) -> dict[str, Any]:
    base = DEPLOYMENT["spec"]["template"]["spec"]["containers"][0]
    return changed(template={"spec": {"containers": [{k: v for k, v in (base | fields).items() if v is not None}]}})


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param(DEPLOYMENT, True, id="the same"),
        pytest.param(changed(replicas=3), False, id="another value"),
        pytest.param(changed(paused=True), False, id="a field more"),
        pytest.param({**DEPLOYMENT, "spec": {"template": DEPLOYMENT["spec"]["template"]}}, False, id="a field less"),
        pytest.param(changed(paused=None), True, id="null is not there"),
        pytest.param(container(image="j"), False, id="another image"),
        pytest.param(container(args=["b", "a"]), False, id="an atomic list in another order"),
        pytest.param(container(args=None), False, id="a list less"),
        pytest.param(container(env=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]), False, id="variables in another order"),
        pytest.param(container(env=[{"name": "A", "value": "1"}]), False, id="a variable less"),
        pytest.param({**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "labels": {"app": "web", "b": "c"}}}, False, id="a label more"),
        pytest.param({**DEPLOYMENT, "apiVersion": "apps/v2"}, False, id="another version"),
    ],
)
def test_settled_is_what_an_apply_would_find(manifest: dict[str, Any], expected: bool) -> None:
    assert settled(manifest, live(), "slipway") is expected


def test_what_somebody_changed_is_not_settled() -> None:
    assert not settled(DEPLOYMENT, live(replicas=9), "slipway")


def test_another_manager_or_none_is_not_settled() -> None:
    assert not settled(DEPLOYMENT, live(), "kubectl")
    unmanaged = live()
    del unmanaged["metadata"]["managedFields"]
    assert not settled(DEPLOYMENT, unmanaged, "slipway")


def test_a_key_that_the_server_defaults_still_finds_its_element() -> None:
    fields = {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}}}}}
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
    found = {
        "metadata": {"managedFields": [{"manager": "slipway", "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}]},
        "spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}]},
    }
    assert settled(manifest, found, "slipway")


def test_sets_of_values() -> None:
    fields = {"f:metadata": {"f:finalizers": {'v:"a"': {}}}}
    manifest = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "s", "finalizers": ["a"]}}
    entry = {"manager": "slipway", "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}
    assert settled(manifest, {"metadata": {"managedFields": [entry], "finalizers": ["a", "foreign"]}}, "slipway")
    assert not settled(manifest, {"metadata": {"managedFields": [entry], "finalizers": ["foreign"]}}, "slipway")
