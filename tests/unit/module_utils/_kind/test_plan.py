# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done about what is seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._kind import config
from ansible_collections.slipway.platform.plugins.module_utils._kind.model import Observed, Plan, Registry, Request, digest
from ansible_collections.slipway.platform.plugins.module_utils._kind.plan import UNKNOWN, missing, mounted_files, plan, record_of, validate

NOTHING = Observed(nodes={}, record=None, network=False, files={}, link=None)


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    (tmp_path / "audit.yaml").write_text("kind: Policy\n")
    (tmp_path / "ca.pem").write_text("CERTIFICATE\n")
    (tmp_path / "kubeconfig").write_text("apiVersion: v1\n")
    return Request(
        state="present",
        cluster=config.Cluster(
            name="c",
            image="image:1",
            nodes=(config.Node("control-plane", "", {}), config.Node("worker", "a", {})),
            ports=(config.Port(8443, 30443),),
            api_port=16443,
            pod_subnet="10.244.0.0/16",
            service_subnet="10.96.0.0/16",
            state=tmp_path / "state",
            volumes=tmp_path / "state/volumes",
            cgroup="v2",
        ),
        kind=Path("/kind"),
        kubectl=Path("/kubectl"),
        kubeconfig=tmp_path / "kubeconfig",
        link=tmp_path / "bin/kubectl",
        registries=(Registry("localhost:5001", "https://registry:5002", tmp_path / "ca.pem"),),
        audit_policy=tmp_path / "audit.yaml",
        cache=tmp_path / "cache",
        timeout=1,
    )


@pytest.fixture
def healthy(request_: Request) -> Observed:
    return Observed(
        nodes=dict.fromkeys(request_.cluster.node_names, "running"),
        record={**record_of(request_), "kubeconfig_sha256": digest("apiVersion: v1\n")},
        network=True,
        files=mounted_files(request_),
        link="/kubectl",
    )


def test_nothing_becomes_everything(request_: Request) -> None:
    decided = plan(request_, NOTHING)
    assert decided.create
    assert decided.create_network
    assert decided.link
    assert sorted(decided.write) == ["certs.d/localhost:5001/ca.crt", "certs.d/localhost:5001/hosts.toml"]


def test_a_healthy_cluster_is_left_alone(request_: Request, healthy: Observed) -> None:
    assert plan(request_, healthy) == Plan()


def test_a_webhook_is_not_put_into_a_running_cluster(request_: Request, healthy: Observed, tmp_path: Path) -> None:
    (tmp_path / "webhook.yaml").write_text("kind: Config\n")
    wanted = replace(request_, cluster=replace(request_.cluster, token_webhook=True), token_webhook=tmp_path / "webhook.yaml")
    with pytest.raises(Conflict, match="authentication-token-webhook-config-file"):
        plan(wanted, healthy)
    made = replace(healthy, record={**record_of(wanted), "kubeconfig_sha256": digest("apiVersion: v1\n")})
    assert plan(wanted, made) == Plan()
    (tmp_path / "webhook.yaml").write_text("kind: Config\nclusters: []\n")
    with pytest.raises(Conflict, match="token_webhook"):
        plan(wanted, made)


def test_a_webhook_that_is_yet_to_be_described_is_missing(request_: Request, tmp_path: Path) -> None:
    wanted = replace(request_, cluster=replace(request_.cluster, token_webhook=True), token_webhook=tmp_path / "webhook.yaml")
    assert missing(wanted) == [str(tmp_path / "webhook.yaml")]
    assert plan(wanted, NOTHING).create


def test_a_stopped_node_is_started(request_: Request, healthy: Observed) -> None:
    assert plan(request_, replace(healthy, nodes={**healthy.nodes, "c-worker": "exited"})) == Plan(start=("c-worker",))


def test_nodes_without_a_record_are_made_anew(request_: Request, healthy: Observed) -> None:
    assert plan(request_, replace(healthy, record=None)) == Plan(remove=("c-control-plane", "c-worker"), create=True)


def test_a_record_without_nodes_is_made_anew(request_: Request, healthy: Observed) -> None:
    assert plan(request_, replace(healthy, nodes={})) == Plan(create=True)


@pytest.mark.parametrize("text", [None, "apiVersion: v1\nkind: Other\n"])
def test_a_lost_or_foreign_kubeconfig_is_written_again(request_: Request, healthy: Observed, text: str | None) -> None:
    request_.kubeconfig.unlink()
    if text:
        request_.kubeconfig.write_text(text)
    assert plan(request_, healthy) == Plan(export=True)


def test_registries_change_without_a_restart(request_: Request, healthy: Observed) -> None:
    seen = replace(healthy, files={"certs.d/localhost:5001/hosts.toml": "old", "certs.d/other/hosts.toml": "", **{}})
    decided = plan(request_, seen)
    assert sorted(decided.write) == ["certs.d/localhost:5001/ca.crt", "certs.d/localhost:5001/hosts.toml"]
    assert decided.unlink == ("certs.d/other/hosts.toml",)
    assert not decided.start
    assert not decided.create


def test_what_needs_new_nodes_is_refused_and_named(request_: Request, healthy: Observed) -> None:
    wanted = replace(request_, cluster=replace(request_.cluster, api_port=17443))
    with pytest.raises(Conflict, match="apiServerPort: 16443 -> 17443") as caught:
        plan(wanted, healthy)
    assert "kind_state=absent" in caught.value.message


@pytest.mark.parametrize(("image", "same"), [("image:1-0123456789abcdef", True), ("image:2", False)])
def test_a_newer_recipe_of_the_same_version_is_no_reason_to_lose_a_cluster(request_: Request, healthy: Observed, image: str, same: bool) -> None:
    wanted = replace(request_, cluster=replace(request_.cluster, image=image))
    if same:
        assert plan(wanted, healthy) == Plan()
    else:
        with pytest.raises(Conflict, match=r"image:1.* -> .*image:2"):
            plan(wanted, healthy)


def test_a_removed_node_is_named(request_: Request, healthy: Observed) -> None:
    with pytest.raises(Conflict, match="c-worker was removed"):
        plan(request_, replace(healthy, nodes={"c-control-plane": "running"}))


def test_absent_removes_what_there_is(request_: Request, healthy: Observed) -> None:
    absent = replace(request_, state="absent")
    assert plan(absent, healthy) == Plan(tear_down=True)
    assert plan(absent, replace(NOTHING, network=True)) == Plan(tear_down=True)
    assert plan(absent, NOTHING) == Plan()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodes": (config.Node("worker", "a", {}),)}, "begin with the control plane"),
        ({"nodes": (config.Node("control-plane", "", {}), config.Node("control-plane", "", {}))}, "have one"),
        ({"ports": (config.Port(16443, 30443),)}, "port 16443"),
    ],
)
def test_what_cannot_work_is_refused(request_: Request, change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        validate(replace(request_, cluster=replace(request_.cluster, **change)))  # type: ignore[arg-type]


def test_a_registry_endpoint_is_a_url(request_: Request) -> None:
    with pytest.raises(InvalidInput, match="endpoint like https://"):
        validate(replace(request_, registries=(Registry("localhost:5001", "registry:5002", None),)))


def test_an_authority_that_is_yet_to_be_made_is_planned_for(request_: Request, healthy: Observed) -> None:
    path = request_.registries[0].ca_file
    assert path is not None
    path.unlink()
    assert missing(request_) == [str(path)]
    assert plan(request_, healthy).write["certs.d/localhost:5001/ca.crt"] == UNKNOWN
