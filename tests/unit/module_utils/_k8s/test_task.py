# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s.objects import diff, flatten, load
from ansible_collections.slipway.platform.plugins.module_utils._k8s.running import images, read, services
from ansible_collections.slipway.platform.plugins.module_utils._k8s.task import apply_task, read_manifests, read_secrets
from support.kube_api import KubeApi

CANARY = "canary-5f3a"
DIGEST = "sha256:" + "a" * 64


def options(kubeconfig: Path, **more: Any) -> dict[str, Any]:
    base = {"definitions": [], "src": [], "secret_files": [], "prune": True, "wait": True, "timeout": 30, "force": False}
    return {"kubeconfig": str(kubeconfig), "name": "s", "namespace": "x", **base, **more}


def test_secrets_come_from_files_and_never_show(api: KubeApi, tmp_path: Path) -> None:
    (tmp_path / "value").write_text(CANARY)
    files = [{"name": "s", "namespace": None, "type": "Opaque", "key": key, "path": str(tmp_path / "value")} for key in ("a", "b")]
    lines: list[str] = []
    result = apply_task(options(api.kubeconfig(tmp_path), secret_files=files), False, lines.append)
    encoded = base64.b64encode(CANARY.encode()).decode()
    assert api.objects["/api/v1/namespaces/x/secrets/s"]["data"] == {"a": encoded, "b": encoded}
    shown = json.dumps(result.__dict__) + "".join(lines)
    assert CANARY not in shown
    assert encoded not in shown


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"name": "s", "type": "Opaque", "key": "k", "path": "/nonexistent/f"}], "secret file /nonexistent/f does not exist"),
        ([{"name": "s", "type": "Opaque", "key": "k", "path": "/"}], "cannot be read: Is a directory"),
        ([{"name": "s", "type": "Opaque", "key": "k", "path": "/dev/null"}] * 2, "is given the key k twice"),
        ([{"name": "s", "type": t, "key": t, "path": "/dev/null"} for t in ("Opaque", "kubernetes.io/tls")], "types Opaque and kubernetes.io/tls"),
    ],
)
def test_secret_files_that_cannot_be(entries: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_secrets(entries, "x", False)
    assert words in caught.value.message


def test_manifests_come_from_the_task_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        "---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: p}}]\n"
    )
    found = read_manifests([{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}], [str(tmp_path / "a.yml")])
    assert [m["metadata"]["name"] for m in found] == ["s", "a", "p"]
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read_manifests([], [str(tmp_path / "none.yml")])


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        (["text"], "definitions, object 1: a manifest must be a mapping, not str"),
        ([{"kind": "Pod", "metadata": {"name": "p"}}], "definitions, object 1: apiVersion missing"),
        ([None, {"apiVersion": "v1", "kind": "Pod", "metadata": {}}], "definitions, object 2: metadata.name missing"),
        ([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "when": datetime.date(2026, 1, 1)}], "quote dates and times"),
    ],
)
def test_what_is_no_manifest(documents: list[Any], words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        flatten(documents)
    assert words in caught.value.message


def test_what_is_no_yaml() -> None:
    with pytest.raises(InvalidInput, match=r"f\.yml is not valid YAML"):
        load("a: [", "f.yml")


def test_the_copy_that_kubectl_keeps_of_a_secret_does_not_show() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": CANARY, "other": "shown"}
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": annotations}, "stringData": {"a": CANARY}}
    shown = diff("Secret s", live, live)
    assert CANARY not in str(shown)
    assert "other: shown" in shown["before"]


def deployment(ready: int) -> dict[str, Any]:
    pod = {"spec": {"containers": [{"name": "web", "image": f"localhost:5001/hello@{DIGEST}"}, {"name": "beside", "image": "x"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "hello"}}, "template": pod}
    return {"metadata": {"name": "hello"}, "spec": spec, "status": {"readyReplicas": ready}}


def pod(name: str, image: str, **metadata: Any) -> dict[str, Any]:
    statuses = [{"name": "beside", "imageID": "y"}, {"name": "web", "imageID": image, "ready": True}]
    return {"metadata": {"name": name, "labels": {"app": "hello"}, **metadata}, "status": {"containerStatuses": statuses}}


@pytest.mark.parametrize(
    ("ready", "pods", "as_wanted"),
    [
        (2, [pod("a", f"localhost:5001/hello@{DIGEST}"), pod("b", DIGEST)], True),
        (1, [pod("a", DIGEST)], False),
        (2, [pod("a", DIGEST), pod("b", "sha256:" + "b" * 64)], False),
        (2, [pod("a", DIGEST), pod("b", ""), pod("gone", "sha256:" + "b" * 64, deletionTimestamp="now")], False),
    ],
)
def test_who_is_running(ready: int, pods: list[dict[str, Any]], as_wanted: bool) -> None:
    others = {"metadata": {"name": "other", "labels": {"app": "other"}}}
    found = services([deployment(ready)], [*pods, others])["hello"]
    assert found["digest"] == DIGEST
    assert found["as_wanted"] is as_wanted
    assert {p["name"] for p in found["pods"]} <= {"a", "b"}


def test_what_leaves_the_released_services_as_they_are() -> None:
    released, own = deployment(2), deployment(2)
    released["metadata"]["labels"] = {"app.kubernetes.io/version": "v1.4.0"}
    own["metadata"]["name"] = "names-its-image-itself"
    assert images([released, own]) == {"hello": {"reference": f"localhost:5001/hello@{DIGEST}", "tag": "v1.4.0"}}


def test_who_is_running_before_the_first_release(api: KubeApi, tmp_path: Path) -> None:
    found = read({"kubeconfig": str(api.kubeconfig(tmp_path)), "name": "s", "namespace": "x"})
    assert (found.revision, found.revisions, found.services) == (0, [], {})
