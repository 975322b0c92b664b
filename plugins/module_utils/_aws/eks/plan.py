# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to happen to a cluster that stands: refused if AWS can't do it, else one update after the other, in an order that is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags as tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import state
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.state import Settings
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.versions import EXTENDED, Offered, one_up
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.wanted import Wanted
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
FOREVER = "secrets are encrypted with {}; this can't be undone, and without the key the cluster can't be read: never delete it"
_OFF = "Auto Mode goes off: EKS ends all of its nodes and load balancers, with what runs on them"
_UP = "the control plane goes from {} to {}; EKS rolls back for 7 days only, and only by hand"
_NO_MAP = "the ConfigMap aws-auth is not read any more, and this can't be undone: who is only in there gets no access"


@dataclass(frozen=True)
class Step:
    """One request that is waited for. ``warning``: what a person must know before it is sent."""

    what: str
    operation: str
    parameters: Mapping[str, Any]
    warning: str = ""


@dataclass(frozen=True)
class Plan:
    """``before`` and ``after``: only what is wanted, with all tags. ``upgrade``: the version that the cluster goes to, "" if it stays."""

    before: Settings
    after: Settings
    steps: tuple[Step, ...] = ()
    upgrade: str = ""


def update(now: Settings, tags: Mapping[str, str], wanted: Wanted, offered: Offered, region: str) -> Plan:
    """``now``: all settings; ``tags``: those the cluster has. Raises ``Conflict`` or ``InvalidInput`` for what can't be."""
    settings = {key: value for key, value in wanted.settings.items() if not _stays(key, value)}
    refuse_unchangeable(now, settings)
    version = str(settings.get("version", now["version"]))
    upgrade = version if version != now["version"] else ""
    if upgrade:
        one_up(now["version"], offered.checked(upgrade, region))
    refuse_policy(settings.get("upgrade_policy", ""), now["upgrade_policy"], version, offered)
    before = state.like(now, settings) | {"tags": dict(tags)}
    after = settings | {"tags": tagging.wanted(tags, wanted.tags, wanted.purge_tags)}
    differing = {key for key in settings if before[key] != after[key]}
    steps = tuple(step for key in _order(settings) if key in differing for step in _steps(key, now, settings, wanted.name))
    return Plan(before, after, steps, upgrade)


def make(wanted: Wanted, offered: Offered, region: str) -> Plan:
    """The plan for a cluster that is not there. Raises ``InvalidInput`` for what is missing, or can't be."""
    settings = state.AT_CREATION | wanted.settings
    missing = [key for key in ("role_arn", "subnets") if not settings.get(key)]
    if missing:
        raise InvalidInput(f"{' and '.join(missing)}: there is no cluster {wanted.name} in {region}; give what it is made with")
    version = settings.get("version", offered.default)
    if version != LATER:
        offered.checked(version, region)
        refuse_policy(settings["upgrade_policy"], "", version, offered)
    if (settings.get("auto_mode") or {}).get("enabled") and (settings["access_mode"] == "CONFIG_MAP" or wanted.default_addons):
        raise InvalidInput("auto_mode: it needs access_mode API or API_AND_CONFIG_MAP, and no default_addons; change the one or leave out the other")
    parameters = state.creation(wanted.name, settings, wanted.tags, wanted.default_addons)
    key = settings.get("kms_key")
    step = Step("create", "create_cluster", parameters, FOREVER.format(key) if key else "")
    return Plan({}, settings | {"tags": dict(wanted.tags)}, (step,))


def refuse_unchangeable(now: Settings, settings: Settings) -> None:
    """Raises ``Conflict`` for what a cluster keeps for all its life."""
    for key, instead in (
        ("role_arn", "change the policies of that role instead"),
        ("ip_family", "make another cluster, and move there"),
        ("service_cidr", "make another cluster, and move there"),
    ):
        if key in settings and settings[key] != now[key]:
            raise _fixed(key, now[key], settings[key], instead)
    if now["kms_key"] and settings.get("kms_key", now["kms_key"]) != now["kms_key"]:
        raise _fixed("kms_key", now["kms_key"], settings["kms_key"], "have KMS rotate that key, or make another cluster")
    role = (settings.get("auto_mode") or {}).get("node_role_arn")
    has = now["auto_mode"]["node_role_arn"]
    if now["auto_mode"]["enabled"] and has and role and role not in (has, LATER):
        raise _fixed("auto_mode.node_role_arn", has, role, "bring node pools of your own with a NodeClass that names the role, or change that role's policies")
    mode = settings.get("access_mode", "API")
    if _MODES.index(mode) < _MODES.index(now["access_mode"]):
        raise _fixed("access_mode", now["access_mode"], mode, "the mode only ever goes towards API")
    final = now["endpoint"] | (settings.get("endpoint") or {})
    if not final["public"] and not final["private"]:
        raise InvalidInput("endpoint: with neither public nor private nobody reaches the cluster; set one of them")


