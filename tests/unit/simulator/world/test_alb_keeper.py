# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancing begins with the cluster that EKS has, and brings its definitions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import aws, kube_api
from support.alb import TRAEFIK
from support.eks import Account

from simulator.world.alb.controller import Surroundings
from simulator.world.alb.keeper import Keeper
from simulator.world.authority import Authority
from simulator.world.eks import Adopted, backend
from simulator.world.places import Places

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
BROUGHT = {"loadbalancerconfigurations.eks.amazonaws.com", "targetgroupconfigurations.eks.amazonaws.com"}


class Scene:
    def __init__(self, simulated: aws.Aws, kube: kube_api.KubeApi, folder: Path) -> None:
        self.kube, self.reports = kube, list[str]()
        content = json.loads(kube.kubeconfig(folder).read_text())
        content["clusters"][0]["cluster"]["certificate-authority-data"] = "eA=="
        (folder / "kubeconfig").write_text(yaml.safe_dump(content))
        adopted = Adopted(simulated.simulator, folder / "kubeconfig")
        simulated.simulator.backends["eks"] = backend(adopted)
        self.account = Account(simulated)
        spec = {"group": "gateway.networking.k8s.io", "scope": "Namespaced", "names": {"kind": "Gateway", "plural": "gateways"}, "versions": [{"name": "v1"}]}
        own = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gateways"}, "spec": spec}
        (folder / "crds").mkdir()
        (folder / "crds" / "gateways.yaml").write_text(yaml.safe_dump_all([own, {"kind": "ValidatingAdmissionPolicy"}]))
        around = Surroundings(Places(), Authority(folder / "tls").files, folder / "balancers", TRAEFIK, simulated.clock)
        self.keeper = Keeper(simulated.simulator, adopted, around, folder / "crds", self.reports.append)

    def look(self) -> set[str]:
        """The definitions that are there afterwards."""
        self.keeper.look()
        return {path.rpartition("/")[2] for path in self.kube.objects if path.startswith(DEFINITIONS)}

    def cluster(self, **balancing: Any) -> None:
        network = {"kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True, **balancing}}}
        self.account.cluster("prod", **self.account.auto(**network))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with aws.running() as simulated, kube_api.running() as kube:
        yield Scene(simulated, kube, tmp_path)


def test_without_a_cluster_nothing_is_asked_of_the_real_one(scene: Scene) -> None:
    scene.look()
    assert scene.kube.log == []


def test_a_cluster_without_load_balancing_is_left_alone(scene: Scene) -> None:
    scene.account.cluster("prod")
    assert scene.look() == set()


def test_auto_mode_brings_its_kinds_and_the_gateway_api_where_it_shall(scene: Scene) -> None:
    scene.cluster(gatewayApi={"crds": {"managed": True}})
    assert scene.look() == BROUGHT | {"gateways"}


def test_where_it_shall_not_it_brings_its_own_kinds_only(scene: Scene) -> None:
    scene.cluster(gatewayApi={"crds": {"managed": False}})
    assert scene.look() == BROUGHT


def test_a_cluster_that_goes_takes_it_along(scene: Scene) -> None:
    scene.cluster()
    scene.look()
    scene.account.eks.delete_cluster(name="prod")
    scene.account.aws.clock.advance(scene.account.state.timing.deletion)
    scene.account.eks.list_clusters()
    scene.kube.log.clear()
    scene.look()
    assert scene.kube.log == []
