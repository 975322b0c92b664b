# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A managed node group as it is wanted, as it is, and what has to be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags as tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.tagging import given
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.versions import minor
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, wrong_at

Settings = dict[str, Any]
CLUSTER = "cluster"
"""As a version: that of the cluster."""
_FIXED = {
    "role_arn": "nodeRole",
    "subnets": "subnets",
    "instance_types": "instanceTypes",
    "ami_type": "amiType",
    "capacity_type": "capacityType",
    "disk_size": "diskSize",
}
_VERSIONS = {"version": "version", "release_version": "releaseVersion"}
_UNAVAILABLE = re.compile(r"([1-9]\d?|100)(%?)")


@dataclass(frozen=True)
class Wanted:
    name: str
    settings: Settings
    force: bool = False


@dataclass(frozen=True)
class Change:
    """``config``, ``version``: parameters of the two kinds of update, {} where there is nothing to update."""

    wanted: Wanted
    before: Settings
    after: Settings
    found: Mapping[str, Any] | None = None
    create: Settings = field(default_factory=dict)
    config: Settings = field(default_factory=dict)
    version: Settings = field(default_factory=dict)
    anew: bool = False

    @property
    def changed(self) -> bool:
        return self.before != self.after


def wanted(options: list[dict[str, Any]]) -> list[Wanted]:
    """``options``: nodegroups. Raises ``InvalidInput`` that says which."""
    names = [each["name"] for each in options]
    twice = repeated(names)
    if twice:
        raise InvalidInput(f"nodegroups: {', '.join(twice)} stands there twice; give each a name of its own")
    found = []
    for number, each in enumerate(options):
        with wrong_at(f"nodegroups[{number}]"):
            found.append(_wanted(each))
    return found


def _wanted(option: Mapping[str, Any]) -> Wanted:
    settings = {key: value for key, value in option.items() if value is not None and key not in ("name", "force")}
    if "subnets" in settings:
        settings["subnets"] = sorted(settings["subnets"])
    if "labels" in settings:
        settings["labels"] = {str(key): str(value) for key, value in settings["labels"].items()}
    if "taints" in settings:
        settings["taints"] = sorted(({"key": each["key"], "value": each["value"], "effect": each["effect"]} for each in settings["taints"]), key=_taint)
    if "scaling" in settings:
        settings["scaling"] = {key: value for key, value in settings["scaling"].items() if value is not None}
        _check_scaling(settings["scaling"])
    if "max_unavailable" in settings and not _UNAVAILABLE.fullmatch(settings["max_unavailable"]):
        raise InvalidInput(f"max_unavailable: {settings['max_unavailable']!r} is neither a number of nodes, 1 to 100, nor a share such as 33%")
    if settings.get("version", CLUSTER) not in (CLUSTER, LATER):
        minor(settings["version"])
    return Wanted(option["name"], settings, option["force"])


def _check_scaling(scaling: Mapping[str, int]) -> None:
    low, high = scaling.get("min", 0), scaling.get("max", scaling.get("desired", scaling.get("min", 0)))
    if not 0 <= low <= scaling.get("desired", low) <= high:
        raise InvalidInput("scaling: write 0 <= min <= desired <= max")


def _taint(taint: Mapping[str, str]) -> tuple[str, str]:
    return taint["key"], taint["effect"]


def seen(found: Mapping[str, Any]) -> Settings:
    """``found``: as DescribeNodegroup has it."""
    scaling, update = found.get("scalingConfig") or {}, found.get("updateConfig") or {}
    share = update.get("maxUnavailablePercentage")
    taints = [{"key": each.get("key", ""), "value": each.get("value") or "", "effect": each.get("effect", "")} for each in found.get("taints") or ()]
    return {
        "role_arn": found.get("nodeRole", ""),
        "subnets": sorted(found.get("subnets") or ()),
        "instance_types": list(found.get("instanceTypes") or ()),
        "ami_type": found.get("amiType", ""),
        "capacity_type": found.get("capacityType", "ON_DEMAND"),
        "disk_size": found.get("diskSize"),
        "version": found.get("version", ""),
        "release_version": found.get("releaseVersion", ""),
        "scaling": {"min": scaling.get("minSize"), "max": scaling.get("maxSize"), "desired": scaling.get("desiredSize")},
        "labels": dict(found.get("labels") or {}),
        "taints": sorted(taints, key=_taint),
        "max_unavailable": f"{share}%" if share else str(update.get("maxUnavailable", 1)),
        "repair": bool((found.get("nodeRepairConfig") or {}).get("enabled")),
        "status": "ACTIVE" if found.get("status") in ("ACTIVE", "DEGRADED") else found.get("status", ""),
        "tags": dict(found.get("tags") or {}),
    }


