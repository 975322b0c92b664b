# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with time and dependencies in them: NAT gateways are made and deleted while the clock goes on, and nothing is deleted that holds another.

Follows the EC2 API reference (CreateNatGateway, DeleteNatGateway, DetachInternetGateway, ReleaseAddress, DeleteSecurityGroup, DeleteSubnet, DeleteVpc)
and of the Amazon VPC User Guide "NAT gateway basics", "Troubleshoot NAT gateways", "Default security groups" and "Delete your VPC".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.responses import EC2Response

from simulator.backend import Backend

CREATING, DELETING = timedelta(seconds=100), timedelta(seconds=60)


@dataclass
class Networks:
    """``changes``: until when a NAT gateway is pending or deleting; ``failures``: AWS's words for gateways that will not be made, in turn; ``doomed``: why
    one that is pending will not be made.
    """

    changes: dict[str, datetime] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    doomed: dict[str, str] = field(default_factory=dict)


class Network(Backend, EC2Response):
    def create_vpc(self) -> ActionResult:
        """A VPC's own group lets its members reach each other."""
        answer: Any = super().create_vpc()
        vpc = answer.result["Vpc"]
        group = self.ec2_backend.get_security_group_from_name("default", vpc.id)
        if not group.ingress_rules:
            self.ec2_backend.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=vpc.id)
        return ActionResult(answer.result)

    def update_security_group_rule_descriptions_ingress(self) -> Any:
        return self._redescribe("ingress_rules")

    def update_security_group_rule_descriptions_egress(self) -> Any:
        return self._redescribe("egress_rules")

    def _redescribe(self, side: str) -> ActionResult:
        """moto does not find a rule whose source is a group and whose description is another, and says nothing."""
        for asked in self._process_rules_from_querystring():
            group = self.ec2_backend.get_security_group_by_name_or_id(asked["group_name_or_id"], None)
            for source in [*asked["ip_ranges"], *asked["source_groups"]]:
                key = next(name for name in ("CidrIp", "CidrIpv6", "GroupId") if name in source)
                for rule in getattr(group, side):
                    there = rule.source_group if key == "GroupId" else rule.ip_range
                    if _which(rule) == _asked(asked) and there.get(key) == source[key]:
                        there["Description"] = source.get("Description", "")
        return ActionResult({"Return": True})

    def modify_vpc_endpoint(self) -> Any:
        """An endpoint that leaves a subnet takes its network interface with it (AWS PrivateLink guide, "Add or remove subnets")."""
        answer = super().modify_vpc_endpoint()
        endpoint = self.ec2_backend.vpc_end_points[self._get_param("VpcEndpointId")]
        for name in list(endpoint.network_interface_ids):
            if self.ec2_backend.enis[name].subnet.id not in endpoint.subnet_ids:
                endpoint.network_interface_ids.remove(name)
                del self.ec2_backend.enis[name]
        return answer

    # -- NAT gateways

    def create_nat_gateway(self) -> ActionResult:
        subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
        answer: Any = super().create_nat_gateway()
        found = answer.result["NatGateway"]
        state = self.state(Networks)
        found.state, state.changes[found.id] = "pending", self.clock.now() + CREATING
        if not any(gateway.vpc and gateway.vpc.id == subnet.vpc_id for gateway in self.ec2_backend.internet_gateways.values()):
            state.doomed[found.id] = f"Network {subnet.vpc_id} has no Internet gateway attached"
        elif state.failures:
            state.doomed[found.id] = state.failures.pop(0)
        return ActionResult(answer.result)

    def describe_nat_gateways(self) -> ActionResult:
        self._move_on()
        unknown = set(self._get_param("NatGatewayIds", [])) - set(self.ec2_backend.nat_gateways)
        if unknown:
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {min(unknown)} was not found")
        return super().describe_nat_gateways()

    def delete_nat_gateway(self) -> ActionResult:
        self._move_on()
        name = self._get_param("NatGatewayId")
        found = self.ec2_backend.nat_gateways.get(name)
        if found is None or found.state == "deleted":
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {name} was not found")
        if found.state != "deleting":
            found.state, self.state(Networks).changes[name] = "deleting", self.clock.now() + DELETING
        return ActionResult({"NatGatewayId": name})

    def _move_on(self) -> None:
        state = self.state(Networks)
        for name, until in list(state.changes.items()):
            if self.clock.now() >= until:
                del state.changes[name]
                self._arrive(self.ec2_backend.nat_gateways[name], state.doomed.get(name, ""))

    def _arrive(self, gateway: Any, failure: str) -> None:
        """One that failed, and one that was deleted, have neither address nor network interface any more."""
        if gateway.state == "pending" and not failure:
            gateway.state = "available"
            return
        if gateway.state == "pending":
            gateway.state, gateway.failure_code, gateway.failure_message = "failed", "Gateway.NotAttached", failure
        else:
            gateway.state = "deleted"
        for each in gateway.address_set:
            address = next((found for found in self.ec2_backend.addresses if found.allocation_id == each.get("allocationId")), None)
            if address and address.eni is gateway._eni:
                self.ec2_backend.disassociate_address(address=address.public_ip)
        self.ec2_backend.enis.pop(gateway._eni.id, None)

    # -- what holds what

    def describe_network_interfaces(self) -> Any:
        self._move_on()
        return super().describe_network_interfaces()

    def release_address(self) -> Any:
        self._move_on()
        found = next((each for each in self.ec2_backend.addresses if each.allocation_id == self._get_param("AllocationId")), None)
        if found and found.association_id:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {found.public_ip} is in use.")
        return super().release_address()

    def detach_internet_gateway(self) -> Any:
        self._move_on()
        vpc = self._get_param("VpcId")
        if any(each.vpc_id == vpc and each.state in ("pending", "available", "deleting") for each in self.ec2_backend.nat_gateways.values()):
            raise DependencyViolationError(f"Network {vpc} has some mapped public address(es). Please unmap those before detaching the gateway.")
        return super().detach_internet_gateway()

    def delete_subnet(self) -> Any:
        self._move_on()
        name = self._get_param("SubnetId")
        self._free(name, (each for each in self.ec2_backend.enis.values() if each.subnet.id == name), "subnet")
        return super().delete_subnet()

    def delete_security_group(self) -> Any:
        self._move_on()
        name = self._get_param("GroupId")
        group = self.ec2_backend.get_security_group_from_id(name)
        others = (each for groups in self.ec2_backend.groups.values() for each in groups.values() if each.id != name)
        rules = ((each, rule) for each in others for rule in [*each.ingress_rules, *each.egress_rules])
        named = (each for each, rule in rules if (rule.source_group or {}).get("GroupId") == name)
        used = (each for each in self.ec2_backend.enis.values() if group in each.group_set)
        self._free(name, [*named, *used], "resource")
        return super().delete_security_group()

    def delete_vpc(self) -> Any:
        self._move_on()
        name = self._get_param("VpcId")
        gateways = (each for each in self.ec2_backend.internet_gateways.values() if each.vpc and each.vpc.id == name)
        groups = (each for each in self.ec2_backend.groups.get(name, {}).values() if each.name != "default")
        self._free(name, [*gateways, *groups], "vpc")
        return super().delete_vpc()

    def _free(self, name: str, holders: Iterable[Any], kind: str) -> None:
        if any(True for _ in holders):
            raise DependencyViolationError(f"The {kind} '{name}' has dependencies and cannot be deleted.")


def _which(rule: Any) -> tuple[Any, ...]:
    return rule.ip_protocol, rule.from_port, rule.to_port


def _asked(asked: dict[str, Any]) -> tuple[Any, ...]:
    ports = (None if asked[name] is None else int(asked[name]) for name in ("from_port", "to_port"))
    return (str(asked["ip_protocol"]), *ports)
