# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ServiceAccount, Deployment, claims and Service of a service."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.slipway.platform.plugins.module_utils._score import configuration, pod, quantity
from ansible_collections.slipway.platform.plugins.module_utils._score.configuration import Configuration
from ansible_collections.slipway.platform.plugins.module_utils._score.context import ANNOTATION, Context, Manifest, digest

# A pod that answers once may fall at once. Nothing else needs the time: its forerunner answers until the gateway knows the new one (leave_seconds).
MIN_READY_SECONDS = 1
PROGRESS_SECONDS = 300
REVISIONS = 3
VERSION = "app.kubernetes.io/version"


def service_account(context: Context) -> Manifest:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": context.metadata(context.name), "automountServiceAccountToken": False}


def deployment(context: Context, configurations: Mapping[str, Configuration]) -> Manifest:
    """No pod is taken away before its successor is ready; a volume that one pod holds forces the other order."""
    metadata = context.metadata(context.name, annotations=context.workload.annotations)
    rolling: Manifest = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": _surge(context.replicas), "maxUnavailable": 0}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        # Not on pods: the tag of an unchanged image may change, and that is no reason to replace them.
        "metadata": metadata | ({"labels": {**metadata["labels"], VERSION: context.image.version}} if context.image else {}),
        "spec": {
            "minReadySeconds": MIN_READY_SECONDS,
            "progressDeadlineSeconds": PROGRESS_SECONDS,
            **({} if context.workload.autoscaling else {"replicas": context.replicas}),
            "revisionHistoryLimit": REVISIONS,
            "selector": {"matchLabels": context.selector()},
            "strategy": {"type": "Recreate"} if context.persistent else rolling,
            "template": {
                "metadata": {"annotations": pod_annotations(context, configurations), "labels": context.labels()},
                "spec": pod.spec(context, configurations),
            },
        },
    }


def pod_annotations(context: Context, configurations: Mapping[str, Configuration]) -> dict[str, str]:
    """The workload's own, and what makes pods roll: the configuration's hash and the versions of the Secrets read."""
    versions = configuration.secret_versions(context)
    ours = {f"{ANNOTATION}/config-hash": config_hash(configurations)}
    if versions:
        ours[f"{ANNOTATION}/secret-versions"] = ",".join(f"{name}={version}" for name, version in sorted(versions.items()))
    return {**context.workload.annotations, **ours}


def config_hash(configurations: Mapping[str, Configuration]) -> str:
    """Over the names of the ConfigMaps, which are hashes of their contents already."""
    return digest(sorted(item["metadata"]["name"] for config in configurations.values() for item in config.config_maps), 16)


def _surge(replicas: int) -> int | str:
    """Two at a time, so that the usual two or three pods do not queue for each other; of many, a quarter."""
    return 2 if replicas <= 8 else "25%"


def claims(context: Context) -> list[Manifest]:
    """One claim for each persistent volume, held by one node at a time."""
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": context.metadata(pod.claim_name(context, resource.name)),
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": quantity.kubernetes(resource.params.get("size", pod.VOLUME_SIZE))}},
                **({"storageClassName": context.settings.storage_class} if context.settings.storage_class else {}),
            },
        }
        for resource in context.persistent
    ]


def service(context: Context) -> Manifest | None:
    """None for a workload without ports: nobody calls it."""
    if not context.workload.ports:
        return None
    ports = [{"name": port.name, "port": port.number, "protocol": port.protocol, "targetPort": port.target} for port in context.workload.ports]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": context.metadata(context.name),
        "spec": {"ports": ports, "selector": context.selector(), "type": "ClusterIP"},
    }
