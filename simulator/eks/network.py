# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a cluster: subnets in two zones of one VPC, security groups, who reaches the endpoint, and the range of its services."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, ip_network

from simulator.eks.errors import EksError, invalid_parameter
from simulator.eks.neighbours import Subnet
from simulator.eks.state import Json, Scene

ANYWHERE = "0.0.0.0/0"
# Zones that have no control planes; user guide, "View Amazon EKS networking requirements".
_UNSUPPORTED_ZONES = {"use1-az3", "usw1-az2", "cac1-az3"}
_PRIVATE = [IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_GROUPS = 5


def subnets(scene: Scene, ids: list[str], name: str, **about: str) -> list[Subnet]:
    found = []
    for subnet_id in ids:
        subnet = scene.neighbours.subnet(subnet_id)
        if subnet is None:
            message = f"The subnet ID '{subnet_id}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)"
            raise invalid_parameter(message, clusterName=name, **about)
        found.append(subnet)
    return found


def of_control_plane(scene: Scene, ids: list[str], name: str) -> list[Subnet]:
    found = subnets(scene, ids, name)
    if len({subnet.zone for subnet in found}) < 2:
        raise invalid_parameter("Subnets specified must be in at least two different AZs", clusterName=name)
    if len({subnet.vpc for subnet in found}) > 1:
        raise invalid_parameter("Subnets specified must belong to the same VPC", clusterName=name)
    bad = [subnet.zone for subnet in found if subnet.zone_id in _UNSUPPORTED_ZONES]
    if bad:
        valid = [zone for zone, zone_id in scene.neighbours.zones() if zone_id not in _UNSUPPORTED_ZONES]
        message = (
            f"Cannot create cluster '{name}' because EKS does not support creating control plane instances in {bad[0]}, the targeted availability zone. "
            f"Retry cluster creation using control plane subnets that span at least two of these availability zones: {', '.join(valid)}."
        )
        raise EksError("UnsupportedAvailabilityZoneException", message, clusterName=name, validZones=valid)
    return found


def groups(scene: Scene, ids: list[str], vpc: str, name: str) -> list[str]:
    if len(ids) > _GROUPS:
        raise invalid_parameter(f"You can specify up to {_GROUPS} security groups", clusterName=name)
    for group in ids:
        of_group = scene.neighbours.vpc_of_group(group)
        if of_group is None:
            message = f"The security group '{group}' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidGroup.NotFound)"
            raise invalid_parameter(message, clusterName=name)
        if of_group != vpc:
            raise invalid_parameter("Security group(s) specified must belong to the same VPC as the subnets", clusterName=name)
    return ids


def endpoint(asked: Json, before: Json, name: str) -> Json:
    """Public and private access and the CIDRs of the public one, as they are after what is asked; a cluster must be reachable somehow."""
    public = asked.get("endpointPublicAccess", before["endpointPublicAccess"])
    private = asked.get("endpointPrivateAccess", before["endpointPrivateAccess"])
    cidrs = asked.get("publicAccessCidrs") or before["publicAccessCidrs"]
    if not public and not private:
        raise invalid_parameter("Private and public endpoint access cannot be false", clusterName=name)
    for cidr in cidrs:
        _network(cidr, name, "The following CIDRs are invalid in publicAccessCidrs: [{}]")
    if not public:
        if asked.get("publicAccessCidrs"):
            raise invalid_parameter("publicAccessCidrs cannot be specified when endpointPublicAccess is false", clusterName=name)
        cidrs = []
    return {"endpointPublicAccess": public, "endpointPrivateAccess": private, "publicAccessCidrs": cidrs or ([ANYWHERE] if public else [])}


def services(asked: Json, vpc_cidrs: Iterable[str], name: str) -> Json:
    """kubernetesNetworkConfig as EKS shows it; the range is 10.100.0.0/16 unless the VPC is in 10/8."""
    family, text = asked.get("ipFamily", "ipv4"), asked.get("serviceIpv4Cidr")
    vpc = [IPv4Network(cidr) for cidr in vpc_cidrs]
    if family == "ipv6":
        if text:
            raise invalid_parameter("serviceIpv4Cidr cannot be specified when ipFamily is ipv6", clusterName=name)
        return {"serviceIpv6Cidr": "fd30:1c53:5f8a::/108", "ipFamily": family}
    if text is None:
        text = "172.20.0.0/16" if any(cidr.subnet_of(_PRIVATE[0]) for cidr in vpc) else "10.100.0.0/16"
    network = _network(text, name, "The specified serviceIpv4Cidr is not a valid CIDR: {}")
    if not isinstance(network, IPv4Network) or not any(network.subnet_of(private) for private in _PRIVATE):
        raise invalid_parameter("serviceIpv4Cidr must be within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", clusterName=name)
    if not 12 <= network.prefixlen <= 24:
        raise invalid_parameter("serviceIpv4Cidr must be between /24 and /12", clusterName=name)
    for cidr in vpc:
        if network.overlaps(cidr):
            raise invalid_parameter(f"serviceIpv4Cidr {text} overlaps with the VPC CIDR {cidr}", clusterName=name)
    return {"serviceIpv4Cidr": text, "ipFamily": family}


def _network(text: str, name: str, refusal: str) -> object:
    try:
        return ip_network(text)
    except ValueError:
        raise invalid_parameter(refusal.format(text), clusterName=name) from None
