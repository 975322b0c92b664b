# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a Gateway's status to its load balancer in Elastic Load Balancing, and why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws import gateway
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws, Clock
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import access
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound, NotReady
from support import aws, kube_api
from support.actions import run
from support.kube_api import KubeApi

from simulator.faults import Fault

PATH = "/apis/gateway.networking.k8s.io/v1/namespaces/ingress/gateways/gateway"
PROGRAMMED = [{"type": "Accepted", "status": "True"}, {"type": "Programmed", "status": "True"}]


class Scene:
    """A cluster's API and AWS, in which there is one load balancer."""

    def __init__(self, simulated: aws.Aws, kube: KubeApi, folder: Path) -> None:
        self.aws, self.kube, self.kubeconfig, self.lines = simulated, kube, kube.kubeconfig(folder), list[str]()
        ec2, self.elb = simulated.client("ec2"), simulated.client("elbv2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        zones = [(f"10.0.{number}.0/24", f"{simulated.region}{zone}") for number, zone in enumerate("ab")]
        subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"] for cidr, zone in zones]
        self.balancer = self.elb.create_load_balancer(Name="k8s-one", Subnets=subnets, Scheme="internet-facing")["LoadBalancers"][0]
        self.kube.put("/api/v1/namespaces/ingress", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingress"}})
        simulated.log.clear()

    def gateway(self, address: str = "", conditions: list[dict[str, Any]] = PROGRAMMED, **status: Any) -> None:
        known = {"conditions": conditions, "addresses": [{"type": "Hostname", "value": address}] if address else [], **status}
        live = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gateway", "namespace": "ingress"}, "spec": {}}
        self.kube.put(PATH, live | {"status": known})

    def find(self, check_mode: bool = False, **more: Any) -> gateway.Result:
        params = {"kubeconfig": str(self.kubeconfig), "name": "gateway", "namespace": "ingress", "timeout": 60, **more}
        reached = access({**self.aws.params(), "profile": "", "endpoint_urls": {}, "attempts": 2})
        clock = Clock(self.aws.clock.monotonic, self.aws.clock.sleep, self.aws.clock.now)
        return gateway.find(Aws(reached, self.lines.append, clock), params, check_mode)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with aws.running() as simulated, kube_api.running() as kube:
        simulated.into(monkeypatch)
        yield Scene(simulated, kube, tmp_path)


def test_what_an_alias_record_needs(scene: Scene) -> None:
    name = scene.balancer["DNSName"]
    scene.gateway(name.upper(), listeners=[{"name": "https", "attachedRoutes": 2}])
    found = scene.find()
    assert (found.dns_name, found.zone_id, found.arn) == (name, scene.balancer["CanonicalHostedZoneId"], scene.balancer["LoadBalancerArn"])
    assert (found.scheme, found.listeners, found.changed) == ("internet-facing", {"https": 2}, False)
    assert sum(scene.aws.counts.values()) == 1


def test_as_a_task(scene: Scene) -> None:
    scene.gateway(scene.balancer["DNSName"])
    result = run("gateway_load_balancer_info", **scene.aws.params(), kubeconfig=str(scene.kubeconfig), name="gateway", namespace="ingress")
    assert result["dns_name"] == scene.balancer["DNSName"]
    assert "missing required arguments: name" in run("gateway_load_balancer_info", **scene.aws.params(), kubeconfig="x", namespace="ingress")["msg"]


def test_the_conditions_that_are_against_it_are_told(scene: Scene) -> None:
    conditions = [
        {"type": "Accepted", "status": "False", "reason": "Invalid", "message": "CertificateNotFound: arn:x"},
        {"type": "Programmed", "status": "Unknown", "reason": "Pending"},
    ]
    conflict = [{"type": "Conflicted", "status": "True", "reason": "HostnameConflict"}, {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs"}]
    scene.gateway("", conditions, listeners=[{"name": "https", "conditions": conflict}])
    with pytest.raises(NotReady) as caught:
        scene.find()
    told = "Accepted is False, Invalid (CertificateNotFound: arn:x); Programmed is Unknown, Pending; listener https: Conflicted is True, HostnameConflict"
    assert told in caught.value.message
    assert "gateway ingress/gateway" in caught.value.message
    assert told in scene.lines[0]


def test_it_is_waited_for(scene: Scene) -> None:
    scene.gateway("", [{"type": "Programmed", "status": "Unknown", "reason": "Pending"}])
    ordinary = scene.aws.clock.sleep

    def sleep(seconds: float) -> None:
        ordinary(seconds)
        scene.gateway(scene.balancer["DNSName"])

    scene.aws.clock.sleep = sleep  # type: ignore[method-assign]
    assert scene.find().dns_name == scene.balancer["DNSName"]


def test_a_load_balancer_of_another_account_is_told(scene: Scene) -> None:
    scene.gateway("k8s-other-1.eu-central-1.elb.amazonaws.com")
    with pytest.raises(NotReady, match=r"at k8s-other-1.eu-central-1.elb.amazonaws.com, which no load balancer of this account has in eu-central-1"):
        scene.find()


def test_a_gateway_that_is_not_there(scene: Scene) -> None:
    with pytest.raises(NotFound, match=r"gateway ingress/gateway: .* has none; apply it first"):
        scene.find()


def test_check_mode_waits_for_nothing(scene: Scene, tmp_path: Path) -> None:
    assert scene.find(check_mode=True) == gateway.UNKNOWN
    assert scene.find(check_mode=True, kubeconfig=str(tmp_path / "absent")) == gateway.UNKNOWN
    scene.gateway("", [{"type": "Programmed", "status": "Unknown", "reason": "Pending"}])
    assert scene.find(check_mode=True) == gateway.UNKNOWN
    scene.gateway(scene.balancer["DNSName"])
    assert scene.find(check_mode=True).dns_name == scene.balancer["DNSName"]
    assert not scene.aws.clock.slept


def test_throttling_is_borne(scene: Scene) -> None:
    scene.gateway(scene.balancer["DNSName"])
    scene.aws.faults.append(Fault("throttled", "elbv2", "Describe*", times=1))
    assert scene.find().arn == scene.balancer["LoadBalancerArn"]
