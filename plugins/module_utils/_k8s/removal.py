# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment goes out of a cluster, in an order that leaves nothing of the cloud's behind.

What made load balancers goes first, while the controller that takes them away still runs; then what the environment's sets have outside of namespaces,
as long as their parents in the namespaces tell what that is; then the namespaces, one after the other, and the volumes of their claims.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, NotReady, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, DATA_KINDS, Kind, Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.membership import Member, cluster_wide, owners
from ansible_collections.slipway.platform.plugins.module_utils._k8s.scene import name_of

NAMESPACE, VOLUME, SERVICE = (BUILT_IN["", "v1", kind] for kind in ("Namespace", "PersistentVolume", "Service"))
INGRESS = BUILT_IN["networking.k8s.io", "v1", "Ingress"]
GATEWAY = Kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways", True)
SYSTEM = ("default", "kube-node-lease", "kube-public", "kube-system")
"""Namespaces that every cluster has, and that nobody can or should delete."""
_POLL, _LINE = 2.0, 15.0
_SHOWN = 4


@dataclass(frozen=True)
class Request:
    """``namespaces``: in the order in which they go. ``everything``: the cluster goes, too, so whatever of ours is in others goes with them.

    ``of_cluster``: names of sets that are the cluster's own: a namespace that has no other is nobody's.
    """

    namespaces: tuple[str, ...] = ()
    everything: bool = False
    of_cluster: tuple[str, ...] = ()
    timeout: float = 900
    check: bool = False


@dataclass(frozen=True)
class Found:
    """``makers``: what has a load balancer; ``addresses``: of these. ``others``: namespaces with sets of ours that stay. ``retained``: volumes that stay."""

    makers: tuple[Member, ...] = ()
    namespaces: tuple[str, ...] = ()
    volumes: tuple[Member, ...] = ()
    wide: tuple[Member, ...] = ()
    addresses: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()

    def names(self) -> list[str]:
        return [*map(str, self.makers), *map(str, self.wide), *(f"Namespace {name}" for name in self.namespaces), *map(str, self.volumes)]


@dataclass(frozen=True)
class Result:
    """``reached``: whether the API answered; if not, ``reason``, and nothing is known of what is in the cluster."""

    changed: bool = False
    reached: bool = True
    reason: str = ""
    removed: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def remove(client: Client, request: Request, progress: Callable[[str], None]) -> Result:
    """Raises ``NotReady`` with what holds an object that does not go. Who is not let in, or reaches nobody, is told so in the result."""
    client.until = client.clock() + request.timeout
    try:
        found = look(client, request)
    except (Denied, Unreachable) as error:
        return Result(reached=False, reason=error.message)
    if not request.check:
        work = _Work(client, progress)
        work.gone(found.makers)
        work.gone(found.wide)
        for name in found.namespaces:
            work.gone([Member(NAMESPACE, "", name)])
        work.wait(list(found.volumes))  # their driver deletes them when the claims are gone
    names = found.names()
    return Result(bool(names), True, "", names, list(found.addresses), list(found.others), list(found.retained))


def look(client: Client, request: Request) -> Found:
    there = {each["metadata"]["name"] for each in client.find(NAMESPACE)}
    sets = owners(client)
    with_sets = {parent.namespace for parent in sets} & there - set(SYSTEM)
    ours = [name for name in request.namespaces if name in there and name not in SYSTEM]
    ours += sorted(with_sets - set(ours)) if request.everything else []
    scope = None if request.everything else set(ours)
    makers = [each for kind in (GATEWAY, INGRESS, SERVICE) for each in client.find(kind, optional=True) if _makes(each) and _within(each, scope)]
    # Of a namespace that a run before deleted, too.
    claimed = {*ours, *request.namespaces}
    volumes = [each for each in client.find(VOLUME) if (each["spec"].get("claimRef") or {}).get("namespace") in claimed]
    deleted = [each for each in volumes if each["spec"].get("persistentVolumeReclaimPolicy") == "Delete"]
    return Found(
        makers=tuple(_member(each) for each in makers),
        namespaces=tuple(ours),
        volumes=tuple(_member(each) for each in deleted),
        wide=tuple(cluster_wide(client, [parent for parent in sets if parent.namespace in ours], DATA_KINDS)),
        addresses=tuple(dict.fromkeys(address for each in makers for address in _addresses(each))),
        others=tuple(sorted({parent.namespace for parent in sets if parent.name not in request.of_cluster} & with_sets - set(ours))),
        retained=tuple(f"{name_of(each)}, since it is to be retained" for each in volumes if each not in deleted),
    )


def _makes(live: Object) -> bool:
    return bool(live["kind"] != "Service" or live["spec"].get("type") == "LoadBalancer")


def _within(live: Object, scope: set[str] | None) -> bool:
    return scope is None or live["metadata"]["namespace"] in scope


def _member(live: Object) -> Member:
    kind = {"Gateway": GATEWAY, "Ingress": INGRESS, "Service": SERVICE, "PersistentVolume": VOLUME}[live["kind"]]
    return Member(kind, live["metadata"].get("namespace", ""), live["metadata"]["name"])


def _addresses(live: Object) -> list[str]:
    status = live.get("status") or {}
    points = (status.get("loadBalancer") or {}).get("ingress") or []
    return [each["value"] for each in status.get("addresses") or [] if each.get("value")] + [each["hostname"] for each in points if each.get("hostname")]


class _Work:
    def __init__(self, client: Client, progress: Callable[[str], None]) -> None:
        self.client, self.progress = client, progress

    def gone(self, members: Iterable[Member]) -> None:
        todo = list(members)
        self.client.map(lambda each: self.client.delete(each.kind, each.namespace or None, each.name), todo)
        self.wait(todo)

    def wait(self, members: list[Member]) -> None:
        shown, spoken = "", self.client.clock()
        left = members
        while True:
            lives = self.client.map(lambda each: self.client.get(each.kind, each.namespace or None, each.name), left)
            told = [f"{each}{_held(live)}" for each, live in zip(left, lives, strict=True) if live]
            left = [each for each, live in zip(left, lives, strict=True) if live]
            if not left:
                return
            now = self.client.clock()
            line = ", ".join(told[:_SHOWN]) + (f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else "")
            if self.client.until is not None and now >= self.client.until:
                raise NotReady(f"at {self.client.host} there is still {line}; run again when what holds it is mended", object=str(left[0]))
            if line != shown or now - spoken >= _LINE:
                shown, spoken = line, now
                self.progress(f"waiting until it is gone: {line}")
            self.client.sleep(_POLL)


def _held(live: Object) -> str:
    """What keeps an object: its finalizers, or what a namespace says of its content."""
    finalizers = live["metadata"].get("finalizers") or []
    conditions = (live.get("status") or {}).get("conditions") or []
    said = [each["message"] for each in conditions if live["kind"] == "Namespace" and each.get("status") == "True" and each.get("message")]
    held = said or ([f"held by {', '.join(finalizers)}"] if finalizers else [])
    return f" ({'; '.join(held)})" if held else ""
