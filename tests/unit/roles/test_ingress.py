# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ingress sends to a cluster, rendered by Ansible's own templating."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from support.pod_security import violations
from support.roles import variable

INPUTS: dict[str, Any] = {
    "ingress_hostnames": ["hello.localhost"],
    "ingress_route_namespaces": ["hello"],
    "ingress_registry": {"host": "localhost:5001"},
    "__ingress_image": {"images": {"gateway": {"reference": "localhost:5001/slipway/gateway@sha256:abc"}}},
    "__ingress_route_namespace": "hello",
}


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    init_plugin_loader()


def render(name: str, **inputs: Any) -> Any:
    return variable("ingress", name, **(INPUTS | inputs))


def objects(**inputs: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(item["kind"], item["metadata"]["name"]): item for item in render("__ingress_objects", **inputs)}


def test_the_pods_meet_the_restricted_standard_and_their_namespace_enforces_it() -> None:
    made = objects()
    assert violations(made["Deployment", "gateway"]["spec"]["template"]["spec"]) == []
    assert made["Namespace", "ingress"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_right_reaches_beyond_the_namespaces_with_routes() -> None:
    made = objects()
    cluster_wide = [(resource, verb) for rule in made["ClusterRole", "slipway-gateway"]["rules"] for resource in rule["resources"] for verb in rule["verbs"]]
    assert {resource for resource, _ in cluster_wide} == {"namespaces", "gatewayclasses", "gatewayclasses/status"}
    for definitions in (made.values(), render("__ingress_access_objects")):
        for role in (item for item in definitions if item["kind"] in ("Role", "ClusterRole")):
            assert "*" not in str(role["rules"])
            for rule in role["rules"]:
                assert set(rule["verbs"]) <= ({"update"} if any("/status" in resource for resource in rule["resources"]) else {"list", "watch"})
    assert {item["metadata"]["namespace"] for item in render("__ingress_access_objects")} == {"hello"}


def test_traefik_watches_exactly_what_it_may_read() -> None:
    provider = render("__ingress_static")["providers"]["kubernetesGateway"]
    assert provider["namespaces"] == ["ingress", "hello"]
    assert provider["crossProviderNamespaces"] == ["ingress"]


@pytest.mark.parametrize(("namespaces", "selected"), [(["hello", "other"], ["hello", "other"]), ([], ["ingress"])])
def test_only_the_named_namespaces_attach_routes_and_only_to_https(namespaces: list[str], selected: list[str]) -> None:
    listeners = {item["name"]: item for item in objects(ingress_route_namespaces=namespaces)["Gateway", "gateway"]["spec"]["listeners"]}
    allowed = {name: item["allowedRoutes"]["namespaces"] for name, item in listeners.items()}
    assert allowed["http"] == allowed["internal"] == {"from": "Same"}
    assert allowed["https"]["selector"]["matchExpressions"] == [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": selected}]


def test_the_redirect_names_the_port_that_users_see() -> None:
    (rule,) = objects(ingress_https_port=8543)["HTTPRoute", "redirect"]["spec"]["rules"]
    assert rule["filters"][0]["requestRedirect"] == {"scheme": "https", "port": 8543, "statusCode": 308}


@pytest.mark.parametrize(
    ("inputs", "http", "https", "defined"),
    [
        ({}, ["rate-limit@file"], ["rate-limit@file", "body-limit@file", "security-headers@file"], {"rate-limit", "body-limit", "security-headers"}),
        ({"ingress_rate_average": 0}, [], ["body-limit@file", "security-headers@file"], {"body-limit", "security-headers"}),
        ({"ingress_body_limit": 0}, ["rate-limit@file"], ["rate-limit@file", "security-headers@file"], {"rate-limit", "security-headers"}),
    ],
)
def test_a_limit_of_0_is_no_middleware(inputs: dict[str, Any], http: list[str], https: list[str], defined: set[str]) -> None:
    points = render("__ingress_static", **inputs)["entryPoints"]
    assert points["http"]["http"]["middlewares"] == http
    assert points["https"]["http"]["middlewares"] == https
    assert set(render("__ingress_dynamic", **inputs)["http"]["middlewares"]) == defined


@pytest.mark.parametrize("drain", [1, 15, 60])
def test_every_connection_is_asked_to_end_before_the_pod_may_stop(drain: int) -> None:
    transport = render("__ingress_static", ingress_drain_seconds=drain)["entryPoints"]["https"]["transport"]
    assert 1 <= int(transport["keepAliveMaxTime"][:-1]) <= drain
    pod = objects(ingress_drain_seconds=drain)["Deployment", "gateway"]["spec"]["template"]["spec"]
    grace = sum(int(transport["lifeCycle"][name][:-1]) for name in ("requestAcceptGraceTimeout", "graceTimeOut"))
    assert pod["terminationGracePeriodSeconds"] > grace


def test_the_access_log_has_no_query_and_no_credentials() -> None:
    fields = render("__ingress_static")["accessLog"]["fields"]
    assert fields["queryParameters"]["defaultMode"] == "drop"
    assert fields["headers"]["defaultMode"] == "drop"
    assert "Authorization" not in fields["headers"]["names"]
    assert "Cookie" not in fields["headers"]["names"]


def test_a_change_of_configuration_rolls_the_pods_out() -> None:
    def mark(**inputs: Any) -> str:
        annotations: dict[str, str] = objects(**inputs)["Deployment", "gateway"]["spec"]["template"]["metadata"]["annotations"]
        return annotations["slipway.platform/configuration"]

    assert mark() == mark()
    assert len({mark(), mark(ingress_rate_burst=1), mark(ingress_read_timeout=5)}) == 3


# --- a certificate of a CA that speaks ACME


def responder() -> dict[tuple[str, str], dict[str, Any]]:
    made = render(
        "__ingress_responder_objects",
        __ingress_account={"account": {"thumbprint": "thumb-print_1"}},
        __ingress_responder_image={"images": {"acme-responder": {"reference": "localhost:5001/slipway/acme-responder@sha256:abc"}}},
    )
    return {(item["kind"], item["metadata"]["name"]): item for item in made}


def test_what_answers_the_ca_meets_the_restricted_standard_and_answers_with_the_thumbprint() -> None:
    made = responder()
    assert violations(made["Deployment", "acme-responder"]["spec"]["template"]["spec"]) == []
    assert 'return 200 "$1.thumb-print_1";' in made["ConfigMap", "acme-responder"]["data"]["nginx.conf"]


def test_the_ca_is_answered_in_clear_and_nothing_else_is() -> None:
    route = responder()["HTTPRoute", "acme-responder"]["spec"]
    assert [(parent["name"], parent["sectionName"]) for parent in route["parentRefs"]] == [("gateway", "http")]
    assert [match["path"] for rule in route["rules"] for match in rule["matches"]] == [{"type": "PathPrefix", "value": "/.well-known/acme-challenge"}]


def test_only_the_gateway_reaches_what_answers() -> None:
    made = responder()
    labels = made["Deployment", "acme-responder"]["spec"]["template"]["metadata"]["labels"]
    gateway = objects()["Deployment", "gateway"]["spec"]["template"]["metadata"]["labels"]
    into, out = (made["NetworkPolicy", name]["spec"] for name in ("acme-responder", "gateway-acme-responder"))
    assert (into["podSelector"], into["ingress"][0]["from"]) == ({"matchLabels": labels}, [{"podSelector": {"matchLabels": gateway}}])
    assert "egress" not in into
    assert (out["podSelector"], out["egress"][0]["to"]) == ({"matchLabels": gateway}, [{"podSelector": {"matchLabels": labels}}])


@pytest.mark.parametrize(
    ("challenge", "answers"),
    [(None, True), ({"type": "http-01"}, True), ({"listen": ":80"}, False), ({"webroot": "/x"}, False), ({"type": "dns-01", "hook": ["/x"]}, False)],
)
def test_the_gateway_answers_unless_something_else_is_named(challenge: dict[str, Any] | None, answers: bool) -> None:
    wish = {"directory": "letsencrypt"} | ({"challenge": challenge} if challenge else {})
    assert render("__ingress_answers", ingress_issuer="acme", ingress_acme=wish) is answers


def test_what_is_served_until_there_is_a_certificate_has_no_name_of_ours(tmp_path: Path) -> None:
    acme = {"ingress_issuer": "acme", "ingress_tls_dir": str(tmp_path)}
    assert render("__ingress_pair", **acme) == f"{tmp_path}/gateway-placeholder"
    (tmp_path / "gateway.crt").touch()
    assert render("__ingress_pair", **acme) == f"{tmp_path}/gateway"
    assert render("__ingress_pair", ingress_tls_dir=str(tmp_path / "none")) == f"{tmp_path}/none/gateway"
    assert render("__ingress_placeholder_host") == "gateway.ingress.svc"


def test_whom_clients_trust() -> None:
    local = {"__ingress_local": {"ca_file": "/tls/ca.crt"}}
    assert render("__ingress_ca_file", **local) == "/tls/ca.crt"
    assert render("__ingress_ca_file", ingress_issuer="acme", **local) == "/etc/ssl/certs/ca-certificates.crt"
    assert render("__ingress_ca_file", ingress_issuer="acme", ingress_acme={"ca_file": "/private.pem"}, **local) == "/private.pem"
