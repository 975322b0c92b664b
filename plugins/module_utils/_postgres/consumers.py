# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses a Secret: the running pods that mount it and the workloads they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind

POD = BUILT_IN["", "v1", "Pod"]
WORKLOADS = tuple(BUILT_IN["apps", "v1", kind] for kind in ("Deployment", "StatefulSet", "DaemonSet"))
SEEN = "slipway.platform/secret-seen"
"""Annotation of a pod: any change to a pod makes its kubelet look at the mounted Secrets at once instead of within a minute."""
RESTARTED = "slipway.platform/secret-restart"
"""Annotation of a pod template: the version of a Secret that the pods were restarted for."""


@dataclass(frozen=True)
class Pod:
    namespace: str
    name: str
    address: str
    labels: Mapping[str, str]
    restarted_for: str
    seen: str


@dataclass(frozen=True)
class Workload:
    kind: Kind
    namespace: str
    name: str
    selector: Mapping[str, str]
    settled: bool

    def has(self, pod: Pod) -> bool:
        return self.namespace == pod.namespace and self.selector.items() <= pod.labels.items()


@dataclass(frozen=True)
class Users:
    pods: tuple[Pod, ...]
    workloads: tuple[Workload, ...]


def find(client: Client, copies: Iterable[tuple[str, str]]) -> Users:
    """The pods that run and the workloads that exist with one of these Secrets (namespace, name) in their pod specification."""
    wanted = set(copies)
    spaces = sorted({namespace for namespace, _ in wanted})
    pods = [
        _pod(item)
        for space in spaces
        for item in client.find(POD, space, fields="status.phase=Running")
        if "deletionTimestamp" not in item["metadata"] and _uses(item["spec"], space, wanted)
    ]
    workloads = [
        Workload(kind, space, item["metadata"]["name"], item["spec"]["selector"].get("matchLabels") or {}, settled(item))
        for space in spaces
        for kind in WORKLOADS
        for item in client.find(kind, space)
        if _uses(item["spec"]["template"]["spec"], space, wanted)
    ]
    return Users(tuple(pods), tuple(workloads))


def _pod(item: Mapping[str, Any]) -> Pod:
    meta = item["metadata"]
    notes = meta.get("annotations") or {}
    return Pod(
        namespace=meta["namespace"],
        name=meta["name"],
        address=item["status"].get("podIP", ""),
        labels=meta.get("labels") or {},
        restarted_for=notes.get(RESTARTED, ""),
        seen=notes.get(SEEN, ""),
    )


def nudge(client: Client, pods: Iterable[Pod], version: str) -> None:
    """Let the kubelets bring the new version into the pods now."""
    client.map(lambda pod: client.merge(POD, pod.namespace, pod.name, {"metadata": {"annotations": {SEEN: version}}}), pods)


def restart(client: Client, workloads: Iterable[Workload], version: str) -> None:
    """A rolling restart. Our field manager does not own the annotation's key in manifests, so the next apply leaves it alone."""
    patch = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: version}}}}}
    client.map(lambda workload: client.merge(workload.kind, workload.namespace, workload.name, patch), workloads)


def settled(item: Mapping[str, Any]) -> bool:
    """Whether a workload's rollout is complete: as many pods as wanted, all of the current template, all ready."""
    status = item.get("status") or {}
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        return False
    if item["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("updatedNumberScheduled", 0) == status.get("numberReady", 0) == wanted)
    wanted = item["spec"].get("replicas", 1)
    counts = (status.get("replicas", 0), status.get("updatedReplicas", 0), status.get("readyReplicas", 0))
    return counts == (wanted, wanted, wanted)


def _uses(spec: Mapping[str, Any], namespace: str, wanted: set[tuple[str, str]]) -> bool:
    return any((namespace, name) in wanted for name in secret_names(spec))


def secret_names(spec: Mapping[str, Any]) -> set[str]:
    """The Secrets that a pod specification reads as volumes or environment variables."""
    names: set[str] = set()
    for volume in spec.get("volumes") or []:
        names.add((volume.get("secret") or {}).get("secretName", ""))
        names |= {(source.get("secret") or {}).get("name", "") for source in (volume.get("projected") or {}).get("sources") or []}
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        names |= {((entry.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name", "") for entry in container.get("env") or []}
        names |= {(entry.get("secretRef") or {}).get("name", "") for entry in container.get("envFrom") or []}
    return names - {""}
