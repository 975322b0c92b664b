# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.apply import Result, apply
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.plan import Request
from support.kube_api import Fault, KubeApi

ROOT = "/api/v1/namespaces/default"
SET = "/apis/apps/v1/namespaces/default/statefulsets/db"


def stateful_set() -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"replicas": 1}}


def pod(api: KubeApi, state: dict[str, Any], revision: str = "db-2", **status: Any) -> str:
    owner = [{"uid": api.objects[SET]["metadata"]["uid"]}]
    metadata = {"name": "db-0", "namespace": "default", "ownerReferences": owner, "labels": {"controller-revision-hash": revision}}
    container = {"name": "db", "restartCount": 0, "state": state, **status}
    spec = {"containers": [{"name": "db", "image": "i"}]}
    live = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"containerStatuses": [container]}}
    return str(api.put(f"{ROOT}/pods/db-0", live)["metadata"]["uid"])


def status(api: KubeApi, ready: int) -> None:
    api.objects[SET]["status"] = {"observedGeneration": 1, "readyReplicas": ready, "updateRevision": "db-2", "currentRevision": "db-2"}


def event(api: KubeApi, uid: str, reason: str, message: str) -> None:
    body = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": reason, "namespace": "default"}, "reason": reason, "message": message}
    api.put(f"{ROOT}/events/{reason.lower()}", body | {"involvedObject": {"uid": uid}, "lastTimestamp": "2026-11-21T12:00:00Z"})


def bring(client: Client, lines: list[str] | None = None, timeout: float = 60) -> Result:
    return apply(client, Request("db", "default", (stateful_set(),), timeout=timeout), (lines if lines is not None else []).append)


def test_it_waits_says_so_and_returns(api: KubeApi, client: Client, time: Any) -> None:
    def play(now: float) -> None:
        if now < 2:
            uid = pod(api, {"waiting": {"reason": "ContainerCreating"}})
            event(api, uid, "Pulling", "Pulling image")
        else:
            status(api, 1)

    time.on_sleep = play
    lines: list[str] = []
    result = bring(client, lines)
    assert lines == ["db starting (db-0 pulling)"]
    assert result.workloads == [{"kind": "StatefulSet", "namespace": "default", "name": "db", "ready": 1, "replicas": 0}]
    assert 2 <= time.now < 3


def test_nothing_is_said_about_what_is_ready(api: KubeApi, client: Client, time: Any) -> None:
    time.on_sleep = lambda now: status(api, 1)
    bring(client)
    lines: list[str] = []
    before = client.requests
    assert not bring(client, lines).changed
    assert lines == []
    assert client.requests - before == 3


def test_a_cause_must_stand_for_its_grace(api: KubeApi, client: Client, time: Any) -> None:
    def play(now: float) -> None:
        status(api, 0)
        missing = {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}}
        pod(api, missing if now < 3 else {"running": {}})
        if now > 6:
            status(api, 1)

    time.on_sleep = play
    bring(client)


def test_the_cause_comes_with_event_and_log(api: KubeApi, client: Client, time: Any) -> None:
    def play(now: float) -> None:
        status(api, 0)
        ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
        uid = pod(api, {"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=1, lastState=ended)
        event(api, uid, "BackOff", "Back-off restarting failed container")
        api.objects[f"{ROOT}/events/backoff"]["involvedObject"]["fieldPath"] = "spec.containers{db}"

    time.on_sleep = play
    api.logs[f"{ROOT}/pods/db-0/log"] = "starting\nKeyError: DATABASE_URL\n"
    with pytest.raises(NotReady) as caught:
        bring(client)
    assert time.now < 15
    assert caught.value.message.splitlines() == [
        "Pod default/db-0 (container db): ended twice, last with exit code 3",
        "  cause: CrashLoop",
        "  event: BackOff: Back-off restarting failed container",
        "  last log lines:",
        "    starting",
        "    KeyError: DATABASE_URL",
        "  next:  read the log lines; run the image by itself with the same configuration to see it fail",
    ]
    assert caught.value.facts["log"] == ["starting", "KeyError: DATABASE_URL"]
    assert caught.value.facts["waiting"] == [{"object": "StatefulSet default/db", "reason": "replicas ready: 0 of 1"}]


def test_time_is_up(api: KubeApi, client: Client, time: Any) -> None:
    time.on_sleep = lambda now: status(api, 0)
    with pytest.raises(NotReady) as caught:
        bring(client, timeout=20)
    assert "not ready in time" in caught.value.message
    assert "StatefulSet default/db: replicas ready: 0 of 1" in caught.value.message
    assert "raise the timeout" in caught.value.message


def test_the_line_beats_while_nothing_changes(api: KubeApi, client: Client, time: Any) -> None:
    time.on_sleep = lambda now: status(api, 0)
    lines: list[str] = []
    with pytest.raises(NotReady):
        bring(client, lines, timeout=40)
    assert lines == ["db 0/1 ready"] * 3


def test_what_vanishes_is_said(api: KubeApi, client: Client, time: Any) -> None:
    time.on_sleep = lambda now: api.objects.pop(SET, None) and None
    with pytest.raises(NotReady, match=r"StatefulSet default/db at .* was deleted by someone else"):
        bring(client)


def test_a_short_outage_is_waited_through_a_long_one_is_not(api: KubeApi, client: Client, time: Any) -> None:
    def play(now: float) -> None:
        if 1 < now < 2:
            api.faults[:] = [Fault("GET", "/apis/apps", 503, times=10)]
        if now > 12:
            status(api, 1)

    time.on_sleep = play
    bring(client)
    api.faults[:] = [Fault("GET", "/apis/apps/v1/namespaces/default/statefulsets?labelSelector", 503, times=1000)]
    with pytest.raises(Unreachable):
        bring(client)


def test_a_broken_pod_of_the_version_before_is_put_out_of_the_way(api: KubeApi, client: Client, time: Any) -> None:
    def play(now: float) -> None:
        if now < 1:
            status(api, 0)
            pod(api, {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}, revision="db-1")
        if f"{ROOT}/pods/db-0" not in api.objects:
            status(api, 1)

    time.on_sleep = play
    lines: list[str] = []
    bring(client, lines)
    assert "db-0 of the version before is broken and in the way; deleted" in lines


def test_a_claim_that_nobody_mounts_holds_nothing_up(api: KubeApi, client: Client, time: Any) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": {}}

    def play(now: float) -> None:
        uid = api.objects[f"{ROOT}/persistentvolumeclaims/c"]["metadata"]["uid"]
        event(api, uid, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")

    time.on_sleep = play
    apply(client, Request("c", "default", (claim,)), lambda line: None)
    assert time.now < 1
