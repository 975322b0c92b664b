# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the routes on one listener, in the order in which they are tried, as a configuration of Traefik's file provider.

Precedence: Gateway API v1, HTTPRouteSpec.hostnames and HTTPRouteRule.matches. An ALB is given its rules in the same order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.world.alb.attach import Attached

Backend = tuple[str, str, int]
"""Namespace, Service and port."""


@dataclass(frozen=True)
class Rule:
    """One match of one rule. ``backends``: with their weights."""

    hostname: str
    match: Mapping[str, Any]
    order: tuple[str, str, str, int, int]
    filters: tuple[Mapping[str, Any], ...]
    backends: tuple[tuple[Backend, int], ...]

    @property
    def precedence(self) -> tuple[Any, ...]:
        """Sorted by this, the rule that wins comes first."""
        path = self.match.get("path") or {}
        exact, value = path.get("type") == "Exact", path.get("value") or "/"
        headers, queries = self.match.get("headers") or (), self.match.get("queryParams") or ()
        host = (not self.hostname, self.hostname.startswith("*."), -len(self.hostname))
        return (*host, not exact, -len(value), not self.match.get("method"), -len(headers), -len(queries), *self.order)


def rules(attached: Iterable[Attached]) -> list[Rule]:
    """In the order in which they are tried."""
    found = []
    for each in attached:
        metadata = each.route["metadata"]
        for number, rule in enumerate(each.route["spec"].get("rules") or [{}]):
            backends = tuple((_backend(ref, metadata["namespace"]), int(ref.get("weight", 1))) for ref in rule.get("backendRefs") or ())
            for place, match in enumerate(rule.get("matches") or [{}]):
                order = (str(metadata.get("creationTimestamp", "")), metadata["namespace"], metadata["name"], number, place)
                found += [Rule(name, match, order, tuple(rule.get("filters") or ()), backends) for name in each.hostnames]
    return sorted(found, key=lambda rule: rule.precedence)


def _backend(reference: Mapping[str, Any], namespace: str) -> Backend:
    return reference.get("namespace") or namespace, reference["name"], int(reference.get("port") or 0)


def configuration(listeners: Mapping[str, tuple[bool, list[Rule]]], addresses: Mapping[Backend, list[str]]) -> dict[str, Any]:
    """The part "http" of Traefik's file. ``listeners``: by entry point whether it ends TLS, and its rules; ``addresses``: URLs of backends that are there."""
    routers: dict[str, Any] = {}
    middlewares: dict[str, Any] = {}
    services: dict[str, Any] = {"nobody": {"loadBalancer": {"servers": []}}}
    for (namespace, service, port), urls in addresses.items():
        balancer = {"servers": [{"url": url} for url in urls], "passHostHeader": True}
        services[f"{namespace}-{service}-{port}"] = {"loadBalancer": balancer}
    for entry, (tls, found) in listeners.items():
        for number, rule in enumerate(found):
            name = f"{entry}-{number}"
            own = _middlewares(rule)
            middlewares |= {f"{name}-{place}": each for place, each in enumerate(own)}
            services[name] = {"weighted": {"services": _weighted(rule, addresses)}}
            router = {"entryPoints": [entry], "rule": expression(rule), "priority": len(found) - number, "service": name}
            router |= {"middlewares": [f"{name}-{place}" for place in range(len(own))]} if own else {}
            routers[name] = router | ({"tls": {}} if tls else {})
    return {"routers": routers, "services": services} | ({"middlewares": middlewares} if middlewares else {})


def _weighted(rule: Rule, addresses: Mapping[Backend, list[str]]) -> list[dict[str, Any]]:
    """A backend that is not there answers its share with an error, as a target group without targets does."""
    found = [{"name": "-".join(map(str, backend)) if backend in addresses else "nobody", "weight": weight} for backend, weight in rule.backends if weight]
    return found or [{"name": "nobody", "weight": 1}]


def expression(rule: Rule) -> str:
    """What Traefik is to match (its documentation, "Rules & Priority")."""
    match = rule.match
    parts = [_host(rule.hostname), _path(match.get("path") or {})]
    parts += [f"Method({_text(match['method'])})"] if match.get("method") else []
    for key, call in (("headers", "Header"), ("queryParams", "Query")):
        for each in match.get(key) or ():
            regular = each.get("type") == "RegularExpression"
            value = f"^(?:{each['value']})$" if regular else each["value"]
            parts.append(f"{call}{'Regexp' if regular else ''}({_text(each['name'])}, {_text(value)})")
    return " && ".join(part for part in parts if part) or 'PathPrefix("/")'


def _host(name: str) -> str:
    if name.startswith("*."):
        pattern = r"^.+" + re.escape(name[1:].lower()) + r"$"
        return f"HostRegexp({_text(pattern)})"
    return f"Host({_text(name)})" if name else ""


def _path(path: Mapping[str, Any]) -> str:
    value = path.get("value") or "/"
    if path.get("type") == "Exact":
        return f"Path({_text(value)})"
    if path.get("type") == "RegularExpression":
        return f"PathRegexp({_text(f'^(?:{value})')})"
    prefix = value.rstrip("/")
    return f"(Path({_text(prefix)}) || PathPrefix({_text(prefix + '/')}))" if prefix else ""


def _middlewares(rule: Rule) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for each in rule.filters:
        if each["type"] == "RequestRedirect":
            found.append(_redirect(each["requestRedirect"]))
        elif each["type"] == "URLRewrite":
            found += _rewrite(each["urlRewrite"], (rule.match.get("path") or {}).get("value") or "/")
    return found


def _redirect(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """With the port in it, as an ALB writes it; of the address everything that is not named stays. (Traefik answers 308 and 307 to what is no GET.)"""
    scheme = wanted.get("scheme") or "${1}"
    port = f":{wanted['port']}" if wanted.get("port") else ""
    path = (wanted.get("path") or {}).get("replaceFullPath") or "${3}"
    target = f"{scheme}://{wanted.get('hostname') or '${2}'}{port}{path}"
    return {"redirectRegex": {"regex": r"^(https?)://([^/:]+)(?::\d+)?(.*)$", "replacement": target, "permanent": wanted.get("statusCode") == 301}}


def _rewrite(wanted: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path = wanted.get("path") or {}
    if "replaceFullPath" in path:
        found.append({"replacePath": {"path": path["replaceFullPath"]}})
    elif path:
        new = str(path.get("replacePrefixMatch") or "/").rstrip("/")
        found.append({"replacePathRegex": {"regex": f"^{re.escape(prefix.rstrip('/'))}/?(.*)$", "replacement": f"{new}/${{1}}"}})
    if wanted.get("hostname"):
        found.append({"headers": {"customRequestHeaders": {"Host": wanted["hostname"]}}})
    return found


def _text(value: str) -> str:
    return json.dumps(value)
