# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules kind_node_image, kind_cluster and kind_certificates, and the requests they become."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _podman
from ansible_collections.slipway.platform.plugins.module_utils._kind import config, node_image, renewal
from ansible_collections.slipway.platform.plugins.module_utils._kind.model import Registry, Request

NODE_IMAGE: dict[str, Any] = {
    "files": {"type": "path", "required": True},
    "kubernetes_version": {"type": "str", "required": True},
    "suite": {"type": "str", "default": "bookworm"},
    "image": {"type": "str", "default": ""},
}

_NODE = {
    "role": {"type": "str", "required": True, "choices": ["control-plane", "worker"]},
    "zone": {"type": "str", "default": ""},
    "labels": {"type": "dict", "default": {}},
}
_PORT = {"host": {"type": "int", "required": True}, "node": {"type": "int", "required": True}}
_REGISTRY = {"host": {"type": "str", "required": True}, "endpoint": {"type": "str", "required": True}, "ca_file": {"type": "path"}}

CLUSTER: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "directory": {"type": "path", "required": True},
    "kubeconfig": {"type": "path", "required": True},
    "kubectl_link": {"type": "path"},
    "image": {"type": "str", "default": ""},
    "kind": {"type": "path", "default": ""},
    "kubectl": {"type": "path", "default": ""},
    "nodes": {"type": "list", "elements": "dict", "options": _NODE, "default": []},
    "ports": {"type": "list", "elements": "dict", "options": _PORT, "default": []},
    "api_port": {"type": "int", "default": 16443},
    "pod_subnet": {"type": "str", "default": "10.244.0.0/16"},
    "service_subnet": {"type": "str", "default": "10.96.0.0/16"},
    "registries": {"type": "list", "elements": "dict", "options": _REGISTRY, "default": []},
    "audit_policy": {"type": "path", "default": ""},
    "token_webhook": {"type": "path"},
    "timeout": {"type": "int", "default": 180},
}

CERTIFICATES: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "kubeconfig": {"type": "path", "required": True},
    "renew": {"type": "str", "choices": ["none", "due", "all"], "default": "due"},
    "directory": {"type": "path"},
    "timeout": {"type": "int", "default": 120},
}

CLUSTER_CONSTRAINTS: dict[str, Any] = {"required_if": [("state", "present", ("image", "kind", "kubectl", "nodes", "audit_policy"))]}


def node_image_request(params: Mapping[str, Any]) -> node_image.Request:
    """The request for these (validated) options."""
    return node_image.Request(Path(params["files"]), params["kubernetes_version"], params["suite"], params["image"], _artifacts.cache_dir())


def cluster_request(params: Mapping[str, Any]) -> Request:
    """The request for these (validated) options."""
    folder = Path(params["directory"]).absolute()
    described = config.Cluster(
        name=params["name"],
        image=params["image"],
        nodes=tuple(config.Node(node["role"], node["zone"], {key: str(value) for key, value in node["labels"].items()}) for node in params["nodes"]),
        ports=tuple(config.Port(port["host"], port["node"]) for port in params["ports"]),
        api_port=params["api_port"],
        pod_subnet=params["pod_subnet"],
        service_subnet=params["service_subnet"],
        state=folder,
        volumes=folder / "volumes",
        cgroup=_podman.detect().cgroup,
        token_webhook=bool(params["token_webhook"]),
    )
    return Request(
        state=params["state"],
        cluster=described,
        kind=Path(params["kind"]),
        kubectl=Path(params["kubectl"]),
        kubeconfig=Path(params["kubeconfig"]).absolute(),
        link=Path(params["kubectl_link"]).absolute() if params["kubectl_link"] else None,
        registries=tuple(Registry(r["host"], r["endpoint"], Path(r["ca_file"]) if r["ca_file"] else None) for r in params["registries"]),
        audit_policy=Path(params["audit_policy"]),
        token_webhook=Path(params["token_webhook"]) if params["token_webhook"] else None,
        cache=_artifacts.cache_dir(),
        timeout=float(params["timeout"]),
    )


def certificates_request(params: Mapping[str, Any]) -> renewal.Request:
    """The request for these (validated) options."""
    return renewal.Request(
        name=params["name"],
        renew=params["renew"],
        kubeconfig=Path(params["kubeconfig"]).absolute(),
        directory=Path(params["directory"]).absolute() if params["directory"] else None,
        cache=_artifacts.cache_dir(),
        timeout=float(params["timeout"]),
    )
