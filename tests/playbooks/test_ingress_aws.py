# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ingress with the provider aws, run as a playbook runs it: against the simulated AWS, a cluster's API, and what stands for Auto Mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import init_plugin_loader
from support import aws
from support.alb import Scene, scene
from support.playbooks import HERE, ansible_playbook
from support.roles import variable

TELL = {"name": "Tell", "ansible.builtin.copy": {"content": "{{ ingress_result }}", "dest": "{{ result_file }}"}, "check_mode": False, "changed_when": False}
PLAYBOOK = [
    {
        "name": "Ingress",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/slipway.platform.aws": {"region": aws.REGION}},
        "roles": [{"role": "slipway.platform.ingress"}],
        "post_tasks": [TELL],
    }
]
INPUTS: dict[str, Any] = {
    "ingress_provider": "aws",
    "ingress_hostnames": ["shop.example.com", "api.example.com"],
    "ingress_route_namespaces": ["shop"],
    "ingress_aws": {"zone": "example.com"},
    "ingress_cidrs": ["10.0.0.0/16"],
    "ingress_tags": {"slipway:environment": "prod"},
}


@pytest.fixture(scope="module", autouse=True)
def _plugins() -> None:
    init_plugin_loader()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Scene]:
    with aws.running() as simulated, scene(simulated, tmp_path) as made:
        yield made


def run(world: Scene, *arguments: str, **inputs: Any) -> tuple[dict[str, Any], str]:
    """The result ({} if it failed), and what was shown."""
    told = world.folder / "result.json"
    told.unlink(missing_ok=True)
    (world.folder / "play.yml").write_text(yaml.safe_dump(PLAYBOOK))
    extra = INPUTS | {"ingress_kubeconfig": str(world.kubeconfig), "result_file": str(told)} | inputs
    done = ansible_playbook(*HERE, world.folder / "play.yml", *arguments, extra=extra, environ=world.aws.environ, meanwhile=lambda: world.look(1))
    return (json.loads(told.read_text()) if told.exists() and done.returncode == 0 else {}), done.stdout


def records(world: Scene) -> dict[str, str]:
    found = world.aws.client("route53").list_resource_record_sets(HostedZoneId=world.zone)["ResourceRecordSets"]
    return {each["Name"]: each["AliasTarget"]["DNSName"].rstrip(".") for each in found if "AliasTarget" in each}


def test_a_run_a_second_run_and_a_request(world: Scene) -> None:
    world.service()
    world.route()
    world.aws.log.clear()
    result, shown = run(world, "--check", "--diff")
    assert result, shown
    assert (world.aws.writes, world.kube.writes()) == ({}, []), "check mode writes nothing"
    assert result["address"]["dns_name"] == "(known after apply)"

    result, shown = run(world)
    assert result, shown
    [balancer] = world.balancers()
    name = balancer["DNSName"]
    assert result["address"] == {"dns_name": name, "zone_id": "Z215JYRZR1TBD5", "arn": balancer["LoadBalancerArn"]}
    assert records(world) == {"api.example.com.": name, "shop.example.com.": name}
    world.look(2)
    assert world.ask(name, "shop.example.com", "/x") == (200, "shop.example.com/x", "")
    assert world.ask(name, "shop.example.com", "/x", port=80) == (301, "Moved Permanently", "https://shop.example.com:443/x")
    fields = ("provider", "namespace", "pod_labels", "cidrs", "http_port", "https_port", "hostnames", "issuer", "ca_file", "image")
    assert {key: result[key] for key in fields} == {
        "provider": "aws",
        "namespace": "ingress",
        "pod_labels": {},
        "cidrs": ["10.0.0.0/16"],
        "http_port": 80,
        "https_port": 443,
        "hostnames": ["shop.example.com", "api.example.com"],
        "issuer": "acm",
        "ca_file": "",
        "image": "",
    }

    world.aws.log.clear()
    world.kube.log.clear()
    again, shown = run(world)
    assert again == result
    assert "changed=0" in shown
    assert (world.aws.writes, [each for each in world.kube.writes() if "/status" not in each]) == ({}, [])
    assert world.aws.counts["elasticloadbalancing DescribeLoadBalancers"] + world.aws.counts["elbv2 DescribeLoadBalancers"] == 1


