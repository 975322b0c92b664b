# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that live on the nodes of a cluster, and the programs that hold them in memory.

What is asked of a node is one shell script: it picks the certificates out of the files there, so that no private key leaves the node.
Paths are as seen from the node's root folder, without the leading slash.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._kind import static_pods
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine, Member
from ansible_collections.slipway.platform.plugins.module_utils._kind.static_pods import Serving, StaticPod

PKI = "etc/kubernetes/pki"
ADMIN = "etc/kubernetes/admin.conf"
KUBELET_CLIENT = "var/lib/kubelet/pki/kubelet-client-current.pem"
KUBELET_SERVING = "var/lib/kubelet/pki/kubelet.crt"
KUBELET_ROTATED = "var/lib/kubelet/pki/kubelet-server-current.pem"  # there if the cluster signs what kubelets serve
UNFINISHED = "etc/kubernetes/slipway-renewing"  # a copy of what kubeadm is just renewing

# What each file is to a person, and what `kubeadm certs renew` calls it; without the latter kubeadm does not renew it.
KNOWN: Mapping[str, tuple[str, str]] = {
    f"{PKI}/apiserver.crt": ("kube-apiserver", "apiserver"),
    f"{PKI}/apiserver-kubelet-client.crt": ("kube-apiserver to kubelets", "apiserver-kubelet-client"),
    f"{PKI}/apiserver-etcd-client.crt": ("kube-apiserver to etcd", "apiserver-etcd-client"),
    f"{PKI}/front-proxy-client.crt": ("kube-apiserver to extensions", "front-proxy-client"),
    f"{PKI}/etcd/server.crt": ("etcd", "etcd-server"),
    f"{PKI}/etcd/peer.crt": ("etcd to its peers", "etcd-peer"),
    f"{PKI}/etcd/healthcheck-client.crt": ("etcd health check", "etcd-healthcheck-client"),
    ADMIN: ("admin.conf", "admin.conf"),
    "etc/kubernetes/super-admin.conf": ("super-admin.conf", "super-admin.conf"),
    "etc/kubernetes/controller-manager.conf": ("kube-controller-manager", "controller-manager.conf"),
    "etc/kubernetes/scheduler.conf": ("kube-scheduler", "scheduler.conf"),
    KUBELET_CLIENT: ("kubelet to the API", ""),
    KUBELET_SERVING: ("kubelet", ""),
    KUBELET_ROTATED: ("kubelet, signed", ""),
    f"{PKI}/ca.crt": ("authority of the cluster", ""),
    f"{PKI}/etcd/ca.crt": ("authority of etcd", ""),
    f"{PKI}/front-proxy-ca.crt": ("authority of the front proxy", ""),
}

# awk: whole blocks only. A certificate without its end must not take the key behind it along.
_LOOK = r"""
certificates() {
  awk '/^-----BEGIN /{text = ""; on = /^-----BEGIN CERTIFICATE-----/} on{text = text $0 "\n"}
       /^-----END CERTIFICATE-----/{if (on) printf "%s", text; on = 0}'
}
show() { printf 'file\t%s\t%s\t%s\n' "$1" "$(stat -L -c %.9Y "$1")" "$(certificates | base64 -w0)"; }
embedded() { sed -n 's/^ *client-certificate-data: *"\{0,1\}\([A-Za-z0-9+\/=]*\).*/\1/p' "$1"; }
for file in etc/kubernetes/pki/*.crt etc/kubernetes/pki/etcd/*.crt var/lib/kubelet/pki/*.crt var/lib/kubelet/pki/kubelet-*-current.pem; do
  if [ -e "$file" ]; then show "$file" < "$file"; fi
done
for file in etc/kubernetes/*.conf; do
  if [ -e "$file" ] && [ -n "$(embedded "$file")" ]; then
    embedded "$file" | while read -r data; do printf '%s' "$data" | base64 -d 2>/dev/null || true; done | show "$file"
  fi
done
if [ -e "$1" ]; then printf 'unfinished\n'; fi
"""
_KUBELET_PORT = 10250
_DEADLINE = 60.0  # seconds; a machine that is busy with a build is slow


@dataclass(frozen=True)
class Held:
    """A file with certificates on a node. ``chain``: leaf first, empty if none could be read; ``written``: its time, seconds since the epoch."""

    path: str
    pem: bytes
    chain: tuple[Certificate, ...]
    written: float

    @property
    def name(self) -> str:
        """What a person calls it; the path for what nobody knows."""
        return KNOWN.get(self.path, (f"/{self.path}", ""))[0]

    @property
    def kubeadm(self) -> str:
        """What ``kubeadm certs renew`` calls it; empty if it is not kubeadm's."""
        return KNOWN.get(self.path, ("", ""))[1]


