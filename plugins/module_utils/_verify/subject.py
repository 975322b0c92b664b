# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service that is asked about: its Deployment, its pods, their endpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.execute import Execute, Target
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind

Object = dict[str, Any]

DEPLOYMENT, ENDPOINT_SLICE = BUILT_IN["apps", "v1", "Deployment"], BUILT_IN["discovery.k8s.io", "v1", "EndpointSlice"]
NAMESPACE, POD, SECRET = (BUILT_IN["", "v1", kind] for kind in ("Namespace", "Pod", "Secret"))
NETWORK_POLICY = BUILT_IN["networking.k8s.io", "v1", "NetworkPolicy"]


@dataclass(frozen=True)
class Cluster:
    """How a cluster is asked: API, programs in pods, and time (seconds, any origin)."""

    client: Client
    execute: Execute
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    @property
    def uid(self) -> str:
        """What tells this cluster from every other: the UID of kube-system."""
        return str(self.need(NAMESPACE, None, "kube-system")["metadata"]["uid"])

    def need(self, kind: Kind, namespace: str | None, name: str) -> Object:
        found = self.client.get(kind, namespace, name)
        if found is None:
            raise NotFound(f"{kind.kind} {name} does not exist{f' in namespace {namespace}' if namespace else ''} on {self.client.host}")
        return found

    def wait(self, condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> float | None:
        """Seconds until the condition held, or None if it did not within ``seconds``."""
        started = self.clock()
        while not condition():
            if self.clock() - started >= seconds:
                return None
            self.sleep(pause)
        return self.clock() - started


@dataclass(frozen=True)
class Subject:
    """A service as it runs: its Deployment and the pods that belong to it now, ready ones first."""

    namespace: str
    service: str
    deployment: Object
    pods: tuple[Object, ...]

    @classmethod
    def of(cls, cluster: Cluster, namespace: str, service: str) -> Subject:
        deployment = cluster.need(DEPLOYMENT, namespace, service)
        labels = ",".join(f"{key}={value}" for key, value in sorted(deployment["spec"]["selector"]["matchLabels"].items()))
        pods = [pod for pod in cluster.client.find(POD, namespace, labels) if not pod["metadata"].get("deletionTimestamp")]
        return cls(namespace, service, deployment, tuple(sorted(pods, key=lambda pod: (not is_ready(pod), pod["metadata"]["name"]))))

    @property
    def container(self) -> Object:
        """The service's own container: the first one."""
        container: Object = self.deployment["spec"]["template"]["spec"]["containers"][0]
        return container

    @property
    def target(self) -> Target:
        """The service's container in one ready pod. Raises ``NotReady``."""
        if not self.pods or not is_ready(self.pods[0]):
            raise NotReady(f"service {self.namespace}/{self.service} has no ready pod to ask")
        return Target(self.namespace, self.pods[0]["metadata"]["name"], self.container["name"])

    @property
    def images(self) -> tuple[str, ...]:
        """The images that really run, by digest (status.containerStatuses[].imageID)."""
        return tuple(sorted({status["imageID"] for pod in self.pods for status in pod["status"].get("containerStatuses", [])}))

    def ready_endpoints(self, cluster: Cluster) -> set[str]:
        """Names of the pods that the service's EndpointSlices list as ready."""
        slices = cluster.client.find(ENDPOINT_SLICE, self.namespace, f"kubernetes.io/service-name={self.service}")
        endpoints = [endpoint for piece in slices for endpoint in piece.get("endpoints") or []]
        return {endpoint["targetRef"]["name"] for endpoint in endpoints if endpoint.get("conditions", {}).get("ready") and "targetRef" in endpoint}


def is_ready(pod: Object) -> bool:
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in pod.get("status", {}).get("conditions", []))