def test_what_keeps_the_load_balancer_from_being_is_told(world: Scene) -> None:
    world.aws.client("ec2").delete_tags(
        Resources=[each["SubnetId"] for each in world.aws.client("ec2").describe_subnets()["Subnets"]], Tags=[{"Key": "kubernetes.io/role/elb"}]
    )
    result, shown = run(world)
    assert not result
    assert "unable to resolve at least two subnets" in shown


def test_bad_input_is_refused_before_anything_is_touched(world: Scene) -> None:
    result, shown = run(world, ingress_aws={})
    assert not result
    assert "ingress_aws.zone: name the public zone of Route 53" in shown
    assert (world.aws.writes, world.kube.writes()) == ({}, [])


def test_a_gateway_of_ones_own_needs_more(world: Scene) -> None:
    result, shown = run(world, ingress_provider="local")
    assert not result
    assert "set ingress_tls_dir to the folder of the local CA" in shown
    assert world.kube.writes() == []


@pytest.mark.parametrize(
    ("inputs", "sentences"),
    [
        ({}, []),
        ({"ingress_aws": {"zone_id": "Z1"}}, []),
        ({"ingress_aws": {"scheme": "internal"}}, ["ingress_aws.zone: name"]),
        ({"ingress_cidrs": [], "ingress_hostnames": []}, ["ingress_hostnames: no service has a route", "ingress_cidrs: name the networks"]),
        ({"ingress_hsts_seconds": 3600}, ["ingress_hsts_seconds: the load balancers of EKS Auto Mode add no headers"]),
        ({"ingress_hsts_seconds": 3600, "ingress_aws": {"zone": "example.com", "controller": "gateway.k8s.aws/alb"}}, []),
        ({"ingress_idle_timeout": 5000}, ["ingress_idle_timeout and ingress_backend_timeout: an ALB takes 1 to 4000 seconds"]),
    ],
)
def test_what_is_wrong_with_the_inputs(inputs: dict[str, Any], sentences: list[str]) -> None:
    found = [each["otherwise"] for each in variable("ingress", "__ingress_aws_checks", **(INPUTS | inputs)) if not each["that"]]
    assert len(found) == len(sentences)
    assert all(text.startswith(sentence) for text, sentence in zip(found, sentences, strict=True))


def objects(**inputs: Any) -> dict[str, Any]:
    return {each["kind"]: each for each in variable("ingress", "__ingress_aws_objects", **(INPUTS | inputs), __ingress_acm={"arn": "arn:x"})}


def test_the_load_balancer_controllers_kinds_are_in_another_group_and_it_sets_headers() -> None:
    made = objects(ingress_aws={"zone": "x", "controller": "gateway.k8s.aws/alb"}, ingress_hsts_seconds=60)
    assert {made[kind]["apiVersion"] for kind in ("LoadBalancerConfiguration", "TargetGroupConfiguration")} == {"gateway.k8s.aws/v1"}
    [listener] = made["LoadBalancerConfiguration"]["spec"]["listenerConfigurations"]
    assert {"key": "routing.http.response.strict_transport_security.header_value", "value": "max-age=60"} in listener["listenerAttributes"]
    assert made["Gateway"]["spec"]["infrastructure"]["parametersRef"]["group"] == "gateway.k8s.aws"
    assert made["LoadBalancerConfiguration"]["spec"]["tags"]["slipway:environment"] == "prod"
    assert "listenerAttributes" not in str(objects())
    assert "tags" not in objects()["LoadBalancerConfiguration"]["spec"], "AWS's policies for Auto Mode let no tags of others be set"
    allowed = objects(ingress_tags_allowed=True)["LoadBalancerConfiguration"]["spec"]["tags"]
    assert allowed == {"slipway:environment": "prod", "slipway:name": "gateway"}
    never = objects(ingress_tags_allowed=True, ingress_aws={"zone": "x", "tag_balancer": False})
    assert "tags" not in never["LoadBalancerConfiguration"]["spec"]


