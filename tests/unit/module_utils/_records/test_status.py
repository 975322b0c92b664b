# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._records import ledger, plan, statements
from ansible_collections.slipway.platform.plugins.module_utils._records.environments import Source
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Change, Plan, Saved, State
from ansible_collections.slipway.platform.plugins.module_utils._records.status import Result, lines, status
from ansible_collections.slipway.platform.plugins.module_utils._sign import dsse
from ansible_collections.slipway.platform.plugins.module_utils._sign.keys import KeyFile
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import PAYLOAD_TYPE, Statement, Subject, encode
from cryptography.hazmat.primitives.asymmetric import ec
from support.kube_api import KubeApi, running

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CI = KeyFile("ci", ec.generate_private_key(ec.SECP256R1()))
TRUST = dsse.Trust({"ci": CI.public_key})
GOOD, OTHER = (str(Digest.of(text)) for text in (b"good", b"other"))
CHANGE = Change("hello", "x.io/stage/hello:v2.0.0-rc.1", OTHER, "x.io/prod/hello", "v2.0.0", {"v2.0.0": ""})
PLAN = Plan("prod", "stage", "mia", GOOD, (CHANGE,), State())


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with running() as found:
        found.put("/api/v1/namespaces/hello", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hello"}})
        deploy(found, GOOD)
        start(found, "hello-1", GOOD)
        yield found


def deploy(api: KubeApi, digest: str) -> None:
    labels = {"app.kubernetes.io/name": "hello", "applyset.kubernetes.io/part-of": "x"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": f"x.io/prod/hello@{digest}"}]}}
    api.put(
        "/apis/apps/v1/namespaces/hello/deployments/hello",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "hello", "namespace": "hello", "labels": {**labels, "applyset.kubernetes.io/part-of": part_of()}},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "hello"}}, "template": template},
        },
    )


def part_of() -> str:
    from ansible_collections.slipway.platform.plugins.module_utils._k8s.applyset import ApplySet

    return ApplySet("hello", "hello").selector.partition("=")[2]


def start(api: KubeApi, name: str, digest: str, service: str = "hello") -> None:
    api.put(
        f"/api/v1/namespaces/hello/pods/{name}",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "hello", "labels": {"app.kubernetes.io/name": service}},
            "spec": {"containers": [{"name": "web"}]},
            "status": {"phase": "Running", "containerStatuses": [{"name": "web", "imageID": f"x.io/prod/hello@{digest}"}]},
        },
    )


def record(path: Path, plan_hash: str = "sha256:1") -> None:
    after = {"service": "hello", "version": "v1.4.0", "digest": GOOD, "contents": [], "containers": {"web": GOOD}}
    fields = {"environment": "prod", "plan": plan_hash, "gates": [], "approvals": [], "before": {}, "after": after}
    said = Statement(statements.predicate_type("promoted"), (Subject("hello", Digest.parse(GOOD)),), statements.predicate("promoted", fields, "ci", NOON))
    ledger.append(path, [dsse.envelope(PAYLOAD_TYPE, encode(said), CI)])


def show(api: KubeApi | None, folder: Path, *plans: Path) -> Result:
    kubeconfig = api.kubeconfig(folder) if api else None
    return status([Source("prod", folder / "ledger.jsonl", kubeconfig, "hello")], {"prod": plans}, lambda _: TRUST)


def test_what_runs_is_what_was_promoted(api: KubeApi, tmp_path: Path) -> None:
    record(tmp_path / "ledger.jsonl")
    result = show(api, tmp_path)
    (service,) = result.environments[0].services
    assert (service.service, service.version, service.digest, service.since, service.signer) == ("hello", "v1.4.0", GOOD, "2026-11-21T12:00:00Z", "ci")
    assert (result.as_intended, service.as_intended, [pod.verdict for pod in service.pods]) == ("yes", "yes", ["yes"])
    assert "2026-11-21T12:00:00Z  ci  yes          1 yes" in lines(result)[1]


def test_one_pod_of_two_runs_something_else(api: KubeApi, tmp_path: Path) -> None:
    record(tmp_path / "ledger.jsonl")
    start(api, "hello-2", OTHER)
    result = show(api, tmp_path)
    assert (result.as_intended, "1 yes, 1 no" in lines(result)[1]) == ("no", True)
    assert any(line.startswith("hello/hello-2: no: web: it runs") for line in lines(result))


CASES: dict[str, tuple[Any, str, str]] = {
    "the cluster wants something else": (lambda api, folder: deploy(api, OTHER), "no", "the cluster wants"),
    "the service is gone": (lambda api, folder: (api.objects.pop("/apis/apps/v1/namespaces/hello/deployments/hello"), None), "no", "does not have it"),
    "no pod": (lambda api, folder: (api.objects.pop("/api/v1/namespaces/hello/pods/hello-1"), None), "unknown", "it has no pod"),
    "the ledger was changed": (lambda api, folder: forge(folder), "unknown", "its content was changed"),
    "the ledger is empty": (lambda api, folder: (folder / "ledger.jsonl").write_text(""), "unknown", "there is no record"),
}


def forge(folder: Path) -> None:
    path = folder / "ledger.jsonl"
    record(path)
    path.write_text(path.read_text().replace('"sequence":2', '"sequence":3'))


@pytest.mark.parametrize(("change", "verdict", "reason"), CASES.values(), ids=CASES)
def test_no_and_unknown_have_their_reason(api: KubeApi, tmp_path: Path, change: Any, verdict: str, reason: str) -> None:
    record(tmp_path / "ledger.jsonl")
    change(api, tmp_path)
    result = show(api, tmp_path)
    assert result.as_intended == verdict
    assert reason in result.environments[0].services[0].reason


def test_a_cluster_that_does_not_answer_is_unknown_and_hides_no_other(tmp_path: Path) -> None:
    record(tmp_path / "ledger.jsonl")
    with running() as gone:
        kubeconfig = gone.kubeconfig(tmp_path)
    sources = [Source("prod", tmp_path / "ledger.jsonl", kubeconfig, "hello"), Source("stage", tmp_path / "none.jsonl")]
    result = status(sources, {}, lambda _: TRUST)
    assert (result.as_intended, [one.environment for one in result.environments]) == ("unknown", ["prod", "stage"])
    assert "no answer" in result.environments[0].unknown
    assert result.environments[0].services[0].version == "v1.4.0"


def test_a_saved_plan_waits_until_it_is_recorded(tmp_path: Path) -> None:
    verdicts = [
        {"service": "hello", "gate": "soak", "outcome": "defer", "code": "soaking", "reason": "not yet", "next_time": "2026-11-22T00:00:00Z"},
        {"service": "hello", "gate": "stop", "outcome": "allow", "code": "ok", "reason": "", "next_time": ""},
    ]
    path = tmp_path / "plan.json"
    plan.save(plan.document(Saved(PLAN, "2026-11-21T12:00:00Z", "defer", verdicts)), path)
    (waiting,) = show(None, tmp_path, path).environments[0].waiting
    assert (waiting.gate, waiting.version, waiting.next_time, waiting.judged) == ("soak", "v2.0.0", "2026-11-22T00:00:00Z", "2026-11-21T12:00:00Z")
    assert any("not yet" in line for line in lines(show(None, tmp_path, path)))
    record(tmp_path / "ledger.jsonl", PLAN.hash)
    assert show(None, tmp_path, path).environments[0].waiting == ()
    plan.save(plan.document(Saved(replace(PLAN, environment="dev"), "2026-11-21T12:00:00Z", "defer", verdicts)), path)
    assert show(None, tmp_path, path).environments[0].waiting == ()
