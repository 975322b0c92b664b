# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s.apply import Result, apply
from ansible_collections.slipway.platform.plugins.module_utils._k8s.applyset import PART_OF, ApplySet
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.objects import REDACTED_CHANGED, flatten
from ansible_collections.slipway.platform.plugins.module_utils._k8s.plan import Request
from support.kube_api import Fault, KubeApi

ROOT = "/api/v1/namespaces/x"


def config_map(name: str, value: str = "1", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": {"value": value}}


def secret(value: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": base64.b64encode(value.encode()).decode()}}


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": {"a": "b"}}}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"}, "versions": [{"name": "v1"}]},
}
THING = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"a": 1}}
JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}}


def bring(client: Client, *manifests: dict[str, Any], **options: Any) -> Result:
    return apply(client, Request("s", "x", tuple(flatten(manifests)), **options), lambda line: None)


def actions(result: Result) -> dict[str, str]:
    return {entry["name"]: entry["action"] for entry in result.objects}


def parent(api: KubeApi) -> dict[str, str]:
    annotations: dict[str, str] = api.objects[f"{ROOT}/secrets/applyset-s"]["metadata"]["annotations"]
    return annotations


def test_a_set_is_created_then_unchanged_then_updated(api: KubeApi, client: Client) -> None:
    first = bring(client, NAMESPACE, config_map("a"), config_map("b"))
    assert actions(first) == {"x": "created", "a": "created", "b": "created"}
    assert first.changed
    writes = len(api.writes())
    again = bring(client, NAMESPACE, config_map("a"), config_map("b"))
    assert not again.changed
    assert again.diff == []
    assert len(api.writes()) == writes
    assert again.requests <= 4
    third = bring(client, NAMESPACE, config_map("a", "2"), config_map("b"))
    assert actions(third) == {"x": "unchanged", "a": "updated", "b": "unchanged"}


def test_what_left_the_set_is_deleted_and_the_parent_is_narrowed(api: KubeApi, client: Client) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "sa"}}
    bring(client, config_map("a"), account, config_map("far", namespace="default"))
    assert "ServiceAccount" in parent(api)["applyset.kubernetes.io/contains-group-kinds"]
    result = bring(client, config_map("a"))
    assert actions(result) == {"a": "unchanged", "sa": "deleted", "far": "deleted"}
    assert f"{ROOT}/serviceaccounts/sa" not in api.objects
    assert parent(api)["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap"
    assert parent(api)["applyset.kubernetes.io/additional-namespaces"] == ""


def test_the_parent_follows_the_specification(api: KubeApi, client: Client) -> None:
    bring(client, config_map("a"))
    live = api.objects[f"{ROOT}/secrets/applyset-s"]
    identity = ApplySet("s", "x").id
    assert identity.startswith("applyset-")
    assert identity.endswith("-v1")
    assert live["metadata"]["labels"] == {"applyset.kubernetes.io/id": identity}
    assert api.objects[f"{ROOT}/configmaps/a"]["metadata"]["labels"][PART_OF] == identity


def test_data_is_kept_and_so_is_what_asks_for_it(api: KubeApi, client: Client) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": {}}
    kept = config_map("k", annotations={"slipway.platform/prune": "never"})
    bring(client, NAMESPACE, claim, kept, wait=False)
    result = bring(client, wait=False)
    assert actions(result) == {"c": "kept", "k": "kept", "x": "kept"}
    assert not result.changed
    assert "PersistentVolumeClaim" in parent(api)["applyset.kubernetes.io/contains-group-kinds"]


def test_without_prune_members_stay_and_are_remembered(api: KubeApi, client: Client) -> None:
    bring(client, config_map("a"), THING | {"apiVersion": "v1", "kind": "ServiceAccount"})
    assert actions(bring(client, config_map("a"), prune=False)) == {"a": "unchanged"}
    assert actions(bring(client, config_map("a"))) == {"a": "unchanged", "t": "deleted"}


@pytest.mark.parametrize("step", range(8))
def test_an_interrupted_apply_leaves_nothing_that_the_next_one_misses(api: KubeApi, client: Client, step: int) -> None:
    bring(client, config_map("a"), config_map("b"))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "sa"}}
    before = len(api.log)
    answer = api.answer

    def cut(method: str, target: str, headers: dict[str, str], body: dict[str, Any]) -> Any:
        if len([line for line in api.log[before:] if not line.startswith("GET")]) >= step and method != "GET":
            return 403, {"message": "killed"}
        return answer(method, target, headers, body)

    api.answer = cut  # type: ignore[method-assign]
    with suppress(Denied):
        bring(client, config_map("c"), account)
    api.answer = answer  # type: ignore[method-assign]
    bring(client, config_map("d"))
    left = {path.rsplit("/", 1)[1] for path in api.objects if "/configmaps/" in path or "/serviceaccounts/" in path}
    assert left == {"d"}


def test_check_mode_writes_nothing_and_says_the_same(api: KubeApi, client: Client) -> None:
    manifests = (NAMESPACE, config_map("a"), DEFINITION, THING, THING | {"kind": "Unheard", "apiVersion": "example.org/v1", "metadata": {"name": "u"}})
    planned = bring(client, *manifests, check=True)
    assert api.writes() == []
    assert set(actions(planned).values()) == {"created"}
    done = bring(client, *manifests[:4])
    assert actions(done) == {name: action for name, action in actions(planned).items() if name != "u"}
    planned = bring(client, NAMESPACE, config_map("a", "2"), DEFINITION, check=True)
    assert actions(planned) == {"x": "unchanged", "a": "updated", "things.example.com": "unchanged", "t": "deleted"}
    assert f"{ROOT}/things/t".replace("/api/v1", "/apis/example.com/v1") in api.objects


