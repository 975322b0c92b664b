# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates in an API server: all of them, none twice, and nothing that may not be read passes for nothing."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Threshold, Thresholds
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import KUBERNETES, KubernetesPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import kubernetes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from support import kube_api, pki
from support.kube_api import Fault, KubeApi
from support.tls_zoo import Cage, silent

ROOT = pki.authority()
INTERMEDIATE = pki.authority("Test Intermediate", ROOT)
LEAF = pki.issue("web", INTERMEDIATE)
CONTEXT = Context(environ={}, sleep=lambda seconds: None)
KEYS: tuple[str, ...] = tuple(KUBERNETES["keys"]["default"])  # type: ignore[arg-type]


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with kube_api.running() as server:
        yield server


@pytest.fixture
def part(api: KubeApi, tmp_path: Path) -> KubernetesPart:
    return KubernetesPart(str(api.kubeconfig(tmp_path)), keys=KEYS)


def look(*parts: KubernetesPart) -> list[Found]:
    return list(kubernetes.collect(parts, Request(), CONTEXT))


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def put(api: KubeApi, kind: str, name: str, namespace: str = "default", root: str = "/api/v1", **content: Any) -> None:
    plural = f"{kind.lower()}s"
    scope = f"/namespaces/{namespace}" if namespace else ""
    if namespace and f"/api/v1/namespaces/{namespace}" not in api.objects:
        api.put(f"/api/v1/namespaces/{namespace}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    version = root.removeprefix("/apis/").removeprefix("/api/")
    api.put(f"{root}{scope}/{plural}/{name}", {"apiVersion": version, "kind": kind, "metadata": metadata, **content})


def secret(api: KubeApi, name: str, namespace: str = "default", kind: str = "kubernetes.io/tls", **data: bytes) -> None:
    put(api, "Secret", name, namespace, type=kind, data={key.replace("__", "."): encoded(value) for key, value in data.items()})


def tls(api: KubeApi, name: str, namespace: str = "default") -> None:
    secret(api, name, namespace, tls__crt=LEAF.pem + INTERMEDIATE.pem, tls__key=LEAF.key_pem, ca__crt=ROOT.pem)


def codes(rows: list[Found]) -> dict[str, list[str]]:
    return {found.name: [problem.code for problem in found.problems] for found in rows}


# --- what is found


def test_a_tls_secret(api: KubeApi, part: KubernetesPart) -> None:
    tls(api, "web", "shop")
    served, authority = look(part)
    assert (served.source, served.name, served.chain) == ("kubernetes", "Secret shop/web tls.crt", (LEAF.facts, INTERMEDIATE.facts))
    assert served.labels == {"kind": "Secret", "namespace": "shop", "object": "web", "key": "tls.crt"}
    assert (authority.name, authority.chain) == ("Secret shop/web ca.crt", (ROOT.facts,))
    assert LEAF.key_pem.decode().splitlines()[1] not in repr([served, authority])


def test_what_other_secrets_may_hold(api: KubeApi, part: KubernetesPart) -> None:
    password = b"hunter2-and-a-half"
    store = pkcs12.serialize_key_and_certificates(b"web", LEAF.key, LEAF.x509, None, BestAvailableEncryption(password))
    secret(api, "opaque", kind="Opaque", Server__CRT=LEAF.pem, server__pem=LEAF.key_pem, notes=ROOT.pem, my_ca_bundle=b"x", empty__crt=b"", odd__pem=b"no pem")
    secret(api, "own-type", kind="example.test/pair", web__cer=LEAF.der)
    secret(api, "stores", kind="Opaque", keystore__p12=store, **{"keystore-password": password + b"\n"})
    secret(api, "closed", kind="Opaque", keystore__p12=store)
    rows = look(part)
    assert codes(rows) == {
        "Secret default/closed keystore.p12": ["password_needed"],
        "Secret default/opaque Server.CRT": [],
        "Secret default/opaque empty.crt": ["no_certificate"],
        "Secret default/opaque odd.pem": ["no_certificate"],
        "Secret default/own-type web.cer": [],
        "Secret default/stores keystore.p12#web": [],
    }
    assert password.decode() not in repr(rows)


def test_empty_and_broken_values(api: KubeApi, part: KubernetesPart) -> None:
    secret(api, "not-yet", tls__crt=b"", tls__key=b"", ca__crt=b"")
    secret(api, "without")
    put(api, "Secret", "broken", type="kubernetes.io/tls", data={"tls.crt": "%%%"})
    put(api, "Secret", "no-data", type="Opaque")
    assert codes(look(part)) == {
        "Secret default/broken tls.crt": ["damaged"],
        "Secret default/not-yet tls.crt": ["no_certificate"],
        "Secret default/without tls.crt": ["no_certificate"],
    }


def test_config_maps(api: KubeApi, part: KubernetesPart) -> None:
    put(
        api,
        "ConfigMap",
        "trust",
        data={"ca-bundle.crt": (ROOT.pem + INTERMEDIATE.pem).decode(), "nginx.conf": "# ca"},
        binaryData={"root.cer": encoded(ROOT.der)},
    )
    for namespace in ("a", "b"):
        put(api, "ConfigMap", "kube-root-ca.crt", namespace, data={"ca.crt": ROOT.pem.decode()})
    assert codes(look(part)) == {
        "ConfigMap a/kube-root-ca.crt ca.crt": [],
        "ConfigMap default/trust ca-bundle.crt#1": [],
        "ConfigMap default/trust ca-bundle.crt#2": [],
        "ConfigMap default/trust root.cer": [],
    }


def test_ca_bundles_and_signed_requests(api: KubeApi, part: KubernetesPart) -> None:
    bundle = encoded(ROOT.pem)
    webhooks = [{"name": "one.example.test", "clientConfig": {"caBundle": bundle}}, {"name": "two.example.test", "clientConfig": {"url": "https://x"}}]
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        put(api, kind, "hooks", "", "/apis/admissionregistration.k8s.io/v1", webhooks=webhooks)
    put(api, "APIService", "v1.metrics", "", "/apis/apiregistration.k8s.io/v1", spec={"caBundle": bundle})
    put(api, "APIService", "v1.", "", "/apis/apiregistration.k8s.io/v1", spec={"group": ""})
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": {"caBundle": bundle}}}
    definition = {"group": "x", "names": {"plural": "xs", "kind": "X"}, "scope": "Cluster", "versions": []}
    put(api, "CustomResourceDefinition", "xs.example.test", "", "/apis/apiextensions.k8s.io/v1", spec={**definition, "conversion": conversion})
    put(api, "CustomResourceDefinition", "ys.example.test", "", "/apis/apiextensions.k8s.io/v1", spec={**definition, "conversion": {"strategy": "None"}})
    signer = {"signerName": "kubernetes.io/kubelet-serving"}
    put(api, "CertificateSigningRequest", "csr-1", "", "/apis/certificates.k8s.io/v1", spec=signer, status={"certificate": encoded(LEAF.pem)})
    put(api, "CertificateSigningRequest", "csr-2", "", "/apis/certificates.k8s.io/v1", spec=signer, status={"conditions": [{"type": "Denied"}]})
    rows = look(part)
    assert [found.name for found in rows] == [
        "ValidatingWebhookConfiguration hooks one.example.test",
        "MutatingWebhookConfiguration hooks one.example.test",
        "APIService v1.metrics caBundle",
        "CustomResourceDefinition xs.example.test conversion",
        "CertificateSigningRequest csr-1 kubernetes.io/kubelet-serving",
    ]
    assert not any(found.problems for found in rows)
    assert rows[0].labels == {"kind": "ValidatingWebhookConfiguration", "object": "hooks", "key": "one.example.test"}
    nothing = replace(part, secrets=False, config_maps=False, ca_bundles=False, signing_requests=False)
    assert look(nothing) == []


# --- how it is asked


def test_requests_are_few_and_ask_for_little(api: KubeApi, part: KubernetesPart) -> None:
    for number in range(95):
        tls(api, f"web-{number:02}")
    secret(api, "sh.helm.release.v1.web.v1", kind="helm.sh/release.v1", release__crt=b"x" * 100_000)
    secret(api, "token", kind="kubernetes.io/service-account-token", ca__crt=ROOT.pem)
    rows = look(replace(part, page_size=10))
    assert len(rows) == len({found.name for found in rows}) == 190
    lists = [line for line in api.log if "/secrets" in line]
    assert len(lists) == 10
    assert all("fieldSelector=type%21%3Dhelm.sh%2Frelease.v1%2Ctype%21%3Dkubernetes.io%2Fservice-account-token" in line for line in lists)
    assert len(api.log) == 10 + 1 + 4 + 1


def test_a_list_that_was_forgotten_on_the_way(api: KubeApi, part: KubernetesPart) -> None:
    for number in range(30):
        tls(api, f"web-{number:02}")
    seen = []
    for found in kubernetes.collect([replace(part, page_size=10)], Request(), CONTEXT):
        seen.append(found.name)
        if len(seen) == 25:
            api.forget_pages()
    assert len(seen) == len(set(seen)) == 60


def test_labels(api: KubeApi, part: KubernetesPart) -> None:
    tls(api, "web")
    api.objects["/api/v1/namespaces/default/secrets/web"]["metadata"]["labels"] = {"team": "a"}
    tls(api, "other")
    assert {found.labels["object"] for found in look(replace(part, label_selector="team=a"))} == {"web"}


def test_several_clusters_are_told_apart(api: KubeApi, part: KubernetesPart, tmp_path: Path) -> None:
    tls(api, "web")
    rows = look(part, replace(part, context="test"))
    assert [found.labels["cluster"] for found in rows] == [part.kubeconfig, part.kubeconfig, "test", "test"]


def test_a_part_has_thresholds_of_its_own(api: KubeApi, part: KubernetesPart) -> None:
    tls(api, "web")
    limits = Thresholds(Threshold(1, 60), Threshold(1, 30))
    assert {found.thresholds for found in look(replace(part, thresholds=limits))} == {limits}


# --- what may not be read


def test_a_namespace_that_may_not_be_read_is_unknown_and_the_rest_is_there(api: KubeApi, part: KubernetesPart) -> None:
    for namespace in ("a", "b", "c"):
        tls(api, "web", namespace)
    api.forbidden |= {("secrets", ""), ("secrets", "b")}
    rows = look(part)
    assert codes(rows) == {
        "Secret a/web tls.crt": [],
        "Secret a/web ca.crt": [],
        "Secrets of namespace b": ["forbidden"],
        "Secret c/web tls.crt": [],
        "Secret c/web ca.crt": [],
    }
    refused = next(found for found in rows if found.problems)
    assert refused.labels == {"kind": "Secret", "namespace": "b"}
    assert "secrets is forbidden" in refused.problems[0].text


def test_namespaces_that_are_named(api: KubeApi, part: KubernetesPart) -> None:
    for namespace in ("a", "b", "c"):
        tls(api, "web", namespace)
    api.forbidden |= {("secrets", ""), ("configmaps", "a"), ("secrets", "b")}
    rows = look(replace(part, namespaces=("a", "b", "shpo"), ca_bundles=False, signing_requests=False))
    assert codes(rows) == {
        "namespace shpo": ["missing"],
        "Secret a/web tls.crt": [],
        "Secret a/web ca.crt": [],
        "Secrets of namespace b": ["forbidden"],
        "ConfigMaps of namespace a": ["forbidden"],
    }
    assert not any("/namespaces/c/" in line for line in api.log)


def test_who_may_neither_list_everywhere_nor_see_the_namespaces(api: KubeApi, part: KubernetesPart) -> None:
    tls(api, "web", "a")
    api.forbidden |= {("secrets", ""), ("configmaps", ""), ("namespaces", ""), ("apiservices", "")}
    rows = look(part)
    assert codes(rows) == {"Secrets": ["forbidden"], "ConfigMaps": ["forbidden"], "APIServices": ["forbidden"]}
    assert "name those to look at as namespaces" in rows[0].problems[0].text


def test_a_kind_that_fails_takes_no_other_with_it(api: KubeApi, part: KubernetesPart) -> None:
    put(api, "ConfigMap", "trust", data={"ca.crt": ROOT.pem.decode()})
    tls(api, "web")
    api.faults.append(Fault("GET", "continue=", 500, {"message": "etcd is gone"}, times=99))
    tls(api, "web2")
    rows = look(replace(part, page_size=1))
    assert codes(rows) == {
        "Secret default/web tls.crt": [],
        "Secret default/web ca.crt": [],
        "Secrets": ["unavailable"],
        "ConfigMap default/trust ca.crt": [],
    }


def test_credentials_that_are_not_accepted_are_said_once(api: KubeApi, part: KubernetesPart) -> None:
    api.faults.append(Fault("GET", "", 401, {"message": "Unauthorized"}, times=99))
    rows = look(part)
    assert codes(rows) == {"Secrets": ["forbidden"]}
    assert len(api.log) == 1


def test_a_server_that_is_not_there_is_asked_for_one_kind(tmp_path: Path) -> None:
    with kube_api.running() as gone:
        path = gone.kubeconfig(tmp_path)
    rows = look(KubernetesPart(str(path), keys=KEYS))
    assert codes(rows) == {"Secrets": ["unavailable"]}


def test_a_server_that_never_answers_takes_its_time_and_no_more(tmp_path: Path) -> None:
    cage = Cage()
    cage.add("silent", silent)
    server = KubeApi()
    server.url = f"http://127.0.0.1:{cage.ports['silent']}"
    part = KubernetesPart(str(server.kubeconfig(tmp_path)), keys=KEYS)
    started = time.monotonic()
    with cage.open():
        rows = list(kubernetes.collect([part], Request(timeout=0.2), CONTEXT))
    assert codes(rows) == {"Secrets": ["unavailable"]}
    assert time.monotonic() - started < 10


def test_kubeconfigs_that_cannot_be_used(tmp_path: Path, api: KubeApi, part: KubernetesPart) -> None:
    tls(api, "web")
    (tmp_path / "broken").write_text(json.dumps({"kind": "Config"}))
    rows = look(KubernetesPart(str(tmp_path / "none")), KubernetesPart(str(tmp_path / "broken")), replace(part, context="nowhere"), part)
    assert [[problem.code for problem in found.problems] for found in rows] == [["unreadable"], ["unreadable"], ["unreadable"], [], []]
    assert "does not exist" in rows[0].problems[0].text
    assert "nowhere" in rows[2].problems[0].text
