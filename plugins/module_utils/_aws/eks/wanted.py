# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of eks_cluster ask for, checked before AWS is asked anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_network
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.state import Settings
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.versions import minor
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_SETTINGS = (
    "role_arn",
    "version",
    "upgrade_policy",
    "access_mode",
    "subnets",
    "security_groups",
    "endpoint",
    "logs",
    "kms_key",
    "auto_mode",
    "zonal_shift",
    "deletion_protection",
    "ip_family",
    "service_cidr",
)
_PRIVATE = [IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


@dataclass(frozen=True)
class Wanted:
    """``settings``: what is given. ``default_addons``: None: as Auto Mode needs it. ``timeout``: seconds for each thing that is waited for."""

    name: str
    settings: Settings = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    purge_tags: bool = False
    default_addons: bool | None = None
    ignore_insights: bool = False
    unprotect: bool = False
    timeout: float = 3600


def of(params: Mapping[str, Any]) -> Wanted:
    """``params``: as options.CLUSTER has them. Raises ``InvalidInput``."""
    settings = {key: _plain(params[key]) for key in _SETTINGS if params[key] is not None}
    _names(params["name"], settings)
    _endpoint(settings.get("endpoint") or {})
    _auto_mode(settings.get("auto_mode") or {"enabled": False})
    _services(settings)
    return Wanted(
        params["name"],
        settings,
        texts(params["tags"]),
        params["purge_tags"],
        params["default_addons"],
        params["ignore_insights"],
        params["unprotect"],
        params["timeout"],
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    return sorted(value) if isinstance(value, list) else value


def _names(name: str, settings: Settings) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"name: {name!r} can be no cluster's; write up to 100 of a-z, A-Z, 0-9, - and _, beginning with a letter or a digit")
    if settings.get("version", LATER) != LATER:
        minor(settings["version"])
    if len(settings.get("subnets", ("", ""))) < 2:
        raise InvalidInput("subnets: EKS wants two or more, in different availability zones")
    if len(settings.get("security_groups", ())) > 5:
        raise InvalidInput("security_groups: EKS takes five at most")


def _endpoint(endpoint: Settings) -> None:
    if endpoint.get("public") is False and endpoint.get("private") is False:
        raise InvalidInput("endpoint: with neither public nor private nobody reaches the cluster; set one of them")
    if "public_cidrs" not in endpoint:
        return
    if endpoint.get("public") is False:
        raise InvalidInput("endpoint.public_cidrs: the endpoint is not public; leave them out, or set endpoint.public")
    if not endpoint["public_cidrs"]:
        raise InvalidInput("endpoint.public_cidrs: an empty list means everybody to EKS; write who may connect, or 0.0.0.0/0, or set endpoint.public to false")
    for cidr in endpoint["public_cidrs"]:
        _network(cidr, "endpoint.public_cidrs")


def _network(cidr: str, where: str) -> Any:
    try:
        return ip_network(cidr)
    except ValueError:
        pass
    try:
        right = ip_network(cidr, strict=False)
    except ValueError:
        raise InvalidInput(f"{where}: {cidr!r} is no range of addresses; write one such as 203.0.113.0/24") from None
    raise InvalidInput(f"{where}: {cidr!r} has bits set behind its length; write {right}, or {cidr.partition('/')[0]}/{right.max_prefixlen}")


def _auto_mode(auto: Settings) -> None:
    more = [key for key in ("node_pools", "node_role_arn", "gateway_api") if auto.get(key)]
    if not auto["enabled"] and more:
        raise InvalidInput(f"auto_mode: {', '.join(more)} mean nothing while it is off; leave out all but enabled")
    if bool(auto.get("node_pools")) != bool(auto.get("node_role_arn")):
        raise InvalidInput("auto_mode: node_pools and node_role_arn go together; give both, or neither to bring node pools of your own")


def _services(settings: Settings) -> None:
    cidr = settings.get("service_cidr", LATER)
    if cidr == LATER:
        return
    if settings.get("ip_family") == "ipv6":
        raise InvalidInput("service_cidr: EKS chooses it for ipv6; leave it out")
    network = _network(cidr, "service_cidr")
    if not isinstance(network, IPv4Network) or not any(network.subnet_of(private) for private in _PRIVATE) or not 12 <= network.prefixlen <= 24:
        ranges = ", ".join(map(str, _PRIVATE))
        raise InvalidInput(f"service_cidr: {cidr} can't be; write a range between /24 and /12 inside of {ranges}, and outside of the VPC's")
