# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which routes a Gateway takes, and what it says to the others."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.world.alb.attach import attach
from simulator.world.alb.model import Snapshot, both
from simulator.world.labels import selected

HTTPS = {"name": "https", "port": 443, "protocol": "HTTPS", "allowedRoutes": {"namespaces": {"from": "All"}}}


def named(kind: str, name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, **more.pop("metadata", {})}, **more}


def gateway(*listeners: dict[str, Any]) -> dict[str, Any]:
    return named("Gateway", "gateway", "ingress", spec={"gatewayClassName": "alb", "listeners": list(listeners) or [HTTPS]})


def route(**spec: Any) -> dict[str, Any]:
    parents = {"parentRefs": [{"name": "gateway", "namespace": "ingress"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]}
    return named("HTTPRoute", "web", spec=parents | spec)


NAMESPACE = {"kind": "Namespace", "metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}}}
WEB = named("Service", "web", spec={"ports": [{"port": 80}]})


def told(own: dict[str, Any], *others: dict[str, Any]) -> tuple[list[tuple[str, tuple[str, ...]]], list[tuple[str, str, str]]]:
    """Listeners and host names under which the route is attached, and what is said to it."""
    routes = [each for each in others if each["kind"] == "HTTPRoute"] or [route()]
    attached, said = attach(Snapshot.of([NAMESPACE, WEB, own, *routes, *others]), own)
    return [(each.listener, each.hostnames) for each in attached], [(p.accepted, p.resolved, p.message) for parents in said.values() for p in parents]


GOOD = ("Accepted", "ResolvedRefs", "")


@pytest.mark.parametrize(
    ("listeners", "spec", "attached", "said"),
    [
        pytest.param([], {}, [("https", ("",))], [GOOD], id="any"),
        pytest.param([], {"parentRefs": [{"name": "other", "namespace": "ingress"}]}, [], [], id="of another gateway"),
        pytest.param([], {"parentRefs": [{"name": "gateway"}]}, [], [], id="of another namespace"),
        pytest.param(
            [],
            {"parentRefs": [{"name": "gateway", "namespace": "ingress", "sectionName": "http"}]},
            [],
            [("NoMatchingParent", "ResolvedRefs", "")],
            id="no such listener",
        ),
        pytest.param(
            [],
            {"parentRefs": [{"name": "gateway", "namespace": "ingress", "port": 80}]},
            [],
            [("NoMatchingParent", "ResolvedRefs", "")],
            id="no such port",
        ),
        pytest.param([HTTPS | {"allowedRoutes": {}}], {}, [], [("NotAllowedByListeners", "ResolvedRefs", "")], id="same namespace is the default"),
        pytest.param(
            [HTTPS | {"allowedRoutes": {"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}]}}],
            {},
            [],
            [("NotAllowedByListeners", "ResolvedRefs", "")],
            id="kinds",
        ),
        pytest.param(
            [HTTPS | {"hostname": "*.example.com"}],
            {"hostnames": ["a.example.com", "example.com", "b.test"]},
            [("https", ("a.example.com",))],
            [GOOD],
            id="names in common",
        ),
        pytest.param(
            [HTTPS | {"hostname": "a.test"}],
            {"hostnames": ["b.test"]},
            [],
            [("NoMatchingListenerHostname", "ResolvedRefs", "")],
            id="no name in common",
        ),
        pytest.param(
            [HTTPS | {"allowedRoutes": {}}, HTTPS | {"name": "more", "port": 444}],
            {},
            [("more", ("",))],
            [GOOD],
            id="one listener is enough",
        ),
        pytest.param(
            [],
            {"rules": [{"filters": [{"type": "RequestHeaderModifier"}]}]},
            [],
            [("UnsupportedValue", "ResolvedRefs", "an ALB has no filter RequestHeaderModifier")],
            id="what an ALB can't",
        ),
        pytest.param(
            [],
            {"rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": {"statusCode": 308}}]}]},
            [],
            [("UnsupportedValue", "ResolvedRefs", "an ALB redirects with 301 or 302, not with 308")],
            id="308",
        ),
        pytest.param(
            [],
            {"rules": [{"backendRefs": [{"name": "absent", "port": 80}]}]},
            [("https", ("",))],
            [("Accepted", "BackendNotFound", "Service shop/absent not found")],
            id="no service",
        ),
        pytest.param(
            [],
            {"rules": [{"backendRefs": [{"group": "traefik.io", "kind": "TraefikService", "name": "x"}]}]},
            [("https", ("",))],
            [("Accepted", "InvalidKind", "backend x is no Service")],
            id="no Service",
        ),
    ],
)
def test_attachment(listeners: list[Any], spec: dict[str, Any], attached: list[Any], said: list[Any]) -> None:
    assert told(gateway(*listeners), route(**spec)) == (attached, said)


def test_a_service_elsewhere_needs_a_grant() -> None:
    elsewhere = route(rules=[{"backendRefs": [{"name": "web", "namespace": "other", "port": 80}]}])
    service = named("Service", "web", "other", spec={"ports": [{"port": 80}]})
    refused = ("Accepted", "RefNotPermitted", "no ReferenceGrant in other lets routes of shop lead to Service web")
    assert told(gateway(), elsewhere, service)[1] == [refused]
    for names, expected in ([{"kind": "Service"}], GOOD), ([{"kind": "Service", "name": "web"}], GOOD), ([{"kind": "Service", "name": "x"}], refused):
        grant = named("ReferenceGrant", "grant", "other", spec={"from": [{"kind": "HTTPRoute", "namespace": "shop"}], "to": names})
        assert told(gateway(), elsewhere, service, grant)[1] == [expected]


def test_namespaces_by_label() -> None:
    selector = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]}
    listener = HTTPS | {"allowedRoutes": {"namespaces": {"from": "Selector", "selector": selector}}}
    assert told(gateway(listener))[1] == [GOOD]
    selector["matchExpressions"][0]["values"] = ["other"]
    assert told(gateway(listener))[1] == [("NotAllowedByListeners", "ResolvedRefs", "")]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
    ],
)
def test_selectors(selector: dict[str, Any], expected: bool) -> None:
    assert selected(selector, {"a": "1"}) is expected


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("", "a.test", "a.test"),
        ("a.test", "a.test", "a.test"),
        ("*.test", "a.test", "a.test"),
        ("a.b.test", "*.test", "a.b.test"),
        ("*.test", "*.b.test", "*.b.test"),
        ("*.test", "test", "-"),
        ("a.test", "b.test", "-"),
        ("*.a.test", "*.b.test", "-"),
    ],
)
def test_names_in_common(one: str, other: str, common: str) -> None:
    assert both(one, other) == both(other, one) == common
