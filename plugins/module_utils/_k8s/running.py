# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is running: the release that serves, and of each service the image that is wanted beside those that run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s import history
from ansible_collections.slipway.platform.plugins.module_utils._k8s.applyset import ApplySet
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.objects import plain

_VERSION = "app.kubernetes.io/version"
_DEPLOYMENT, _POD = BUILT_IN["apps", "v1", "Deployment"], BUILT_IN["", "v1", "Pod"]


@dataclass(frozen=True)
class Running:
    """``revision`` is 0 before the first release. ``revisions``: ``{revision, status, created, restores}``, oldest first.

    ``services``, by name: ``{image, digest, replicas, ready_replicas, pods: [{name, digest, ready}], as_wanted}``; ``images``, by name:
    ``{reference, tag}`` of those whose image was given to the release, as the role ``release`` takes it.
    """

    revision: int
    revisions: list[dict[str, Any]]
    services: dict[str, dict[str, Any]]
    images: dict[str, dict[str, str]]
    changed: bool = False


def read(params: Mapping[str, Any]) -> Running:
    """The work of ``release_info``: ``params`` are its options. A cluster that does not exist runs nothing."""
    params = plain(dict(params), "options")
    try:
        client = Client(connect(Path(params["kubeconfig"])))
    except InvalidInput:
        if Path(params["kubeconfig"]).exists():
            raise
        return Running(0, [], {}, {})
    namespace, name = params["namespace"], params["name"]
    revisions = history.read(client, namespace, name)
    now = history.current(revisions)
    deployments = client.find(_DEPLOYMENT, namespace, labels=ApplySet(name, namespace).selector)
    pods = client.find(_POD, namespace) if deployments else []
    listed = [{"revision": r.number, "status": r.status, "created": r.created, "restores": r.restores} for r in revisions]
    return Running(now.number if now else 0, listed, services(deployments, pods), images(deployments))


def services(deployments: Iterable[Object], pods: Iterable[Object]) -> dict[str, dict[str, Any]]:
    """What each Deployment wants and what its pods run; the first container is the service, the others stand beside it."""
    pods = list(pods)
    return {d["metadata"]["name"]: _service(d, [p for p in pods if _selected(p, d)]) for d in deployments}


def images(deployments: Iterable[Object]) -> dict[str, dict[str, str]]:
    """What to give to a release so that these stay as they are. One without a version has an image that its score.yaml names itself."""
    versions = {d["metadata"]["name"]: (_container(d)["image"], (d["metadata"].get("labels") or {}).get(_VERSION)) for d in deployments}
    return {name: {"reference": image, "tag": version} for name, (image, version) in versions.items() if version}


def _container(deployment: Object) -> Object:
    found: Object = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def _service(deployment: Object, pods: list[Object]) -> dict[str, Any]:
    container = _container(deployment)
    status, replicas = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    wanted, ready = _digest(container["image"]), status.get("readyReplicas", 0)
    found = [_pod(p, container["name"]) for p in pods if not p["metadata"].get("deletionTimestamp")]
    return {
        "image": container["image"],
        "digest": wanted,
        "replicas": replicas,
        "ready_replicas": ready,
        "pods": found,
        "as_wanted": ready >= replicas and all(p["digest"] == wanted for p in found),
    }


def _pod(pod: Object, container: str) -> dict[str, Any]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    status: Object = next((s for s in statuses if s["name"] == container), {})
    return {"name": pod["metadata"]["name"], "digest": _digest(status.get("imageID", "")), "ready": bool(status.get("ready"))}


def _digest(reference: str) -> str:
    """``sha256:<hex>`` of a reference by digest or of an image id; empty for a reference by tag."""
    _, found, digest = reference.rpartition("sha256:")
    return f"sha256:{digest}" if found else ""


def _selected(pod: Object, deployment: Object) -> bool:
    wanted = (deployment["spec"]["selector"].get("matchLabels") or {}).items()
    return wanted <= (pod["metadata"].get("labels") or {}).items()
