# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancers in the simulated Elastic Load Balancing: what its API shows of what the Gateways want.

They are put there directly, as AWS's own hand would: none of it is a call that the run under test made. Names and tags: the AWS Load Balancer
Controller; the tags of EKS Auto Mode: policy AmazonEKSLoadBalancingPolicy.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.acm.models import acm_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from simulator.application import Simulator
from simulator.eks.backend import state_of
from simulator.world.alb import permission
from simulator.world.alb.rules import Backend
from simulator.world.alb.zones import ZONES
from simulator.world.eks import Held

_STACK, _RESOURCE = "gateway.eks.amazonaws.com.alb/stack", "gateway.eks.amazonaws.com.alb/resource"


class UnmetError(Exception):
    """Why AWS does not make the load balancer, in words for the Gateway's conditions."""


@dataclass(frozen=True)
class Wanted:
    """``listeners``: by port the protocol, the ARNs of certificates and the policy of TLS. ``spec``: of the LoadBalancerConfiguration."""

    namespace: str
    name: str
    listeners: Mapping[int, tuple[str, tuple[str, ...], str]]
    spec: Mapping[str, Any]
    targets: Mapping[str, Any]


@dataclass(frozen=True)
class Certificate:
    """``pem`` is empty for one that ACM issued: nobody has the key of that."""

    names: tuple[str, ...]
    pem: bytes = b""
    key: bytes = b""


