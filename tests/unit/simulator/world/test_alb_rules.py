# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule of which route answers, by the Gateway API's precedence: real Traefik, asked over real sockets."""

from __future__ import annotations

import http.client
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed
from support.serving import serving

from simulator.world.alb.attach import Attached
from simulator.world.alb.rules import configuration, expression, rules
from simulator.world.alb.traefik import Listener, Traefik

TRAEFIK = Path(sys.executable).parent / "traefik"
NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")


def route(name: str, *found: Any, created: str = "2026-01-01T00:00:00Z", hostnames: tuple[str, ...] = ("",)) -> Attached:
    metadata = {"namespace": "shop", "name": name, "creationTimestamp": created}
    return Attached("http", {"metadata": metadata, "spec": {"rules": list(found)}}, hostnames)


def rule(backend: str, *matches: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"backendRefs": [{"name": backend, "port": 80}], **({"matches": list(matches)} if matches else {}), **more}


def prefix(value: str, **more: Any) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": value}, **more}


def exact(value: str) -> dict[str, Any]:
    return {"path": {"type": "Exact", "value": value}}


class Data:
    """A load balancer with a backend for each name, which answers with it and with the path and the host that it was asked for."""

    def __init__(self, proxy: Traefik, addresses: dict[Any, list[str]]) -> None:
        self.proxy, self.addresses = proxy, addresses

    def show(self, *attached: Attached) -> None:
        self.proxy.show(configuration({"port-80": (False, rules(attached))}, self.addresses))

    def ask(self, host: str, path: str, method: str = "GET", **headers: str) -> tuple[int, str, str]:
        """Status, body and Location."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.ports[80], timeout=5)
        connection.request(method, path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body, answer.headers.get("Location", "")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Data]:
    with ExitStack() as stack:
        addresses = {("shop", name, 80): [stack.enter_context(serving(_handler(name)))] for name in NAMES}
        proxy = Traefik(TRAEFIK, tmp_path_factory.mktemp("alb") / "own", (Listener(80),))
        stack.callback(proxy.stop)
        yield Data(proxy, addresses)


def _handler(name: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = f"{name} {self.path} {self.headers['Host']}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


PRECEDENCE = (
    route("hosts", rule("a"), hostnames=("shop.test", "*.shop.test")),
    route("wider", rule("b"), hostnames=("*.test",)),
    route("deep", rule("c"), hostnames=("*.deep.shop.test",)),
    route(
        "paths",
        rule("a", prefix("/")),
        rule("b", prefix("/cart")),
        rule("c", prefix("/cart/items/")),
        rule("d", exact("/cart")),
        rule("e", {"path": {"type": "RegularExpression", "value": "/v[0-9]+/x"}}),
        hostnames=("paths.test",),
    ),
    route(
        "matches",
        rule("a", prefix("/")),
        rule("b", prefix("/", method="POST")),
        rule("c", prefix("/", headers=[{"name": "X-Canary", "value": "always"}])),
        rule("d", prefix("/", headers=[{"name": "X-Canary", "value": "always"}, {"name": "X-User", "type": "RegularExpression", "value": "a.*"}])),
        rule("e", prefix("/", queryParams=[{"name": "debug", "value": "1"}])),
        rule("f", prefix("/long")),
        hostnames=("matches.test",),
    ),
    route("newer", rule("b"), created="2026-02-01T00:00:00Z", hostnames=("tie.test",)),
    route("older", rule("a"), created="2026-01-01T00:00:00Z", hostnames=("tie.test",)),
    route("beta", rule("b"), hostnames=("alphabet.test",)),
    route("alpha", rule("a"), rule("c"), hostnames=("alphabet.test",)),
    route("none", rule("absent"), hostnames=("absent.test",)),
)


def test_precedence(data: Data) -> None:
    data.show(*PRECEDENCE)
    table: list[tuple[str, str, dict[str, str], str]] = [
        ("shop.test", "/", {}, "a"),
        ("SHOP.test:443", "/", {}, "a"),
        ("x.shop.test", "/", {}, "a"),
        ("x.y.shop.test", "/", {}, "a"),  # a star stands for one label or more
        ("x.deep.shop.test", "/", {}, "c"),
        ("other.test", "/", {}, "b"),
        ("paths.test", "/carts", {}, "a"),
        ("paths.test", "/cart", {}, "d"),
        ("paths.test", "/cart?x=1", {}, "d"),
        ("paths.test", "/cart/", {}, "b"),
        ("paths.test", "/cart/items", {}, "c"),
        ("paths.test", "/cart/items/1", {}, "c"),
        ("paths.test", "/v12/x", {}, "e"),
        ("matches.test", "/", {}, "a"),
        ("matches.test", "/", {"method": "POST"}, "b"),
        ("matches.test", "/", {"X-Canary": "always"}, "c"),
        ("matches.test", "/", {"X-Canary": "sometimes"}, "a"),
        ("matches.test", "/", {"X-Canary": "always", "X-User": "ada"}, "d"),
        ("matches.test", "/", {"method": "POST", "X-Canary": "always", "X-User": "ada"}, "b"),  # a method before any number of headers
        ("matches.test", "/?debug=1", {}, "e"),
        ("matches.test", "/?debug=1", {"X-Canary": "always"}, "c"),
        ("matches.test", "/long", {"method": "POST", "X-Canary": "always"}, "f"),  # a longer path before all of these
        ("tie.test", "/", {}, "a"),
        ("alphabet.test", "/", {}, "a"),
    ]
    answers = [(host, path, how, data.ask(host, path, **how)) for host, path, how, _ in table]
    assert [(host, path, how, answer[1][:1]) for host, path, how, answer in answers] == table
    assert {answer[0] for *_, answer in answers} == {200}


def test_nobody_answers_where_no_rule_is_or_no_service(data: Data) -> None:
    data.show(*PRECEDENCE)
    assert data.ask("nowhere.example", "/")[0] == 404
    assert data.ask("absent.test", "/")[0] == 503


def test_the_host_that_was_asked_for_reaches_the_service(data: Data) -> None:
    data.show(*PRECEDENCE)
    assert data.ask("shop.test", "/a%2Fb?c=d")[1] == "a /a%2Fb?c=d shop.test"


def test_weights(data: Data) -> None:
    refs = [{"name": "a", "port": 80, "weight": 3}, {"name": "b", "port": 80, "weight": 1}, {"name": "c", "port": 80, "weight": 0}]
    data.show(route("weights", {"backendRefs": refs}, hostnames=("w.test",)))
    assert Counter(data.ask("w.test", "/")[1][:1] for _ in range(40)) == {"a": 30, "b": 10}


def test_a_share_without_a_service_is_answered_with_an_error(data: Data) -> None:
    refs = [{"name": "a", "port": 80, "weight": 1}, {"name": "absent", "port": 80, "weight": 1}]
    data.show(route("weights", {"backendRefs": refs}, hostnames=("w.test",)))
    assert Counter(data.ask("w.test", "/")[0] for _ in range(20)) == {200: 10, 503: 10}


REDIRECT = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "port": 443, "statusCode": 301}}
AWAY = {"type": "RequestRedirect", "requestRedirect": {"hostname": "new.test", "path": {"type": "ReplaceFullPath", "replaceFullPath": "/moved"}}}
REWRITE = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/v2"}, "hostname": "inner.test"}}


def test_filters(data: Data) -> None:
    found = [
        {"filters": [REDIRECT]},
        {"filters": [AWAY], "matches": [prefix("/old")]},
        rule("a", prefix("/api"), filters=[REWRITE]),
    ]
    data.show(route("filters", *found, hostnames=("f.test",)))
    assert data.ask("f.test", "/x?y=z") == (301, "Moved Permanently", "https://f.test:443/x?y=z")
    assert data.ask("f.test:8080", "/")[2] == "https://f.test:443/"
    assert data.ask("f.test", "/old/1")[::2] == (302, "http://new.test/moved")
    assert data.ask("f.test", "/api/things?q=1")[1] == "a /v2/things?q=1 inner.test"


def test_what_a_route_says_stays_a_text(data: Data) -> None:
    """A value that would end the text in Traefik's language ends nothing."""
    evil = '") || PathPrefix("/'
    data.show(route("evil", rule("a", prefix("/", headers=[{"name": "X", "value": evil}])), hostnames=("evil.test",)))
    assert data.ask("evil.test", "/")[0] == 404
    assert data.ask("evil.test", "/", X=evil)[0] == 200
    assert expression(rules([route("all", rule("a"))])[0]) == 'PathPrefix("/")'


def test_a_machine_without_traefik(tmp_path: Path) -> None:
    """An error that is told, and not one that ends whoever looks at Gateways."""
    with pytest.raises(CommandFailed, match=r"traefik can't be started: .*/absent: No such file or directory"):
        Traefik(tmp_path / "absent", tmp_path / "own", (Listener(80),))
