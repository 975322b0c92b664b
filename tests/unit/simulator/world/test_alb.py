# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Gateway becomes a load balancer that AWS's API shows, that serves over real sockets, and that goes when the Gateway goes."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support import aws
from support.alb import GATEWAYS, ROUTES, Scene, scene


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Scene]:
    with aws.running() as simulated, scene(simulated, tmp_path) as made:
        yield made


def put(world: Scene, certificate: str, **spec: Any) -> None:
    """A Gateway with its class and its configuration, as the role has them."""
    group, where = "gateway.networking.k8s.io/v1", {"namespace": "ingress"}
    world.kube.put("/api/v1/namespaces/ingress", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ingress"}})
    balancer = {
        "scheme": "internet-facing",
        "tags": {"team": "shop"},
        "listenerConfigurations": [{"protocolPort": "HTTPS:443", "defaultCertificate": certificate, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}],
        "loadBalancerAttributes": [{"key": "idle_timeout.timeout_seconds", "value": "30"}],
    } | spec
    world.kube.put(
        "/apis/eks.amazonaws.com/v1/namespaces/ingress/loadbalancerconfigurations/gateway",
        {"apiVersion": "eks.amazonaws.com/v1", "kind": "LoadBalancerConfiguration", "metadata": {"name": "gateway", **where}, "spec": balancer},
    )
    world.kube.put(
        "/apis/gateway.networking.k8s.io/v1/gatewayclasses/alb",
        {"apiVersion": group, "kind": "GatewayClass", "metadata": {"name": "alb"}, "spec": {"controllerName": "eks.amazonaws.com/gateway-alb"}},
    )
    listeners = [
        {"name": "http", "port": 80, "protocol": "HTTP"},
        {"name": "https", "port": 443, "protocol": "HTTPS", "allowedRoutes": {"namespaces": {"from": "All"}}},
    ]
    infrastructure = {"parametersRef": {"group": "eks.amazonaws.com", "kind": "LoadBalancerConfiguration", "name": "gateway"}}
    gateway = {"gatewayClassName": "alb", "infrastructure": infrastructure, "listeners": listeners}
    world.kube.put(f"{GATEWAYS}/gateway", {"apiVersion": group, "kind": "Gateway", "metadata": {"name": "gateway", **where}, "spec": gateway})


def status(world: Scene) -> dict[str, Any]:
    found: dict[str, Any] = world.kube.objects[f"{GATEWAYS}/gateway"]["status"]
    return found


def said(conditions: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in conditions}


def test_a_gateway_gets_a_load_balancer(world: Scene) -> None:
    arn = world.certificate("shop.example.com")
    put(world, arn)
    world.look(1)
    assert said(status(world)["conditions"]) == {"Accepted": ("True", "Accepted"), "Programmed": ("Unknown", "Pending")}
    world.look()
    [balancer] = world.balancers()
    name = balancer["DNSName"]
    assert name.startswith("k8s-ingress-gateway-")
    assert name.endswith(".eu-central-1.elb.amazonaws.com")
    assert (balancer["Scheme"], balancer["CanonicalHostedZoneId"], len(balancer["AvailabilityZones"])) == ("internet-facing", "Z215JYRZR1TBD5", 3)
    assert status(world)["addresses"] == [{"type": "Hostname", "value": name}]
    assert said(status(world)["conditions"])["Programmed"] == ("True", "Programmed")
    elb = world.aws.client("elbv2")
    tags = {each["Key"]: each["Value"] for each in elb.describe_tags(ResourceArns=[balancer["LoadBalancerArn"]])["TagDescriptions"][0]["Tags"]}
    assert (tags["eks:eks-cluster-name"], tags["gateway.eks.amazonaws.com.alb/stack"], tags["team"]) == ("prod", "ingress/gateway", "shop")
    listeners = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    assert {(each["Port"], each["Protocol"], each.get("SslPolicy")) for each in listeners} >= {(443, "HTTPS", "ELBSecurityPolicy-TLS13-1-2-2021-06")}
    attributes = {each["Key"]: each["Value"] for each in elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]}
    assert attributes["idle_timeout.timeout_seconds"] == "30"
    assert world.aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] != []