@dataclass(frozen=True)
class Node:
    """A running node: its certificates by path, and the static pods that the kubelet there runs."""

    name: str
    role: str
    address: str
    held: Mapping[str, Held]
    pods: tuple[StaticPod, ...] = ()
    unfinished: bool = False

    @property
    def controls(self) -> bool:
        return self.role == "control-plane"

    @property
    def serves(self) -> tuple[Serving, ...]:
        """What is served on this node, and where: by the static pods, and by the kubelet."""
        kubelet = KUBELET_ROTATED if KUBELET_ROTATED in self.held else KUBELET_SERVING
        return (*(serving for pod in self.pods for serving in pod.serves), Serving(kubelet, self.address, _KUBELET_PORT))


def read_all(engine: Engine, node: str) -> dict[str, Held]:
    """The certificates on a node, by path. Keys stay where they are."""
    return _parsed(engine.shell(node, "reading its certificates", _LOOK, UNFINISHED, deadline=_DEADLINE))[0]


def members(engine: Engine, cluster: str) -> dict[str, Member]:
    """The containers that are nodes of the cluster, the control plane first. Raises ``NotFound`` if there are none."""
    found = {name: member for name, member in engine.members(cluster).items() if member.role in ("control-plane", "worker")}
    if not found:
        raise NotFound(f"there is no cluster {cluster} on this machine; make it with the role slipway.platform.kind, or write the name of one that is there")
    return dict(sorted(found.items(), key=lambda item: (item[1].role, item[0])))


def each_node(engine: Engine, cluster: str) -> Iterator[tuple[str, Callable[[], Mapping[str, Held]]]]:
    """Each node's name, and how to read its certificates: one that does not answer is no reason to not look at the others."""

    def reading(name: str, member: Member) -> Callable[[], Mapping[str, Held]]:
        return lambda: read_all(engine, _running(name, member))

    return ((name, reading(name, member)) for name, member in members(engine, cluster).items())


def look_at(engine: Engine, cluster: str) -> tuple[Node, ...]:
    """All nodes with what is on them. Raises for one that can't be looked at: half of a cluster is none."""
    return tuple(look(engine, name, member) for name, member in members(engine, cluster).items())


def _running(name: str, member: Member) -> str:
    if member.state != "running":
        raise NotReady(f"node {name} does not run ({member.state}): its certificates can't be read; start it with the role slipway.platform.kind", node=name)
    return name


def look(engine: Engine, name: str, member: Member) -> Node:
    """What is on a node. Raises ``NotReady`` for one that does not run."""
    held, unfinished = _parsed(engine.shell(_running(name, member), "reading its certificates", _LOOK, UNFINISHED, deadline=_DEADLINE))
    pods = static_pods.look(engine, name) if member.role == "control-plane" else ()
    return Node(name, member.role, member.address, held, pods, unfinished)


def _parsed(printed: str) -> tuple[dict[str, Held], bool]:
    held: dict[str, Held] = {}
    unfinished = False
    for kind, *values in (line.split("\t") for line in printed.splitlines()):
        if kind == "file":
            path, written, encoded = values
            pem = base64.b64decode(encoded)
            held[path] = Held(path, pem, chain(pem), float(written))
        unfinished = unfinished or kind == "unfinished"
    return held, unfinished


def chain(pem: bytes) -> tuple[Certificate, ...]:
    """The certificates in a file, in its order; none at all if one of them can't be read."""
    try:
        return tuple(read.certificate(der) for label, der in read.pem_blocks(pem) if label in read.CERTIFICATES and der)
    except InvalidInput:
        return ()


def due(held: Held, now: datetime, left: float) -> bool:
    """Whether not more than this part of its lifetime is left, or nobody can say."""
    if not held.chain or (lifetime := held.chain[0].lifetime) is None:
        return True
    return held.chain[0].not_after - now <= lifetime * left


def serial(held: Held | None) -> str | None:
    """The serial number of the leaf, upper-case hex; None if there is none."""
    return held.chain[0].serial if held and held.chain else None


def newest(held: Mapping[str, Held], paths: Sequence[str]) -> float:
    """When the last of these files was written (seconds since the epoch); 0 if none is there."""
    return max((held[path].written for path in paths if path in held), default=0.0)
