# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role secrets asks of AWS and sends to a cluster, rendered by Ansible's own templating."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from support.pod_security import violations
from support.roles import variable

ROLE = "arn:aws:iam::123456789012:role/slipway-prod-external-secrets"
INPUTS: dict[str, Any] = {
    "secrets_provider": "aws",
    "secrets_prefix": "slipway/prod",
    "secrets_cluster": "slipway-prod",
    "secrets_wanted": [
        {"name": "tasks-session", "deliver": {"service": "tasks", "resource": "session", "namespace": "hello"}},
        {"name": "signing", "generate": {"key": {"length": 64}}, "deliver": {"service": "tasks", "namespace": "hello", "secret": "tasks-signing"}},
        {"name": "kept", "values": {"a": "b"}},
    ],
    "__secrets_account": {"account_id": "123456789012", "partition": "aws", "region": "eu-central-1"},
    "__secrets_iam": {"roles": {"slipway-prod-external-secrets": {"arn": ROLE}}},
    "__secrets_manager": {
        "secrets": [
            {"name": "slipway/prod/tasks-session", "version_id": "1d0e"},
            {"name": "slipway/prod/signing", "version_id": "(known after apply)"},
            {"name": "slipway/prod/kept", "version_id": ""},
        ]
    },
    "__secrets_bindings": {
        "deliveries": [{"service": "hello", "resource": "db", "namespace": "hello", "secret": "hello-db", "version": "572c", "action": "unchanged"}]
    },
}


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    init_plugin_loader()


def render(name: str, **inputs: Any) -> Any:
    return variable("secrets", name, **(INPUTS | inputs))


def objects(**inputs: Any) -> dict[tuple[str, str], dict[str, Any]]:
    found = itertools.chain(render("__secrets_operator_objects", **inputs), render("__secrets_delivery_objects", **inputs))
    return {(item["kind"], item["metadata"]["name"]): item for item in found}


def test_the_operator_meets_the_restricted_standard_and_its_namespace_enforces_it() -> None:
    made = objects()
    assert violations(made["Deployment", "external-secrets"]["spec"]["template"]["spec"]) == []
    assert made["Namespace", "external-secrets"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_operator_writes_to_the_namespace_of_the_services_and_to_no_other() -> None:
    made = objects()
    assert "--namespace=hello" in made["Deployment", "external-secrets"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert made["Role", "external-secrets"]["metadata"]["namespace"] == made["RoleBinding", "external-secrets"]["metadata"]["namespace"] == "hello"
    assert not [kind for kind, _name in made if kind.startswith("Cluster")]
    assert "*" not in str(made["Role", "external-secrets"]["rules"])


def test_it_reads_what_is_the_environments_and_nothing_else() -> None:
    [role] = render("__secrets_roles")
    [read] = role["inline_policies"]["read"]["Statement"]
    assert (read["Action"], read["Resource"]) == ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:slipway/prod/*")
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    [role] = render("__secrets_roles", secrets_kms_key=key)
    _read, decrypt = role["inline_policies"]["read"]["Statement"]
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", key)
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}


def test_an_image_that_nobody_can_change() -> None:
    def image(**inputs: str) -> str:
        return str(objects(**inputs)["Deployment", "external-secrets"]["spec"]["template"]["spec"]["containers"][0]["image"])

    assert image(secrets_operator_version="v1.3.2") == "ghcr.io/external-secrets/external-secrets:v1.3.2"
    digest = "sha256:" + "0" * 64
    assert image(secrets_operator_version="v1.3.2", secrets_operator_digest=digest).endswith(f":v1.3.2@{digest}")
    assert render("secrets_operator_crd_dir").endswith(f"@{render('secrets_operator_version')}/config/crds/bases"), "one version of both"


def test_the_secrets_have_the_names_that_the_local_provider_gives_them() -> None:
    made = objects()
    assert sorted(name for kind, name in made if kind == "ExternalSecret") == ["tasks-session", "tasks-signing"]
    signing = made["ExternalSecret", "tasks-signing"]["spec"]
    assert signing["target"]["name"] == "tasks-signing"
    assert signing["dataFrom"] == [{"extract": {"key": "slipway/prod/signing"}}]
    assert signing["target"]["template"]["type"] == "Opaque"
    assert made["SecretStore", "secrets-manager"]["spec"] == {"provider": {"aws": {"service": "SecretsManager", "region": "eu-central-1"}}}


def test_a_new_version_is_another_specification() -> None:
    def template(version: str) -> Any:
        known = {"secrets": [{"name": f"slipway/prod/{name}", "version_id": version} for name in ("tasks-session", "signing", "kept")]}
        return objects(__secrets_manager=known)["ExternalSecret", "tasks-session"]["spec"]

    assert template("1d0e") != template("2f3a")
    assert template("2f3a")["target"]["template"]["metadata"]["annotations"] == {"slipway.platform/secret-version": "2f3a"}


def test_what_nobody_describes_is_generated_as_locally() -> None:
    session, signing, kept = render("__secrets_in_aws")
    assert (session["name"], session["generate"], session["values"]) == ("slipway/prod/tasks-session", {"value": {}}, {})
    assert signing["generate"] == {"key": {"length": 64}}
    assert (kept["generate"], kept["values"]) == ({}, {"a": "b"})


def test_the_result_is_that_of_the_local_provider() -> None:
    found = render("__secrets_result_of[secrets_provider]")
    assert found["names"] == ["tasks-session", "signing", "kept"]
    assert found["delivered"] == [
        {"service": "tasks", "resource": "session", "namespace": "hello", "secret": "tasks-session", "version": "1d0e"},
        {"service": "tasks", "resource": "", "namespace": "hello", "secret": "tasks-signing", "version": "known-after-apply"},
        {"service": "hello", "resource": "db", "namespace": "hello", "secret": "hello-db", "version": "572c"},
    ]