@pytest.mark.parametrize("controller", ["eks.amazonaws.com/gateway-alb", "gateway.k8s.aws/alb"])
def test_the_class_is_that_of_the_controller(controller: str) -> None:
    [made] = variable("ingress", "__ingress_aws_class_objects", **(INPUTS | {"ingress_aws": {"zone": "x", "controller": controller}}))
    assert made["spec"]["controllerName"] == controller


def test_a_class_of_yours_is_not_made(world: Scene) -> None:
    made = objects(ingress_aws={"zone": "x", "class_name": "theirs"})
    assert made["Gateway"]["spec"]["gatewayClassName"] == "theirs"
    _result, shown = run(world, "--check", ingress_aws={"zone": "example.com", "class_name": "theirs"})
    assert "Have the class of the gateways" not in shown, "tasks that are skipped are not shown"


def test_two_environments_on_one_cluster_have_a_gateway_each(world: Scene) -> None:
    """And the class in common: neither takes it from the other."""
    world.service()
    world.route()
    shared = {
        name: {"ingress_namespace": f"ingress-{name}", "ingress_hostnames": [f"shop.{name}.example.com"], "ingress_tags": {"slipway:environment": name}}
        for name in ("dev", "stage")
    }
    made = {name: run(world, **inputs) for name, inputs in shared.items()}
    assert all(result for result, _ in made.values()), made
    assert len({result["address"]["dns_name"] for result, _ in made.values()}) == len(world.balancers()) == 2
    assert len(records(world)) == 2
    world.aws.log.clear()
    for name, inputs in shared.items():
        again, shown = run(world, **inputs)
        assert again == made[name][0]
        assert "changed=0" in shown, shown
    assert world.aws.writes == {}


def test_what_is_asked_of_the_load_balancer() -> None:
    wishes = {
        "zone": "x",
        "scheme": "internal",
        "subnet_tags": {"network": ["edge"]},
        "source_ranges": ["192.0.2.0/24"],
        "access_logs": {"bucket": "logs", "prefix": "shop"},
        "deletion_protection": True,
        "tag_balancer": True,
        "ip_address_type": "dualstack",
        "health_check": {"path": "/healthz", "codes": "200"},
    }
    made = objects(ingress_aws=wishes, ingress_idle_timeout=45, ingress_backend_timeout=90, ingress_drain_seconds=20)
    spec = made["LoadBalancerConfiguration"]["spec"]
    assert (spec["scheme"], spec["loadBalancerSubnetsSelector"], spec["sourceRanges"]) == ("internal", {"network": ["edge"]}, ["192.0.2.0/24"])
    assert spec["tags"] == {"slipway:environment": "prod", "slipway:name": "gateway"}
    assert {each["key"]: each["value"] for each in spec["loadBalancerAttributes"]} == {
        "idle_timeout.timeout_seconds": "90",
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "deletion_protection.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": "logs",
        "access_logs.s3.prefix": "shop",
    }
    targets = made["TargetGroupConfiguration"]["spec"]["defaultConfiguration"]
    assert (targets["targetType"], targets["healthCheckConfig"]["healthCheckPath"], targets["healthCheckConfig"]["matcher"]) == (
        "ip",
        "/healthz",
        {"httpCode": "200"},
    )
    assert targets["targetGroupAttributes"] == [{"key": "deregistration_delay.timeout_seconds", "value": "20"}]
    balancer = {"dns_name": "alb.test", "zone_id": "Z"}
    found = variable("ingress", "__ingress_aws_records", **(INPUTS | {"ingress_aws": wishes}), __ingress_balancer=balancer)
    assert [(each["name"], each["type"]) for each in found] == [(name, type_) for name in INPUTS["ingress_hostnames"] for type_ in ("A", "AAAA")]