class Elb:
    """Of one cluster."""

    def __init__(self, simulator: Simulator, held: Held) -> None:
        self._simulator = simulator
        self._account, self._region, self._cluster = held.account, held.region, held.name

    def certificate(self, arn: str) -> Certificate:
        """Raises UnmetError."""
        with self._simulator.lock:
            bundle = acm_backends[self._account][self._region]._certificates.get(arn)
            if bundle is None:
                raise UnmetError(f"CertificateNotFound: certificate {arn!r} not found")
            if bundle.status != "ISSUED":
                raise UnmetError(f"UnsupportedCertificate: certificate {arn!r} is {bundle.status}, not ISSUED")
            names = tuple(dict.fromkeys([bundle.common_name, *bundle.sans]))
            return Certificate(names, bundle.cert + b"\n" + bundle.chain, bundle.key) if bundle.type == "IMPORTED" else Certificate(names)

    def ensure(self, wanted: Wanted) -> tuple[str, str]:
        """DNS name and ARN of the load balancer. Raises UnmetError."""
        with self._simulator.lock:
            elb = elbv2_backends[self._account][self._region]
            balancer = self._find(wanted.namespace, wanted.name)
            scheme = str(wanted.spec.get("scheme", "internal"))
            if balancer is not None and balancer.scheme != scheme:
                self._remove(balancer)
                balancer = None
            tags = {**dict(wanted.spec.get("tags") or {}), **self._tags(wanted.namespace, wanted.name, "LoadBalancer")}
            self._refuse_tags(wanted, balancer, tags)
            balancer = balancer or self._make(wanted, scheme)
            attributes = {each["key"]: each["value"] for each in wanted.spec.get("loadBalancerAttributes") or []}
            elb.modify_load_balancer_attributes(balancer.arn, attributes)
            elb.add_tags([balancer.arn], _pairs(tags))
            self._listen(balancer, wanted)
            return str(balancer.dns_name), str(balancer.arn)

    def register(self, namespace: str, name: str, targets: Mapping[Backend, list[tuple[str, int]]], properties: Mapping[str, Any]) -> None:
        """A target group for each backend, with the addresses of its pods."""
        with self._simulator.lock:
            elb, balancer = elbv2_backends[self._account][self._region], self._find(namespace, name)
            if balancer is None:
                return
            groups = {group.name: group for group in elb.target_groups.values() if balancer.arn in group.load_balancer_arns}
            for backend, addresses in targets.items():
                group_name = f"k8s-{_plain(backend[0])[:8]}-{_plain(backend[1])[:8]}-{_short(balancer.arn, *map(str, backend))}"
                group = groups.pop(group_name, None) or self._group(
                    group_name, balancer, backend, properties, self._tags(namespace, name, ":".join(map(str, backend)))
                )
                group.targets.clear()
                group.register([{"Id": address, "Port": port} for address, port in addresses])
            for group in groups.values():
                del elb.target_groups[group.arn]

    def remove(self, namespace: str, name: str) -> None:
        with self._simulator.lock:
            balancer = self._find(namespace, name)
            if balancer is not None:
                self._remove(balancer)

    def names(self) -> dict[tuple[str, str], str]:
        """By Gateway the DNS name of each load balancer that is ours."""
        with self._simulator.lock:
            found = {}
            for balancer in elbv2_backends[self._account][self._region].load_balancers.values():
                tags = self._tags_of(balancer.arn)
                if tags.get("eks:eks-cluster-name") == self._cluster and _STACK in tags:
                    namespace, _, name = tags[_STACK].partition("/")
                    found[namespace, name] = str(balancer.dns_name)
            return found

    # -- moto's objects

    def _find(self, namespace: str, name: str) -> Any:
        mine = self._tags(namespace, name, "LoadBalancer").items()
        every = elbv2_backends[self._account][self._region].load_balancers.values()
        return next((each for each in every if mine <= self._tags_of(each.arn).items()), None)

    def _refuse_tags(self, wanted: Wanted, balancer: Any, tags: Mapping[str, str]) -> None:
        """Only of tags that are not EKS's own is it asked whether they may be."""
        cluster = state_of(self._simulator.world, self._account, self._region).clusters.get(self._cluster)
        if cluster is None or not wanted.spec.get("tags") or (balancer is not None and tags.items() <= self._tags_of(balancer.arn).items()):
            return
        said = permission.refusal(str(cluster.shown["roleArn"]), self._cluster, tags, exists=balancer is not None)
        if said:
            raise UnmetError(said)

    def _make(self, wanted: Wanted, scheme: str) -> Any:
        elb, ec2 = elbv2_backends[self._account][self._region], ec2_backends[self._account][self._region]
        vpc, subnets = self._subnets(scheme, wanted.spec.get("loadBalancerSubnetsSelector") or {})
        short = _short(self._cluster, wanted.namespace, wanted.name)
        name = f"k8s-{_plain(wanted.namespace)[:8]}-{_plain(wanted.name)[:8]}-{short}"
        tags = self._tags(wanted.namespace, wanted.name, "ManagedLBSecurityGroup")
        group = ec2.create_security_group(name, "[k8s] Managed SecurityGroup for LoadBalancer", vpc, tags=tags)
        balancer = elb.create_load_balancer(name, [group.id], subnets, scheme=scheme, loadbalancer_type="application", tags=[])
        number = int(hashlib.sha256(balancer.arn.encode()).hexdigest()[:8], 16)
        balancer.dns_name = f"{'internal-' if scheme == 'internal' else ''}{name}-{number}.{self._region}.elb.amazonaws.com"
        balancer.canonical_hosted_zone_id = ZONES.get(self._region, "ZSIMULATED0ALB")
        return balancer

    def _subnets(self, scheme: str, selector: Mapping[str, list[str]]) -> tuple[str, list[str]]:
        cluster = state_of(self._simulator.world, self._account, self._region).clusters.get(self._cluster)
        if cluster is None:
            raise UnmetError(f"there is no cluster {self._cluster}")
        vpc = str(cluster.shown["resourcesVpcConfig"]["vpcId"])
        selector = selector or {"kubernetes.io/role/elb" if scheme == "internet-facing" else "kubernetes.io/role/internal-elb": ["1", ""]}
        by_zone: dict[str, str] = {}
        for subnet in ec2_backends[self._account][self._region].describe_subnets():
            tags = {tag["key"]: tag["value"] for tag in subnet.get_tags()}
            if subnet.vpc_id == vpc and all(tags.get(key) in values for key, values in selector.items()):
                by_zone.setdefault(subnet.availability_zone, subnet.id)
        if len(by_zone) < 2:
            raise UnmetError(f"unable to resolve at least two subnets of {vpc} in different zones ({len(by_zone)} match tags: {sorted(selector)})")
        return vpc, sorted(by_zone.values())

    def _listen(self, balancer: Any, wanted: Wanted) -> None:
        elb = elbv2_backends[self._account][self._region]
        present = {int(each.port): each for each in balancer.listeners.values()}
        for port, (protocol, certificates, policy) in wanted.listeners.items():
            listener = present.pop(port, None)
            if listener is not None and (listener.protocol, tuple(listener.certificates)) != (protocol, certificates[:1]):
                self._silence(balancer, listener)
                listener = None
            if listener is None:
                nothing = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}]
                tags = _pairs(self._tags(wanted.namespace, wanted.name, str(port)))
                elb.create_listener(balancer.arn, protocol, str(port), policy, certificates[0] if certificates else None, nothing, tags=tags)
        for listener in present.values():
            self._silence(balancer, listener)

    def _silence(self, balancer: Any, listener: Any) -> None:
        del balancer.listeners[listener.arn]
        for bundle in acm_backends[self._account][self._region]._certificates.values():
            bundle.in_use_by = [arn for arn in bundle.in_use_by if arn != listener.arn]

    def _group(self, name: str, balancer: Any, backend: Backend, properties: Mapping[str, Any], tags: Mapping[str, str]) -> Any:
        health = properties.get("healthCheckConfig") or {}
        matcher = {"HttpCode": (health.get("matcher") or {}).get("httpCode", "200")}
        elb = elbv2_backends[self._account][self._region]
        options = {"vpc_id": balancer.vpc_id, "target_type": "ip", "healthcheck_path": health.get("healthCheckPath", "/"), "matcher": matcher}
        group = elb.create_target_group(name, protocol="HTTP", port=str(backend[2] or 80), tags=_pairs(tags), **options)
        group.attributes |= {each["key"]: each["value"] for each in properties.get("targetGroupAttributes") or []}
        group.load_balancer_arns.append(balancer.arn)
        return group

    def _remove(self, balancer: Any) -> None:
        elb, ec2 = elbv2_backends[self._account][self._region], ec2_backends[self._account][self._region]
        for listener in list(balancer.listeners.values()):
            self._silence(balancer, listener)
        for group in [each for each in elb.target_groups.values() if balancer.arn in each.load_balancer_arns]:
            del elb.target_groups[group.arn]
        elb.delete_load_balancer(balancer.arn)
        for group in balancer.security_groups:
            ec2.delete_security_group(group_id=group)

    def _tags(self, namespace: str, name: str, resource: str) -> dict[str, str]:
        stack = f"{namespace}/{name}"
        return {"eks:eks-cluster-name": self._cluster, _STACK: stack, _RESOURCE: resource}

    def _tags_of(self, arn: str) -> dict[str, str]:
        return dict(elbv2_backends[self._account][self._region].tagging_service.get_tag_dict_for_resource(arn))


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _short(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:10]