def test_tags_of_ours_need_a_right_that_awss_policies_do_not_give(world: Scene) -> None:
    iam, arn = world.aws.client("iam"), world.certificate("shop.example.com")
    policy = iam.get_role_policy(RoleName="cluster", PolicyName="tags")["PolicyDocument"]
    iam.delete_role_policy(RoleName="cluster", PolicyName="tags")
    put(world, arn)
    world.look()
    [programmed] = [each for each in status(world)["conditions"] if each["type"] == "Programmed"]
    assert "is not authorized to perform: elasticloadbalancing:CreateLoadBalancer with the tags" in programmed["message"]
    assert world.balancers() == []
    put(world, arn, tags={})
    world.look()
    assert len(world.balancers()) == 1, "EKS's own tags are allowed"
    put(world, arn)
    world.look()
    [programmed] = [each for each in status(world)["conditions"] if each["type"] == "Programmed"]
    assert "is not authorized to perform: elasticloadbalancing:AddTags" in programmed["message"]
    iam.put_role_policy(RoleName="cluster", PolicyName="tags", PolicyDocument=json.dumps(policy))
    world.look()
    assert said(status(world)["conditions"])["Programmed"] == ("True", "Programmed")


def test_it_serves_the_routes_and_says_so(world: Scene) -> None:
    world.service()
    world.route()
    put(world, world.certificate("shop.example.com", "www.example.com"))
    world.look()
    name = world.balancers()[0]["DNSName"]
    assert world.ask(name, "shop.example.com", "/cart?a=b") == (200, "shop.example.com/cart?a=b", "")
    assert world.ask(name, "www.example.com")[0] == 404
    assert {each["name"]: each["attachedRoutes"] for each in status(world)["listeners"]} == {"http": 0, "https": 1}
    [parent] = world.kube.objects[f"{ROUTES}/web"]["status"]["parents"]
    assert parent["controllerName"] == "eks.amazonaws.com/gateway-alb"
    assert said(parent["conditions"]) == {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("True", "ResolvedRefs")}
    elb = world.aws.client("elbv2")
    [group] = elb.describe_target_groups()["TargetGroups"]
    [target] = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert (group["TargetType"], target["Target"]["Id"], target["Target"]["Port"]) == ("ip", "10.244.1.7", 8080)


