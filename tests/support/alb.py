# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS Auto Mode's load balancing in this process: a cluster's API, the simulated AWS, what stands for the controller, and a pod that answers."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from support import kube_api
from support.aws import Aws
from support.eks import Account
from support.kube_api import KubeApi
from support.roles import variable
from support.serving import serving

from simulator.world.alb import definitions
from simulator.world.alb.controller import Controller, Surroundings
from simulator.world.alb.elb import Elb
from simulator.world.authority import Authority
from simulator.world.eks import Held
from simulator.world.places import Places

TRAEFIK = Path(sys.executable).parent / "traefik"
ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/ingress/gateways"
_KINDS = {"GatewayClass": ("gatewayclasses", False), "Gateway": ("gateways", True), "HTTPRoute": ("httproutes", True)}


class Scene:
    """``names``: where load balancers' names lead. ``look`` lets the controller work until all is done."""

    def __init__(self, aws: Aws, kube: KubeApi, folder: Path, pod: str) -> None:
        self.aws, self.kube, self.folder, self.pod = aws, kube, folder, pod
        self.kubeconfig = kube.kubeconfig(folder)
        account = Account(aws)
        ec2 = aws.client("ec2")
        ec2.create_tags(Resources=account.subnets, Tags=[{"Key": "kubernetes.io/role/elb", "Value": "1"}])
        account.cluster("prod", **account.auto())
        iam = aws.client("iam")
        iam.attach_role_policy(RoleName="cluster", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSLoadBalancingPolicy")
        for name, document in variable("eks", "__eks_inline_policies")["auto"].items():
            iam.put_role_policy(RoleName="cluster", PolicyName=name, PolicyDocument=json.dumps(document))
        self.zone = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="x")["HostedZone"]["Id"].rpartition("/")[2]
        self.authority, self.names = Authority(folder / "tls"), Places()
        around = Surroundings(self.names, self.authority.files, folder / "balancers", TRAEFIK, aws.clock)
        client = Client(connect(self.kubeconfig))
        self.controller = Controller(client, Elb(aws.simulator, Held(aws.account_id, aws.region, "prod")), around)
        self._cluster()
        aws.log.clear()

    def _cluster(self) -> None:
        """What every cluster has, a node that is this machine, and the definitions that Auto Mode brings."""
        define(self.kube)
        status = {"conditions": [{"type": "Ready", "status": "True"}], "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}
        self.kube.put("/api/v1/nodes/one", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}, "status": status})
        self.kube.on_write = self._node_port

    def _node_port(self, kube: KubeApi, _path: str, live: dict[str, Any]) -> None:
        """kube-proxy, for whom the only pod listens on the node's port."""
        if live["kind"] == "Service" and live["spec"].get("type") == "NodePort":
            live["spec"]["ports"][0]["nodePort"] = urlsplit(self.pod).port

    def service(self, name: str = "web", namespace: str = "shop") -> None:
        """A Service with one pod."""
        place = {"name": name, "namespace": namespace}
        self.kube.put(
            f"/api/v1/namespaces/{namespace}",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"kubernetes.io/metadata.name": namespace}}},
        )
        ports = {"ports": [{"name": "http", "port": 80}]}
        self.kube.put(f"/api/v1/namespaces/{namespace}/services/{name}", {"apiVersion": "v1", "kind": "Service", "metadata": dict(place), "spec": ports})
        self.kube.put(
            f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices/{name}-1",
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": f"{name}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["10.244.1.7"], "conditions": {"ready": True, "serving": True, "terminating": False}}],
                "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            },
        )

    def route(self, name: str = "web", host: str = "shop.example.com", **spec: Any) -> None:
        parents = [{"name": "gateway", "namespace": "ingress", "sectionName": "https"}]
        wanted = {"hostnames": [host], "parentRefs": parents, "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]} | spec
        metadata = {"name": name, "namespace": "shop"}
        self.kube.put(f"{ROUTES}/{name}", {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": wanted})

    def look(self, times: int = 4) -> None:
        """With the minutes that AWS takes between two looks."""
        for _ in range(times):
            self.controller.look()
            self.aws.clock.advance(60)

    def balancers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return found

    def certificate(self, *names: str) -> str:
        """One that ACM has issued."""
        acm, dns = self.aws.client("acm"), self.aws.client("route53")
        more = {"SubjectAlternativeNames": list(names[1:])} if names[1:] else {}
        arn = acm.request_certificate(DomainName=names[0], ValidationMethod="DNS", **more)["CertificateArn"]
        self.aws.clock.advance(10)
        records = [each["ResourceRecord"] for each in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]]
        changes = [
            {"Action": "UPSERT", "ResourceRecordSet": {"Name": r["Name"], "Type": r["Type"], "TTL": 60, "ResourceRecords": [{"Value": r["Value"]}]}}
            for r in records
        ]
        dns.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": changes})
        for _ in range(2):
            acm.describe_certificate(CertificateArn=arn)
            self.aws.clock.advance(90)
        return str(arn)

    def ask(self, balancer: str, host: str, path: str = "/", port: int = 443) -> tuple[int, str, str]:
        """Status, body and Location, asked as a client that trusts the world's authority."""
        place = self.names.find(balancer)
        assert place
        plain = http.client.HTTPConnection(host, port, timeout=5)
        connection = socket.create_connection(place.target(port), 5)
        context = ssl.create_default_context(cafile=str(self.authority.ca_file))
        plain.sock = context.wrap_socket(connection, server_hostname=host) if port == 443 else connection
        plain.request("GET", path, headers={"Host": host})
        answer = plain.getresponse()
        body = answer.read().decode()
        plain.close()
        return answer.status, body, answer.headers.get("Location", "")


def define(kube: KubeApi) -> None:
    """The definitions that Auto Mode brings."""
    for each in (*definitions(), *(_definition(kind, *rest) for kind, rest in _KINDS.items())):
        kube.put(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{each['metadata']['name']}", dict(each))


def _definition(kind: str, plural: str, namespaced: bool) -> dict[str, Any]:
    spec = {"group": "gateway.networking.k8s.io", "names": {"kind": kind, "plural": plural}, "versions": [{"name": "v1"}]}
    scope = {"scope": "Namespaced" if namespaced else "Cluster"}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": plural}, "spec": spec | scope}


class _Pod(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.headers['Host']}{self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def scene(aws: Aws, folder: Path) -> Iterator[Scene]:
    with kube_api.running() as kube, serving(_Pod) as pod:
        made = Scene(aws, kube, folder, pod)
        try:
            yield made
        finally:
            made.controller.stop()
