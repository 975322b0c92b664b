# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routes a Gateway takes, and why it does not take the others: what the status of a route says, and how many each listener has.

Source: Gateway API v1, ParentReference, AllowedRoutes, RouteConditionReason; what an ALB can't do: guide of the AWS Load Balancer Controller, "l7gateway".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

from simulator.world.alb.model import GRANT, NAMESPACE, PROTOCOLS, ROUTE, SERVICE, Snapshot, both, owner
from simulator.world.labels import selected

_FILTERS = ("RequestRedirect", "URLRewrite")


@dataclass(frozen=True)
class Attached:
    """A route on a listener, under the host names that both have ("" for all)."""

    listener: str
    route: Object
    hostnames: tuple[str, ...]


@dataclass(frozen=True)
class Parent:
    """What a Gateway says to one parentRef of a route; reasons are those of the Gateway API."""

    reference: Any
    accepted: str = "Accepted"
    resolved: str = "ResolvedRefs"
    message: str = ""


def attach(snapshot: Snapshot, gateway: Object) -> tuple[list[Attached], dict[tuple[str, str], list[Parent]]]:
    """The routes that are attached, and by route what is said to it."""
    attached: list[Attached] = []
    told: dict[tuple[str, str], list[Parent]] = {}
    for route in snapshot.all(ROUTE):
        for reference in route["spec"].get("parentRefs") or []:
            if not _means(reference, route, gateway):
                continue
            found, refusal = _listeners(snapshot, gateway, route, reference)
            unsupported = "" if refusal else next(_unsupported(route), "")
            if unsupported:
                found, refusal = [], "UnsupportedValue"
            attached += found
            resolved, message = next(_unresolved(snapshot, route), ("ResolvedRefs", ""))
            told.setdefault(owner(route), []).append(Parent(reference, refusal or "Accepted", resolved, unsupported or message))
    return attached, told


def _means(reference: Any, route: Object, gateway: Object) -> bool:
    where = reference.get("namespace") or route["metadata"]["namespace"]
    return reference.get("kind", "Gateway") == "Gateway" and (where, reference["name"]) == owner(gateway)


def _listeners(snapshot: Snapshot, gateway: Object, route: Object, reference: Any) -> tuple[list[Attached], str]:
    """The listeners that take the route; if none does, the reason that got farthest."""
    reason, found = "NoMatchingParent", []
    for listener in gateway["spec"].get("listeners") or []:
        named = reference.get("sectionName") in (None, listener["name"]) and reference.get("port") in (None, listener["port"])
        if not named or listener["protocol"] not in PROTOCOLS:
            continue
        if not _allowed(snapshot, gateway, route, listener):
            reason = "NotAllowedByListeners" if reason == "NoMatchingParent" else reason
            continue
        names = [both(listener.get("hostname") or "", name) for name in route["spec"].get("hostnames") or [""]]
        names = [name for name in names if name != "-"]
        reason = "NoMatchingListenerHostname"
        if names:
            found.append(Attached(listener["name"], route, tuple(names)))
    return found, "" if found else reason


def _allowed(snapshot: Snapshot, gateway: Object, route: Object, listener: Any) -> bool:
    rules = listener.get("allowedRoutes") or {}
    kinds = [each["kind"] for each in rules.get("kinds") or []]
    namespaces = rules.get("namespaces") or {}
    where, home = route["metadata"]["namespace"], gateway["metadata"]["namespace"]
    whence = namespaces.get("from", "Same")
    if kinds and "HTTPRoute" not in kinds:
        return False
    if whence == "Selector":
        namespace = snapshot.find(NAMESPACE, "", where) or {"metadata": {}}
        return selected(namespaces.get("selector") or {}, namespace["metadata"].get("labels") or {})
    return bool(whence == "All" or (whence == "Same" and where == home))


def _unsupported(route: Object) -> Iterator[str]:
    for rule in route["spec"].get("rules") or []:
        for each in rule.get("filters") or []:
            if each["type"] not in _FILTERS:
                yield f"an ALB has no filter {each['type']}"
            elif each["type"] == "RequestRedirect" and each["requestRedirect"].get("statusCode", 302) not in (301, 302):
                yield f"an ALB redirects with 301 or 302, not with {each['requestRedirect']['statusCode']}"


def _unresolved(snapshot: Snapshot, route: Object) -> Iterator[tuple[str, str]]:
    here = route["metadata"]["namespace"]
    for rule in route["spec"].get("rules") or []:
        for backend in rule.get("backendRefs") or []:
            where = backend.get("namespace") or here
            if (backend.get("group") or "", backend.get("kind", "Service")) != ("", "Service"):
                yield "InvalidKind", f"backend {backend['name']} is no Service"
            elif where != here and not _granted(snapshot, here, where, backend["name"]):
                yield "RefNotPermitted", f"no ReferenceGrant in {where} lets routes of {here} lead to Service {backend['name']}"
            elif snapshot.find(SERVICE, where, backend["name"]) is None:
                yield "BackendNotFound", f"Service {where}/{backend['name']} not found"


def _granted(snapshot: Snapshot, whence: str, where: str, name: str) -> bool:
    for grant in snapshot.all(GRANT, where):
        spec = grant["spec"]
        giving = any(each["kind"] == "HTTPRoute" and each["namespace"] == whence for each in spec.get("from") or [])
        if giving and any(each["kind"] == "Service" and each.get("name", name) == name for each in spec.get("to") or []):
            return True
    return False
