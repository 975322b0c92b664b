# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What certificates.yml takes for ours, and for served as it should be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from support.tree import CHECKOUT, load_yaml

GATEWAY = {"ca_file": "/roots.pem", "hostnames": ["shop.example.com"], "https_port": 443, "namespace": "ingress"}


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    init_plugin_loader()


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return [trusted(item) for item in value] if isinstance(value, list) else trust_as_template(value) if isinstance(value, str) else value


def render(name: str, **known: Any) -> Any:
    variables = trusted(load_yaml(CHECKOUT / "playbooks/vars/certificates.yml")) | {"slipway_state_dir": "/state"} | known
    return Templar(DataLoader(), variables=variables).template(trust_as_template("{{ " + name + " }}"))


def certificate(serial: str, issuer: str, is_ca: bool = False) -> dict[str, Any]:
    return {"serial": serial, "subject": f"CN={serial}", "issuer": issuer, "is_ca": is_ca}


def row(name: str, source: str, labels: dict[str, str], *chain: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "source": source, "labels": labels, "certificates": list(chain)}


def endpoint(name: str, host: str, *chain: dict[str, Any]) -> dict[str, Any]:
    return row(name, "endpoint", {"host": host, "server_name": host, "port": "443"}, *chain)


ROOT = certificate("local", "CN=local", True)
PUBLIC = certificate("R10", "CN=X1", True)
FOUND = [
    row("authority", "own", {"kind": "ca"}, ROOT),
    row("held registry", "own", {"kind": "registry"}, certificate("2", "CN=local")),
    row("held gateway", "own", {"kind": "gateway"}, certificate("5", "CN=R10"), PUBLIC),
    endpoint("registry", "registry.internal", certificate("2", "CN=local")),
    endpoint("forgotten", "old.internal", certificate("1", "CN=local")),
    endpoint("gateway, renewed", "shop.example.com", certificate("5", "CN=R10"), PUBLIC),
    endpoint("gateway, old", "shop.example.com", certificate("4", "CN=R10"), PUBLIC),
    endpoint("of a partner", "partner.example.com", certificate("9", "CN=R10"), PUBLIC),
    row("by address", "endpoint", {"host": "192.0.2.1", "port": "443"}, certificate("8", "CN=R10")),
    row("secret", "kubernetes", {"namespace": "ingress", "object": "gateway-tls", "key": "tls.crt"}, certificate("4", "CN=R10"), PUBLIC),
    row("secret of a partner", "kubernetes", {"namespace": "ingress", "object": "partner-tls", "key": "tls.crt"}, certificate("9", "CN=R10")),
]


@pytest.mark.parametrize(
    ("gateway", "ours", "stale"),
    [
        ({"ingress_result": GATEWAY}, ["registry", "forgotten"], ["forgotten"]),
        ({"ingress_result": GATEWAY | {"issuer": "local_ca"}}, ["registry", "forgotten"], ["forgotten"]),
        ({}, ["registry", "forgotten"], ["forgotten"]),
        (
            {"ingress_result": GATEWAY | {"issuer": "acme"}},
            ["registry", "forgotten", "gateway, renewed", "gateway, old", "secret"],
            ["forgotten", "gateway, old", "secret"],
        ),
    ],
)
def test_a_public_ca_signs_for_others_and_only_the_gateways_are_ours(gateway: dict[str, Any], ours: list[str], stale: list[str]) -> None:
    found = {"__certificates_found": {"certificates": FOUND}, **gateway}
    assert [each["name"] for each in render("__certificates_ours", **found)] == ours
    assert [each["name"] for each in render("__certificates_stale", **found)] == stale


@pytest.mark.parametrize(
    ("known", "roots"),
    [
        ({}, ""),
        ({"registry_result": {"ca_file": "/registry"}}, "/registry"),
        ({"registry_result": {"ca_file": "/registry"}, "ingress_result": GATEWAY}, "/roots.pem"),
        ({"registry_result": {"ca_file": "/registry"}, "ingress_result": GATEWAY | {"issuer": "acme"}}, "/registry"),
        ({"certificates_ca_file": "/mine", "registry_result": {"ca_file": "/registry"}, "ingress_result": GATEWAY}, "/mine"),
    ],
)
def test_whom_endpoints_are_verified_by(known: dict[str, Any], roots: str) -> None:
    assert render("__certificates_ca_file if certificates_ca_file is undefined else certificates_ca_file", **known) == roots
