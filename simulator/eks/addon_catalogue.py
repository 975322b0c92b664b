# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeAddonVersions and DescribeAddonConfiguration, and the check of configuration values."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import yaml

from simulator.eks.catalogue import ADDONS, Addon, AddonVersion
from simulator.eks.errors import invalid_parameter, not_found
from simulator.eks.pages import page
from simulator.eks.state import Json, Scene

_TYPES = {"dict": "object", "list": "array", "str": "string", "int": "integer", "float": "number", "bool": "boolean", "NoneType": "null"}


def describe_addon_versions(scene: Scene, parameters: Json) -> Json:
    found = []
    for addon in ADDONS.values():
        others = (("types", addon.type), ("publishers", addon.publisher), ("owners", addon.owner))
        if parameters.get("addonName", addon.name) == addon.name and all(not parameters.get(member) or value in parameters[member] for member, value in others):
            versions = [_version(addon, version, parameters.get("kubernetesVersion")) for version in addon.versions]
            found.append(_addon(addon, [version for version in versions if version["compatibilities"]]))
    return page("addons", [addon for addon in found if addon["addonVersions"]], parameters)


def _addon(addon: Addon, versions: list[Json]) -> Json:
    return {
        "addonName": addon.name,
        "type": addon.type,
        "addonVersions": versions,
        "publisher": addon.publisher,
        "owner": addon.owner,
        "defaultNamespace": addon.namespace,
    }


def _version(addon: Addon, version: AddonVersion, kubernetes: str | None) -> Json:
    return {
        "addonVersion": version.name,
        "architecture": ["amd64", "arm64"],
        "computeTypes": ["ec2", "auto", "hybrid"],
        "compatibilities": [item for item in version.compatibilities() if kubernetes in (None, item["clusterVersion"])],
        "requiresConfiguration": False,
        "requiresIamPermissions": bool(addon.accounts),
    }


def describe_addon_configuration(scene: Scene, parameters: Json) -> Json:
    name, version = parameters["addonName"], parameters["addonVersion"]
    addon = ADDONS.get(name)
    if addon is None or addon.version(version) is None:
        raise not_found(f"Addon {name} with version {version} was not found", addonName=name)
    return {
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": json.dumps(addon.schema),
        "podIdentityConfiguration": [{"serviceAccount": account, "recommendedManagedPolicies": list(policies)} for account, policies in addon.accounts],
    }


def check_configuration(addon: Addon, text: str | None, cluster: str) -> None:
    """JSON or YAML, by the schema of the add-on; every fault is told at once."""
    if not text:
        return
    about = {"clusterName": cluster, "addonName": addon.name}
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError:
        raise invalid_parameter("ConfigurationValue provided in request is not a valid JSON or YAML", **about) from None
    faults = [fault for error in jsonschema.Draft7Validator(addon.schema).iter_errors(values) for fault in _told(error)]
    if faults:
        what = "ConfigurationValue provided in request is not supported: Json schema validation failed with error:"
        raise invalid_parameter(f"{what} [{', '.join(faults)}]", **about)


def _told(error: Any) -> list[str]:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    if error.validator == "additionalProperties":
        extra = [name for name in error.instance if name not in error.schema.get("properties", {})]
        return [f"${where}.{name}: is not defined in the schema and the schema does not allow additional properties" for name in extra]
    if error.validator == "type":
        return [f"${where}: {_TYPES.get(type(error.instance).__name__, 'unknown')} found, {error.validator_value} expected"]
    if error.validator == "enum":
        return [f"${where}: does not have a value in the enumeration {error.validator_value}"]
    return [f"${where}: {error.message}"]


OPERATIONS = {"DescribeAddonVersions": describe_addon_versions, "DescribeAddonConfiguration": describe_addon_configuration}
