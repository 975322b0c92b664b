# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster in the words of our options: as AWS shows it, as it is wanted, and as it is asked for when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.options import LOG_TYPES

Settings = dict[str, Any]
"""Options of eks_cluster by name, without those that are not given; lists whose order means nothing are sorted."""
AT_CREATION: Settings = {"access_mode": "API", "upgrade_policy": "STANDARD"}
"""What a new cluster has if nothing else is said; AWS's own defaults are the older ones."""


def seen(cluster: Mapping[str, Any]) -> Settings:
    """``cluster``: as DescribeCluster has it."""
    vpc, network = cluster.get("resourcesVpcConfig") or {}, cluster.get("kubernetesNetworkConfig") or {}
    compute, balancing = cluster.get("computeConfig") or {}, network.get("elasticLoadBalancing") or {}
    return {
        "role_arn": cluster.get("roleArn", ""),
        "version": cluster.get("version", ""),
        "upgrade_policy": (cluster.get("upgradePolicy") or {}).get("supportType", "EXTENDED"),
        "access_mode": (cluster.get("accessConfig") or {}).get("authenticationMode", "CONFIG_MAP"),
        "subnets": sorted(vpc.get("subnetIds") or ()),
        "security_groups": sorted(vpc.get("securityGroupIds") or ()),
        "endpoint": {
            "public": bool(vpc.get("endpointPublicAccess")),
            "private": bool(vpc.get("endpointPrivateAccess")),
            "public_cidrs": sorted(vpc.get("publicAccessCidrs") or ()),
        },
        "logs": sorted(
            kind for setup in (cluster.get("logging") or {}).get("clusterLogging") or () if setup.get("enabled") for kind in setup.get("types") or ()
        ),
        "kms_key": next((config["provider"]["keyArn"] for config in cluster.get("encryptionConfig") or () if config.get("provider")), ""),
        "auto_mode": {
            "enabled": bool(compute.get("enabled")),
            "node_pools": sorted(compute.get("nodePools") or ()),
            "node_role_arn": compute.get("nodeRoleArn") or "",
            "gateway_api": bool(((balancing.get("gatewayApi") or {}).get("crds") or {}).get("managed")),
        },
        "zonal_shift": bool((cluster.get("zonalShiftConfig") or {}).get("enabled")),
        "deletion_protection": bool(cluster.get("deletionProtection")),
        "ip_family": network.get("ipFamily", "ipv4"),
        "service_cidr": network.get("serviceIpv4Cidr") or network.get("serviceIpv6Cidr") or "",
    }


def like(state: Settings, wanted: Settings) -> Settings:
    """Only what is in ``wanted``, too, in groups likewise: what is not said is not compared."""
    return {key: like(state.get(key) or {}, value) if isinstance(value, dict) else state.get(key) for key, value in wanted.items()}


def creation(name: str, settings: Settings, tags: Mapping[str, str], default_addons: bool | None) -> dict[str, Any]:
    """The parameters of CreateCluster. Whoever makes a cluster is not made its administrator: access entries say who is."""
    auto = settings.get("auto_mode")
    parameters: dict[str, Any] = {
        "name": name,
        "roleArn": settings["role_arn"],
        "resourcesVpcConfig": {"subnetIds": settings["subnets"], **_given(securityGroupIds=settings.get("security_groups")), **endpoint(settings)},
        # With CONFIG_MAP nobody but its creator would get in, and AWS refuses it.
        "accessConfig": {
            "authenticationMode": settings["access_mode"],
            "bootstrapClusterCreatorAdminPermissions": settings["access_mode"] == "CONFIG_MAP",
        },
        "upgradePolicy": {"supportType": settings["upgrade_policy"]},
        # Auto Mode brings networking of its own.
        "bootstrapSelfManagedAddons": default_addons if default_addons is not None else not (auto and auto["enabled"]),
        **_given(version=settings.get("version"), deletionProtection=settings.get("deletion_protection"), tags=dict(tags) or None),
    }
    parameters["kubernetesNetworkConfig"] = _given(ipFamily=settings.get("ip_family"), serviceIpv4Cidr=settings.get("service_cidr"))
    if auto:
        parts = auto_mode(auto)
        parameters["kubernetesNetworkConfig"] |= parts.pop("kubernetesNetworkConfig")
        parameters |= parts
    if settings.get("logs"):
        parameters["logging"] = logging(settings["logs"])
    if settings.get("kms_key"):
        parameters["encryptionConfig"] = encryption(settings["kms_key"])
    if "zonal_shift" in settings:
        parameters["zonalShiftConfig"] = {"enabled": settings["zonal_shift"]}
    return parameters if parameters["kubernetesNetworkConfig"] else {key: value for key, value in parameters.items() if key != "kubernetesNetworkConfig"}


def endpoint(settings: Settings) -> dict[str, Any]:
    """Members of resourcesVpcConfig; CIDRs only mean something while the endpoint is public."""
    wanted = settings.get("endpoint") or {}
    cidrs = wanted.get("public_cidrs") if wanted.get("public", True) else None
    return _given(endpointPublicAccess=wanted.get("public"), endpointPrivateAccess=wanted.get("private"), publicAccessCidrs=cidrs)


def auto_mode(wanted: Settings) -> dict[str, Any]:
    """AWS has compute, storage and load balancing switched together, in one request (user guide, "Enable EKS Auto Mode on an existing cluster")."""
    on = wanted["enabled"]
    compute: dict[str, Any] = {"enabled": on}
    balancing: dict[str, Any] = {"enabled": on}
    if on:
        compute |= _given(nodePools=wanted.get("node_pools"), nodeRoleArn=wanted.get("node_role_arn"))
        balancing |= {"gatewayApi": {"crds": {"managed": wanted["gateway_api"]}}} if "gateway_api" in wanted else {}
    return {
        "computeConfig": compute,
        "storageConfig": {"blockStorage": {"enabled": on}},
        "kubernetesNetworkConfig": {"elasticLoadBalancing": balancing},
    }


def logging(types: list[str]) -> dict[str, Any]:
    others = [kind for kind in LOG_TYPES if kind not in types]
    setups = [{"types": kinds, "enabled": enabled} for kinds, enabled in ((types, True), (others, False)) if kinds]
    return {"clusterLogging": setups}


def encryption(key: str) -> list[dict[str, Any]]:
    return [{"resources": ["secrets"], "provider": {"keyArn": key}}]


def _given(**members: Any) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}
