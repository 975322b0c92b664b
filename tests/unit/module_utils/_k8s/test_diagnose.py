# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slipway.platform.plugins.module_utils._k8s import diagnose, report
from ansible_collections.slipway.platform.plugins.module_utils._k8s.causes import CREATE_CAUSES, IMAGE_CAUSES, MOUNT_CAUSES, Cause, Finding, first_match
from ansible_collections.slipway.platform.plugins.module_utils._k8s.pods import pod_findings
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import verdict
from ansible_collections.slipway.platform.plugins.module_utils._k8s.scene import Scene

SEEN = sorted((Path(__file__).parent / "diagnose").glob("*.yml"))


@pytest.mark.parametrize("path", SEEN, ids=lambda path: str(path.stem))
def test_what_was_seen_on_a_cluster(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    scene = Scene(case["pods"], case["replica_sets"], case["events"])
    found = [f for live in case["objects"] for f in diagnose.findings(live, verdict(live), scene)]
    worst = report.most_telling([f for f in found if f.reason == case["expect"]["reason"]])
    assert worst is not None, [f.reason for f in found]
    assert worst.grace is not None
    assert worst.grace <= 10
    assert {key: getattr(worst, key) for key in case["expect"]} == case["expect"]
    text = report.report("https://cluster", [], worst, ["last line"], False).message
    assert f"cause: {worst.reason}" in text
    assert "next:" in text


@pytest.mark.parametrize(
    ("causes", "message", "reason"),
    [
        (IMAGE_CAUSES, "localhost:5001/x@sha256:0: not found", "ImageNotFound"),
        (IMAGE_CAUSES, "manifest unknown", "ImageNotFound"),
        (IMAGE_CAUSES, "pulling from host r failed with status code [manifests sha256:0]: 401 Unauthorized", "ImageUnauthorized"),
        (IMAGE_CAUSES, "failed to authorize: 403 Forbidden", "ImageUnauthorized"),
        (IMAGE_CAUSES, "tls: failed to verify certificate: x509: certificate signed by unknown authority", "ImageRegistryNotTrusted"),
        (IMAGE_CAUSES, "dial tcp: lookup registry.invalid: no such host", "ImageRegistryUnreachable"),
        (IMAGE_CAUSES, "something new", "ImagePullFailed"),
        (MOUNT_CAUSES, 'MountVolume.SetUp failed for volume "v" : configmap "c" not found', "MountNotFound"),
        (MOUNT_CAUSES, "MountVolume.SetUp failed for volume v : references non-existent secret key: k", "MountNotFound"),
        (MOUNT_CAUSES, "rpc error: DeadlineExceeded", "MountFailed"),
        (CREATE_CAUSES, 'pods "x" is forbidden: violates PodSecurity "restricted:latest"', "PodSecurityViolation"),
        (CREATE_CAUSES, 'pods "x" is forbidden: exceeded quota: q', "QuotaExceeded"),
        (CREATE_CAUSES, "maximum memory usage per Container is 1Gi, but limit is 2Gi", "LimitRangeViolation"),
        (CREATE_CAUSES, 'admission webhook "w" denied the request', "CreationRefused"),
    ],
)
def test_messages(causes: tuple[Cause, ...], message: str, reason: str) -> None:
    found = first_match(causes, message)
    assert found is not None
    assert found.reason == reason


def test_every_cause_says_what_to_do() -> None:
    assert all(c.next_step and c.message and c.reason for c in (*IMAGE_CAUSES, *MOUNT_CAUSES, *CREATE_CAUSES))


def pod(*statuses: dict[str, Any], conditions: list[dict[str, str]] | None = None, **container: Any) -> dict[str, Any]:
    metadata = {"name": "p", "namespace": "x", "uid": "1"}
    spec = {"containers": [{"name": "app", "image": "i", **container}]}
    return {"kind": "Pod", "metadata": metadata, "spec": spec, "status": {"containerStatuses": list(statuses), "conditions": conditions or []}}


def event(reason: str, message: str = "", **fields: Any) -> dict[str, Any]:
    where = {"uid": "1", "fieldPath": "spec.containers{app}"}
    return {"metadata": {"name": reason}, "involvedObject": where, "reason": reason, "message": message, **fields}


RUNNING = {"name": "app", "state": {"running": {}}, "ready": False, "restartCount": 0, "started": True}
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]
REFUSED = 'Readiness probe failed: Get "http://10.0.0.1:1/": connect: connection refused'
EXITED = {"terminated": {"exitCode": 1, "reason": "Error"}}


