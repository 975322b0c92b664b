# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for every manifest, whatever the workload."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support.pod_security import violations
from support.score import DELIVERED, POSTGRES, REDIS, Rendered, dump, render

PLANTED = "planted-pa55word-value"
SETS: dict[str, list[dict[str, Any]]] = {
    "default": [{"source": "default"}],
    "rich": [{"source": "rich"}, {"source": "default"}],
    "rich reversed": [{"source": "default"}, {"source": "rich"}],
    "rich single": [
        {"source": "rich", "replicas": 1, "host": "x.example.org", "resources": {"limits": {"memory": "1Gi"}}},
        {"source": "default", "replicas": 1},
    ],
}


@pytest.fixture(params=SETS)
def rendered(request: pytest.FixtureRequest) -> Rendered:
    return render(SETS[request.param], namespace_objects=True)


def pod_specs(rendered: Rendered) -> list[dict[str, Any]]:
    return [item["spec"]["template"]["spec"] for item in rendered.definitions if item["kind"] in ("Deployment", "Job")]


def all_containers(rendered: Rendered) -> list[dict[str, Any]]:
    return [entry for spec in pod_specs(rendered) for kind in ("initContainers", "containers") for entry in spec.get(kind, [])]


def test_every_pod_is_restricted(rendered: Rendered) -> None:
    assert [violations(spec) for spec in pod_specs(rendered)] == [[]] * len(pod_specs(rendered))


def test_the_predicate_can_say_no() -> None:
    bad = {"hostNetwork": True, "volumes": [{"name": "v", "hostPath": {}}], "containers": [{"name": "c", "ports": [{"hostPort": 1}]}]}
    assert len(violations(bad)) == 7


def test_every_root_file_system_is_read_only(rendered: Rendered) -> None:
    assert all(entry["securityContext"]["readOnlyRootFilesystem"] for entry in all_containers(rendered))


def test_every_container_says_what_it_needs(rendered: Rendered) -> None:
    for entry in all_containers(rendered):
        assert set(entry["resources"]["requests"]) == set(entry["resources"]["limits"]) == {"cpu", "memory"}


def test_every_image_is_a_digest(rendered: Rendered) -> None:
    assert all(re.fullmatch(r"[^@]+@sha256:[0-9a-f]{64}", entry["image"]) for entry in all_containers(rendered))


def test_no_pod_has_a_token(rendered: Rendered) -> None:
    assert all(spec["automountServiceAccountToken"] is False for spec in pod_specs(rendered))


def test_every_mount_has_its_volume(rendered: Rendered) -> None:
    for spec in pod_specs(rendered):
        names = [volume["name"] for volume in spec["volumes"]]
        assert len(names) == len(set(names))
        used = {mount["name"] for kind in ("initContainers", "containers") for entry in spec.get(kind, []) for mount in entry["volumeMounts"]}
        assert used <= set(names)


def test_every_config_map_that_is_used_exists_and_the_other_way_round(rendered: Rendered) -> None:
    made = {item["metadata"]["name"] for item in rendered.definitions if item["kind"] == "ConfigMap"}
    used = {source["configMapRef"]["name"] for entry in all_containers(rendered) for source in entry.get("envFrom", [])}
    used |= {volume["configMap"]["name"] for spec in pod_specs(rendered) for volume in spec["volumes"] if "configMap" in volume}
    assert made == used


def test_every_helper_variable_is_defined_before_it_is_used(rendered: Rendered) -> None:
    for entry in all_containers(rendered):
        seen: set[str] = set()
        for variable in entry.get("env", []):
            needed = {name for name in re.findall(r"(?<!\$)\$\(([A-Z_]+)\)", variable.get("value", "")) if name.startswith("SLIPWAY_")}
            assert needed <= seen
            seen.add(variable["name"])


def test_selectors_select_their_own_pods_and_no_others(rendered: Rendered) -> None:
    pods = {
        (item["kind"], item["metadata"]["name"]): item["spec"]["template"]["metadata"]["labels"]
        for item in rendered.definitions
        if item["kind"] in ("Deployment", "Job")
    }
    for item in rendered.definitions:
        selector = {"Service": item.get("spec", {}).get("selector"), "PodDisruptionBudget": item.get("spec", {}).get("selector", {}).get("matchLabels")}.get(
            item["kind"]
        )
        if selector:
            chosen = [name for name, labels in pods.items() if selector.items() <= labels.items()]
            assert chosen == [("Deployment", item["metadata"]["name"])]


def test_every_object_has_the_recommended_labels(rendered: Rendered) -> None:
    for item in rendered.definitions:
        assert item["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "slipway"
        assert item["metadata"]["labels"]["app.kubernetes.io/part-of"] == "hello"


def test_names_and_labels_are_valid(rendered: Rendered) -> None:
    for item in rendered.definitions:
        assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", item["metadata"]["name"])
        for value in item["metadata"]["labels"].values():
            assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", value)


def test_a_rollout_takes_no_pod_away_first(rendered: Rendered) -> None:
    for item in rendered.definitions:
        if item["kind"] == "Deployment":
            assert item["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 2, "maxUnavailable": 0}


def test_a_pod_may_drain_before_it_is_killed(rendered: Rendered) -> None:
    for item in rendered.definitions:
        if item["kind"] == "Deployment":
            spec = item["spec"]["template"]["spec"]
            sleep = max(entry["lifecycle"]["preStop"]["sleep"]["seconds"] for entry in spec["containers"])
            assert sleep < spec["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", SETS)
def test_the_same_input_gives_the_same_text(name: str) -> None:
    assert dump(render(SETS[name]).definitions) == dump(render(SETS[name]).definitions)


def test_the_order_of_the_inventory_does_not_matter() -> None:
    assert dump(render(SETS["rich"]).definitions) == dump(render(SETS["rich reversed"]).definitions)


def test_manifests_are_json(rendered: Rendered) -> None:
    assert json.loads(json.dumps(rendered.definitions)) == rendered.definitions


def test_no_secret_reaches_a_manifest() -> None:
    """Even if a role handed its values over by mistake, none is passed on."""
    leaky = [
        {**result, "bindings": [{**result["bindings"][0], "password": PLANTED, "uri": f"x://{PLANTED}", "username": PLANTED}]} for result in (POSTGRES, REDIS)
    ]  # type: ignore[index,dict-item]
    found = render(SETS["rich"], bindings=leaky, secrets=[{**DELIVERED[0], "value": PLANTED}])
    assert PLANTED not in json.dumps([found.definitions, found.services])
    assert not [item for item in found.definitions if item["kind"] == "Secret"]
