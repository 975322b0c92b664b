# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotReady, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._k8s import history, plan, release
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.objects import flatten
from support.kube_api import Fault, KubeApi

ROOT = "/api/v1/namespaces/x"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}}
PULL = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pull", "namespace": "x"}, "data": {"key": "aHVudGVyMg=="}}


def deployment(image: str) -> dict[str, Any]:
    pod = {"containers": [{"name": "app", "image": image}]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1, "template": {"spec": pod}}}


def job(name: str) -> dict[str, Any]:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": {"spec": {"containers": []}}}}


def controller(api: KubeApi, path: str, live: dict[str, Any]) -> None:
    """Every image but "bad" becomes ready at once; "bad" can't be pulled. Jobs complete."""
    if live["kind"] == "Job":
        live["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    if live["kind"] == "Deployment":
        good = live["spec"]["template"]["spec"]["containers"][0]["image"] != "bad"
        counts = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1} if good else {"replicas": 1, "updatedReplicas": 1}
        live["status"] = {"observedGeneration": live["metadata"]["generation"], **counts}
        owner, version = [{"uid": live["metadata"]["uid"]}], str(live["metadata"]["generation"])
        live["metadata"].setdefault("annotations", {})["deployment.kubernetes.io/revision"] = version
        if not good:
            replica_set = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-1", "namespace": "x", "ownerReferences": owner}}
            replica_set["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": version}
            stored = api.put("/apis/apps/v1/namespaces/x/replicasets/web-1", replica_set)
            waiting = {"reason": "ErrImagePull", "message": "manifest unknown"}
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web-1-a", "namespace": "x", "ownerReferences": [{"uid": stored["metadata"]["uid"]}]},
                "spec": {"containers": [{"name": "app", "image": "bad"}]},
                "status": {"containerStatuses": [{"name": "app", "state": {"waiting": waiting}}]},
            }
            api.put(f"{ROOT}/pods/web-1-a", pod)


@pytest.fixture(autouse=True)
def _controller(api: KubeApi) -> None:
    api.on_write = controller


def go(client: Client, *manifests: dict[str, Any], lines: list[str] | None = None, **options: Any) -> release.Result:
    revision, secrets = options.pop("revision", ""), options.pop("secrets", ())
    wanted = plan.Request("web", "x", tuple(flatten(manifests)), **options)
    return release.release(client, release.Request(wanted, secrets, revision), (lines if lines is not None else []).append)


def statuses(client: Client) -> dict[int, str]:
    return {r.number: r.status for r in history.read(client, "x", "web")}


def image(api: KubeApi) -> str:
    found: str = api.objects["/apis/apps/v1/namespaces/x/deployments/web"]["spec"]["template"]["spec"]["containers"][0]["image"]
    return found


def test_releases_become_revisions(api: KubeApi, client: Client) -> None:
    first = go(client, NAMESPACE, deployment("one"))
    assert (first.revision, first.changed) == (1, True)
    assert {entry["name"]: entry["action"] for entry in first.objects} == {"x": "created", "web": "created"}
    again = go(client, NAMESPACE, deployment("one"))
    assert (again.revision, again.changed) == (1, False)
    assert go(client, NAMESPACE, deployment("two")).revision == 2
    assert statuses(client) == {1: "superseded", 2: "deployed"}
    assert api.objects[f"{ROOT}/secrets/release-web-v1"]["type"] == "slipway.platform/release.v1"
    assert api.objects[f"{ROOT}/secrets/release-web-v1"]["immutable"] is True


