# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network policies, tried with real connections: from the service's pod, and from a pod without policies as the counter-question.

The outside address is a listener that this program opens on the machine's own address towards the cluster, for the time of the check.
"""

from __future__ import annotations

import base64
import json
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.execute import Target
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from ansible_collections.slipway.platform.plugins.module_utils._verify import judge, programs
from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import Judgement
from ansible_collections.slipway.platform.plugins.module_utils._verify.secret import uses
from ansible_collections.slipway.platform.plugins.module_utils._verify.subject import NAMESPACE, NETWORK_POLICY, POD, SECRET, Cluster, Object, Subject, is_ready

CLAIM = "the pod reaches what it needs, and nothing else"
CONNECT_SECONDS = 5.0
POD_SECONDS = 60.0
DENY_SECONDS = 10.0
# What makes a server speak first or at all: an SSLRequest (PostgreSQL protocol §55.2.10) gets S or N, PING gets PONG or NOAUTH.
GREETING = {"postgresql": bytes.fromhex("0000000804d2162f"), "redis": b"PING\r\n", "outside": b"slipway\n", "tcp": b"\r\n"}


ENTRIES = ("type", "host", "port")  # of a binding; the only ones that are read, and no secrets


@dataclass(frozen=True)
class Peer:
    """Something to connect to; ``type`` says what to send so that it answers."""

    name: str
    host: str
    port: int
    type: str


@dataclass(frozen=True)
class Outside:
    """The listener: its address and the word with which it answers."""

    peer: Peer
    word: str


def check(cluster: Cluster, subject: Subject, needed: Sequence[Peer], python: Sequence[str]) -> tuple[Judgement, dict[str, Any]]:
    """Try the needed peers and the outside address from the service's pod, and the outside address from a pod without policies."""
    with listener(node_address(cluster)) as outside, _free_pod(cluster, subject, python) as free:
        inside = _connect(cluster, subject.target, [*needed, outside.peer], python)
        control = _connect(cluster, free, [outside.peer], python)
        denied = control
        if _answered(control, outside):
            cluster.client.create(NETWORK_POLICY, _deny_all(free.namespace))
            # A policy takes a moment to reach the node; one that is never enforced is waited for in vain.
            cluster.wait(lambda: not _answered(_connect(cluster, free, [outside.peer], python, 1.0), outside), DENY_SECONDS, 0.5)
            denied = _connect(cluster, free, [outside.peer], python, 2.0)
    seen = {"outside": asdict(outside.peer), "from_service": inside, "from_free_pod": control, "from_denied_pod": denied}
    allowed = {peer.name: bool(result["answer"]) for peer, result in zip(needed, inside, strict=False)}
    return judge.network(judge.Network(allowed, _answered(inside, outside), _answered(control, outside), _answered(denied, outside))), seen


def bound(cluster: Cluster, subject: Subject) -> list[Peer]:
    """What the service is bound to: the host and port of every binding it uses (Service Binding specification 1.0, well-known entries)."""
    names = sorted({use.secret for use in uses(subject.deployment["spec"]["template"]["spec"], subject.container) if not use.optional})
    bindings = [cluster.need(SECRET, subject.namespace, name) for name in names]
    entries = [{key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items() if key in ENTRIES} for secret in bindings]
    return [Peer(entry["type"], entry["host"], int(entry["port"]), entry["type"]) for entry in entries if len(entry) == len(ENTRIES)]


def node_address(cluster: Cluster) -> str:
    """An address of the machine that runs this, as the cluster's nodes reach it: the one from which it would talk to a node."""
    nodes = cluster.client.find(BUILT_IN["", "v1", "Node"])
    addresses = [entry["address"] for node in nodes for entry in node["status"].get("addresses", []) if entry["type"] == "InternalIP"]
    if not addresses:
        raise NotReady("no node of the cluster has an address")
    with socket.socket(socket.AF_INET6 if ":" in addresses[0] else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((addresses[0], 9))  # a datagram socket only looks up the route: nothing is sent
        return str(probe.getsockname()[0])


@contextmanager
def listener(address: str) -> Iterator[Outside]:
    """A TCP server on a free port of ``address`` that answers every connection with one word."""
    word = f"slipway-{secrets.token_hex(8)}"
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return  # closed: the check is over
                with connection:
                    connection.settimeout(CONNECT_SECONDS)
                    try:
                        connection.sendall(word.encode())
                        connection.recv(64)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield Outside(Peer("outside", address, server.getsockname()[1], "outside"), word)
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _answered(results: Sequence[dict[str, Any]], outside: Outside) -> bool:
    return any(result["name"] == "outside" and result["answer"] == outside.word for result in results)


def _connect(cluster: Cluster, target: Target, peers: Sequence[Peer], python: Sequence[str], timeout: float = CONNECT_SECONDS) -> list[dict[str, Any]]:
    asked = [{"name": p.name, "host": p.host, "port": p.port, "send": GREETING.get(p.type, GREETING["tcp"]).hex(), "timeout": timeout} for p in peers]
    printed = cluster.execute(target, [*python, "-c", programs.CONNECT, json.dumps(asked)], timeout * len(asked) + 15)
    return [json.loads(line) for line in printed.splitlines()]


@contextmanager
def _free_pod(cluster: Cluster, subject: Subject, python: Sequence[str]) -> Iterator[Target]:
    """A pod of the service's image in a namespace of its own, which no policy selects; both are gone afterwards."""
    namespace = f"slipway-verify-{secrets.token_hex(4)}"
    cluster.client.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    try:
        names = []
        for entry in subject.deployment["spec"]["template"]["spec"].get("imagePullSecrets", []):
            secret = cluster.need(SECRET, subject.namespace, entry["name"])
            cluster.client.create(SECRET, {key: secret[key] for key in ("type", "data")} | _meta("v1", "Secret", namespace, entry["name"]))
            names.append({"name": entry["name"]})
        cluster.client.create(POD, _pod(subject, namespace, python, names))
        if cluster.wait(lambda: is_ready(cluster.need(POD, namespace, "free")), POD_SECONDS, 0.3) is None:
            raise NotReady(f"the pod {namespace}/free, from which the outside address is tried, was not ready within {POD_SECONDS:.0f} s")
        yield Target(namespace, "free", "free")
    finally:
        cluster.client.delete(NAMESPACE, None, namespace)


def _pod(subject: Subject, namespace: str, python: Sequence[str], pull_secrets: list[dict[str, str]]) -> Object:
    template = subject.deployment["spec"]["template"]["spec"]
    container = {
        "name": "free",
        "image": subject.container["image"],
        "command": [*python, "-c", programs.IDLE],
        "securityContext": subject.container.get("securityContext", {}),
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
    }
    spec = {
        "containers": [container],
        "imagePullSecrets": pull_secrets,
        "securityContext": template.get("securityContext", {}),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "activeDeadlineSeconds": 300,  # should this program be killed, the pod does not stay
    }
    return _meta("v1", "Pod", namespace, "free") | {"spec": spec}


def _deny_all(namespace: str) -> Object:
    return _meta("networking.k8s.io/v1", "NetworkPolicy", namespace, "deny-all") | {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}


def _meta(api_version: str, kind: str, namespace: str, name: str) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
