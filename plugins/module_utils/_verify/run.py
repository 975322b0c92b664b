# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of a service, one after the other: each ends as a record of evidence, also when it could not be carried out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._k8s import connect as k8s
from ansible_collections.slipway.platform.plugins.module_utils._k8s import execute
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._verify import admission, evidence, network, readiness, secret
from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import UNKNOWN, Evidence, Judgement
from ansible_collections.slipway.platform.plugins.module_utils._verify.load import Load
from ansible_collections.slipway.platform.plugins.module_utils._verify.subject import Cluster, Subject

Say = Callable[[str], None]
CHECKS = ("readiness", "network", "secrets", "admission")


@dataclass(frozen=True)
class Request:
    """What to verify: one service, by which checks, and where the evidence goes."""

    kubeconfig: Path
    namespace: str
    service: str
    url: str
    ca_file: Path | None
    checks: tuple[str, ...]
    peers: tuple[network.Peer, ...]  # beside those it is bound to
    store_namespace: str
    python: tuple[str, ...]
    break_command: tuple[str, ...]
    restore_command: tuple[str, ...]
    folder: Path

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        return cls(
            kubeconfig=Path(params["kubeconfig"]),
            namespace=params["namespace"],
            service=params["service"],
            url=params["url"],
            ca_file=Path(params["ca_file"]) if params["ca_file"] else None,
            checks=tuple(name for name in CHECKS if name in params["checks"]),
            peers=tuple(network.Peer(**peer) for peer in params["peers"]),
            store_namespace=params["store_namespace"],
            python=tuple(params["python"]),
            break_command=tuple(params["break_command"]),
            restore_command=tuple(params["restore_command"]),
            folder=Path(params["path"]),
        )


@dataclass(frozen=True)
class Result:
    """The records, the same as lines for a terminal, and how many had which verdict. Nothing stays changed."""

    checks: tuple[Evidence, ...]
    table: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return False


def connect(kubeconfig: Path) -> Cluster:
    """The cluster as the checks see it, with the real clock."""
    return Cluster(Client(k8s.connect(kubeconfig)), execute.connect(kubeconfig), time.monotonic, time.sleep)


def verify(request: Request, cluster: Cluster, say: Say = lambda _: None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Result:
    """Carry out the checks, write a record of each, and give them all back."""
    uid = cluster.uid
    records = []
    for name in request.checks:
        at, started = now(), cluster.clock()
        claim, judgement, seen, images = _check(name, request, cluster, say)
        record = Evidence(
            check=name,
            subject=f"{request.namespace}/{request.service}",
            claim=claim,
            verdict=judgement.verdict,
            reason=judgement.reason,
            at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=round(cluster.clock() - started, 2),
            cluster=uid,
            images=images,
            asked=_asked(name, request),
            seen=seen,
            replay=_replay(name, request),
        )
        evidence.write(request.folder, record)
        say(f"{record.verdict:8}{name}: {record.reason}")
        records.append(record)
    return Result(tuple(records), tuple(evidence.table(records)), evidence.count(records))


def _check(name: str, request: Request, cluster: Cluster, say: Say) -> tuple[str, Judgement, dict[str, Any], tuple[str, ...]]:
    """Claim, judgement, what was seen and the images asked. An error is no verdict about the service: it is UNKNOWN."""
    claim = {"readiness": readiness.CLAIM, "network": network.CLAIM, "secrets": secret.CLAIM, "admission": admission.CLAIM}[name]
    images: tuple[str, ...] = ()
    try:
        if name == "admission":
            return claim, *admission.check(cluster, request.namespace), images
        subject = Subject.of(cluster, request.namespace, request.service)
        images = subject.images
        if name == "readiness":
            found = readiness.check(cluster, subject, lambda: Load(request.url, request.ca_file), request.break_command, request.restore_command, say)
        elif name == "network":
            found = network.check(cluster, subject, [*network.bound(cluster, subject), *request.peers], request.python)
        else:
            found = secret.check(cluster, subject, request.store_namespace, request.python)
    except SlipwayError as error:
        return claim, Judgement(UNKNOWN, f"the check could not be carried out: {error.message}"), {"error": error.facts}, images
    return claim, *found, images


def _asked(name: str, request: Request) -> tuple[str, ...]:
    return {
        "readiness": (
            f"ran {' '.join(request.break_command)} in one ready pod",
            "read the EndpointSlices ten times a second",
            f"asked {request.url} all the time",
        ),
        "network": (
            "from inside the service's pod: what it is bound to, and a listener of this program outside the cluster",
            "from a pod without policies: the same listener",
            "from that pod under a policy that denies everything: the same listener",
        ),
        "secrets": (f"hashed in the pod, in namespace {request.namespace} and in namespace {request.store_namespace}, with a key that was thrown away",),
        "admission": (f"server-side dry run of pods in namespace {request.namespace}: one per rule that breaks it, and one that breaks none",),
    }[name]


def _replay(name: str, request: Request) -> tuple[str, ...]:
    kubectl = f"kubectl --kubeconfig {request.kubeconfig} -n {request.namespace}"
    inside = f"{kubectl} exec deploy/{request.service} --"
    return {
        "readiness": (
            f"{kubectl} get endpointslices -l kubernetes.io/service-name={request.service} -w &",
            f"{inside} {' '.join(request.break_command)}",
            f"{inside} {' '.join(request.restore_command)}",
        ),
        "network": (f"{inside} {' '.join(request.python)} -c 'import socket, sys; socket.create_connection(sys.argv[1:], 5)' HOST PORT",),
        "secrets": (f"{inside} {' '.join(request.python)} -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], \"rb\").read()).hexdigest())' FILE",),
        "admission": (f"{kubectl} run probe --image=registry.invalid/probe:none --dry-run=server",),
    }[name]
