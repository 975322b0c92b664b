# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The description of a cluster as kind reads it (kind.x-k8s.io/v1alpha4): pure, from what is wanted to one document.

What the nodes get from the host is mounted, so that it can change while they run and is still there after a restart:
the registries they trust, the audit policy, and the folder in which all persistent volumes lie.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VOLUMES_MOUNT = "/var/lib/slipway/volumes"
CERTS_MOUNT = "/etc/containerd/certs.d"
AUDIT_MOUNT = "/etc/kubernetes/audit"
AUDIT_LOG = "/var/log/kubernetes"
WEBHOOK_MOUNT = "/etc/kubernetes/webhook"
ZONE_LABEL = "topology.kubernetes.io/zone"


@dataclass(frozen=True)
class Node:
    """A node: its role (control-plane or worker), its zone (empty: none) and its labels."""

    role: str
    zone: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Port:
    """A port of 127.0.0.1 that leads to a port of the control plane's node (a Service's nodePort)."""

    host: int
    node: int


@dataclass(frozen=True)
class Cluster:
    """What is wanted. ``state`` is the folder for what the nodes mount; ``cgroup`` is that of the machine (v1, hybrid, v2).

    ``token_webhook``: whether somebody outside is asked who bears a token that the cluster did not make itself.
    """

    name: str
    image: str
    nodes: tuple[Node, ...]
    ports: tuple[Port, ...]
    api_port: int
    pod_subnet: str
    service_subnet: str
    state: Path
    volumes: Path
    cgroup: str
    token_webhook: bool = False

    @property
    def node_names(self) -> list[str]:
        """The names that kind gives: <cluster>-<role>, from the second one of a role on with its number."""
        seen: dict[str, int] = {}
        names = []
        for node in self.nodes:
            seen[node.role] = seen.get(node.role, 0) + 1
            names.append(f"{self.name}-{node.role}" + ("" if seen[node.role] == 1 else str(seen[node.role])))
        return names

    @property
    def zones(self) -> list[str]:
        return sorted({node.zone for node in self.nodes if node.zone})


def document(cluster: Cluster) -> dict[str, Any]:
    """kind's configuration of the whole cluster."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": cluster.name,
        "networking": {
            "apiServerAddress": "127.0.0.1",
            "apiServerPort": cluster.api_port,
            "podSubnet": cluster.pod_subnet,
            "serviceSubnet": cluster.service_subnet,
            "kubeProxyMode": "nftables",
            # podman's own search domain is not for pods: each name of theirs would first be asked for below it.
            "dnsSearch": [],
        },
        "kubeadmConfigPatches": [json.dumps(patch) for patch in kubeadm_patches(cluster.cgroup, cluster.token_webhook)],
        "nodes": [_node(cluster, node, first=position == 0) for position, node in enumerate(cluster.nodes)],
    }


def kubeadm_patches(cgroup: str, token_webhook: bool = False) -> list[dict[str, Any]]:
    """What kubeadm is told beyond kind's own settings (merge patches, RFC 7386)."""
    patches: list[dict[str, Any]] = [
        {
            "kind": "ClusterConfiguration",
            "apiServer": _api_server(token_webhook),
            # One of each: there is nobody to elect.
            "controllerManager": {"extraArgs": {"leader-elect": "false"}},
            "scheduler": {"extraArgs": {"leader-elect": "false"}},
        },
        {
            "kind": "KubeProxyConfiguration",
            # Those settings belong to the whole machine: they are left as they are.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpBeLiberal": False, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        },
    ]
    # A Secret that changed is in its pods within 15 seconds and not within 90: there are few pods to look after.
    kubelet: dict[str, Any] = {"kind": "KubeletConfiguration", "syncFrequency": "10s"}
    return [*patches, kubelet | ({} if cgroup == "v2" else {"failCgroupV1": False})]


def _api_server(token_webhook: bool) -> dict[str, Any]:
    arguments = {
        "audit-policy-file": f"{AUDIT_MOUNT}/policy.yaml",
        "audit-log-path": f"{AUDIT_LOG}/audit.log",
        "audit-log-maxsize": "50",  # MB per file
        "audit-log-maxbackup": "3",
        "audit-log-maxage": "7",  # days
    }
    volumes = [
        {"name": "audit-policy", "hostPath": AUDIT_MOUNT, "mountPath": AUDIT_MOUNT, "readOnly": True, "pathType": "Directory"},
        {"name": "audit-log", "hostPath": AUDIT_LOG, "mountPath": AUDIT_LOG, "readOnly": False, "pathType": "DirectoryOrCreate"},
    ]
    if token_webhook:
        # https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
        arguments |= {
            "authentication-token-webhook-config-file": f"{WEBHOOK_MOUNT}/token-webhook.yaml",
            "authentication-token-webhook-version": "v1",
            "authentication-token-webhook-cache-ttl": "5s",  # who loses access is out soon
        }
        volumes.append({"name": "webhook", "hostPath": WEBHOOK_MOUNT, "mountPath": WEBHOOK_MOUNT, "readOnly": True, "pathType": "Directory"})
    return {"extraArgs": arguments, "extraVolumes": volumes}


def _node(cluster: Cluster, node: Node, first: bool) -> dict[str, Any]:
    mounts = [
        {"hostPath": str(cluster.volumes), "containerPath": VOLUMES_MOUNT},
        {"hostPath": str(cluster.state / "certs.d"), "containerPath": CERTS_MOUNT, "readOnly": True},
    ]
    labels = node.labels | ({ZONE_LABEL: node.zone} if node.zone else {})
    result: dict[str, Any] = {"role": node.role, "image": cluster.image, "labels": labels, "extraMounts": mounts}
    if node.role == "control-plane":
        mounts.append({"hostPath": str(cluster.state / "audit"), "containerPath": AUDIT_MOUNT, "readOnly": True})
        if cluster.token_webhook:
            mounts.append({"hostPath": str(cluster.state / "webhook"), "containerPath": WEBHOOK_MOUNT, "readOnly": True})
    if first:
        result["extraPortMappings"] = [
            {"containerPort": port.node, "hostPort": port.host, "listenAddress": "127.0.0.1", "protocol": "TCP"} for port in cluster.ports
        ]
    return result


def fingerprint(wanted: dict[str, Any]) -> str:
    """SHA-256 (hex) of a document: two clusters are the same if theirs are."""
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Where two documents differ, one line each: ``nodes[1].image: old -> new``."""
    return list(_differences("", before, after))


def _differences(path: str, before: Any, after: Any) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted({*before, *after})
        return [line for key in keys for line in _differences(f"{path}.{key}".lstrip("."), before.get(key), after.get(key))]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [line for index, pair in enumerate(zip(before, after, strict=True)) for line in _differences(f"{path}[{index}]", *pair)]
    return [] if before == after else [f"{path}: {json.dumps(before)} -> {json.dumps(after)}"]


def hosts_toml(host: str, endpoint: str, ca_file: str | None) -> str:
    """containerd's description of a registry (hosts.toml): the nodes ask ``endpoint`` for what references call ``host``.

    The endpoint is its own fallback: with ``host`` there, containerd would ask a node for it after a refusal, and report
    "connection refused" instead of what the registry answered.
    """
    trust = [f'ca = "{CERTS_MOUNT}/{host}/{ca_file}"'] if ca_file else []
    lines = [f'server = "{endpoint}"', *trust, "", f'[host."{endpoint}"]', '  capabilities = ["pull", "resolve"]', *(f"  {line}" for line in trust)]
    return "\n".join(lines) + "\n"
