# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be renewed and restarted in a cluster: pure, from what is seen to what is done, and to what is said of it.

Nothing is remembered between runs. A program that is older than a file which it holds, or serves another certificate than the one in its
file, was not restarted after a renewal, whoever's it was and wherever that run ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, stamp
from ansible_collections.slipway.platform.plugins.module_utils._kind import model
from ansible_collections.slipway.platform.plugins.module_utils._kind.certificates import (
    ADMIN,
    KUBELET_CLIENT,
    KUBELET_ROTATED,
    KUBELET_SERVING,
    Held,
    Node,
    due,
    newest,
    serial,
)

LEFT = 1 / 3
# A kubelet asks for its next certificate when 70 to 90 % of the lifetime are over (client-go, util/certificate): with less left, it did not get one.
LAPSED = 1 / 10


@dataclass(frozen=True)
class Request:
    """What is wanted. ``renew``: none (only look), due (a third of the lifetime left, or less) or all. ``directory``: of kind_cluster, or None."""

    name: str
    renew: str
    kubeconfig: Path
    directory: Path | None
    cache: Path
    timeout: float


@dataclass(frozen=True)
class Seen:
    """What there is. ``served``: (node, path) -> what is served of that file, None if nobody answers; ``administrator``: the kubeconfig's certificate."""

    nodes: tuple[Node, ...]
    served: Mapping[tuple[str, str], Certificate | None]
    administrator: Certificate | None


@dataclass(frozen=True)
class Plan:
    """What is to be done, in this order; all by node. ``kubeadm``: paths of what kubeadm renews. ``restart``: static pods."""

    repair: tuple[str, ...] = ()
    kubeadm: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    serving: tuple[str, ...] = ()
    kubelets: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    restart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kubeconfig: bool = False

    def renews(self, node: str, path: str) -> bool:
        kubelet = (path == KUBELET_SERVING and node in self.serving) or (path == KUBELET_CLIENT and node in self.clients)
        return kubelet or path in self.kubeadm.get(node, ())


def plan(seen: Seen, renew: str, now: datetime) -> Plan:
    """Decide. What the kubelets rotate by themselves is left to them until it is clear that they did not."""
    if renew == "none":
        return Plan()
    kubeadm = {node.name: tuple(path for path, held in node.held.items() if held.kubeadm and _wanted(held, renew, now)) for node in seen.nodes if node.controls}
    serving = tuple(node.name for node in seen.nodes if _serving(node, renew, now))
    old = {node.name: pods for node in seen.nodes if (pods := old_pods(seen, node, kubeadm.get(node.name, ())))}
    admin = next((node.held[ADMIN] for node in seen.nodes if node.controls and ADMIN in node.held), None)
    return Plan(
        repair=tuple(node.name for node in seen.nodes if node.unfinished),
        kubeadm={name: paths for name, paths in kubeadm.items() if paths},
        serving=serving,
        # Also before static pods: a kubelet that restarted one lately holds it back, longer each time, and forgets that when it is restarted itself.
        kubelets=tuple(node.name for node in seen.nodes if node.name in serving or node.name in old or _kubelet_is_stale(seen, node)),
        clients=tuple(node.name for node in seen.nodes if KUBELET_CLIENT not in node.held or due(node.held[KUBELET_CLIENT], now, LAPSED)),
        restart=old,
        kubeconfig=(seen.administrator.serial if seen.administrator else None) != serial(admin) or any(ADMIN in paths for paths in kubeadm.values()),
    )


def _wanted(held: Held, renew: str, now: datetime) -> bool:
    return renew == "all" or due(held, now, LEFT)


def _serving(node: Node, renew: str, now: datetime) -> bool:
    """A kubelet signs its own certificate when there is none, and never again. One that the cluster signs is rotated."""
    return KUBELET_ROTATED not in node.held and (KUBELET_SERVING not in node.held or _wanted(node.held[KUBELET_SERVING], renew, now))


def old_pods(seen: Seen, node: Node, renewed: Sequence[str] = ()) -> tuple[str, ...]:
    """The static pods that hold an old certificate in memory, or will once these paths are ``renewed``, in the order of their restart."""
    return tuple(
        pod.name
        for pod in node.pods
        if pod.older_than(newest(node.held, pod.keeps))
        or not set(pod.keeps).isdisjoint(renewed)
        or any(_serves_another(seen, node, serving.path) for serving in pod.serves)
    )


