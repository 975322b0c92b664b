# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._records.running import NO, UNKNOWN, YES, Intended, containers_of, digest_of, judge

INDEX, PLATFORM, SIDECAR, OTHER = (f"sha256:{letter * 64}" for letter in "abcd")
RECORD = Intended("hello", "v1.4.0", INDEX, datetime(2026, 11, 21, tzinfo=UTC), "ci", frozenset([INDEX, PLATFORM]), {"web": INDEX, "proxy": SIDECAR})


def pod(init: dict[str, str] | None = None, running: dict[str, str] | None = None, ephemeral: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    """A pod whose containers have these image ids."""
    groups = {"initContainer": init or {}, "container": running or {}, "ephemeralContainer": ephemeral or {}}
    return {
        "metadata": {"name": "hello-1", "namespace": "hello", "labels": {"app.kubernetes.io/name": "hello"}} | metadata,
        "spec": {f"{key}s": [{"name": name} for name in value] for key, value in groups.items()},
        "status": {"phase": "Running"}
        | {f"{key}Statuses": [{"name": name, "imageID": image} for name, image in value.items()] for key, value in groups.items()},
    }


def image(digest: str) -> str:
    return f"registry.example.com/any/name@{digest}"


CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "by the index": (pod(running={"web": image(INDEX)}), YES, ""),
    "by the node's platform": (pod(running={"web": image(PLATFORM)}), YES, ""),
    "by the bare id of the configuration": (pod(running={"web": PLATFORM}), YES, ""),
    "another image": (pod(running={"web": image(OTHER)}), NO, f"web: it runs {OTHER}, and the record says {INDEX}"),
    "a sidecar as recorded": (pod(init={"proxy": image(SIDECAR)}, running={"web": image(INDEX)}), YES, ""),
    "another sidecar": (pod(init={"proxy": image(OTHER)}, running={"web": image(INDEX)}), NO, f"proxy: it runs {OTHER}, and the record says {SIDECAR}"),
    "our image in the sidecar's place": (pod(init={"proxy": image(INDEX)}), NO, f"the record says {SIDECAR}"),
    "a container that came in from outside": (pod(running={"web": image(INDEX), "miner": image(OTHER)}), NO, "the record has no such container"),
    "a shell that came in later": (pod(running={"web": image(INDEX)}, ephemeral={"debug": image(OTHER)}), NO, "debug: it runs"),
    "the migration of the service": (pod(running={"migrate": image(INDEX)}), YES, ""),
    "not started": (pod(running={"web": ""}), UNKNOWN, "web: the node does not say yet what it runs"),
    "without a digest": (pod(running={"web": "registry.example.com/hello:v1"}), UNKNOWN, "without a digest"),
    "one is wrong and one unknown": (pod(init={"proxy": ""}, running={"web": image(OTHER)}), NO, "web"),
    "a service without a record": (pod(running={"web": image(INDEX)}, labels={"app.kubernetes.io/name": "other"}), UNKNOWN, "there is no record of other"),
    "a pod of nobody": (pod(running={"web": image(INDEX)}, labels=None), UNKNOWN, "it has no label"),
    "no container at all": (pod(), UNKNOWN, "it has no container yet"),
}


@pytest.mark.parametrize(("given", "verdict", "reason"), CASES.values(), ids=CASES)
def test_a_pod_against_its_record(given: dict[str, Any], verdict: str, reason: str) -> None:
    (found,) = judge([given], {"hello": RECORD})
    assert (found.verdict, found.pod) == (verdict, "hello-1")
    assert reason in found.reason
    assert bool(found.reason) is (verdict != YES)


@pytest.mark.parametrize(
    ("container", "status", "verdict"),
    [
        ("web", {"imageID": image(OTHER), "image": PLATFORM}, YES),
        ("web", {"imageID": image(OTHER), "image": SIDECAR}, NO),
        ("web", {"imageID": image(OTHER), "image": "registry.example.com/other:v1"}, UNKNOWN),
        ("proxy", {"imageID": image(OTHER), "image": PLATFORM}, NO),
    ],
    ids=["the same configuration", "another configuration", "it has a tag, so who knows", "our image in the sidecar's place"],
)
def test_the_node_names_an_image_by_the_digest_of_another(container: str, status: dict[str, str], verdict: str) -> None:
    given = pod(running={container: ""})
    given["spec"]["containers"][0]["image"] = image(RECORD.containers[container])
    given["status"]["containerStatuses"] = [{"name": container, **status}]
    (found,) = judge([given], {"hello": RECORD})
    assert found.verdict == verdict, found.reason


def test_without_recorded_containers_another_image_is_unknown_not_wrong() -> None:
    record = Intended("hello", "v1", INDEX, RECORD.since, "ci", RECORD.contents, {})
    (found,) = judge([pod(running={"web": image(INDEX), "proxy": image(SIDECAR)})], {"hello": record})
    assert found.verdict == UNKNOWN
    assert [c.verdict for c in found.containers] == [YES, UNKNOWN]


@pytest.mark.parametrize(
    "ended", [{"status": {"phase": "Succeeded"}}, {"status": {"phase": "Failed"}}, {"metadata": {"name": "x", "deletionTimestamp": "2026"}}]
)
def test_what_ended_runs_nothing(ended: dict[str, Any]) -> None:
    assert judge([pod(running={"web": image(OTHER)}) | ended], {"hello": RECORD}) == ()


def test_a_pod_without_a_status_is_unknown() -> None:
    (found,) = judge([{"metadata": {"name": "x", "labels": {"app.kubernetes.io/name": "hello"}}, "spec": {"containers": [{"name": "web"}]}}], {"hello": RECORD})
    assert found.verdict == UNKNOWN


@pytest.mark.parametrize(
    ("text", "digest"),
    [(image(INDEX), INDEX), (INDEX, INDEX), (f"docker-pullable://x@{INDEX}", INDEX), ("x:v1", ""), ("", ""), (f"{INDEX}0", ""), ("sha256:abc", "")],
)
def test_the_digest_of_an_image_id(text: str, digest: str) -> None:
    assert digest_of(text) == digest


def test_the_containers_of_a_template() -> None:
    template = {"initContainers": [{"name": "proxy", "image": image(SIDECAR)}], "containers": [{"name": "web", "image": "x:v1"}]}
    assert containers_of(template) == {"proxy": SIDECAR, "web": ""}
