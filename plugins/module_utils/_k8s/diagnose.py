# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why is an object not ready? Definite causes, each with the event behind it and what to do next. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.slipway.platform.plugins.module_utils._k8s.causes import CREATE_CAUSES, Finding, first_match
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.pods import pod_findings
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import Verdict, conditions
from ansible_collections.slipway.platform.plugins.module_utils._k8s.scene import Scene, name_of, namespace_of, show, times

_FAILED_STEPS = {
    "Job": "read the log above, correct the cause, and run the same command again: a failed Job is made anew",
    "Deployment": "see the events of its pods; raise progressDeadlineSeconds if it only needs longer",
}


def findings(live: Object, judged: Verdict, scene: Scene) -> list[Finding]:
    """Everything that is known to keep an object from being ready."""
    if live["kind"] in ("Deployment", "StatefulSet", "DaemonSet") and _unseen(live):
        return []  # what its pods suffer from belongs to the version before
    found = [f for pod in scene.pods_of(live) for f in pod_findings(pod, scene)]
    found += _creation_findings(live, scene)
    if live["kind"] == "PersistentVolumeClaim":
        found += _claim_findings(live, scene)
    if "gateway.networking.k8s.io" in live["apiVersion"]:
        found += _gateway_findings(live, judged)
    if judged.state == "failed" and not any(f.grace is not None for f in found):
        found.append(Finding(name_of(live), f"{live['kind']}Failed", judged.reason, _FAILED_STEPS.get(live["kind"], "see its events"), 0, namespace_of(live)))
    if live["kind"] == "Job":
        found = _job_findings(live, judged, found, scene)
    if judged.state == "failed":  # the verdict is final, so whatever explains it is
        found = [replace(f, grace=0.0) for f in found]
    return found


def _creation_findings(live: Object, scene: Scene) -> Iterator[Finding]:
    """Pods that could not even be created: quota, Pod Security, admission."""
    if live["kind"] not in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
        return
    creator = scene.replica_set_of(live) if live["kind"] == "Deployment" else live
    if creator is None:
        return
    failure = conditions(creator).get("ReplicaFailure", {})
    event = next((e for e in reversed(scene.events_of(creator)) if e.get("reason") in ("FailedCreate", "SuccessfulCreate")), None)
    stuck = bool(event and event.get("reason") == "FailedCreate")
    message = failure.get("message", "") if failure.get("status") == "True" else event.get("message", "") if event and stuck else ""
    cause = first_match(CREATE_CAUSES, message) if message else None
    if cause:
        text = f"its pods cannot be created: {cause.text(message)}"
        yield Finding(name_of(live), cause.reason, text, cause.next_step, cause.grace, namespace_of(live), event=show(event) if event and stuck else message)


def _job_findings(live: Object, judged: Verdict, found: list[Finding], scene: Scene) -> list[Finding]:
    """A Job that failed, or whose pods ended the same way twice, is explained by the exit and the log of its last pod."""
    pods = sorted(scene.pods_of(live), key=lambda p: str(p["metadata"].get("creationTimestamp", "")))
    failed = [p for p in pods if (p.get("status") or {}).get("phase") == "Failed"]
    exits = [f for f in found if f.reason in ("ContainerFailed", "OOMKilled", "JobFailed")]
    if not failed or (judged.state != "failed" and len(failed) < 2):
        return found
    why = f" ({judged.reason})" if judged.state == "failed" else ""
    last = next((f for f in reversed(exits) if f.pod in ("", failed[-1]["metadata"]["name"])), None)
    if last is None:
        return found
    container = last.container or failed[-1]["spec"]["containers"][0]["name"]
    ending = last.message.partition(", ")[2] or last.message
    text = f"failed {times(len(failed))}{why}, {ending}" if last.pod else last.message
    step = _FAILED_STEPS["Job"]
    reason = "OOMKilled" if last.reason == "OOMKilled" else "JobFailed"
    job = replace(last, object=name_of(live), reason=reason, message=text, next_step=step, grace=0.0, pod=failed[-1]["metadata"]["name"], container=container)
    return [job, *(f for f in found if f not in exits)]


def _claim_findings(live: Object, scene: Scene) -> Iterator[Finding]:
    event = next((e for e in reversed(scene.events_of(live)) if e.get("type") == "Warning"), None)
    if event is not None:
        storage = live["spec"].get("storageClassName") or "the default"
        text = f"no volume for it: {event.get('message', '')}"
        step = f"check that storage class {storage} exists and that its provisioner runs"
        yield Finding(name_of(live), "VolumeNotBound", text, step, 8, namespace_of(live), event=show(event))


def _gateway_findings(live: Object, judged: Verdict) -> Iterator[Finding]:
    # A controller writes False first while it still builds; reasons that only mean "not yet" are left out.
    if judged.state == "waiting" and "(" in judged.reason and not any(word in judged.reason for word in ("Pending", "Waiting")):
        step = "check the names, ports and namespaces it refers to, and which routes the gateway's listeners allow"
        yield Finding(name_of(live), "NotAccepted", judged.reason, step, 10, namespace_of(live))


def _unseen(live: Object) -> bool:
    return bool((live.get("status") or {}).get("observedGeneration", 0) < live["metadata"].get("generation", 0))