def _kubelet_is_stale(seen: Seen, node: Node) -> bool:
    return _serves_another(seen, node, node.serves[-1].path)


def _serves_another(seen: Seen, node: Node, path: str) -> bool:
    served = seen.served.get((node.name, path))
    held = node.held.get(path)
    return served is not None and held is not None and served.serial != serial(held)


def unproven(seen: Seen) -> list[str]:
    """Where the certificate in a file is not the one that is used, a line each; empty means that the old ones are gone."""
    lines = []
    for node in seen.nodes:
        for serving in node.serves:
            served, held = seen.served.get((node.name, serving.path)), node.held.get(serving.path)
            where = f"{serving.address}:{serving.port} on {node.name}"
            if served is None:
                lines.append(f"{where} shows no certificate")
            elif served.serial != serial(held):
                lines.append(f"{where} serves the certificate {served.serial}, and /{serving.path} is {serial(held)}")
        lines += [f"{pod.name} on {node.name} runs since before its certificates" for pod in node.pods if pod.older_than(newest(node.held, pod.keeps))]
    return lines


@dataclass(frozen=True)
class Result:
    """``certificates``: node, name, path, serial, dates before and after, renewed. ``restarted``: name, node, seconds until it was healthy again."""

    name: str
    kubeconfig: str
    certificates: list[dict[str, Any]]
    renewed: list[str]
    restarted: list[dict[str, Any]]
    seconds: float
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def diff(self) -> dict[str, str]:
        return model.diff(self.before, self.after)


def state(seen: Seen, decided: Plan | None = None) -> dict[str, Any]:
    """Dates and serials, what is held in memory and old, and the kubeconfig's serial; with a plan, as they would be."""
    nodes: dict[str, dict[str, Any]] = {
        node.name: {held.name: _NEW if decided and decided.renews(node.name, path) else dates(held) for path, held in node.held.items()} for node in seen.nodes
    }
    present = {"kubeconfig": seen.administrator.serial if seen.administrator else None, "unfinished": [node.name for node in seen.nodes if node.unfinished]}
    old = {f"{pod} on {node.name}" for node in seen.nodes for pod in old_pods(seen, node)}
    old |= {f"kubelet on {node.name}" for node in seen.nodes if _kubelet_is_stale(seen, node)}
    if decided:
        present |= {"unfinished": [], **({"kubeconfig": _NEW["serial"]} if decided.kubeconfig else {})}
    return {"certificates": nodes, "with_old_certificates": [] if decided else sorted(old), **present}


_NEW = {"serial": "known after the renewal", "not_before": None, "not_after": None}


def dates(held: Held) -> dict[str, Any]:
    """Serial and dates of the first certificate in a file."""
    first = held.chain[0] if held.chain else None
    return {"serial": serial(held), "not_before": stamp(first.not_before if first else None), "not_after": stamp(first.not_after if first else None)}


def listed(before: Seen, after: Seen, decided: Plan | None) -> list[dict[str, Any]]:
    """Each certificate with its dates before and after. ``decided``: of check mode, where what is to be renewed counts as renewed."""
    earlier = {(node.name, path): held for node in before.nodes for path, held in node.held.items()}
    rows = []
    for node in after.nodes:
        for path, held in node.held.items():
            was = earlier.get((node.name, path))
            planned = decided is not None and decided.renews(node.name, path)
            rows.append(
                {
                    "node": node.name,
                    "name": held.name,
                    "path": f"/{path}",
                    "subject": held.chain[0].subject if held.chain else None,
                    "renewed": planned or _newer(held, was),
                    "before": dates(was) if was else None,
                    "after": None if planned else dates(held),
                }
            )
    return rows


def _newer(held: Held, was: Held | None) -> bool:
    """Whether it is another one than there was. What was taken back to an older one was not renewed."""
    if serial(held) is None or was is None or serial(was) is None:
        return serial(held) is not None
    begins, began = held.chain[0].not_before, was.chain[0].not_before
    return serial(held) != serial(was) and (begins is None or began is None or begins >= began)
