# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of objects: their place in the API, and the order in which they are applied.

The kinds that every Kubernetes has are a table, so that an apply of only those needs no discovery request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Object = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind as served by an API server; ``plural`` is the resource name in paths."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> str:
        """As the ApplySet annotation writes it (KEP-3659): ``Deployment.apps``, ``ConfigMap``."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def path(self, namespace: str | None, name: str | None = None) -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{quote(namespace)}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}" + (f"/{quote(name, safe='/')}" if name else "")


@dataclass(frozen=True, order=True)
class Key:
    """The identity of an object within a cluster; ``namespace`` is empty for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def _table(group: str, version: str, namespaced: bool, **plurals: str) -> dict[tuple[str, str, str], Kind]:
    return {(group, version, kind): Kind(group, version, kind, plural, namespaced) for kind, plural in plurals.items()}


BUILT_IN: Mapping[tuple[str, str, str], Kind] = {
    **_table("", "v1", False, Namespace="namespaces", Node="nodes", PersistentVolume="persistentvolumes"),
    **_table(
        "",
        "v1",
        True,
        ConfigMap="configmaps",
        Endpoints="endpoints",
        Event="events",
        LimitRange="limitranges",
        PersistentVolumeClaim="persistentvolumeclaims",
        Pod="pods",
        ResourceQuota="resourcequotas",
        Secret="secrets",
        Service="services",
        ServiceAccount="serviceaccounts",
    ),
    **_table("apps", "v1", True, DaemonSet="daemonsets", Deployment="deployments", ReplicaSet="replicasets", StatefulSet="statefulsets"),
    **_table("batch", "v1", True, CronJob="cronjobs", Job="jobs"),
    **_table("autoscaling", "v2", True, HorizontalPodAutoscaler="horizontalpodautoscalers"),
    **_table("policy", "v1", True, PodDisruptionBudget="poddisruptionbudgets"),
    **_table("networking.k8s.io", "v1", True, Ingress="ingresses", NetworkPolicy="networkpolicies"),
    **_table("networking.k8s.io", "v1", False, IngressClass="ingressclasses"),
    **_table("rbac.authorization.k8s.io", "v1", True, Role="roles", RoleBinding="rolebindings"),
    **_table("rbac.authorization.k8s.io", "v1", False, ClusterRole="clusterroles", ClusterRoleBinding="clusterrolebindings"),
    **_table("storage.k8s.io", "v1", False, CSIDriver="csidrivers", StorageClass="storageclasses"),
    **_table("scheduling.k8s.io", "v1", False, PriorityClass="priorityclasses"),
    **_table("coordination.k8s.io", "v1", True, Lease="leases"),
    **_table("discovery.k8s.io", "v1", True, EndpointSlice="endpointslices"),
    **_table("node.k8s.io", "v1", False, RuntimeClass="runtimeclasses"),
    **_table("apiregistration.k8s.io", "v1", False, APIService="apiservices"),
    **_table("apiextensions.k8s.io", "v1", False, CustomResourceDefinition="customresourcedefinitions"),
    **_table(
        "admissionregistration.k8s.io",
        "v1",
        False,
        MutatingWebhookConfiguration="mutatingwebhookconfigurations",
        ValidatingAdmissionPolicy="validatingadmissionpolicies",
        ValidatingAdmissionPolicyBinding="validatingadmissionpolicybindings",
        ValidatingWebhookConfiguration="validatingwebhookconfigurations",
    ),
}

FOUNDATIONS, CONFIGURATION, JOBS, WORKLOADS = range(4)
"""The waves: what others live in or are made of; what pods read at their start; what must end before pods start; what runs."""

_FOUNDATION_KINDS = {"CustomResourceDefinition", "Namespace", "PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass", "APIService"}
_WORKLOAD_KINDS = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "CronJob", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress"}

DATA_KINDS = {"CustomResourceDefinition", "Namespace", "PersistentVolume", "PersistentVolumeClaim"}
"""Their deletion deletes data or other people's objects: pruning never does that."""


def wave(kind: Kind) -> int:
    """The wave of a kind. Custom resources come last: their definitions may be part of the same set."""
    if kind.kind in _FOUNDATION_KINDS:
        return FOUNDATIONS
    if kind.kind == "Job":
        return JOBS
    if kind.kind in _WORKLOAD_KINDS or (kind.group, kind.version, kind.kind) not in BUILT_IN:
        return WORKLOADS
    return CONFIGURATION


def split_api_version(api_version: str) -> tuple[str, str]:
    """``apps/v1`` to ``("apps", "v1")``; the core group is empty."""
    group, _, version = api_version.rpartition("/")
    return group, version
