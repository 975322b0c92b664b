# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a namespace of services has before the first of them: Pod Security, bounds, and a closed network."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._score import network, quantity
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Manifest
from ansible_collections.slipway.platform.plugins.module_utils._score.inputs import Settings

PROFILE = "restricted"


def definitions(settings: Settings) -> list[Manifest]:
    """Namespace, LimitRange, ResourceQuota (if the environment has one) and the policy that denies everything."""
    labels = {
        "app.kubernetes.io/managed-by": "slipway",
        "app.kubernetes.io/part-of": settings.part_of,
    }
    found = [_namespace(settings, labels), _limit_range(settings, labels)]
    if settings.quota:
        hard = {name: str(value) for name, value in sorted(settings.quota.items())}
        found.append({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": _metadata("services", settings, labels), "spec": {"hard": hard}})
    return [*found, network.default_deny(settings.namespace, labels)]


def _metadata(name: str, settings: Settings, labels: dict[str, str]) -> Manifest:
    return {"name": name, "namespace": settings.namespace, "labels": labels}


def _namespace(settings: Settings, labels: dict[str, str]) -> Manifest:
    security = {f"pod-security.kubernetes.io/{mode}": PROFILE for mode in ("audit", "enforce", "warn")}
    environment = {"slipway.platform/environment": settings.environment}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": settings.namespace, "labels": {**labels, **security, **environment}}}


def _limit_range(settings: Settings, labels: dict[str, str]) -> Manifest:
    """For pods that are not ours, such as a debugging one: ours always say what they need."""
    bounds = {
        "default": {name: quantity.kubernetes(value) for name, value in sorted(settings.limits.items())},
        "defaultRequest": {name: quantity.kubernetes(value) for name, value in sorted(settings.requests.items())},
        "type": "Container",
    }
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": _metadata("defaults", settings, labels), "spec": {"limits": [bounds]}}
