# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads, what the environment says, and bindings in; manifests out. Pure: the same inputs give the same list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score import (
    configuration,
    deployment,
    migration,
    namespace,
    network,
    routing,
    scaling,
)
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest
from ansible_collections.slipway.platform.plugins.module_utils._score.inputs import Binding, Gateway, Image, Service, Settings
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import Workload


@dataclass(frozen=True)
class Environment:
    """Everything beside the workloads."""

    settings: Settings
    images: Mapping[str, Image]
    bindings: Mapping[tuple[str, str], Binding]
    gateway: Gateway | None


def contexts(workloads: Sequence[Workload], services: Sequence[Service], environment: Environment) -> list[Context]:
    """One context a service, by name; refuses two services that claim the same address."""
    others = {workload.name: workload for workload in workloads}
    found = [
        Context(workload, service, environment.settings, environment.images.get(workload.name), environment.bindings, environment.gateway, others)
        for workload, service in zip(workloads, services, strict=True)
    ]
    found.sort(key=lambda context: context.name)
    taken: dict[tuple[str, str], str] = {}
    for context in found:
        for route in context.routes:
            own = f"{context.name}.{route.resource}"
            owner = taken.setdefault((route.host, route.path), own)
            if owner != own:
                raise InvalidInput(f"{own} and {owner} are both routes for https://{route.host}{route.path}; give one another host or path")
    return found


def render(context: Context) -> list[Manifest]:
    """All manifests of one service, in the order in which they are needed."""
    configurations = {container.name: configuration.of(context, container) for container in context.workload.containers}
    config_maps = [item for config in configurations.values() for item in config.config_maps]
    optional = (
        deployment.service(context),
        migration.job(context, configurations),
        deployment.deployment(context, configurations),
        scaling.autoscaler(context),
        scaling.disruption_budget(context),
    )
    return [
        deployment.service_account(context),
        *network.policies(context),
        *config_maps,
        *deployment.claims(context),
        *(item for item in optional if item is not None),
        *routing.routes(context),
    ]


def render_all(found: Sequence[Context], settings: Settings, with_namespace: bool) -> list[Manifest]:
    """The namespace's own objects and those of every service."""
    manifests = [*(namespace.definitions(settings) if with_namespace else []), *(item for context in found for item in render(context))]
    names = [(item["kind"], item["metadata"]["name"]) for item in manifests]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"two services both make the {name[0]} {name[1]}; rename a service, container or resource")
    return manifests


def config_hash(context: Context) -> str:
    """What of a release is configuration, as one value."""
    return deployment.config_hash({container.name: configuration.of(context, container) for container in context.workload.containers})
