# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS's catalogue of add-ons: which version to take, and whether a configuration fits its schema."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing

DEFAULT, NEWEST = "default", "newest"
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class Versions:
    """Those of one add-on that fit a version of Kubernetes, the newest first, and EKS's default for it."""

    addon: str
    kubernetes: str
    compatible: tuple[str, ...]
    default: str

    def resolved(self, wanted: str, now: str) -> str:
        """``wanted``: default, newest, or a version; ``now``: what is installed, "" if nothing. The first two never go back.

        Raises ``InvalidInput`` for a version that does not fit.
        """
        if wanted in (DEFAULT, NEWEST):
            chosen = self.compatible[0] if wanted == NEWEST else self.default
            return now if now in self.compatible and order(now) >= order(chosen) else chosen
        if wanted not in self.compatible:
            raise InvalidInput(
                f"addons: {self.addon} {wanted} does not fit Kubernetes {self.kubernetes}; {did_you_mean(wanted, self.compatible)}; "
                f"EKS's default is {self.default}",
                compatible=list(self.compatible),
            )
        return wanted


def order(version: str) -> list[int]:
    """ "v1.19.0-eksbuild.10" as [1, 19, 0, 10]: later versions are greater."""
    return [int(each) for each in _NUMBERS.findall(version)]


def versions(aws: Aws, addon: str, kubernetes: str) -> Versions:
    """Raises ``InvalidInput`` if the catalogue has no such add-on for this version."""
    try:
        found = aws.listed("eks", "describe_addon_versions", "addons", addonName=addon, kubernetesVersion=kubernetes)
    except InvalidInput:
        found = []
    fitting = [
        (each["addonVersion"], any(fit.get("defaultVersion") for fit in each.get("compatibilities") or () if fit.get("clusterVersion") == kubernetes))
        for info in found
        for each in info.get("addonVersions") or ()
    ]
    if not fitting:
        names = {each["addonName"] for each in aws.listed("eks", "describe_addon_versions", "addons", kubernetesVersion=kubernetes)}
        raise InvalidInput(f"addons: EKS has no add-on {addon!r} for Kubernetes {kubernetes} in {aws.region}; {did_you_mean(addon, names)}")
    ordered = sorted((name for name, _ in fitting), key=order, reverse=True)
    return Versions(addon, kubernetes, tuple(ordered), next((name for name, default in fitting if default), ordered[0]))


def check(aws: Aws, addon: str, version: str, configuration: Mapping[str, Any]) -> None:
    """Raises ``InvalidInput``, which never quotes a value, if this version's schema does not take the configuration."""
    described = aws.call("eks", "describe_addon_configuration", addonName=addon, addonVersion=version)
    wrong = deviations(configuration, json.loads(described.get("configurationSchema") or "{}"))
    if wrong:
        raise InvalidInput(f"addons: the configuration of {addon} {version} is not what its schema takes: {'; '.join(wrong)}")


def deviations(configuration: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What does not fit, a sentence each. ``schema``: JSON schema of any draft."""
    try:
        jsonschema: Any = importlib.import_module("jsonschema")
    except ImportError:
        raise Missing("the Python package jsonschema is missing; install it with: pip install jsonschema", package="jsonschema") from None
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
    return [_told(error) for error in sorted(validator(schema).iter_errors(configuration), key=lambda error: [str(step) for step in error.absolute_path])]


def _told(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path)) or "it"
    known: Iterable[str] = (error.schema.get("properties") or {}) if isinstance(error.schema, Mapping) else ()
    if error.validator == "additionalProperties":
        unknown = sorted(str(key) for key in error.instance if key not in known)
        return f"{where} has {', '.join(unknown)}, which is unknown; {did_you_mean(unknown[0], known)}" if unknown else f"{where} has unknown keys"
    if error.validator == "required":
        return f"{where} lacks {', '.join(sorted(key for key in error.validator_value if key not in error.instance))}"
    return f"{where} is not of {error.validator} {json.dumps(error.validator_value)[:200]}"
