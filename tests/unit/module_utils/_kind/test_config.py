# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The description of a cluster, and what is told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._kind import config

CLUSTER = config.Cluster(
    name="slipway-test",
    image="localhost/slipway-node:1",
    nodes=(config.Node("control-plane", "", {}), config.Node("worker", "a", {"disk": "fast"}), config.Node("worker", "b", {})),
    ports=(config.Port(8443, 30443),),
    api_port=16443,
    pod_subnet="10.244.0.0/16",
    service_subnet="10.96.0.0/16",
    state=Path("/state"),
    volumes=Path("/state/volumes"),
    cgroup="v2",
)


def patches(cluster: config.Cluster) -> dict[str, Any]:
    return {patch["kind"]: patch for patch in map(json.loads, config.document(cluster)["kubeadmConfigPatches"])}


def test_nodes_are_named_as_kind_names_them() -> None:
    assert CLUSTER.node_names == ["slipway-test-control-plane", "slipway-test-worker", "slipway-test-worker2"]
    assert CLUSTER.zones == ["a", "b"]


def test_the_api_and_the_ports_listen_on_this_machine_only() -> None:
    document = config.document(CLUSTER)
    assert document["networking"]["apiServerAddress"] == "127.0.0.1"
    assert [node.get("extraPortMappings") for node in document["nodes"]] == [
        [{"containerPort": 30443, "hostPort": 8443, "listenAddress": "127.0.0.1", "protocol": "TCP"}],
        None,
        None,
    ]


def test_zones_and_labels_reach_the_nodes() -> None:
    labels = [node["labels"] for node in config.document(CLUSTER)["nodes"]]
    assert labels == [{}, {"disk": "fast", config.ZONE_LABEL: "a"}, {config.ZONE_LABEL: "b"}]


def test_pods_do_not_search_below_the_domain_of_podman() -> None:
    assert config.document(CLUSTER)["networking"]["dnsSearch"] == []


def test_every_node_has_the_volumes_and_reads_the_registries() -> None:
    for node in config.document(CLUSTER)["nodes"]:
        mounts = {mount["containerPath"]: mount for mount in node["extraMounts"]}
        assert mounts[config.VOLUMES_MOUNT]["hostPath"] == "/state/volumes"
        assert mounts[config.CERTS_MOUNT]["readOnly"]
        assert (config.AUDIT_MOUNT in mounts) == (node["role"] == "control-plane")


@pytest.mark.parametrize(("cgroup", "told"), [("v1", False), ("hybrid", False), ("v2", None)])
def test_the_kubelet_accepts_cgroup_v1_where_there_is_nothing_else(cgroup: str, told: bool | None) -> None:
    assert patches(replace(CLUSTER, cgroup=cgroup)).get("KubeletConfiguration", {}).get("failCgroupV1") is told


def test_settings_of_the_whole_machine_are_left_alone() -> None:
    assert patches(CLUSTER)["KubeProxyConfiguration"]["conntrack"] == {
        "maxPerCore": 0,
        "min": 0,
        "tcpBeLiberal": False,
        "tcpEstablishedTimeout": "0s",
        "tcpCloseWaitTimeout": "0s",
    }


def test_the_audit_log_is_on_and_rotated() -> None:
    arguments = patches(CLUSTER)["ClusterConfiguration"]["apiServer"]["extraArgs"]
    assert arguments["audit-log-path"].startswith(config.AUDIT_LOG)
    assert {"audit-log-maxsize", "audit-log-maxbackup", "audit-log-maxage"} <= arguments.keys()


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b: 1 -> 2"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1]: 2 -> 3"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a: [1] -> [1, 2]"]),
        ({"a": 1}, {"b": "x"}, ["a: 1 -> null", 'b: null -> "x"']),
    ],
)
def test_differences_are_named(before: dict[str, Any], after: dict[str, Any], lines: list[str]) -> None:
    assert config.differences(before, after) == lines


def test_a_registry_is_described_for_containerd() -> None:
    assert config.hosts_toml("localhost:5001", "https://registry:5002", "ca.crt") == (
        'server = "https://registry:5002"\nca = "/etc/containerd/certs.d/localhost:5001/ca.crt"\n\n'
        '[host."https://registry:5002"]\n  capabilities = ["pull", "resolve"]\n'
        '  ca = "/etc/containerd/certs.d/localhost:5001/ca.crt"\n'
    )
    assert "ca =" not in config.hosts_toml("localhost:5001", "http://registry:5002", None)
