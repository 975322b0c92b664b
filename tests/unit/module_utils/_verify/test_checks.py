# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks against an API server in this process. Programs in pods are played by ``Pods``; time passes only when a check sleeps."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.execute import Target
from ansible_collections.slipway.platform.plugins.module_utils._verify import readiness, run
from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import FAIL, PASS, UNKNOWN
from ansible_collections.slipway.platform.plugins.module_utils._verify.load import Counts
from ansible_collections.slipway.platform.plugins.module_utils._verify.run import Request, Result, verify
from ansible_collections.slipway.platform.plugins.module_utils._verify.subject import Cluster, Subject
from support.kube_api import Fault, KubeApi, running
from support.pod_security import violations

SLICE = "/apis/discovery.k8s.io/v1/namespaces/hello/endpointslices/hello-x"
DATA = {"type": "redis", "host": "redis.redis.svc", "port": "6379", "password": "planted-password"}


class World:
    """A cluster with the service hello on two pods, whose Secret hello-cache is mounted; ``later`` happens when the clock gets there."""

    def __init__(self, api: KubeApi, folder: Path) -> None:
        self.api, self.folder = api, folder
        self.now = 0.0
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.ran: list[tuple[str, str]] = []
        self.break_fails = self.pod_stays_ready = self.enforced = False
        self.outside_blocked = False
        self.held = dict(DATA)
        self.populate()
        self.cluster = Cluster(Client(connect(api.kubeconfig(folder))), self.execute, lambda: self.now, self.sleep)

    def put(self, path: str, live: dict[str, Any]) -> None:
        parts = path.split("/")
        self.api.put(path, {"apiVersion": parts[2] if parts[1] == "api" else f"{parts[2]}/{parts[3]}", "kind": parts[-2]} | live)

    def populate(self) -> None:
        put = self.put
        for name in ("kube-system", "hello", "slipway-secrets"):
            put(f"/api/v1/namespaces/{name}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        put("/api/v1/nodes/n", {"metadata": {"name": "n"}, "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}})
        container = {
            "name": "hello",
            "image": "registry/hello@sha256:1",
            "readinessProbe": {"periodSeconds": 2, "failureThreshold": 3},
            "volumeMounts": [{"name": "cache", "mountPath": "/bindings/cache"}],
        }
        pod = {"containers": [container], "imagePullSecrets": [{"name": "pull"}], "volumes": [{"name": "cache", "secret": {"secretName": "hello-cache"}}]}
        spec = {"selector": {"matchLabels": {"app": "hello"}}, "template": {"spec": pod}}
        put("/apis/apps/v1/namespaces/hello/deployments/hello", {"metadata": {"name": "hello", "namespace": "hello"}, "spec": spec})
        for name in ("hello-1", "hello-2"):
            meta = {"name": name, "namespace": "hello", "labels": {"app": "hello"}}
            state = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"imageID": "registry/hello@sha256:1"}]}
            put(f"/api/v1/namespaces/hello/pods/{name}", {"metadata": meta, "status": state})
        self.endpoints({"hello-1", "hello-2"})
        for namespace in ("hello", "slipway-secrets"):
            self.secret(namespace, "hello-cache", DATA)
        self.secret("hello", "pull", {".dockerconfigjson": "planted-pull-credential"})

    def secret(self, namespace: str, name: str, data: dict[str, str]) -> None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.put(f"/api/v1/namespaces/{namespace}/secrets/{name}", {"metadata": {"name": name, "namespace": namespace}, "type": "Opaque", "data": encoded})

    def endpoints(self, ready: set[str]) -> None:
        meta = {"name": "hello-x", "namespace": "hello", "labels": {"kubernetes.io/service-name": "hello"}}
        listed = [{"conditions": {"ready": name in ready}, "targetRef": {"name": name}} for name in ("hello-1", "hello-2")]
        self.put(SLICE, {"metadata": meta, "endpoints": listed})

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment, event in [entry for entry in self.later if entry[0] <= self.now]:
            self.later.remove((moment, event))
            event()

    # -- programs in pods

    def execute(self, target: Target, argv: Sequence[str], timeout: float) -> str:
        self.ran.append((target.pod, argv[0]))
        if argv[0] == "break":
            if self.break_fails:
                raise CommandFailed("break in hello/hello-1[hello]: no such program")
            if not self.pod_stays_ready:
                self.later.append((self.now + 4.0, lambda: self.endpoints({"hello-2"})))
            return ""
        if argv[0] == "restore":
            self.later.append((self.now + 1.0, lambda: self.endpoints({"hello-1", "hello-2"})))
            return ""
        asked = json.loads(argv[-1])
        return self.digests(asked) if isinstance(asked, dict) else "\n".join(self.connection(target, probe) for probe in asked)

    def digests(self, asked: dict[str, Any]) -> str:
        salt = bytes.fromhex(asked["salt"])
        held = {f"/bindings/cache/{key}": value for key, value in self.held.items()}
        return json.dumps({name: hmac.new(salt, held[path].encode(), hashlib.sha256).hexdigest() for name, path in asked["files"].items()})

    def connection(self, target: Target, probe: dict[str, Any]) -> str:
        policies = [path for path in self.api.objects if "/networkpolicies/" in path]
        blocked = self.outside_blocked if target.pod != "free" else bool(policies) and self.enforced
        if probe["name"] == "redis":
            return json.dumps({"name": "redis", "answer": "-NOAUTH", "error": "", "seconds": 0})
        if blocked:
            return json.dumps({"name": probe["name"], "answer": "", "error": "TimeoutError: timed out", "seconds": 5})
        program = [sys.executable, "-c", run.network.programs.CONNECT, json.dumps([probe])]
        return subprocess.run(program, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with running() as api:

        def started(_: KubeApi, path: str, live: dict[str, Any]) -> None:
            if path.endswith("/pods/free"):
                live["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}

        made = World(api, tmp_path)
        api.on_write = started
        yield made


def request(world: World, *checks: str) -> Request:
    return Request(
        kubeconfig=world.folder / "kubeconfig",
        namespace="hello",
        service="hello",
        url="https://hello.localhost:8443/",
        ca_file=None,
        checks=checks,
        peers=(),
        store_namespace="slipway-secrets",
        python=("python",),
        break_command=("break",),
        restore_command=("restore",),
        folder=world.folder / "evidence",
    )


def only(result: Result) -> Any:
    (record,) = result.checks
    assert result.changed is False
    return record


class Clients:
    """Counts as a load would give them, one after the other; the last one for ever."""

    def __init__(self, *counts: Counts) -> None:
        self.left = list(counts)

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def counts(self) -> Counts:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


CALM, FINE, HURT = Counts(50, 0, ()), Counts(900, 0, ()), Counts(900, 2, ("HTTP 503",))


def broken(world: World, *counts: Counts) -> Any:
    subject = Subject.of(world.cluster, "hello", "hello")
    return readiness.check(world.cluster, subject, lambda: Clients(*counts), ("break",), ("restore",), lambda _: None)  # type: ignore[arg-type, return-value]


def test_readiness_is_broken_measured_and_restored(world: World) -> None:
    judgement, seen = broken(world, CALM, FINE)
    assert judgement.verdict == PASS
    assert seen["left_after_seconds"] == pytest.approx(4.0, abs=0.2)
    assert seen["restored_after_seconds"] == pytest.approx(1.0, abs=0.2)
    assert seen["phase_while_out"] == "Running"
    assert world.ran == [("hello-1", "break"), ("hello-1", "restore")]


def test_clients_that_suffer_are_a_failure(world: World) -> None:
    assert broken(world, CALM, HURT)[0].verdict == FAIL


def test_an_endpoint_that_stays_is_a_failure_and_the_pod_is_restored(world: World) -> None:
    world.pod_stays_ready = True
    assert broken(world, CALM, FINE)[0].verdict == FAIL
    assert world.ran[-1] == ("hello-1", "restore")


def test_nothing_is_broken_while_clients_suffer_already_or_where_one_pod_serves(world: World) -> None:
    assert broken(world, HURT, HURT)[0].verdict == UNKNOWN
    world.endpoints({"hello-1"})
    assert broken(world, CALM, FINE)[0].verdict == UNKNOWN
    assert world.ran == []


def test_a_program_that_does_not_exist_is_unknown_and_is_undone_anyway(world: World) -> None:
    world.break_fails = True
    with pytest.raises(CommandFailed):
        broken(world, CALM, FINE)
    assert world.ran == [("hello-1", "break"), ("hello-1", "restore")]


@pytest.mark.parametrize(
    ("enforced", "blocked", "verdict"),
    [(True, True, PASS), (True, False, FAIL), (False, False, UNKNOWN), (False, True, UNKNOWN)],
)
def test_network(world: World, enforced: bool, blocked: bool, verdict: str) -> None:
    world.enforced, world.outside_blocked = enforced, blocked
    record = only(verify(request(world, "network"), world.cluster))
    assert record.verdict == verdict
    assert [result["name"] for result in record.seen["from_service"]] == ["redis", "outside"]
    left = [path for path in world.api.objects if path.startswith("/api/v1/namespaces/slipway-verify-") and path.count("/") == 4]
    assert left == [], "the namespace of the free pod was not removed"
    assert "planted" not in json.dumps(record.seen) + record.reason


@pytest.mark.parametrize(
    ("held", "store", "verdict"),
    [(DATA, DATA, PASS), (DATA | {"password": "old"}, DATA, FAIL), (DATA, DATA | {"password": "new"}, FAIL), (DATA, {}, UNKNOWN)],
)
def test_secrets(world: World, held: dict[str, str], store: dict[str, str], verdict: str) -> None:
    world.held = dict(held)
    world.secret("slipway-secrets", "hello-cache", store)
    record = only(verify(request(world, "secrets"), world.cluster))
    assert record.verdict == verdict
    kept = (world.folder / "evidence" / record.file_name).read_text()
    assert "planted" not in kept
    assert hashlib.sha256(b"planted-password").hexdigest()[:12] not in kept


def test_a_mounted_secret_may_follow_a_minute_later(world: World) -> None:
    world.held = DATA | {"password": "old"}
    world.later.append((60.0, lambda: world.held.update(DATA)))
    assert only(verify(request(world, "secrets"), world.cluster)).verdict == PASS


def test_a_store_that_may_not_be_read_is_unknown(world: World) -> None:
    refusal = {"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": "secrets is forbidden", "code": 403}
    world.api.faults.append(Fault("GET", "/namespaces/slipway-secrets/secrets/", 403, refusal, times=9))
    record = only(verify(request(world, "secrets"), world.cluster))
    assert record.verdict == UNKNOWN
    assert "forbidden" in record.reason


@pytest.mark.parametrize(("check", "verdict"), [("secrets", FAIL), ("network", UNKNOWN)])
def test_a_secret_that_the_pods_mounted_and_someone_deleted_is_never_a_pass(world: World, check: str, verdict: str) -> None:
    del world.api.objects["/api/v1/namespaces/hello/secrets/hello-cache"]
    record = only(verify(request(world, check), world.cluster))
    assert record.verdict == verdict
    assert "hello-cache" in record.reason
    assert "not exist" in record.reason


WORDS = {
    "privileged": "privileged (…)",
    "hostNetwork": "host namespaces (…)",
    "volume": "restricted volume types (… hostPath)",
    "allowPrivilegeEscalation": "allowPrivilegeEscalation != false (…)",
    "capabilities": "unrestricted capabilities (…)",
    "runAsNonRoot": "runAsNonRoot != true (…)",
    "runAsUser": "runAsUser=0 (…)",
    "seccompProfile": "seccompProfile (…)",
}


def admit(world: World, enforce: Callable[[list[str]], bool]) -> None:
    """Give the API server an admission that refuses a pod if ``enforce`` says so of its violations."""
    original = world.api._dispatch

    def dispatch(method: str, path: str, query: dict[str, str], headers: dict[str, str], body: dict[str, Any]) -> Any:
        found = violations(body["spec"]) if body.get("kind") == "Pod" else []
        if enforce(found):
            named = ", ".join(words for rule, words in WORDS.items() if any(rule in line for line in found))
            message = f'pods "{body["metadata"]["name"]}" is forbidden: violates PodSecurity "restricted:latest": {named}'
            return 403, {"kind": "Status", "status": "Failure", "reason": "Forbidden", "message": message, "code": 403}
        return original(method, path, query, headers, body)

    world.api._dispatch = dispatch  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("enforce", "verdict"),
    [(bool, PASS), (lambda _: False, FAIL), (lambda found: any("hostNetwork" in line for line in found), FAIL)],
)
def test_admission(world: World, enforce: Callable[[list[str]], bool], verdict: str) -> None:
    admit(world, enforce)
    record = only(verify(request(world, "admission"), world.cluster))
    assert record.verdict == verdict, record.reason
    assert len(record.seen["attempts"]) == 9
    assert world.api.writes() == []


def test_a_service_that_is_not_there_is_unknown_and_every_check_leaves_a_record(world: World) -> None:
    said: list[str] = []
    result = verify(replace(request(world, "readiness", "network", "secrets"), service="gone"), world.cluster, said.append)
    assert [record.verdict for record in result.checks] == [UNKNOWN] * 3
    assert "Deployment gone does not exist" in result.checks[0].reason
    assert len(list((world.folder / "evidence").iterdir())) == len(said) == 3
    assert result.table[-1] == "0 passed, 0 failed, 3 unknown"