def test_the_pods_of_the_service_are_those_of_the_node_port(world: Scene) -> None:
    world.service()
    world.route()
    put(world, world.certificate("shop.example.com"))
    world.look()
    own = [each for path, each in world.kube.objects.items() if "/simulated-elb/endpointslices/" in path]
    [slice_] = own
    assert slice_["endpoints"] == [{"addresses": ["10.244.1.7"], "conditions": {"ready": True, "serving": True, "terminating": False}}]
    assert slice_["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    del world.kube.objects[f"{ROUTES}/web"]
    world.look(2)
    assert not [path for path in world.kube.objects if "/simulated-elb/" in path]
    assert world.aws.client("elbv2").describe_target_groups()["TargetGroups"] == []


def test_nothing_is_written_when_nothing_changes(world: Scene) -> None:
    world.service()
    world.route()
    put(world, world.certificate("shop.example.com"))
    world.look()
    world.kube.log.clear()
    world.look(2)
    assert world.kube.writes() == []


def test_what_the_controller_does_is_no_call_of_the_run(world: Scene) -> None:
    put(world, world.certificate("shop.example.com"))
    world.aws.log.clear()
    world.look()
    assert not world.aws.counts


def test_it_goes_with_its_gateway(world: Scene) -> None:
    arn = world.certificate("shop.example.com")
    groups = len(world.aws.client("ec2").describe_security_groups()["SecurityGroups"])
    put(world, arn)
    world.look()
    name = world.balancers()[0]["DNSName"]
    gateway = world.kube.objects[f"{GATEWAYS}/gateway"]
    assert gateway["metadata"]["finalizers"] == ["gateway.eks.amazonaws.com/alb"]
    gateway["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:00Z"
    world.look(1)
    assert gateway["metadata"]["name"] == "gateway"
    assert not world.kube.objects[f"{GATEWAYS}/gateway"]["metadata"]["finalizers"]
    assert world.balancers() == []
    assert world.names.find(name) is None
    assert len(world.aws.client("ec2").describe_security_groups()["SecurityGroups"]) == groups
    assert world.aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == []


def test_who_deletes_it_by_the_api_frees_its_certificate(world: Scene) -> None:
    arn = world.certificate("shop.example.com")
    put(world, arn)
    world.look()
    acm, elb = world.aws.client("acm"), world.aws.client("elbv2")
    elb.delete_load_balancer(LoadBalancerArn=world.balancers()[0]["LoadBalancerArn"])
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == []


def test_one_that_is_gone_without_a_word_is_cleared_away_too(world: Scene) -> None:
    put(world, world.certificate("shop.example.com"))
    world.look()
    del world.kube.objects[f"{GATEWAYS}/gateway"]
    world.look(1)
    assert world.balancers() == []


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ({"listenerConfigurations": []}, "listener https: no certificate for HTTPS:443 in listenerConfigurations"),
        ({"loadBalancerSubnetsSelector": {"network": ["edge"]}}, "unable to resolve at least two subnets"),
        ({"defaultTargetGroupConfiguration": {"name": "absent"}}, "there is no TargetGroupConfiguration ingress/absent"),
        (
            {"listenerConfigurations": [{"protocolPort": "HTTPS:443", "defaultCertificate": "arn:aws:acm:eu-central-1:123456789012:certificate/none"}]},
            "CertificateNotFound",
        ),
    ],
)
def test_what_is_wrong_stands_in_the_conditions(world: Scene, spec: dict[str, Any], cause: str) -> None:
    put(world, world.certificate("shop.example.com"), **spec)
    world.look(1)
    conditions = {each["type"]: each for each in status(world)["conditions"]}
    assert (conditions["Accepted"]["status"], conditions["Programmed"]["status"]) == ("False", "False")
    assert cause in conditions["Programmed"]["message"]
    put(world, world.certificate("shop.example.com"))
    world.look()
    assert said(status(world)["conditions"])["Programmed"] == ("True", "Programmed")


def test_a_certificate_that_is_not_issued_is_refused(world: Scene) -> None:
    arn = world.aws.client("acm").request_certificate(DomainName="shop.example.com", ValidationMethod="DNS")["CertificateArn"]
    put(world, arn)
    world.look(1)
    assert "PENDING_VALIDATION, not ISSUED" in status(world)["conditions"][0]["message"]


def test_another_scheme_is_another_load_balancer(world: Scene) -> None:
    arn = world.certificate("shop.example.com")
    put(world, arn)
    world.look()
    before = world.balancers()[0]["DNSName"]
    put(world, arn, scheme="internal", loadBalancerSubnetsSelector={"kubernetes.io/role/elb": ["1"]})
    world.look()
    [balancer] = world.balancers()
    assert balancer["DNSName"].startswith("internal-k8s-")
    assert world.names.find(before) is None
    assert status(world)["addresses"][0]["value"] == balancer["DNSName"]


def imported(world: Scene) -> tuple[str, int]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 4711, now - timedelta(days=1), now + timedelta(days=30))
    certificate = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example.com")]), False).sign(key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    arn = world.aws.client("acm").import_certificate(Certificate=certificate.public_bytes(serialization.Encoding.PEM), PrivateKey=pem)["CertificateArn"]
    return arn, certificate.serial_number


def test_an_imported_certificate_is_the_one_that_is_served(world: Scene) -> None:
    arn, serial = imported(world)
    put(world, arn)
    world.look()
    place = world.names.find(world.balancers()[0]["DNSName"])
    assert place
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(place.target(443), 5) as connection, context.wrap_socket(connection, server_hostname="other.example.com") as client:
        served = client.getpeercert(True)
    assert served
    assert x509.load_der_x509_certificate(served).serial_number == serial