def test_a_definition_and_what_it_defines_come_in_one_set(api: KubeApi, client: Client) -> None:
    assert actions(bring(client, THING, DEFINITION)) == {"things.example.com": "created", "t": "created"}


def test_an_unknown_kind_is_refused_before_anything_is_written(api: KubeApi, client: Client) -> None:
    with pytest.raises(InvalidInput, match=r"does not serve example\.com/v1 Thing"):
        bring(client, config_map("a"), THING)
    assert api.writes() == []


def test_an_object_given_twice_is_refused(client: Client) -> None:
    with pytest.raises(InvalidInput, match="ConfigMap x/a is defined twice"):
        bring(client, config_map("a"), config_map("a", namespace="x"))


def test_an_object_of_another_set_is_not_taken_silently(api: KubeApi, client: Client) -> None:
    bring(client, config_map("a"))
    other = Request("other", "x", (config_map("a"),))
    with pytest.raises(Conflict, match="belongs to another set"):
        apply(client, other, lambda line: None)
    assert apply(client, Request("other", "x", (config_map("a"),), force=True), lambda line: None).changed


def test_a_set_of_another_tool_is_left_alone(api: KubeApi, client: Client) -> None:
    bring(client, config_map("a"))
    parent(api)["applyset.kubernetes.io/tooling"] = "kubectl/v1.35"
    with pytest.raises(Conflict, match="belongs to kubectl"):
        bring(client, config_map("a"))


def test_what_exists_beside_the_set_joins_it(api: KubeApi, client: Client) -> None:
    bring(client)
    api.put(f"{ROOT}/configmaps/a", config_map("a", namespace="x"))
    assert actions(bring(client, config_map("a"))) == {"a": "updated"}


def test_a_job_with_another_template_is_made_anew(api: KubeApi, client: Client) -> None:
    bring(client, JOB, wait=False)
    uid = api.objects["/apis/batch/v1/namespaces/x/jobs/j"]["metadata"]["uid"]
    body = {"details": {"causes": [{"field": "spec.template", "message": "field is immutable"}]}}
    api.faults.append(Fault("PATCH", "jobs/j", 422, body))
    changed = JOB | {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "c"}]}}}}
    assert actions(bring(client, changed, wait=False)) == {"j": "updated"}
    assert api.objects["/apis/batch/v1/namespaces/x/jobs/j"]["metadata"]["uid"] != uid


def test_a_failed_job_is_tried_again(api: KubeApi, client: Client) -> None:
    bring(client, JOB, wait=False)
    api.objects["/apis/batch/v1/namespaces/x/jobs/j"]["status"] = {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}
    assert actions(bring(client, JOB, wait=False)) == {"j": "updated"}
    assert "status" not in api.objects["/apis/batch/v1/namespaces/x/jobs/j"]


def test_the_waves(api: KubeApi, client: Client) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 0}}
    bring(client, THING, deployment, JOB, config_map("a"), DEFINITION, NAMESPACE, wait=False)
    order = [line.split("?")[0].rsplit("/", 2)[1] for line in api.log if line.startswith("PATCH")]
    kinds = ["customresourcedefinitions", "configmaps", "jobs", "deployments"]
    assert sorted(kinds, key=order.index) == kinds
    assert order.index("jobs") < order.index("things")


def test_a_secret_never_shows(api: KubeApi, client: Client) -> None:
    first = bring(client, secret("hunter2"))
    second = bring(client, secret("hunter3"))
    shown = str(first) + str(second)
    assert second.diff[0]["before"] != second.diff[0]["after"]
    assert REDACTED_CHANGED in second.diff[0]["after"]
    for value in ("hunter2", "hunter3"):
        assert value not in shown
        assert base64.b64encode(value.encode()).decode() not in shown


def test_a_dropped_service_account_does_not_come_back(api: KubeApi, client: Client) -> None:
    named = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {"replicas": 0, "template": {"spec": {"serviceAccountName": "a"}}},
    }
    bring(client, named, wait=False)
    bare = named | {"spec": {"replicas": 0, "template": {"spec": {"hostNetwork": False}}}}
    bring(client, bare, wait=False)
    path = "/apis/apps/v1/namespaces/x/deployments/d"
    assert api.objects[path]["spec"]["template"]["spec"]["serviceAccountName"] == "default"


def test_an_autoscaled_workload_begins_with_its_least_number_of_pods(api: KubeApi, client: Client) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"paused": False}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "d"},
        "spec": {"scaleTargetRef": target, "minReplicas": 3},
    }
    path = "/apis/apps/v1/namespaces/x/deployments/d"
    bring(client, deployment, autoscaler, wait=False)
    assert api.objects[path]["spec"]["replicas"] == 3
    api.put(path, api.objects[path] | {"spec": {"paused": False, "replicas": 5}}, "kube-controller-manager")
    assert not bring(client, deployment, autoscaler, wait=False).changed
    assert bring(client, deployment | {"spec": {"paused": True}}, autoscaler, wait=False).changed
    assert api.objects[path]["spec"]["replicas"] == 5