def test_what_somebody_changed_is_repaired_without_a_revision(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"))
    live = api.objects["/apis/apps/v1/namespaces/x/deployments/web"]
    hand = {k: v for k, v in live.items() if k != "metadata"} | {"metadata": {"name": "web", "labels": live["metadata"]["labels"]}}
    hand["spec"] = deployment("theirs")["spec"]
    api.put("/apis/apps/v1/namespaces/x/deployments/web", hand, "kubectl-edit")
    repaired = go(client, NAMESPACE, deployment("one"), force=True)
    assert (repaired.revision, repaired.changed) == (1, True)
    assert image(api) == "one"


def test_a_failed_release_is_taken_back(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"))
    lines: list[str] = []
    with pytest.raises(NotReady) as caught:
        go(client, NAMESPACE, deployment("bad"), lines=lines)
    assert image(api) == "one"
    assert statuses(client) == {1: "deployed", 2: "failed"}
    assert caught.value.facts["cause"] == "ImageNotFound"
    assert caught.value.facts["restored_revision"] == 1
    assert caught.value.message.startswith("release 2 of web in x failed: Pod x/web-1-a (container app): image bad cannot be pulled")
    assert "Release 1 was put back and is ready" in caught.value.message
    assert any(line.startswith("release 2 failed (ImageNotFound); putting back 1") for line in lines)
    assert go(client, NAMESPACE, deployment("three")).revision == 3


def test_a_release_that_the_server_refuses_is_taken_back_too(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"))
    api.faults.append(Fault("PATCH", "deployments", 422, {"message": "no"}))
    with pytest.raises(InvalidInput, match="Release 1 was put back"):
        go(client, NAMESPACE, deployment("two"))
    assert statuses(client) == {1: "deployed", 2: "failed"}


def test_without_a_release_before_it_is_left_to_be_looked_at(api: KubeApi, client: Client) -> None:
    with pytest.raises(NotReady, match="There was no release before it"):
        go(client, NAMESPACE, deployment("bad"))
    assert image(api) == "bad"


def test_both_failures_are_told(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"))
    api.faults.append(Fault("PATCH", "deployments", 422, {"message": "no"}))
    api.objects["/apis/apps/v1/namespaces/x/deployments/web"]["spec"]["replicas"] = 7
    api.faults.append(Fault("PATCH", "deployments", 422, {"message": "never"}))
    with pytest.raises(InvalidInput) as caught:
        go(client, NAMESPACE, deployment("two"))
    assert "Putting back release 1 failed too" in caught.value.message
    assert caught.value.facts["restored_revision"] == 0


def test_going_back_and_further_back(api: KubeApi, client: Client) -> None:
    for name in ("one", "two", "three"):
        go(client, NAMESPACE, deployment(name))
    assert (go(client, revision="previous").restores, image(api)) == (2, "two")
    assert (go(client, revision="previous").restores, image(api)) == (1, "one")
    with pytest.raises(InvalidInput, match="no release before"):
        go(client, revision="previous")
    assert (go(client, revision="3").revision, image(api)) == (6, "three")
    again = go(client, revision="3")
    assert (again.revision, again.changed) == (6, False)
    with pytest.raises(InvalidInput, match="choose one of"):
        go(client, revision="99")


def test_going_back_never_lands_on_a_failed_release(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"))
    with pytest.raises(SlipwayError):
        go(client, NAMESPACE, deployment("bad"))
    go(client, NAMESPACE, deployment("three"))
    assert (go(client, revision="previous").restores, image(api)) == (1, "one")
    with pytest.raises(InvalidInput, match="revision 2 is not there"):
        go(client, revision="2")


def test_going_back_runs_no_jobs(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"), job("migrate-1"))
    go(client, NAMESPACE, deployment("two"), job("migrate-2"))
    go(client, revision="previous")
    assert not [path for path in api.objects if "/jobs/" in path]


def test_check_mode_records_nothing(api: KubeApi, client: Client) -> None:
    assert go(client, NAMESPACE, deployment("one"), check=True).revision == 1
    go(client, NAMESPACE, deployment("one"))
    writes = len(api.writes())
    assert go(client, NAMESPACE, deployment("two"), check=True).revision == 2
    assert go(client, NAMESPACE, deployment("one"), check=True).revision == 1
    assert len(api.writes()) == writes


def test_the_history_is_bounded_and_failures_do_not_push_out_what_was_good(api: KubeApi, client: Client) -> None:
    for number in range(12):
        go(client, NAMESPACE, deployment(f"good-{number}"))
    for _ in range(5):
        with pytest.raises(NotReady):
            go(client, NAMESPACE, deployment("bad"))
    kept = list(statuses(client).values())
    assert (kept.count("superseded"), kept.count("deployed"), kept.count("failed")) == (9, 1, 3)


def test_a_release_that_was_killed_is_closed_by_the_next(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"))
    history.begin(client, "x", "web", history.read(client, "x", "web"), [deployment("two")], 0)
    assert go(client, NAMESPACE, deployment("three")).revision == 3
    assert statuses(client) == {1: "superseded", 2: "failed", 3: "deployed"}


def test_two_releases_at_once(api: KubeApi, client: Client) -> None:
    go(client, NAMESPACE, deployment("one"))
    earlier = history.read(client, "x", "web")
    history.begin(client, "x", "web", earlier, [deployment("two")], 0)
    with pytest.raises(Conflict, match="another run is releasing web in x"):
        history.begin(client, "x", "web", earlier, [deployment("three")], 0)


def test_no_secret_enters_the_history(api: KubeApi, client: Client) -> None:
    with pytest.raises(InvalidInput, match="Secret pull carries data") as caught:
        go(client, NAMESPACE, deployment("one"), PULL)
    assert "hunter2" not in caught.value.message
    go(client, NAMESPACE, deployment("one"), secrets=(PULL,))
    go(client, NAMESPACE, deployment("two"), secrets=(PULL,))
    go(client, revision="previous")
    assert api.objects[f"{ROOT}/secrets/pull"]["data"] == PULL["data"]
    kept = [item for path, item in api.objects.items() if "/secrets/release-" in path]
    assert len(kept) == 3
    for item in kept:
        text = gzip.decompress(base64.b64decode(item["data"]["release"])).decode() + str(item["metadata"])
        assert "pull" not in text
        assert "aHVudGVyMg" not in text


def test_a_cluster_that_does_not_exist_yet(tmp_path: Path) -> None:
    from ansible_collections.slipway.platform.plugins.module_utils._k8s.running import read
    from ansible_collections.slipway.platform.plugins.module_utils._k8s.task import release_task

    options = {"kubeconfig": str(tmp_path / "none"), "name": "web", "namespace": "x"}
    files = [{"name": "pull", "key": "k", "type": "Opaque", "path": str(tmp_path / "none"), "namespace": None}]
    more = {"definitions": [NAMESPACE, deployment("one")], "src": [], "secret_files": files, "timeout": 1, "force": False, "revision": None}
    planned = release_task({**options, **more}, True, lambda line: None)
    assert [entry["action"] for entry in planned.objects] == ["created"] * 3
    assert read(options).services == {}
    with pytest.raises(InvalidInput, match="create the cluster first"):
        release_task({**options, **more, "secret_files": []}, False, lambda line: None)