def refuse_policy(wanted: str, now: str, version: str, offered: Offered) -> None:
    """STANDARD can only be had while standard support lasts (UpgradePolicyRequest)."""
    support = offered.of(version)
    if wanted == "STANDARD" and now != "STANDARD" and support.status == EXTENDED:
        names = ", ".join(each.version for each in offered.versions if each.status != EXTENDED)
        raise Conflict(
            f"upgrade_policy: {version} is in extended support since {support.end_of_standard_support}, where STANDARD can't be; "
            f"go to {names}, or write EXTENDED, which costs six times as much"
        )


def _stays(key: str, value: Any) -> bool:
    """What is only known later, and can't be changed anyhow, is not known to differ."""
    return value == LATER and key in ("role_arn", "kms_key", "service_cidr", "version")


def _fixed(key: str, now: str, wanted: str, instead: str) -> Conflict:
    return Conflict(f"{key}: the cluster has {now or 'none'}, and {wanted or 'none'} is wanted, which EKS can't change; {instead}", option=key)


def _order(settings: Settings) -> list[str]:
    """Protection first. A longer support is had before it is needed, a shorter one only after the upgrade; the upgrade last of what is risky."""
    policy = ["upgrade_policy"]
    early, late = (policy, []) if settings.get("upgrade_policy") == "EXTENDED" else ([], policy)
    network = ["endpoint", "subnets", "security_groups"]
    return ["deletion_protection", *early, "logs", "access_mode", *network, "kms_key", "zonal_shift", "auto_mode", "version", *late]


def _config(what: str, name: str, warning: str = "", **members: Any) -> list[Step]:
    return [Step(what, "update_cluster_config", {"name": name, **members}, warning)]


def _access(now: Settings, wanted: Settings, name: str) -> list[Step]:
    """One mode at a time, as AWS goes."""
    way = _MODES[_MODES.index(now["access_mode"]) + 1 : _MODES.index(wanted["access_mode"]) + 1]
    return [step for mode in way for step in _config(f"access mode {mode}", name, _NO_MAP if mode == "API" else "", accessConfig={"authenticationMode": mode})]


def _endpoint(now: Settings, wanted: Settings, name: str) -> list[Step]:
    merged = now["endpoint"] | wanted["endpoint"]
    public = merged["public_cidrs"] or None
    return _config("endpoint", name, resourcesVpcConfig=state.endpoint({"endpoint": merged | {"public_cidrs": public}}))


def _auto(now: Settings, wanted: Settings, name: str) -> list[Step]:
    merged = now["auto_mode"] | wanted["auto_mode"]
    if not merged["node_pools"]:
        merged["node_role_arn"] = None
    return _config("Auto Mode", name, "" if merged["enabled"] else _OFF, **state.auto_mode(merged))


def _version(now: Settings, wanted: Settings, name: str) -> list[Step]:
    what, warning = f"version {wanted['version']}", _UP.format(now["version"], wanted["version"])
    return [Step(what, "update_cluster_version", {"name": name, "version": wanted["version"]}, warning)]


_MEMBERS: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "deletion_protection": ("deletion protection", lambda value: {"deletionProtection": value}),
    "upgrade_policy": ("upgrade policy", lambda value: {"upgradePolicy": {"supportType": value}}),
    "logs": ("logs", lambda value: {"logging": state.logging(value)}),
    "subnets": ("subnets", lambda value: {"resourcesVpcConfig": {"subnetIds": value}}),
    "security_groups": ("security groups", lambda value: {"resourcesVpcConfig": {"securityGroupIds": value}}),
    "zonal_shift": ("zonal shift", lambda value: {"zonalShiftConfig": {"enabled": value}}),
}
_OTHERS = {"access_mode": _access, "endpoint": _endpoint, "auto_mode": _auto, "version": _version}


def _steps(key: str, now: Settings, wanted: Settings, name: str) -> list[Step]:
    """The requests for one option: AWS takes one kind of change at a time ("Only one type of update can be allowed")."""
    if key in _OTHERS:
        return _OTHERS[key](now, wanted, name)
    if key == "kms_key":
        parameters = {"clusterName": name, "encryptionConfig": state.encryption(wanted[key])}
        return [Step("secrets encryption", "associate_encryption_config", parameters, FOREVER.format(wanted[key]))]
    what, members = _MEMBERS[key]
    return _config(what, name, **members(wanted[key]))
