# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a cluster must keep to, apart from its network; every refusal is worded as EKS words it where its words are known."""

from __future__ import annotations

from typing import Any

from simulator.eks.errors import EksError, invalid_parameter
from simulator.eks.state import Cluster, Json, Scene

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
NODE_POOLS = {"general-purpose", "system"}
WITH_API = ("API", "API_AND_CONFIG_MAP")
_ALL_OR_NONE = (
    "For EKS Auto Mode, please ensure that all required configs, including computeConfig, kubernetesNetworkConfig, "
    "and blockStorage are all either fully enabled or fully disabled."
)


def logging_of(enabled: set[str]) -> Json:
    """The two lists that EKS shows: what is exported and what is not."""
    on = [name for name in LOG_TYPES if name in enabled]
    off = [name for name in LOG_TYPES if name not in enabled]
    return {"clusterLogging": [{"types": types, "enabled": flag} for types, flag in ((on, True), (off, False)) if types]}


def logs_after(before: set[str], asked: Json | None) -> set[str]:
    """``before`` changed by the setups that are asked for; types that are not named stay as they are."""
    enabled = set(before)
    for setup in (asked or {}).get("clusterLogging", []):
        types = set(setup.get("types", []))
        enabled = enabled | types if setup.get("enabled") else enabled - types
    return enabled


def logs_of(shown: Json) -> set[str]:
    return {name for setup in shown["logging"]["clusterLogging"] if setup["enabled"] for name in setup["types"]}


def access(asked: Json | None, name: str) -> tuple[str, bool]:
    """The authentication mode, and whether its creator administers the cluster."""
    mode = (asked or {}).get("authenticationMode", "CONFIG_MAP")
    bootstrap = (asked or {}).get("bootstrapClusterCreatorAdminPermissions", True)
    if mode == "CONFIG_MAP" and not bootstrap:
        raise invalid_parameter("bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP", clusterName=name)
    return mode, bootstrap


def auto_mode(parameters: Json, name: str) -> bool | None:
    """Whether a request turns Auto Mode on (True) or off (False); None if it says nothing about it. The three parts go together."""
    parts = [
        (parameters.get("computeConfig") or {}).get("enabled"),
        ((parameters.get("storageConfig") or {}).get("blockStorage") or {}).get("enabled"),
        ((parameters.get("kubernetesNetworkConfig") or {}).get("elasticLoadBalancing") or {}).get("enabled"),
    ]
    if parts == [None] * 3:
        return None
    if len({bool(part) for part in parts}) > 1 or (any(parts) and None in parts):
        raise invalid_parameter(_ALL_OR_NONE, clusterName=name)
    return bool(parts[0])


def compute(scene: Scene, asked: Json, on: bool, name: str) -> None:
    """computeConfig on its own: pools and their role go together, and only with Auto Mode."""
    pools, role = asked.get("nodePools") or [], asked.get("nodeRoleArn")
    if not on and (pools or role):
        raise invalid_parameter("When Compute Config is disabled, nodeRoleArn and nodePools must not be specified.", clusterName=name)
    if pools and not role:
        raise invalid_parameter("When Compute Config nodeRoleArn is null or empty, nodePool list cannot be populated.", clusterName=name)
    if role and not pools:
        raise invalid_parameter("When Compute Config nodeRoleArn is not null or empty, nodePool value(s) must be provided.", clusterName=name)
    unknown = sorted(set(pools) - NODE_POOLS)
    if unknown:
        raise invalid_parameter(f"Compute Config nodePools must be among {sorted(NODE_POOLS)}: {', '.join(unknown)}", clusterName=name)
    if role:
        assumable(scene, role, "ec2.amazonaws.com", name)


def auto_mode_by_api(on: bool, mode: str, name: str) -> None:
    """The nodes of Auto Mode come in by an access entry."""
    if on and mode not in WITH_API:
        raise invalid_parameter("When EKS Auto Mode is enabled, authenticationMode must be API or API_AND_CONFIG_MAP", clusterName=name)


def auto_mode_at_creation(scene: Scene, parameters: Json, mode: str) -> bool:
    name = parameters["name"]
    on = auto_mode(parameters, name)
    if on and parameters.get("bootstrapSelfManagedAddons", True):
        raise invalid_parameter("When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false", clusterName=name)
    auto_mode_by_api(bool(on), mode, name)
    compute(scene, parameters.get("computeConfig") or {}, bool(on), name)
    return bool(on)


def assumable(scene: Scene, role: str, service: str, name: str, **about: Any) -> None:
    """A role of this account must be there and trust the service; roles of others can't be looked at."""
    if f"::{scene.account}:" not in role:
        return
    trusted = scene.neighbours.trusted_by(role)
    if trusted is None or service not in trusted:
        message = f"Role with arn: {role}, could not be assumed because it does not exist or the trusted entity is not correct"
        raise invalid_parameter(message, clusterName=name, **about)


def encryption(scene: Scene, configs: list[Json], name: str) -> list[Json]:
    for config in configs:
        key = (config.get("provider") or {}).get("keyArn")
        if not key:
            raise invalid_parameter("KeyArn is required", clusterName=name)
        if config.get("resources", ["secrets"]) != ["secrets"]:
            raise invalid_parameter("The only supported resource for encryption is: secrets", clusterName=name)
        state = scene.neighbours.key_state(key)
        if state != "Enabled":
            why = {None: "does not exist", "Asymmetric": "is not symmetric"}.get(state, f"is {state}")
            raise invalid_parameter(f"The keyArn in encryptionConfig provider is invalid: {key} {why}", clusterName=name)
    return [{"resources": ["secrets"], "provider": {"keyArn": config["provider"]["keyArn"]}} for config in configs]


def tags(asked: dict[str, str] | None, code: str = "InvalidParameterException", **about: Any) -> dict[str, str]:
    """Keys that begin with aws: are AWS's own."""
    for key in asked or {}:
        if key.lower().startswith("aws:"):
            raise EksError(code, "aws: prefixed tag key names are not allowed for external use.", **about)
    return dict(asked or {})


def mode_after(cluster: Cluster, asked: str | None) -> str:
    """One step forward at a time: CONFIG_MAP, API_AND_CONFIG_MAP, API."""
    steps = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]
    if asked is None or steps.index(asked) - steps.index(cluster.mode) != 1:
        raise invalid_parameter(f"Unsupported authentication mode update from {cluster.mode} to {asked}", clusterName=cluster.name)
    return asked