def change(asked: Wanted, found: Mapping[str, Any] | None, cluster_version: str, tags: Mapping[str, str], purge_tags: bool) -> Change:
    """Raises ``Conflict`` for what a node group keeps for all its life, and for a version that it can't have."""
    settings = dict(asked.settings)
    if settings.get("version") == CLUSTER:
        settings["version"] = cluster_version
    anew = bool(found) and (found or {}).get("status") == "CREATE_FAILED"
    if found is None or anew:
        after = settings | {"status": "ACTIVE", "tags": dict(tags)}
        before = _like(seen(found), after) if found else {}
        return Change(asked, before, after, found, create=_creation(asked.name, settings, tags), anew=anew)
    has = seen(found)
    _refuse(asked.name, has, settings, cluster_version)
    before = _like(has, settings) | {"status": has["status"], "tags": has["tags"]}
    after = settings | {"status": "ACTIVE", "tags": tagging.wanted(has["tags"], tags, purge_tags)}
    config = {} if before == after else _config(has, settings)
    version = {
        member: settings[key]
        for key, member in (("version", "version"), ("release_version", "releaseVersion"))
        if key in settings and settings[key] != has[key]
    }
    return Change(asked, before, after, found, config=config, version=version | ({"force": True} if version and asked.force else {}))


def _like(has: Settings, settings: Settings) -> Settings:
    return {key: {inner: has[key][inner] for inner in value} if key == "scaling" else has[key] for key, value in settings.items()}


def _refuse(name: str, has: Settings, settings: Settings, cluster_version: str) -> None:
    for key in _FIXED:
        if key in settings and settings[key] != has[key] and settings[key] != LATER and LATER not in (settings[key] if isinstance(settings[key], list) else ()):
            raise Conflict(
                f"nodegroups: {key} of {name} is {has[key]}, and {settings[key]} is wanted, which EKS can't change; "
                f"make another node group beside it, under another name, and delete this one afterwards"
            )
    version = str(settings.get("version", has["version"]))
    if version in (LATER, has["version"]):
        return
    if minor(version) < minor(has["version"]):
        raise Conflict(f"nodegroups: {name} has {has['version']}, and {version} is wanted; node groups do not go back: make another one beside it")
    if cluster_version and minor(version) > minor(cluster_version):
        raise Conflict(f"nodegroups: {version} is wanted for {name}, and the cluster has {cluster_version}; upgrade the cluster first")


def _creation(name: str, settings: Settings, tags: Mapping[str, str]) -> Settings:
    missing = [key for key in ("role_arn", "subnets") if not settings.get(key)]
    if missing:
        raise InvalidInput(f"nodegroups: there is no node group {name}; give its {' and '.join(missing)}")
    parameters: Settings = {member: settings[key] for key, member in _FIXED.items() if key in settings}
    parameters |= {
        member: settings[key] for key, member in (("version", "version"), ("release_version", "releaseVersion"), ("labels", "labels")) if settings.get(key)
    }
    if settings.get("taints"):
        parameters["taints"] = [_api_taint(each) for each in settings["taints"]]
    if "scaling" in settings:
        # AWS wants all three at creation.
        scaling = settings["scaling"]
        low = scaling.get("min", scaling.get("desired", 1))
        desired = scaling.get("desired", low)
        parameters["scalingConfig"] = {"minSize": low, "desiredSize": desired, "maxSize": scaling.get("max", max(desired, 1))}
    return parameters | _update_config(settings) | given(tags)


def _config(has: Settings, settings: Settings) -> Settings:
    """Members of UpdateNodegroupConfig: only what differs."""
    parameters: Settings = {}
    if "labels" in settings and settings["labels"] != has["labels"]:
        added, removed = tagging.changes(has["labels"], settings["labels"])
        parameters["labels"] = {key: value for key, value in (("addOrUpdateLabels", added), ("removeLabels", removed)) if value}
    if "taints" in settings and settings["taints"] != has["taints"]:
        added_taints = [_api_taint(each) for each in settings["taints"] if each not in has["taints"]]
        kept = {_taint(each) for each in settings["taints"]}
        removed_taints = [_api_taint(each) for each in has["taints"] if _taint(each) not in kept]
        parameters["taints"] = {key: value for key, value in (("addOrUpdateTaints", added_taints), ("removeTaints", removed_taints)) if value}
    if "scaling" in settings and any(has["scaling"][key] != value for key, value in settings["scaling"].items()):
        scaling = has["scaling"] | settings["scaling"]
        # What is not said stays, as far as the new bounds let it.
        desired = min(max(scaling["desired"], scaling["min"]), scaling["max"])
        parameters["scalingConfig"] = {"minSize": scaling["min"], "maxSize": scaling["max"], "desiredSize": desired}
    return parameters | _update_config({key: value for key, value in settings.items() if key in ("max_unavailable", "repair") and value != has[key]})


def _update_config(settings: Settings) -> Settings:
    parameters: Settings = {}
    match = _UNAVAILABLE.fullmatch(settings.get("max_unavailable", ""))
    if match:
        parameters["updateConfig"] = {"maxUnavailablePercentage" if match[2] else "maxUnavailable": int(match[1])}
    if "repair" in settings:
        parameters["nodeRepairConfig"] = {"enabled": settings["repair"]}
    return parameters


def _api_taint(taint: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in taint.items() if value}