@pytest.mark.parametrize(
    ("live", "events", "reason", "grace"),
    [
        pytest.param(pod(conditions=UNSCHEDULABLE), [event("FailedScheduling")], "Unschedulable", 8, id="unschedulable"),
        pytest.param(pod(conditions=UNSCHEDULABLE), [event("Nominated")], "Unschedulable", None, id="a node is coming"),
        pytest.param(pod(RUNNING), [event("Unhealthy", REFUSED)], "ReadinessProbeFailing", 30, id="perhaps a slow start"),
        pytest.param(pod(RUNNING, startupProbe={"periodSeconds": 1}), [event("Unhealthy", REFUSED)], "ReadinessProbeFailing", 8, id="started, and not ready"),
        pytest.param(
            pod(RUNNING),
            [event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")],
            "ReadinessProbeFailing",
            8,
            id="says no itself",
        ),
        pytest.param(
            pod(RUNNING | {"started": False}, startupProbe={"periodSeconds": 1}),
            [event("Unhealthy", "Startup probe failed: x")],
            "StartupProbeFailing",
            None,
            id="the startup probe's own budget",
        ),
        pytest.param(pod(RUNNING | {"restartCount": 1, "lastState": EXITED}), [], "CrashLoop", None, id="one exit may be bad luck"),
        pytest.param(pod(RUNNING | {"restartCount": 2, "lastState": EXITED}), [], "CrashLoop", 6, id="two exits"),
        pytest.param(pod(RUNNING | {"restartCount": 3, "lastState": EXITED}), [], "CrashLoop", 0, id="three exits"),
        pytest.param(
            pod({"name": "app", "state": {"terminated": {"exitCode": 137, "reason": "Error"}}, "restartCount": 0}), [], "OOMKilled", None, id="a bare SIGKILL"
        ),
    ],
)
def test_how_long_a_cause_must_stand(live: dict[str, Any], events: list[dict[str, Any]], reason: str, grace: float | None) -> None:
    found = pod_findings(live, Scene([live], [], events))
    assert [(f.reason, f.grace) for f in found] == [(reason, grace)]


@pytest.mark.parametrize(
    ("pulls", "failed", "unread", "reason"),
    [
        (1, 1, 0, "ImageUnauthorized"),
        (1, 1, 1, "PullSecretNotRead"),
        (2, 2, 2, "PullSecretNotRead"),
        (2, 1, 1, "PullSecretNotRead"),
        (2, 2, 1, "ImageUnauthorized"),
    ],
    ids=["read", "not read yet", "still not read", "trying again", "read the second time, and refused"],
)
def test_credentials_that_a_node_could_not_read_are_not_called_wrong(pulls: int, failed: int, unread: int, reason: str) -> None:
    live = pod({"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "401 Unauthorized"}}})
    missing = event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (s)", count=unread, involvedObject={"uid": "1"})
    pulled = [event("Pulling", "Pulling image", count=pulls), event("Failed", "Failed to pull image: 401 Unauthorized", count=failed)]
    events = [*([missing] if unread else []), *pulled]
    (found,) = pod_findings(live, Scene([live], [], events))
    assert found.reason == reason
    assert (found.grace is not None and found.grace > 15) is (reason == "PullSecretNotRead")


def test_a_pod_that_is_ready_has_nothing_to_say() -> None:
    live = pod(RUNNING | {"ready": True})
    assert pod_findings(live, Scene([live], [], [event("Unhealthy", REFUSED)])) == []


def test_the_version_before_is_not_blamed() -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "x", "uid": "d", "generation": 2}, "spec": {}}
    deployment["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}

    def replica_set(uid: str, revision: str) -> dict[str, Any]:
        annotations = {"deployment.kubernetes.io/revision": revision}
        return {"kind": "ReplicaSet", "metadata": {"name": uid, "uid": uid, "ownerReferences": [{"uid": "d"}], "annotations": annotations}}

    broken = pod({"name": "app", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}})
    broken["metadata"]["ownerReferences"] = [{"uid": "old"}]
    scene = Scene([broken], [replica_set("old", "1"), replica_set("new", "2")], [])
    seen = deployment | {"status": {"observedGeneration": 2}}
    assert diagnose.findings(seen, verdict(seen), scene) == []
    broken["metadata"]["ownerReferences"] = [{"uid": "new"}]
    assert [f.reason for f in diagnose.findings(seen, verdict(seen), scene)] == ["ImageNotFound"]
    unseen = deployment | {"status": {"observedGeneration": 1}}
    assert diagnose.findings(unseen, verdict(unseen), scene) == []


def test_the_surest_cause_is_shown() -> None:
    explains, slow, sure = (Finding("o", reason, "m", "n", grace) for reason, grace in (("a", None), ("b", 8.0), ("c", 0.0)))
    found = report.most_telling([explains, slow, sure])
    assert found is sure
    assert report.most_telling([]) is None


def test_nodes_without_the_label_to_spread_over_are_told_from_full_ones() -> None:
    message = "0/3 nodes are available: 2 node(s) didn't match pod topology spread constraints (missing required label)."
    spread = [
        {"topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"},
        {"topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"},
    ]
    bare = pod(conditions=[UNSCHEDULABLE[0] | {"message": message}])
    live = bare | {"spec": bare["spec"] | {"topologySpreadConstraints": spread}}
    step = pod_findings(live, Scene([live], [], []))[0].next_step
    assert "label the nodes with topology.kubernetes.io/zone (" in step
    assert "release_settings: {zone_spread: preferred}" in step
    assert "ingress_topology_key" in step
    full = pod(conditions=UNSCHEDULABLE)
    assert "requests" in pod_findings(full, Scene([full], [], []))[0].next_step
