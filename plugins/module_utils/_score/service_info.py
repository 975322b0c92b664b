# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``score_info``: what the services of an environment are and need, as plain values for playbooks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score import inputs, pod, render, validate
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context
from ansible_collections.slipway.platform.plugins.module_utils._score.resource_types import TYPES


@dataclass(frozen=True)
class Info:
    """``services`` by name; ``builds`` ready for the image role; ``resources`` by type, each item ready for the role that makes that type."""

    services: dict[str, dict[str, Any]]
    builds: list[dict[str, Any]]
    resources: dict[str, list[dict[str, Any]]]
    hosts: list[str]

    @property
    def changed(self) -> bool:
        return False


def gather(items: Sequence[Mapping[str, Any]], namespace: str, domain: str, project: Path) -> Info:
    """Read and check every score.yaml; raises ``InvalidInput`` with all problems of all files."""
    services = inputs.services(items, project)
    workloads = validate.load([service.source for service in services])
    settings = inputs.settings("", namespace, {"domain": domain})
    found = render.contexts(workloads, services, render.Environment(settings, {}, {}, None))
    resources: dict[str, list[dict[str, Any]]] = {name: [] for name, kind in TYPES.items() if kind.binding}
    for context in found:
        for resource in context.workload.resources.values():
            if resource.type in resources:
                wanted = {"service": context.name, "resource": resource.name, "namespace": namespace}
                # A database is made for a service; a secret is made in the store and then delivered to one.
                secret = {"name": f"{context.name}-{resource.name}", "deliver": wanted}
                resources[resource.type].append(secret if resource.type == "secret" else wanted)
    hosts = sorted({host for context in found for host in _hosts(context)})
    builds = [_build(context) for context in found if context.workload.build is not None]
    return Info({context.name: _describe(context) for context in found}, builds, resources, hosts)


def _hosts(context: Context) -> set[str]:
    return {route.host for route in context.routes}


def _build(context: Context) -> dict[str, Any]:
    build = context.workload.build
    assert build is not None
    return {
        "name": context.name,
        "source": str(context.workload.folder),
        "containerfile": build.containerfile,
        "target": build.target or "",
        "tests": build.tests or "",
        "arguments": dict(build.args or {}),
    }


def _describe(context: Context) -> dict[str, Any]:
    workload = context.workload
    return {
        "name": workload.name,
        "file": workload.file,
        "source": str(workload.folder),
        "build": None if workload.build is None else dataclasses.asdict(workload.build) | {"args": dict(workload.build.args or {})},
        "containers": [container.name for container in workload.containers],
        "ports": {port.name: {"port": port.number, "target_port": port.target, "protocol": port.protocol} for port in workload.ports},
        "resources": {
            item.name: {"type": item.type, "class": item.resource_class, "id": item.id, "params": dict(item.params)} for item in workload.resources.values()
        },
        "routes": [{"resource": route.resource, "host": route.host, "path": route.path, "port": route.port.number} for route in context.routes],
        "hosts": sorted(_hosts(context)),
        "dependencies": sorted({name for name, _ in context.dependencies}),
        "replicas": context.replicas,
        "requests": pod.requests(context),
        "migrates": workload.migration is not None,
        "objectives": dict(workload.objectives),
    }
